import { ruleId } from '@chorus/chain';
import { gramHash } from '@chorus/circuits';
import {
  ChorusError,
  cidFromDigest,
  encodeAggregate,
  fromHex,
  type Hex,
  type KnownTask,
  type RoundSummary,
  type SettledRound,
  sha256Hex,
} from '@chorus/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { findSummary, type SummarySource } from './find-summary.ts';

const AGGREGATE = Int32Array.of(5, -6, 7);
const GRAM = [
  [9n, 2n],
  [2n, 4n],
];
const VALIDATOR: Hex = `0x${'b1'.repeat(20)}`;
const known = {
  task: {
    id: 1n,
    dimension: 3,
    rule: ruleId('reference-trust'),
    activeValidators: [VALIDATOR],
    aggregators: [VALIDATOR],
  },
  members: [
    { address: `0x${'a1'.repeat(20)}`, peerId: 'trainer' },
    { address: VALIDATOR, peerId: 'settler' },
  ],
} as unknown as KnownTask;
const commitmentOf = (vector: Int32Array) => ({ x: BigInt(vector[0]!), y: BigInt(vector[1]!) });
const settled = {
  round: 2,
  weights: [40_000],
  aggregator: VALIDATOR,
  aggregate: commitmentOf(AGGREGATE),
} as unknown as SettledRound;

/** What peers say and have. */
let answers: Map<string, RoundSummary>;
let held: Map<string, Uint8Array>;
let elsewhere: Map<string, Uint8Array>;
let asked: string[];
let blamed: string[];
let proven: bigint | null;
beforeEach(() => {
  answers = new Map();
  held = new Map();
  elsewhere = new Map();
  asked = [];
  blamed = [];
  proven = gramHash(GRAM, 16, 'reference-trust');
});

/** A file that peers have; returns its digest. */
function file(bytes: Uint8Array): Uint8Array {
  const digest = sha256Hex(bytes);
  elsewhere.set(cidFromDigest(digest, bytes.length), bytes);
  return fromHex(digest);
}

const honest = (): RoundSummary => ({ aggregate: file(encodeAggregate(AGGREGATE)), gram: GRAM });

const source = () =>
  ({
    taskId: 1n,
    signal: new AbortController().signal,
    committer: { commitIntegers: async (vector: Int32Array) => commitmentOf(vector) },
    summaries: {
      own: () => answers.get('own') ?? null,
      others: () => ['stranger'],
      ask: async (peer: string) => {
        asked.push(peer);
        return answers.get(peer) ?? null;
      },
      blame: (peer: string) => blamed.push(peer),
    },
    ports: {
      chain: {
        settlement: async () => {
          if (proven === null) throw new ChorusError('E_CHAIN_CALLDATA', 'it cannot be read');
          return { proof: { gramHash: proven } };
        },
      },
      storage: {
        has: async (cid: string) => held.has(cid),
        remove: async (cid: string) => held.delete(cid),
        get: async (cid: string, { maxBytes }: { maxBytes: number }) => {
          const bytes = held.get(cid) ?? elsewhere.get(cid);
          if (!bytes) throw new ChorusError('E_STORAGE_UNAVAILABLE', 'no peer has it');
          if (bytes.length > maxBytes) throw new ChorusError('E_STORAGE_TOO_LARGE', 'too long');
          held.set(cid, bytes);
          return bytes;
        },
      },
    },
  }) as unknown as SummarySource;
const find = (want: 'aggregate' | 'gram') => findSummary(source(), known, settled, want, 0);

describe('the summary of a settled round', () => {
  it('a summary is requested first from the member that settled, then from members and connected peers', async () => {
    answers.set('stranger', honest());
    expect(await find('aggregate')).toEqual({ aggregate: AGGREGATE, gram: GRAM });
    expect(asked).toEqual(['settler', 'trainer', 'stranger']);
    expect(blamed).toEqual([]);
  });

  it('a summary is not requested if no update went in, or it is stored here', async () => {
    answers.set('own', honest());
    expect((await find('gram')).gram).toEqual(GRAM);
    const nothing = { ...settled, weights: [0] } as SettledRound;
    expect(await findSummary(source(), known, nothing, 'aggregate', 0)).toEqual({
      aggregate: null,
      gram: null,
    });
    expect(asked).toEqual([]);
  });

  it.each<[string, () => RoundSummary]>([
    ['another aggregate', () => ({ ...honest(), aggregate: file(encodeAggregate(Int32Array.of(5, -5, 7))) })],
    [
      'a file that is too long',
      () => ({ ...honest(), aggregate: file(encodeAggregate(Int32Array.of(5, -6, 7, 0))) }),
    ],
    ['a file that is too short', () => ({ ...honest(), aggregate: file(encodeAggregate(Int32Array.of(5))) })],
    [
      'another matrix',
      () => ({
        ...honest(),
        gram: [
          [9n, 2n],
          [2n, 5n],
        ],
      }),
    ],
    ['an invalid matrix', () => ({ ...honest(), gram: [[-1n]] })],
  ])('a peer that sends %s loses reputation, and the next is asked', async (_, forged) => {
    answers.set('settler', forged());
    answers.set('trainer', honest());
    expect(await find('aggregate')).toEqual({ aggregate: AGGREGATE, gram: GRAM });
    expect(blamed).toEqual(['settler']);
    // What was fetched on a liar's word is not kept and served to others.
    expect([...held.values()]).toEqual([encodeAggregate(AGGREGATE)]);
  });

  it('a stored file is kept even if a peer falsely names it as the aggregate', async () => {
    const model = file(encodeAggregate(Int32Array.of(1, 2, 3)));
    for (const [cid, bytes] of elsewhere) held.set(cid, bytes);
    answers.set('settler', { aggregate: model, gram: null });
    await expect(find('aggregate')).rejects.toMatchObject({ code: 'E_SUMMARY_UNAVAILABLE' });
    expect(held.size).toBe(1);
    expect(blamed).toEqual(['settler']);
  });

  it('a peer without the file, or without the matrix, is not blamed', async () => {
    answers.set('settler', { aggregate: new Uint8Array(32), gram: null });
    await expect(find('aggregate')).rejects.toMatchObject({ code: 'E_SUMMARY_UNAVAILABLE' });
    await expect(find('gram')).rejects.toMatchObject({ code: 'E_SUMMARY_UNAVAILABLE' });
    expect(blamed).toEqual([]);
  });

  it('a matrix is not trusted if the chain does not reveal what was proven', async () => {
    proven = null;
    answers.set('settler', honest());
    expect(await find('aggregate')).toEqual({ aggregate: AGGREGATE, gram: null });
    await expect(find('gram')).rejects.toMatchObject({ code: 'E_SUMMARY_UNAVAILABLE' });
  });
});
