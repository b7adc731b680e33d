import { keysOfSeed } from '@chorus/a2a/names';
import { encode } from 'cborg';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Beacon, MAX_BEACON_BYTES, MAX_BEACON_SECONDS, readBeacon, signBeacon } from './beacon.ts';
import {
  decodeBeaconsRequest,
  decodeBeaconsResponse,
  encodeBeaconsRequest,
  encodeBeaconsResponse,
} from './exchange.ts';

const SEED = new Uint8Array(32).fill(1);
const OTHER = new Uint8Array(32).fill(2);
const registry = { chainId: 31337, address: `0x${'ab'.repeat(20)}` as const };
const beacon: Beacon = {
  agentId: 7n,
  peerId: keysOfSeed(SEED).peerId,
  name: 'harbour',
  cardDigest: new Uint8Array(32).fill(9),
  issuedAt: 1_800_000_000,
  expiresAt: 1_800_000_900,
  addresses: ['/ip4/192.0.2.1/tcp/4001'],
};
const read = (changes: Partial<Beacon>, seed = SEED) =>
  readBeacon(registry, signBeacon(registry, { ...beacon, ...changes }, seed));
const refused = expect.objectContaining({ code: 'E_AGENT_BEACON' });

describe('a beacon', () => {
  it('is read back as it was signed', () => {
    expect(read({})).toEqual(beacon);
    expect(read({ agentId: 0n, addresses: [], expiresAt: beacon.issuedAt })).toEqual({
      ...beacon,
      agentId: 0n,
      addresses: [],
      expiresAt: beacon.issuedAt,
    });
  });

  it('has at most 2 KiB: of long lists of addresses it carries the first', () => {
    const many = Array.from({ length: 40 }, (_, i) => `/ip4/192.0.2.${i}/tcp/4001/p2p/${beacon.peerId}`);
    const long = `/dns4/${'x'.repeat(300)}/tcp/1`;
    const bytes = signBeacon(registry, { ...beacon, addresses: [long, ...many] }, SEED);
    expect(bytes.length).toBeLessThanOrEqual(MAX_BEACON_BYTES);
    expect(readBeacon(registry, bytes).addresses).toEqual(many.slice(0, 16));
  });

  it('that another key signed, or that is for another registry or chain, is refused', () => {
    expect(() => read({}, OTHER)).toThrow(refused);
    const bytes = signBeacon(registry, beacon, SEED);
    expect(() => readBeacon({ ...registry, chainId: 1 }, bytes)).toThrow(refused);
    expect(() => readBeacon({ ...registry, address: `0x${'cd'.repeat(20)}` }, bytes)).toThrow(refused);
  });

  it('that holds too long, or backwards, is refused', () => {
    const { issuedAt } = beacon;
    expect(() => read({ expiresAt: issuedAt + MAX_BEACON_SECONDS + 1 })).toThrow(refused);
    expect(() => read({ expiresAt: issuedAt - 1 })).toThrow(refused);
  });

  it('with names, peers or addresses of another form is refused', () => {
    for (const changes of [
      { name: '../etc' },
      { name: '' },
      { peerId: 'QmNotEd25519' },
      { addresses: ['no-multiaddr'] },
      { addresses: ['/ip4/\u001b[2J'] },
      { cardDigest: new Uint8Array(31) },
      { agentId: 1n << 53n },
      { agentId: -1n },
    ]) {
      expect(() => read(changes)).toThrow(refused);
    }
  });

  it('with any byte changed is refused', () => {
    const bytes = signBeacon(registry, beacon, SEED);
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const changed = bytes.map((byte, k) => (k === at ? byte ^ by : byte));
        expect(() => readBeacon(registry, changed)).toThrow(refused);
      }),
    );
  });

  it('that is no beacon at all, or too long, is refused', () => {
    for (const bytes of [
      new Uint8Array(),
      Uint8Array.of(0xff),
      encode({}),
      encode([encode({}), new Uint8Array(64)]),
      new Uint8Array(MAX_BEACON_BYTES + 1),
    ]) {
      expect(() => readBeacon(registry, bytes)).toThrow(refused);
    }
  });
});

describe('the question which agents a node knows', () => {
  it('is read back, and other bytes are refused', () => {
    for (const after of [null, 0n, 7n, 2n ** 53n - 1n]) {
      expect(decodeBeaconsRequest(encodeBeaconsRequest(after))).toBe(after);
    }
    for (const bytes of [new Uint8Array(), encode({ after: -1 }), encode({ after: null, more: 1 })]) {
      expect(() => decodeBeaconsRequest(bytes)).toThrow(refused);
    }
  });

  it('is answered with what fits into one message', () => {
    const all = Array.from({ length: 1_000 }, () => new Uint8Array(400).fill(3));
    const bytes = encodeBeaconsResponse(all);
    expect(bytes.length).toBeLessThanOrEqual(64 * 1024);
    const read = decodeBeaconsResponse(bytes);
    expect(read.length).toBeGreaterThan(100);
    expect(read.every((each) => Buffer.from(each).equals(all[0]!))).toBe(true);
    expect(() => decodeBeaconsResponse(encode({ beacons: [new Uint8Array(MAX_BEACON_BYTES + 1)] }))).toThrow(
      refused,
    );
  });
});
