/**
 * Writes reference-trust.json: what every implementation of the rule (TypeScript, circom, Solidity) must agree on.
 * Run: node --conditions=@chorus/source test/vectors/rule/generate.ts
 *
 * Each case is a Gram matrix (upper triangle by rows, decimal strings), every intermediate, the weights, the
 * shares and both in packed words. `vectors: true` marks matrices that integer vectors can have; the others
 * are merely symmetric and test the arithmetic at its limits, where the circuit's range checks may refuse.
 */
import { writeFileSync } from 'node:fs';
import { gramMatrix, packShares, packWeights, referenceTrust } from '@chorus/aggregation';
import { generator } from '../../random.ts';

type Matrix = bigint[][];
interface Case {
  name: string;
  vectors: boolean;
  gram: Matrix;
}

const of = (...rows: number[][]): Matrix => gramMatrix(rows.map((row) => Int32Array.from(row)));
/** Pads with zero rows to n trainers. */
function padded(gram: Matrix, n: number): Matrix {
  return Array.from({ length: n + 1 }, (_, i) => Array.from({ length: n + 1 }, (_, j) => gram[i]?.[j] ?? 0n));
}
/** Gram matrix of `scale_i` times one vector of squared norm `square`. */
function parallel(scales: bigint[], square: bigint): Matrix {
  return scales.map((a) => scales.map((b) => a * b * square));
}

function randomVectors(seed: number, trainers: number, dimension: number, size: number): Matrix {
  const random = generator(seed);
  const direction = Array.from({ length: dimension }, () => (random() - 0.5) * size);
  const noisy = (pull: number): number[] =>
    direction.map((x) => Math.max(-32767, Math.min(32767, Math.round(pull * x + (random() - 0.5) * size))));
  return of(noisy(1), ...Array.from({ length: trainers }, () => noisy(random() * 2.5 - 0.5)));
}

/** The largest matrix there can be: +-32767 in all 2^22 entries, 15 references in row 0. */
const MAXIMAL = 32767n * 32767n * 2n ** 22n;
const signs = (pattern: bigint[]): Matrix => parallel([15n, ...pattern], MAXIMAL);

const cases: Case[] = [
  { name: 'one trainer', vectors: true, gram: of([3, 4], [5, 1]) },
  { name: 'one trainer that points away', vectors: true, gram: of([3, 4], [-5, -1]) },
  { name: 'one trainer orthogonal to the reference', vectors: true, gram: of([1, 0], [0, 7]) },
  { name: 'two trainers: the lower median clips the larger', vectors: true, gram: of([10, 0], [3, 0], [9, 1]) },
  { name: 'all rejected', vectors: true, gram: of([5, 5, 0], [-1, -1, 3], [-9, 2, 1], [0, -4, 4], [-2, -2, -2]) },
  { name: 'all zero', vectors: true, gram: padded([], 5) },
  { name: 'only the reference is present', vectors: true, gram: of([5, 5], [0, 0], [0, 0]) },
  { name: 'the reference is zero', vectors: true, gram: of([0, 0], [1, 2], [3, -4], [5, 6]) },
  { name: 'duplicates of one update', vectors: true, gram: of([7, 8, 9], [1, 2, 3], [1, 2, 3], [1, 2, 3], [3, 2, 1]) },
  { name: 'ties in norm and in cosine', vectors: true, gram: of([6, 6], [3, 4], [4, 3], [3, 4], [4, 3], [-3, 4]) },
  { name: 'zero rows between present ones', vectors: true, gram: of([9, 1], [0, 0], [4, 1], [0, 0], [5, -2], [0, 0]) },
  { name: 'median cosine zero, a minority helps', vectors: true, gram: of([8, 0], [-4, 1], [-5, 1], [0, 3], [6, 1], [-7, 2]) },
  { name: 'negative inner products with the reference and between trainers', vectors: true, gram: of([50, -20, 10], [-40, 11, 7], [44, -25, 3], [-12, -9, 30], [31, 2, -8]) },
  { name: 'a scaled update gains nothing by its size', vectors: true, gram: of([60, 80], [31, 39], [33, 41], [29, 42], [3000, 4000]) },
  { name: 'clip floors to zero', vectors: true, gram: parallel([100n, 1n, 1n, 70000n], 1n) },
  { name: 'an update too small to reach one share', vectors: true, gram: of([30000, 30000, 0], [32767, 32767, 0], [32767, 32766, 0], [1, 0, 32767]) },
  { name: 'cosine floors to zero, the dot does not', vectors: true, gram: of([1, 0], [1, 900], [2, 800], [1, 700]) },
  { name: 'trust exactly at half the median cosine', vectors: true, gram: of([4, 0], [1, 0], [2, 0], [2, 0], [1, 1]) },
  { name: 'unit entries', vectors: true, gram: of([1], [1], [1], [-1], [1]) },
  { name: 'maximal entries, all equal', vectors: true, gram: signs(new Array<bigint>(16).fill(1n)) },
  { name: 'maximal entries, half of them negative', vectors: true, gram: signs(Array.from({ length: 16 }, (_, i) => (i % 2 ? -1n : 1n))) },
  { name: 'maximal entries, all negative', vectors: true, gram: signs(new Array<bigint>(16).fill(-1n)) },
  { name: 'maximal entries, one trainer', vectors: true, gram: signs([1n]) },
  { name: 'maximal next to minimal entries', vectors: true, gram: padded([[225n * MAXIMAL, 15n * MAXIMAL, 15n * 32767n], [15n * MAXIMAL, MAXIMAL, 32767n], [15n * 32767n, 32767n, 1n]], 2) },
  { name: 'sixteen trainers, one attacker scaled by three', vectors: true, gram: randomVectors(1, 16, 64, 400) },
];
for (let seed = 10; seed < 34; seed++) {
  const trainers = 1 + (seed % 16);
  cases.push({
    name: `random vectors, ${trainers} trainers, seed ${seed}`,
    vectors: true,
    gram: randomVectors(seed, trainers, 8 + seed, seed % 3 === 0 ? 60000 : seed % 3 === 1 ? 500 : 6),
  });
}
cases.push(
  { name: 'limits: every entry 2^62 - 1', vectors: false, gram: parallel(new Array<bigint>(17).fill(1n), 2n ** 62n - 1n) },
  { name: 'limits: every off-diagonal entry -(2^62 - 1)', vectors: false, gram: padded([], 16).map((row, i) => row.map((_, j) => (i === j ? 2n ** 62n - 1n : 1n - 2n ** 62n))) },
  { name: 'limits: largest dot on the smallest norm', vectors: false, gram: [[1n, 2n ** 62n - 1n, 1n], [2n ** 62n - 1n, 1n, 0n], [1n, 0n, 1n]] },
);

const document = {
  rule: 'reference-trust',
  version: 1,
  note: 'gram: upper triangle by rows, (n+1)(n+2)/2 entries; row 0 is the reference. Every case is padded to the circuit size n.',
  cases: [
    ...cases.map((c) => describe({ ...c, gram: padded(c.gram, 16) }, c.gram.length - 1)),
    describe({ name: 'sixty-four trainers', vectors: true, gram: randomVectors(99, 64, 96, 3000) }, 64),
    describe({ name: 'forty trainers padded to sixty-four', vectors: true, gram: padded(randomVectors(98, 40, 96, 3000), 64) }, 40),
  ],
};

function describe(c: Case, trainers: number): object {
  const { weights, shares, explanation } = referenceTrust(c.gram);
  return {
    name: c.name,
    vectors: c.vectors,
    n: c.gram.length - 1,
    trainers,
    gram: c.gram.flatMap((row, i) => row.slice(i).map(String)),
    medianNorm: String(explanation.medianNorm),
    medianCosine: String(explanation.medianCosine),
    totalMass: String(explanation.totalMass),
    totalScore: String(explanation.totalScore),
    rows: explanation.rows.map((r) => ({
      norm: String(r.norm),
      clip: String(r.clip),
      dot: String(r.dot),
      cosine: String(r.cosine),
      trust: String(r.trust),
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

writeFileSync(new URL('reference-trust.json', import.meta.url), `${JSON.stringify(document, null, 1)}\n`);
