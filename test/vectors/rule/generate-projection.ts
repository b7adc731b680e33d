/**
 * Writes reference-projection.json: what every implementation of the rule (TypeScript, circom) must agree on.
 * Run: node --conditions=@chorus/source test/vectors/rule/generate-projection.ts
 *
 * Each case is a Gram matrix (upper triangle by rows, decimal strings), every intermediate, the weights, the
 * shares and both in packed words. `vectors: true` marks matrices that integer vectors can have; the others
 * are merely symmetric and positive and test the arithmetic at its limits, where the circuit's range checks may refuse.
 */
import { writeFileSync } from 'node:fs';
import { packShares, packWeights, referenceProjection } from '@chorus/aggregation';
import { projectionGram, randomRound, referenceOf } from '../../../packages/aggregation/src/testing/rounds.ts';
import { generator } from '../../random.ts';

const HEAD_ROWS = 4;
const DIMENSION = 64;

type Matrix = bigint[][];
interface Case {
  name: string;
  vectors?: false;
  gram: Matrix;
}

/** Pads with zero rows to n trainers. */
function padded(gram: Matrix, n: number): Matrix {
  const rows = HEAD_ROWS + n;
  return Array.from({ length: rows }, (_, i) => Array.from({ length: rows }, (_, j) => gram[i]?.[j] ?? 0n));
}
/** Gram matrix of `scale_i` times one vector of squared norm `square`. */
function parallel(scales: bigint[], square: bigint): Matrix {
  return scales.map((a) => scales.map((b) => a * b * square));
}
/** A matrix with these entries (rows, columns and their mirror), and zeros elsewhere. */
function sparse(trainers: number, entries: [number, number, bigint][]): Matrix {
  const gram = padded([], trainers);
  for (const [i, j, value] of entries) gram[i]![j] = gram[j]![i] = value;
  return gram;
}

function random(seed: number, trainers: number, dimension = DIMENSION): Matrix {
  const round = randomRound(generator(seed), trainers, dimension);
  return projectionGram(round.references, round.updates, round.publicVectors);
}

/** A vector with these entries, by index, and zeros elsewhere. */
function along(...parts: [number, number][]): number[] {
  const vector = new Array<number>(DIMENSION).fill(0);
  for (const [k, by] of parts) vector[k] = by;
  return vector;
}
const flat = referenceOf(new Array<number>(DIMENSION).fill(1));
const leaning = (k: number): number[] => referenceOf(flat.map((x, i) => (i % 3 === k ? 2 * x : x)));
const same = [[flat], [flat], [flat]];
const three = [[leaning(0)], [leaning(1)], [leaning(2)]];
const two = [[leaning(0), leaning(1)], [leaning(0), leaning(1)], [leaning(0), leaning(1)]];
const some = Array.from({ length: 5 }, (_, i) => flat.map((x, k) => Math.round((x / 8) * (1 + ((k * (i + 3)) % 7)))));
const times = (by: number, vector: readonly number[]): number[] => vector.map((x) => Math.round(by * x));

/** Every entry of every update +-32767 at d = 2^22; fifteen references along one direction, 128 in every entry. */
const HEADS = [640n, 640n, 640n, 1920n];
const maximal = (signs: bigint[]): Matrix => parallel([...HEADS, ...signs.map((s) => s * 32767n)], 2n ** 22n);

/**
 * Pairs e t + w, e t - w of norm 256 with w orthogonal to the references t: only the ridge keeps their coefficients
 * from growing as they cancel each other.
 */
function cancelling(pairs: number, e: bigint): Matrix {
  const square = 2n ** 16n;
  const along = e * e;
  const gram = padded([], 2 * pairs);
  const references = 5n * 2n ** 18n;
  for (let i = 0; i < HEAD_ROWS; i++) {
    for (let j = 0; j < HEAD_ROWS; j++) {
      gram[i]![j] = references * references * (i === 3 ? 3n : 1n) * (j === 3 ? 3n : 1n);
    }
  }
  for (let a = 0; a < 2 * pairs; a++) {
    for (let k = 0; k < HEAD_ROWS; k++) {
      gram[k]![HEAD_ROWS + a] = gram[HEAD_ROWS + a]![k] = e * references * (k === 3 ? 3n : 1n);
    }
    for (let b = 0; b < 2 * pairs; b++) {
      const beside = a === b ? square - along : a >> 1 === b >> 1 ? along - square : 0n;
      gram[HEAD_ROWS + a]![HEAD_ROWS + b] = along + beside;
    }
  }
  return gram;
}

const cases: Case[] = [
  { name: 'one trainer', gram: projectionGram(three, [some[0]!]) },
  { name: 'one trainer that points away', gram: projectionGram(three, [times(-1, some[0]!)]) },
  { name: 'one trainer orthogonal to the references', gram: projectionGram(same, [along([0, 900], [1, -900])]) },
  { name: 'two trainers: the lower median clips the larger', gram: projectionGram(three, [some[0]!, times(3, some[1]!)]) },
  { name: 'all rejected', gram: projectionGram(three, some.map((u) => times(-1, u))) },
  { name: 'positive with two targets, not with the third', gram: projectionGram([[along([0, 60000 / 2], [1, 60000 / 2])], [along([0, 60000 / 2], [2, 60000 / 2])], [along([3, 32000])]], [along([0, 900], [3, -800]), along([0, 900]), along([0, 800], [3, 100])]) },
  { name: 'all zero', gram: padded([], 5) },
  { name: 'only references are present', gram: projectionGram(three, [along(), along()]) },
  { name: 'references are zero', gram: projectionGram([], some) },
  { name: 'fewer than three validators: every group is the sum', gram: projectionGram(two, some) },
  { name: 'one group is empty', gram: projectionGram([[leaning(0)], [], [leaning(2)]], some) },
  { name: 'two groups are empty: one target is zero', gram: projectionGram([[leaning(0)], [], []], some) },
  { name: 'four copies of one update', gram: projectionGram(three, [some[0]!, some[0]!, some[0]!, some[0]!, some[1]!]) },
  { name: 'sixteen copies of one update', gram: projectionGram(three, new Array<number[]>(16).fill(some[0]!)) },
  { name: 'scaled copies', gram: projectionGram(three, [some[0]!, times(3, some[0]!), times(0.5, some[0]!), some[1]!]) },
  { name: 'zero rows between present ones', gram: projectionGram(three, [along(), some[0]!, along(), some[1]!, along()]) },
  { name: 'ties in norm and in cosine', gram: projectionGram(same, [along([0, 900], [1, 700]), along([0, 700], [1, 900]), along([2, 900], [3, 700]), along([4, 700], [5, 900])]) },
  { name: 'norms of 255 and 256: absent and present', gram: projectionGram(three, [along([0, 255]), along([0, 256]), along([1, 300])]) },
  { name: 'a squared norm of 65535 and one of 65536', gram: sparse(2, [[0, 0, 2n ** 36n], [1, 1, 2n ** 36n], [2, 2, 2n ** 36n], [3, 3, 2n ** 37n], [4, 4, 65535n], [5, 5, 65536n], ...[0, 1, 2, 3].flatMap((k): [number, number, bigint][] => [[k, 4, 2n ** 20n], [k, 5, 2n ** 20n]])]) },
  { name: 'a replay of a public vector', gram: projectionGram(three, [some[0]!, some[1]!, times(0.7, some[2]!)], [some[2]!]) },
  { name: 'a replay with a little new work', gram: projectionGram(three, [some[0]!, some[2]!.map((x, k) => x + (k < 20 ? 400 : 0)), some[1]!], [some[2]!]) },
  { name: 'novelty of exactly a sixth, and just below', gram: sparse(2, [...[0, 1, 2, 3].map((k): [number, number, bigint] => [k, k, 2n ** 36n]), [4, 4, 2n ** 20n], [5, 5, 2n ** 20n], ...[4, 5].flatMap((i): [number, number, bigint][] => [[0, i, 2n ** 21n], [1, i, 2n ** 21n], [2, i, 2n ** 21n], [3, i, 2n ** 20n - (i === 5 ? 1n : 0n)]])]) },
  { name: 'who knows the references is capped at twice the median cosine', gram: projectionGram(three, [along([0, 900]), along([1, 900]), along([2, 900]), times(0.5, flat)]) },
  { name: 'an update that the others explain without it', gram: projectionGram(same, [along([10, 900]), flat.map((x, k) => (k === 10 ? 4 * x : Math.round(x / 4))), along([3, 500])]) },
  { name: 'the median cosine is zero', gram: sparse(2, [[0, 0, 4n], [1, 1, 4n], [2, 2, 4n], [4, 4, 2n ** 40n], [5, 5, 2n ** 40n], [0, 4, 5n], [1, 4, 5n], [2, 4, 5n], [0, 5, 6n], [1, 5, 6n], [2, 5, 6n]]) },
  { name: 'a leaked group of references', gram: projectionGram(three, [times(0.5, leaning(1)), ...some]) },
  { name: 'coefficients as large as the ridge lets them be', gram: cancelling(1, 11n) },
  { name: 'sixteen updates that cancel each other in pairs', gram: cancelling(8, 16n) },
  { name: 'maximal entries, all equal', gram: maximal(new Array<bigint>(16).fill(1n)) },
  { name: 'maximal entries, half of them negative', gram: maximal(Array.from({ length: 16 }, (_, i) => (i % 2 ? -1n : 1n))) },
  { name: 'maximal entries, all negative', gram: maximal(new Array<bigint>(16).fill(-1n)) },
  { name: 'maximal entries, one trainer', gram: maximal([1n]) },
  { name: 'maximal next to the smallest norm that counts', gram: (() => { const g = maximal([1n, 1n]); const last = [...HEADS, 32767n].map((x) => x * 2n ** 19n); last.forEach((x, i) => { g[5]![i] = g[i]![5] = x; }); g[5]![5] = 2n ** 16n; return g; })() },
  { name: 'sixteen trainers', gram: random(1, 16) },
];
for (let seed = 10; seed < 34; seed++) {
  const trainers = 1 + (seed % 16);
  cases.push({ name: `random vectors, ${trainers} trainers, seed ${seed}`, gram: random(seed, trainers, 24 + seed) });
}
cases.push({
  name: 'limits: orthogonal updates, at the bounds of what the circuit takes',
  vectors: false,
  gram: padded([], 16).map((row, i) => row.map((_, j) => (i < HEAD_ROWS && j < HEAD_ROWS ? 2n ** 49n - 1n : i < HEAD_ROWS || j < HEAD_ROWS ? 2n ** 48n : i === j ? 2n ** 53n - 1n : 0n))),
});

const document = {
  rule: 'reference-projection',
  version: 3,
  note: 'gram: upper triangle by rows, (n+4)(n+5)/2 entries; rows 0 to 2 are groups of references, row 3 their novelty. Every case is padded to the circuit size n.',
  cases: [
    ...cases.map((c) => describe({ ...c, gram: padded(c.gram, 16) }, c.gram.length - HEAD_ROWS)),
    describe({ name: 'sixty-four trainers', gram: random(99, 64, 96) }, 64),
    describe({ name: 'forty trainers padded to sixty-four', gram: padded(random(98, 40, 96), 64) }, 40),
  ],
};

function describe(c: Case, trainers: number): object {
  const { weights, shares, explanation } = referenceProjection(c.gram);
  return {
    name: c.name,
    vectors: c.vectors ?? true,
    n: c.gram.length - HEAD_ROWS,
    trainers,
    gram: c.gram.flatMap((row, i) => row.slice(i).map(String)),
    medianNorm: String(explanation.medianNorm),
    medianCosine: String(explanation.medianCosine),
    medianLength: String(explanation.medianLength),
    totalMass: String(explanation.totalMass),
    totalScore: String(explanation.totalScore),
    rows: explanation.rows.map((r) => ({
      norm: String(r.norm),
      clip: String(r.clip),
      dot: String(r.dot),
      dots: r.dots.map(String),
      cosine: String(r.cosine),
      cappedDots: r.cappedDots.map(String),
      coefficients: r.coefficients.map(String),
      projection: String(r.projection),
      novelty: String(r.novelty),
      gate: String(r.gate),
      length: String(r.length),
      mass: String(r.mass),
      score: String(r.score),
      reason: r.reason,
    })),
    weights,
    shares,
    weightsWords: packWeights(weights).map(String),
    sharesWords: packShares(shares).map(String),
  };
}

writeFileSync(new URL('reference-projection.json', import.meta.url), `${JSON.stringify(document, null, 1)}\n`);
