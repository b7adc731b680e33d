import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gramMatrix } from '../arithmetic/gram.ts';
import { packShares, packWeights } from '../arithmetic/packing.ts';
import { referenceTrust } from './reference-trust.ts';

interface VectorRow {
  norm: string;
  clip: string;
  dot: string;
  cosine: string;
  trust: string;
  mass: string;
  score: string;
}
interface VectorCase {
  name: string;
  n: number;
  trainers: number;
  gram: string[];
  rows: VectorRow[];
  medianNorm: string;
  medianCosine: string;
  weights: number[];
  shares: number[];
  weightsWords: string[];
  sharesWords: string[];
}
const { cases } = JSON.parse(
  readFileSync(new URL('../../../../test/vectors/rule/reference-trust.json', import.meta.url), 'utf8'),
) as { cases: VectorCase[] };

function unflatten(upper: string[], n: number): bigint[][] {
  const g = Array.from({ length: n + 1 }, () => new Array<bigint>(n + 1).fill(0n));
  let next = 0;
  for (let i = 0; i <= n; i++) for (let j = i; j <= n; j++) g[i]![j] = g[j]![i] = BigInt(upper[next++]!);
  return g;
}

/** The text of the rule again, from its inequalities: every floor is found by search instead of division. */
function literally(g: bigint[][]) {
  const largest = (bits: number, holds: (x: bigint) => boolean): bigint => {
    let x = 0n;
    for (let b = BigInt(bits); b >= 0n; b--) if (holds(x | (1n << b))) x |= 1n << b;
    return x;
  };
  const n = g.length - 1;
  const trainers = Array.from({ length: n }, (_, i) => i + 1);
  const present = trainers.filter((i) => g[i]![i]! > 0n);
  const median = (value: (i: number) => bigint): bigint => {
    const P = present.length;
    if (P === 0) return 0n;
    // The value with at most floor((P-1)/2) smaller ones and more than that not larger.
    const index = Math.floor((P - 1) / 2);
    const i = present.find(
      (a) =>
        present.filter((b) => value(b) < value(a)).length <= index &&
        present.filter((b) => value(b) <= value(a)).length > index,
    )!;
    return value(i);
  };
  const here = (i: number) => g[i]![i]! > 0n;
  const r = (i: number) => largest(31, (x) => x * x <= g[i]![i]!);
  const m = median(r);
  const clip = (i: number) => (here(i) ? largest(16, (x) => x <= 65536n && x * r(i) <= 65536n * m) : 0n);
  const dot = (i: number) => (g[0]![i]! < 0n ? 0n : g[0]![i]!);
  const cos = (i: number) => (here(i) ? largest(62, (x) => x * r(i) <= dot(i)) : 0n);
  const q = median(cos);
  const trust = (i: number) =>
    q > 0n ? largest(16, (x) => x <= 65536n && x * q <= 131072n * cos(i)) : cos(i) > 0n ? 65536n : 0n;
  const t = trainers.map((i) => trust(i) * clip(i));
  const phi = trainers.map((i) => dot(i) * clip(i));
  const T = t.reduce((a, b) => a + b, 0n);
  const Phi = phi.reduce((a, b) => a + b, 0n);
  return {
    m,
    q,
    rows: trainers.map((i) => ({
      norm: r(i),
      clip: clip(i),
      dot: dot(i),
      cosine: cos(i),
      trust: trust(i),
      mass: t[i - 1]!,
      score: phi[i - 1]!,
    })),
    weights: t.map((ti) => (T > 0n ? Number(largest(16, (x) => x * T <= 65536n * ti)) : 0)),
    shares: phi.map((p) => (Phi > 0n ? Number(largest(32, (x) => x * Phi <= (1n << 32n) * p)) : 0)),
  };
}

const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);
const update = (length: number) =>
  fc.array(fc.integer({ min: -32767, max: 32767 }), { minLength: length, maxLength: length });
const round = fc
  .record({ trainers: fc.integer({ min: 1, max: 16 }), length: fc.integer({ min: 1, max: 12 }) })
  .chain(({ trainers, length }) =>
    fc.array(update(length), { minLength: trainers + 1, maxLength: trainers + 1 }),
  )
  .map((rows) => rows.map((row) => Int16Array.from(row)));

describe('reference-trust', () => {
  it.each(cases.map((c) => [c.name, c] as const))(
    'reference-trust agrees with the shared vector: %s',
    (_, c) => {
      const gram = unflatten(c.gram, c.n);
      const independent = literally(gram);
      for (const result of [independent, fromRule(gram)]) {
        expect(result.m).toBe(BigInt(c.medianNorm));
        expect(result.q).toBe(BigInt(c.medianCosine));
        result.rows.forEach((row, i) => {
          for (const key of ['norm', 'clip', 'dot', 'cosine', 'trust', 'mass', 'score'] as const) {
            expect(String(row[key]), `${key} of trainer ${i}`).toBe(c.rows[i]![key]);
          }
        });
        expect(result.weights).toEqual(c.weights);
        expect(result.shares).toEqual(c.shares);
      }
      expect(packWeights(c.weights).map(String)).toEqual(c.weightsWords);
      expect(packShares(c.shares).map(String)).toEqual(c.sharesWords);
    },
  );

  it.each(cases.filter((c) => c.trainers < c.n).map((c) => [c.name, c] as const))(
    'reference-trust gives padding nothing and the others the same: %s',
    (_, c) => {
      const padded = unflatten(c.gram, c.n);
      const bare = padded.slice(0, c.trainers + 1).map((row) => row.slice(0, c.trainers + 1));
      const result = referenceTrust(bare);
      expect(c.weights.slice(0, c.trainers)).toEqual(result.weights);
      expect(c.shares.slice(0, c.trainers)).toEqual(result.shares);
      expect(sum(c.weights.slice(c.trainers)) + sum(c.shares.slice(c.trainers))).toBe(0);
    },
  );

  it('reference-trust agrees with the literal reading of the rule for random rounds, within its bounds', () => {
    fc.assert(
      fc.property(round, (rows) => {
        const gram = gramMatrix(rows);
        const { weights, shares } = referenceTrust(gram);
        const expected = literally(gram);
        expect(weights).toEqual(expected.weights);
        expect(shares).toEqual(expected.shares);
        expect(sum(weights)).toBeLessThanOrEqual(65536);
        expect(sum(shares)).toBeLessThanOrEqual(2 ** 32);
        // Floors lose less than one unit per trainer, so all but a few units are handed out, or none are.
        if (sum(weights) > 0) expect(sum(weights)).toBeGreaterThan(65536 - rows.length);
        if (sum(shares) > 0) expect(sum(shares)).toBeGreaterThan(2 ** 32 - rows.length);
      }),
    );
  });

  it('reference-trust does not depend on the order of the trainers', () => {
    fc.assert(
      fc.property(round, fc.infiniteStream(fc.nat()), (rows, random) => {
        const order = rows.slice(1).map((_, i) => i);
        for (let i = order.length - 1; i > 0; i--) {
          const j = random.next().value % (i + 1);
          [order[i], order[j]] = [order[j]!, order[i]!];
        }
        const plain = referenceTrust(gramMatrix(rows));
        const permuted = referenceTrust(gramMatrix([rows[0]!, ...order.map((i) => rows[i + 1]!)]));
        expect(permuted.weights).toEqual(order.map((i) => plain.weights[i]));
        expect(permuted.shares).toEqual(order.map((i) => plain.shares[i]));
      }),
    );
  });

  it('reference-trust pays a clipped update the same at any scale, up to rounding', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 30 }),
        fc.array(update(6), { minLength: 5, maxLength: 5 }),
        (by, rest) => {
          const small = rest.map((row) => Int16Array.from(row.map((x) => Math.trunc(x / 40) + 200)));
          const attacker = Int16Array.from([1000, 1010, 990, 1000, 1020, 1000]);
          const scaled = attacker.map((x) => x * by);
          const shareOf = (last: Int16Array) => referenceTrust(gramMatrix([...small, last])).shares.at(-1)!;
          const row = referenceTrust(gramMatrix([...small, attacker])).explanation.rows.at(-1)!;
          fc.pre(row.clip < 65536);
          expect(Math.abs(shareOf(scaled) - shareOf(attacker)) / 2 ** 32).toBeLessThan(1e-3 * by);
        },
      ),
    );
  });

  it('reference-trust gives nothing to an update whose inner product with the reference is not positive', () => {
    fc.assert(
      fc.property(round, (rows) => {
        const gram = gramMatrix(rows);
        const { weights, shares, explanation } = referenceTrust(gram);
        gram[0]!.slice(1).forEach((dot, i) => {
          if (dot > 0n) return;
          expect([weights[i], shares[i]]).toEqual([0, 0]);
          expect(explanation.rows[i]!.reason).not.toBe('paid');
        });
      }),
    );
  });

  it.each([
    ['no trainer', [[1n]], '1 head row(s) and 1 to 64'],
    ['a ragged matrix', [[1n, 2n], [2n]], 'not square'],
    [
      'an asymmetric matrix',
      [
        [1n, 2n],
        [3n, 4n],
      ],
      'not symmetric',
    ],
    [
      'an entry of 2^62',
      [
        [1n, 1n << 62n],
        [1n << 62n, 1n],
      ],
      '2^62',
    ],
    [
      'a negative squared norm',
      [
        [1n, 0n],
        [0n, -1n],
      ],
      'negative',
    ],
  ])('reference-trust refuses %s', (_, gram, message) => {
    expect(() => referenceTrust(gram)).toThrowError(expect.objectContaining({ code: 'E_GRAM_INVALID' }));
    expect(() => referenceTrust(gram)).toThrow(message);
  });
});

function fromRule(gram: bigint[][]) {
  const { weights, shares, explanation } = referenceTrust(gram);
  return {
    m: BigInt(explanation.medianNorm),
    q: explanation.medianCosine,
    rows: explanation.rows,
    weights,
    shares,
  };
}
