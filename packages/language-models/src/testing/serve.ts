import { encodeModel } from '@chorus/autodiff';
import ort from 'onnxruntime-node';
import type { Decoder } from '../decoder/open.ts';
import { SERVING, servingModel } from '../graph/serving-graph.ts';

/**
 * Scores of the token after each one by the serving graph, read in two runs: the second one has the keys and values of
 * the first as its past.
 *
 * @returns [tokens][vocabulary]
 */
export async function servedLogits(
  decoder: Decoder,
  tokens: readonly number[],
  weights: 'float32' | 'int8' = 'float32',
): Promise<Float32Array[]> {
  const { config } = decoder;
  const session = await ort.InferenceSession.create(
    encodeModel(servingModel(decoder, { weights, context: tokens.length })),
    { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 },
  );
  const { layers, keyValueHeads: heads, headSize: size, vocabulary } = config;
  const part = heads * size;
  const cache = Array.from({ length: 2 * layers }, () => new Float32Array(tokens.length * part));
  const out: Float32Array[] = [];
  const first = Math.ceil(tokens.length / 2);
  for (const [from, to] of [
    [0, first],
    [first, tokens.length],
  ] as const) {
    const ids = tokens.slice(from, to);
    const feeds: Record<string, ort.Tensor> = {
      [SERVING.ids]: new ort.Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]),
      [SERVING.places]: new ort.Tensor(
        'int64',
        BigInt64Array.from(ids, (_, i) => BigInt(from + i)),
        [1, ids.length],
      ),
      [SERVING.lengths]: new ort.Tensor('int32', Int32Array.of(to - 1), [1]),
      [SERVING.longest]: new ort.Tensor('int32', Int32Array.of(to), [1]),
      [SERVING.scored]: new ort.Tensor(
        'int64',
        BigInt64Array.from(ids, (_, i) => BigInt(i)),
        [ids.length],
      ),
    };
    for (let layer = 0; layer < layers; layer++) {
      for (const [i, name] of ['key', 'value'].entries()) {
        const dims = [1, heads, tokens.length, size];
        feeds[`${SERVING.past}.${layer}.${name}`] = new ort.Tensor(
          'float32',
          cache[2 * layer + i]!.slice(),
          dims,
        );
      }
    }
    const run = await session.run(feeds);
    const logits = run[SERVING.logits]!.data as Float32Array;
    ids.forEach((_, i) => {
      out.push(logits.slice(i * vocabulary, (i + 1) * vocabulary));
    });
    const fresh = run[SERVING.fresh]!.data as Float32Array;
    ids.forEach((_, i) => {
      cache.forEach((kept, at) => {
        for (let head = 0; head < heads; head++) {
          const start = (i * cache.length + at) * part + head * size;
          kept.set(fresh.subarray(start, start + size), (head * tokens.length + from + i) * size);
        }
      });
    });
  }
  await session.release();
  return out;
}

/** The token with the highest score. */
export const best = (logits: ArrayLike<number>): number => {
  let at = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[at]!) at = i;
  return at;
};

/** Scores of weights in float32 are up to 7 here, and differ by the order of sums. */
export const EQUAL = 5e-5;

/**
 * llama.cpp rounds what it multiplies with Q8_0 to 8 bits, in blocks of 32, as the serving graph with integer weights does:
 * the largest of 200,000 differences (seen: 0.26), and the root of their mean square (seen: 0.039). That of the scores
 * themselves is 1.1 to 1.9.
 */
export const ROUNDED = { most: 0.4, spread: 0.06 };

/** The largest difference between scores. */
export const furthest = (some: readonly ArrayLike<number>[], others: readonly ArrayLike<number>[]): number =>
  differences(some, others).reduce((most, each) => Math.max(most, Math.abs(each)), 0);

/** The root of the mean square of the differences between scores. */
export function spread(some: readonly ArrayLike<number>[], others: readonly ArrayLike<number>[]): number {
  const all = differences(some, others);
  return Math.sqrt(all.reduce((sum, each) => sum + each * each, 0) / all.length);
}

const differences = (some: readonly ArrayLike<number>[], others: readonly ArrayLike<number>[]): number[] =>
  some.flatMap((row, place) => Array.from(row, (value, i) => value - others[place]![i]!));
