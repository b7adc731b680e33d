import { createHash } from 'node:crypto';
import { peerIdOfPublicKey } from '@chorus/node';
import {
  type Address,
  decodeFileKeyRequest,
  encodeMessage,
  FILE_KEY_PROTOCOL,
  fromHex,
  type Hex,
  type Member,
  payloadBytes,
  storedPayloadBytes,
} from '@chorus/protocol';
import { ed25519 } from '@noble/curves/ed25519.js';
import { beforeEach, describe, expect, it } from 'vitest';
import { FileKeys } from './file-keys.ts';
import { ageIdentityOf } from './member-keys.ts';
import { type PayloadForm, PUBLIC_PAYLOADS, payloadForm } from './payload-form.ts';
import { sealTo } from './seal.ts';

const TERMS = { payloads: 'sealed' } as const;
const DIGEST: Hex = `0x${'d1'.repeat(32)}`;
const DIMENSION = 10;
const payload = new Uint8Array(payloadBytes(DIMENSION)).fill(3);

class Node {
  readonly account: Address;
  readonly peerId: string;
  readonly keys: FileKeys;
  readonly form: PayloadForm;
  asked = 0;

  constructor(name: string, world: Map<string, Node>, circle: () => typeof context) {
    const seed = new Uint8Array(createHash('sha256').update(name).digest());
    this.account = `0x${Buffer.from(name.padEnd(20)).toString('hex')}`;
    this.peerId = peerIdOfPublicKey(ed25519.getPublicKey(seed));
    this.keys = new FileKeys({
      peerId: this.peerId,
      request: async (peer, protocol, bytes) => {
        this.asked++;
        expect(protocol).toBe(FILE_KEY_PROTOCOL);
        const other = world.get(peer)!;
        return encodeMessage(other.keys.answer(decodeFileKeyRequest(bytes), this.peerId, circle()));
      },
    });
    const { account, peerId, keys } = this;
    this.form = payloadForm(TERMS, { account, peerId, identity: ageIdentityOf(seed), keys });
    world.set(this.peerId, this);
  }

  /** As fetched from another. */
  open(stored: Uint8Array, taskId = 1n) {
    const { signal } = new AbortController();
    return this.form.unwrap(stored, { ...context, taskId, digest: DIGEST, signal });
  }
}

let world: Map<string, Node>;
let context: {
  task: { activeValidators: Address[]; aggregators: Address[]; departed: Address[] };
  members: Member[];
};
let trainer: Node;
let victor: Node;
let vera: Node;
let candidate: Node;
beforeEach(() => {
  world = new Map();
  const nodes = ['trainer', 'victor', 'vera', 'candidate'].map(
    (name) => new Node(name, world, () => context),
  );
  [trainer, victor, vera, candidate] = nodes as [Node, Node, Node, Node];
  context = {
    task: {
      activeValidators: [victor.account, vera.account],
      aggregators: [candidate.account, victor.account],
      departed: [],
    },
    members: nodes.map(({ account, peerId }) => ({ address: account, peerId, agentId: 0n, roles: [] })),
  };
});
const bytesOf = () => trainer.form.bytes({ ...context.task, dimension: DIMENSION });

describe('a sealed payload', () => {
  it('a sealed payload opens for every validator and candidate and for its author, and for no other trainer', async () => {
    const sealed = await trainer.form.wrap(payload, context);
    expect(await trainer.form.unwrapOwn(sealed)).toEqual(payload);
    for (const node of [victor, vera, candidate]) {
      expect(node.form.reads(context)).toBe(true);
      expect(await node.open(sealed)).toEqual(payload);
      expect(node.asked).toBe(0);
    }
    const rival = new Node('rival', world, () => context);
    expect(rival.form.reads(context)).toBe(false);
    await expect(rival.open(sealed)).rejects.toMatchObject({ code: 'E_PAYLOAD_MALFORMED' });
  });

  it('a sealed payload has one size in all rounds, regardless of departed members and their peer ids', async () => {
    const all = await trainer.form.wrap(payload, context);
    context.task.departed = [vera.account];
    const departed = await trainer.form.wrap(payload, context);
    context.members = context.members.map((m) =>
      m.address === candidate.account ? { ...m, peerId: 'not-a-peer' } : m,
    );
    const nameless = await trainer.form.wrap(payload, context);
    for (const sealed of [all, departed, nameless]) expect(sealed).toHaveLength(bytesOf());
    expect(storedPayloadBytes(TERMS, { ...context.task, dimension: DIMENSION })).toBe(bytesOf());
    await expect(vera.form.unwrapOwn(departed)).rejects.toMatchObject({ code: 'E_PAYLOAD_MALFORMED' });
    expect(await victor.open(departed)).toEqual(payload);
  });

  it('a validator with another key than it joined with does not read a sealed payload, and accuses no one', () => {
    context.members = context.members.map((m) =>
      m.address === vera.account ? { ...m, peerId: trainer.peerId } : m,
    );
    expect(vera.form.reads(context)).toBe(false);
  });
});

describe('a payload sealed to only some of its checkers', () => {
  const sealedTo = (...nodes: Node[]) =>
    sealTo(
      payload,
      [trainer, ...nodes].map(({ peerId }) => peerId),
    );

  it('a payload sealed to only some opens with the key from another checker', async () => {
    const sealed = await sealedTo(victor);
    await expect(vera.open(sealed)).rejects.toMatchObject({ code: 'E_PAYLOAD_MALFORMED' });
    await victor.open(sealed);
    expect(await vera.open(sealed)).toEqual(payload);
    // From then on it tells the key itself.
    expect(vera.keys.of(1n, DIGEST)).toEqual(victor.keys.of(1n, DIGEST));
  });

  it('a payload sealed to only some opens even if one peer sends a wrong key', async () => {
    const sealed = await sealedTo(victor);
    candidate.keys.remember(1n, DIGEST, new Uint8Array(16));
    await victor.open(sealed);
    expect(await vera.open(sealed)).toEqual(payload);
  });

  it('the key of a payload is sent only to checkers of its task that have not left', async () => {
    await victor.open(await sealedTo(victor));
    const request = { taskId: 1n, digest: fromHex(DIGEST) };
    const told = (from: Node, taskId = 1n) =>
      victor.keys.answer({ ...request, taskId }, from.peerId, context);
    expect(told(candidate)).toHaveProperty('key');
    for (const refused of [told(trainer), told(vera, 2n)]) expect(refused).toHaveProperty('refused');
    context.task.departed = [candidate.account];
    expect(told(candidate)).toHaveProperty('refused');
  });
});

describe('a public payload', () => {
  it('a public payload is not encrypted', async () => {
    expect(payloadForm({}, trainer as never)).toBe(PUBLIC_PAYLOADS);
    expect(await PUBLIC_PAYLOADS.wrap(payload, context)).toBe(payload);
    expect(storedPayloadBytes({}, { ...context.task, dimension: DIMENSION })).toBe(payload.length);
  });
});
