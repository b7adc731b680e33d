import {
  type Address,
  ChorusError,
  cidFromDigest,
  encodeAggregate,
  encodePayload,
  fromHex,
  type KnownTask,
  payloadBytes,
  type RoundState,
  type RoundSummary,
  type SettledRound,
  sha256Hex,
  type VectorCommitment,
} from '@chorus/protocol';
import { createGlobalModel } from '@chorus/training';
import { beforeEach, describe, expect, it } from 'vitest';
import { PUBLIC_PAYLOADS } from '../payloads/sealing/payload-form.ts';
import { VectorCache } from '../payloads/vector-cache.ts';
import { type HistorySource, PublicHistories } from './public-history.ts';

const D = 6;
const TRAINERS: Address[] = [`0x${'a1'.repeat(20)}`, `0x${'a2'.repeat(20)}`];
const VALIDATOR: Address = `0x${'b1'.repeat(20)}`;
const TASK = {
  task: {
    id: 1n,
    dimension: D,
    settleSeconds: 1,
    trainers: TRAINERS,
    validators: [VALIDATOR],
    activeValidators: [VALIDATOR],
    aggregators: [VALIDATOR],
  },
  members: [],
} as unknown as KnownTask;

/** A chain and a storage with the rounds of a test. */
class World {
  readonly rounds = new Map<number, RoundState>();
  readonly settled = new Map<number, SettledRound>();
  readonly held = new Map<string, Uint8Array>();
  /** What a peer says is left of a round. */
  readonly summaries = new Map<number, RoundSummary>();
  fetched = 0;
  sealedToOthers = false;

  put(kind: 'update' | 'reference', round: number, author: Address, first: number): VectorCommitment {
    const vector = Int16Array.from({ length: D }, (_, k) => first + k);
    const payload = encodePayload({ kind, taskId: 1n, round, author, dimension: D, vector });
    const digest = sha256Hex(payload);
    this.held.set(cidFromDigest(digest, payload.length), payload);
    return { commitment: { x: BigInt(first), y: 1n }, digest };
  }

  /**
   * A round in which both trainers commit and the validator opens; its vectors begin with 10, 20 and 30 times its
   * number.
   */
  add(round: number, weights: number[] | null): void {
    const updates = TRAINERS.map((author, i) => this.put('update', round, author, round * 10 * (i + 1)));
    const opened = this.put('reference', round, VALIDATOR, round * 30);
    const references = [{ validator: VALIDATOR, index: 0, seal: null, opened }];
    this.rounds.set(round, { round, updates, references } as unknown as RoundState);
    if (!weights) return;
    const total = Int32Array.from({ length: D }, (_, k) => 32768 * 2 * (15 * round + k));
    const file = encodeAggregate(total);
    const digest = sha256Hex(file);
    this.held.set(cidFromDigest(digest, file.length), file);
    this.summaries.set(round, { aggregate: fromHex(digest), gram: null });
    const settled = { round, weights, aggregator: VALIDATOR, aggregate: { x: BigInt(total[0]!), y: 2n } };
    this.settled.set(round, settled as unknown as SettledRound);
  }

  /** No peer sends this payload any more. */
  lose({ digest }: VectorCommitment): () => void {
    const cid = cidFromDigest(digest, payloadBytes(D));
    const bytes = this.held.get(cid)!;
    this.held.delete(cid);
    return () => this.held.set(cid, bytes);
  }

  get source(): HistorySource {
    return {
      taskId: 1n,
      signal: new AbortController().signal,
      payloads: new VectorCache(),
      form: this.sealedToOthers ? { ...PUBLIC_PAYLOADS, reads: () => false } : PUBLIC_PAYLOADS,
      committer: {
        commit: () => Promise.reject(new Error('it is not to be checked')),
        commitIntegers: async (total: Int32Array) => ({ x: BigInt(total[0]!), y: 2n }),
      },
      summaries: {
        own: () => null,
        others: () => ['peer'],
        ask: async (_peer: string, _task: bigint, round: number) => this.summaries.get(round) ?? null,
        blame: () => {},
      },
      ports: {
        chain: {
          round: async (_: bigint, number: number) => this.rounds.get(number)!,
          settledRound: async (_: bigint, number: number) => this.settled.get(number) ?? null,
        },
        storage: {
          has: async () => false,
          get: async (cid: string) => {
            this.fetched++;
            const bytes = this.held.get(cid);
            if (bytes) return bytes;
            throw new ChorusError('E_STORAGE_UNAVAILABLE', 'no peer has it');
          },
        },
      },
    } as unknown as HistorySource;
  }
}

let world: World;
beforeEach(() => {
  world = new World();
});
const histories = () =>
  new PublicHistories(world.source, createGlobalModel(new Float32Array(D).fill(0.5), 2 ** -14), [
    { name: 'w', shape: [D], size: D, offset: 0 },
  ]);
const HALVES = [32768, 32768];

describe('what is public before a round', () => {
  it('nothing is public before the first round', async () => {
    expect(await histories().vectors(TASK, 1)).toEqual({ vectors: null, missing: [] });
  });

  it('the public span has the last three ended rounds, void ones too: every reference, and the newest update of each trainer', async () => {
    for (const round of [1, 2, 3, 4]) world.add(round, round === 3 ? null : HALVES);
    const { vectors, missing } = await histories().vectors(TASK, 5);
    expect(missing).toEqual([]);
    expect(vectors!.references.map((v) => v[0])).toEqual([120, 90, 60]);
    expect(vectors!.updates.map((v) => v[0])).toEqual([40, 80]);
    // Aggregates are of settled rounds: the third is older than the others.
    expect(vectors!.aggregates.map((v) => v[0]! / 32768)).toEqual([120, 60, 30]);
    expect(vectors!.tensors).toEqual([D]);
  });

  it('the public span is the same for a node that has followed the rounds, and for one that requests their aggregates', async () => {
    for (const round of [1, 2]) world.add(round, HALVES);
    const fresh = await histories().vectors(TASK, 3);
    const following = histories();
    world.summaries.clear();
    for (const round of [1, 2])
      following.settled(
        round,
        new Int32Array(D).map((_, k) => 32768 * 2 * (15 * round + k)),
        `aggregate-${round}`,
      );
    expect(following.cids).toEqual(['aggregate-1', 'aggregate-2']);
    expect(await following.vectors(TASK, 3)).toEqual(fresh);
  });

  it('the public span has only the aggregates for a node that payloads are not sealed to', async () => {
    for (const round of [1, 2]) world.add(round, HALVES);
    world.sealedToOthers = true;
    const { vectors, missing } = await histories().vectors(TASK, 3);
    expect([vectors!.updates, vectors!.references, missing]).toEqual([[], [], []]);
    expect(vectors!.aggregates.map((v) => v[0]! / 32768)).toEqual([60, 30]);
    expect(world.fetched).toBe(2);
  });

  it('the public span reports an aggregate that no peer sends as missing', async () => {
    world.add(1, HALVES);
    world.summaries.clear();
    const { vectors, missing } = await histories().vectors(TASK, 2);
    expect([vectors!.aggregates, missing]).toEqual([[], ['the aggregate of round 1']]);
  });

  it('the public span uses available vectors, reports missing ones, and searches again on request', async () => {
    world.add(1, HALVES);
    const find = world.lose(world.rounds.get(1)!.references[0]!.opened!);
    const node = histories();
    const first = await node.vectors(TASK, 2);
    expect(first.vectors!.references).toEqual([]);
    expect(first.missing).toEqual([`the reference of ${VALIDATOR} in round 1`]);
    const { fetched } = world;
    await node.vectors(TASK, 2);
    expect(world.fetched).toBe(fetched);
    find();
    const again = await node.vectors(TASK, 2, true);
    expect(again.missing).toEqual([]);
    expect(again.vectors!.references.map((v) => v[0])).toEqual([30]);
    expect(node.cids).toHaveLength(3);
  });

  it('the public span excludes invalid payloads, as on every node', async () => {
    world.add(1, HALVES);
    const { digest } = world.rounds.get(1)!.references[0]!.opened!;
    world.held.set(cidFromDigest(digest, payloadBytes(D)), new Uint8Array(payloadBytes(D)));
    const { vectors, missing } = await histories().vectors(TASK, 2);
    expect([vectors!.references, missing]).toEqual([[], []]);
  });

  it('the public span keeps the model of the first request for the round', async () => {
    world.add(1, HALVES);
    const model = createGlobalModel(new Float32Array(D).fill(0.5), 2 ** -14);
    const find = world.lose(world.rounds.get(1)!.updates[0]!);
    const node = new PublicHistories(world.source, model, [{ name: 'w', shape: [D], size: D, offset: 0 }]);
    model.sum.fill(7);
    const first = await node.vectors(TASK, 2);
    model.sum.fill(9);
    find();
    const again = await node.vectors(TASK, 2, true);
    expect(Array.from(again.vectors!.way)).toEqual(Array.from(first.vectors!.way));
  });
});
