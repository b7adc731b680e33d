import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generator } from '../../../../test/random.ts';
import { packShares, packWeights } from '../arithmetic/packing.ts';
import { explainTrainer } from '../explain.ts';
import { noveltyOf, projectionGram, randomRound, referenceOf } from '../testing/rounds.ts';
import { referenceProjection } from './reference-projection.ts';

interface VectorCase {
  name: string;
  n: number;
  trainers: number;
  gram: string[];
  rows: {
    norm: string;
    clip: string;
    dot: string;
    dots: string[];
    cosine: string;
    cappedDots: string[];
    coefficients: string[];
    projection: string;
    novelty: string;
    gate: string;
    length: string;
    mass: string;
    score: string;
    reason: string;
  }[];
  medianNorm: string;
  medianCosine: string;
  medianLength: string;
  weights: number[];
  shares: number[];
  weightsWords: string[];
  sharesWords: string[];
}
const { cases } = JSON.parse(
  readFileSync(new URL('../../../../test/vectors/rule/reference-projection.json', import.meta.url), 'utf8'),
) as { cases: VectorCase[] };

function unflatten(upper: string[], n: number): bigint[][] {
  const g = Array.from({ length: n + 4 }, () => new Array<bigint>(n + 4).fill(0n));
  let next = 0;
  for (let i = 0; i < n + 4; i++)
    for (let j = i; j < n + 4; j++) g[i]![j] = g[j]![i] = BigInt(upper[next++]!);
  return g;
}

/** The largest x below 2^bits that holds, for a condition that holds from 0 up to some number. */
function largest(bits: number, holds: (x: bigint) => boolean): bigint {
  let x = 0n;
  for (let b = BigInt(bits - 1); b >= 0n; b--) if (holds(x | (1n << b))) x |= 1n << b;
  return x;
}

function median(values: bigint[]): bigint {
  if (values.length === 0) return 0n;
  const index = Math.floor((values.length - 1) / 2);
  return values.find(
    (a) => values.filter((b) => b < a).length <= index && values.filter((b) => b <= a).length > index,
  )!;
}

/**
 * The text of the rule again with the coefficients given: every floor is found by search instead of division. The
 * optimality conditions, within the error of rounding, check that the coefficients are the projection's.
 */
function literally(g: bigint[][], X: readonly (readonly bigint[])[]) {
  const T = Array.from({ length: g.length - 4 }, (_, i) => i);
  const G = (i: number, j: number) => g[4 + i]![4 + j]!;
  const r = T.map((i) => largest(31, (x) => x * x <= G(i, i)));
  const present = T.filter((i) => G(i, i) >= 65536n);
  const b = T.map((i) => [
    g[1]![4 + i]! + g[2]![4 + i]!,
    g[0]![4 + i]! + g[2]![4 + i]!,
    g[0]![4 + i]! + g[1]![4 + i]!,
  ]);
  const t = T.map((i) => g[0]![4 + i]! + g[1]![4 + i]! + g[2]![4 + i]!);
  const eligible = present.filter((i) => b[i]!.every((x) => x > 0n));
  const c = T.map((i) => (eligible.includes(i) ? largest(60, (x) => x * r[i]! <= t[i]!) : 0n));
  const q = median(eligible.map((i) => c[i]!));
  const beta = T.map((i) =>
    b[i]!.map((x) => (eligible.includes(i) ? (3n * x < 4n * q * r[i]! ? 3n * x : 4n * q * r[i]!) : 0n)),
  );
  for (const k of [0, 1, 2]) {
    for (const i of T) {
      if (!eligible.includes(i)) {
        expect(X[i]![k]).toBe(0n);
        continue;
      }
      let s = G(i, i) * X[i]![k]! - 256n * 2n ** 48n * beta[i]![k]!;
      let rounding = G(i, i);
      for (const j of eligible) {
        s += 256n * G(i, j) * X[j]![k]!;
        rounding += 256n * (G(i, j) < 0n ? -G(i, j) : G(i, j));
      }
      expect(X[i]![k]! >= 0n && X[i]![k]! < 2n ** 67n).toBe(true);
      expect(2n * s >= -rounding).toBe(true);
      if (X[i]![k]! > 0n) expect(2n * s <= rounding).toBe(true);
    }
  }
  const m = median(present.map((i) => r[i]!));
  const clip = T.map((i) =>
    present.includes(i) ? largest(17, (x) => x <= 65536n && x * r[i]! <= 65536n * m) : 0n,
  );
  const gate = T.map((i) =>
    eligible.includes(i) && g[3]![4 + i]! > 0n
      ? largest(9, (x) => x <= 256n && x * t[i]! <= 1536n * g[3]![4 + i]!)
      : 0n,
  );
  const projection = T.map((i) => largest(121, (p) => [0, 1, 2].every((k) => p <= X[i]![k]! * beta[i]![k]!)));
  const score = T.map((i) => projection[i]! * gate[i]! * gate[i]! * gate[i]! * gate[i]!);
  const length = T.map((i) =>
    largest(64, (x) => x * 2n ** 48n <= r[i]! * (X[i]![0]! + X[i]![1]! + X[i]![2]!)),
  );
  const Q = median(present.map((i) => length[i]!)) || 1n;
  const mass = T.map((i) => largest(17, (x) => x <= 65536n && x * Q <= 65536n * length[i]!) * clip[i]!);
  const M = mass.reduce((a, x) => a + x, 0n);
  const S = score.reduce((a, x) => a + x, 0n);
  return {
    medians: [m, q, Q],
    rows: T.map((i) => ({
      norm: r[i],
      clip: clip[i],
      dot: t[i],
      dots: b[i],
      cosine: c[i],
      cappedDots: beta[i],
      projection: projection[i],
      novelty: g[3]![4 + i],
      gate: gate[i],
      length: length[i],
      mass: mass[i],
      score: score[i],
    })),
    weights: mass.map((x) => (M > 0n ? Number(largest(17, (w) => w * M <= 65536n * x)) : 0)),
    shares: score.map((x) => (S > 0n ? Number(largest(33, (w) => w * S <= 2n ** 32n * x)) : 0)),
  };
}

function expectLiteral(gram: bigint[][]) {
  const result = referenceProjection(gram);
  const { explanation } = result;
  const expected = literally(
    gram,
    explanation.rows.map((row) => row.coefficients),
  );
  const { medianNorm, medianCosine, medianLength } = explanation;
  expect([BigInt(medianNorm), medianCosine, BigInt(medianLength)]).toEqual(expected.medians);
  for (const [i, row] of expected.rows.entries()) {
    for (const key of Object.keys(row) as (keyof typeof row)[]) {
      expect(String(explanation.rows[i]![key]), `${key} of trainer ${i}`).toBe(String(row[key]));
    }
  }
  expect(result.weights).toEqual(expected.weights);
  expect(result.shares).toEqual(expected.shares);
  return result;
}

/** A random round from a number of trainers and a seed. */
const round = (maxTrainers: number) =>
  fc
    .tuple(fc.integer({ min: 1, max: maxTrainers }), fc.integer())
    .map(([trainers, seed]) => randomRound(generator(seed), trainers, 24));

const sumOf = (values: number[]): number => values.reduce((a, b) => a + b, 0);

describe('reference-projection', () => {
  it.each(cases.map((c) => [c.name, c] as const))(
    'reference-projection agrees with the shared vector: %s',
    (_, c) => {
      const { explanation, weights, shares } = expectLiteral(unflatten(c.gram, c.n));
      const { medianNorm, medianCosine, medianLength } = explanation;
      expect([medianNorm, medianCosine, medianLength].map(String)).toEqual([
        c.medianNorm,
        c.medianCosine,
        c.medianLength,
      ]);
      explanation.rows.forEach((row, i) => {
        for (const [key, value] of Object.entries(c.rows[i]!)) {
          expect(String(row[key as keyof typeof row]), `${key} of trainer ${i}`).toBe(String(value));
        }
      });
      expect(weights).toEqual(c.weights);
      expect(shares).toEqual(c.shares);
      expect(packWeights(c.weights).map(String)).toEqual(c.weightsWords);
      expect(packShares(c.shares).map(String)).toEqual(c.sharesWords);
    },
  );

  it.each(cases.filter((c) => c.trainers < c.n).map((c) => [c.name, c] as const))(
    'reference-projection gives padding nothing and the others the same: %s',
    (_, c) => {
      const rows = 4 + Math.max(1, c.trainers);
      const bare = unflatten(c.gram, c.n)
        .slice(0, rows)
        .map((row) => row.slice(0, rows));
      const result = referenceProjection(bare);
      expect(c.weights.slice(0, rows - 4)).toEqual(result.weights);
      expect(c.shares.slice(0, rows - 4)).toEqual(result.shares);
      expect(sumOf(c.weights.slice(rows - 4)) + sumOf(c.shares.slice(rows - 4))).toBe(0);
    },
  );

  it('reference-projection agrees with the literal reading of the rule for random rounds, within its bounds', () => {
    fc.assert(
      fc.property(round(16), ({ references, updates, publicVectors }) => {
        const { weights, shares } = expectLiteral(projectionGram(references, updates, publicVectors));
        expect(sumOf(weights)).toBeLessThanOrEqual(65536);
        expect(sumOf(shares)).toBeLessThanOrEqual(2 ** 32);
        // Floors lose less than one unit per trainer, so all but a few units are handed out, or none are.
        if (sumOf(weights) > 0) expect(sumOf(weights)).toBeGreaterThan(65536 - 17);
        if (sumOf(shares) > 0) expect(sumOf(shares)).toBeGreaterThan(2 ** 32 - 17);
      }),
      { numRuns: 60 },
    );
  });

  it('reference-projection does not depend on the order of the trainers', () => {
    fc.assert(
      fc.property(
        round(10),
        fc.infiniteStream(fc.nat()),
        ({ references, updates, publicVectors }, random) => {
          const order = updates.map((_, i) => i);
          for (let i = order.length - 1; i > 0; i--) {
            const j = random.next().value % (i + 1);
            [order[i], order[j]] = [order[j]!, order[i]!];
          }
          const plain = referenceProjection(projectionGram(references, updates, publicVectors));
          const permuted = referenceProjection(
            projectionGram(
              references,
              order.map((i) => updates[i]!),
              publicVectors,
            ),
          );
          expect(permuted.weights).toEqual(order.map((i) => plain.weights[i]));
          expect(permuted.shares).toEqual(order.map((i) => plain.shares[i]));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('reference-projection does not depend on the order of the groups', () => {
    fc.assert(
      fc.property(round(6), ({ references, updates, publicVectors }) => {
        const plain = referenceProjection(projectionGram(references, updates, publicVectors));
        const turned = referenceProjection(
          projectionGram([references[2]!, references[0]!, references[1]!], updates, publicVectors),
        );
        expect(turned.weights).toEqual(plain.weights);
        expect(turned.shares).toEqual(plain.shares);
      }),
      { numRuns: 20 },
    );
  });

  it('reference-projection pays k copies of an update together what it pays the update alone, except for the ridge', () => {
    let compared = 0;
    fc.assert(
      fc.property(
        round(8),
        fc.integer({ min: 2, max: 4 }),
        ({ references, updates, publicVectors }, copies) => {
          const one = referenceProjection(projectionGram(references, updates, publicVectors)).explanation;
          const many = referenceProjection(
            projectionGram(
              references,
              [...updates, ...new Array(copies - 1).fill(updates[0])],
              publicVectors,
            ),
          ).explanation;
          const row = one.rows[0]!;
          fc.pre(row.projection > 0n);
          // The cap uses a median over names: if it binds, names are not quite neutral.
          fc.pre(![...one.rows, ...many.rows].some((r) => r.capped.some(Boolean)));
          const alike = many.rows.filter((_, i) => i === 0 || i >= updates.length);
          expect(new Set(alike.map((r) => r.share)).size).toBe(1);
          const gained = Number((alike.reduce((s, r) => s + r.projection, 0n) * 1_000_000n) / row.projection);
          // k names gain (s + 1/256) / (s + 1/(256 k)), s the part of the square that the others do not have.
          const own = noveltyOf(updates[0]!, updates.slice(1));
          const s = (Math.hypot(...own) / Math.hypot(...updates[0]!)) ** 2;
          expect(gained).toBeGreaterThan(999_990);
          expect(gained / 1e6).toBeLessThan((s + 1 / 256) / (s + 1 / (256 * copies)) + 1e-4);
          compared++;
        },
      ),
      { numRuns: 60 },
    );
    expect(compared).toBeGreaterThan(10);
  });

  it('reference-projection pays the same for an update of any length that is measured finely', () => {
    fc.assert(
      fc.property(round(5), fc.integer({ min: 2, max: 20 }), ({ references, updates, publicVectors }, by) => {
        const attacker = updates[0]!.map((x) => Math.trunc(x / 30));
        fc.pre(Math.hypot(...attacker) > 600);
        const share = (u: number[]) =>
          referenceProjection(projectionGram(references, [u, ...updates.slice(1)], publicVectors)).shares[0]!;
        expect(Math.abs(share(attacker.map((x) => by * x)) - share(attacker)) / 2 ** 32).toBeLessThan(0.01);
      }),
      { numRuns: 30 },
    );
  });

  it('reference-projection pays nothing for a combination of public vectors', () => {
    fc.assert(
      fc.property(round(6), ({ references, updates, publicVectors }) => {
        const replay = publicVectors[0]!.map((x) => Math.round(9000 * x));
        const { shares, explanation } = referenceProjection(
          projectionGram(references, [replay, ...updates], publicVectors),
        );
        expect(shares[0]).toBe(0);
        if (explanation.rows[0]!.projection > 0n) expect(explanation.rows[0]!.reason).toBe('nothing new');
      }),
      { numRuns: 40 },
    );
  });

  it('reference-projection gives a zero row nothing and the others the same', () => {
    fc.assert(
      fc.property(round(7), fc.nat(), ({ references, updates, publicVectors }, at) => {
        const index = at % (updates.length + 1);
        const plain = referenceProjection(projectionGram(references, updates, publicVectors));
        const zero = referenceProjection(
          projectionGram(
            references,
            updates.toSpliced(
              index,
              0,
              updates[0]!.map(() => 0),
            ),
            publicVectors,
          ),
        );
        expect(zero.weights[index]).toBe(0);
        expect(zero.shares[index]).toBe(0);
        expect(zero.weights.toSpliced(index, 1)).toEqual(plain.weights);
        expect(zero.shares.toSpliced(index, 1)).toEqual(plain.shares);
      }),
      { numRuns: 30 },
    );
  });

  const limits = (change: (g: bigint[][]) => void) => {
    const g = Array.from({ length: 5 }, (_, i) =>
      Array.from({ length: 5 }, (_, j) => (i === j ? 70000n : 0n)),
    );
    change(g);
    return g;
  };
  it.each([
    [
      'no trainer',
      limits(() => {})
        .slice(0, 4)
        .map((row) => row.slice(0, 4)),
      '4 head row(s) and 1 to 64',
    ],
    ['a ragged matrix', limits((g) => g[2]!.pop()), 'not square'],
    ['an asymmetric matrix', limits((g) => (g[0]![4] = 5n)), 'not symmetric'],
    ['a squared norm of 2^53', limits((g) => (g[4]![4] = 2n ** 53n)), '2^53'],
    ['a reference of squared norm 2^49', limits((g) => (g[1]![1] = 2n ** 49n)), '2^49'],
    ['a dot product of -2^49', limits((g) => (g[0]![4] = g[4]![0] = -(2n ** 49n))), '2^49'],
    ['a negative squared norm', limits((g) => (g[3]![3] = -1n)), 'negative'],
  ])('reference-projection refuses %s', (_, gram, message) => {
    expect(() => referenceProjection(gram)).toThrowError(expect.objectContaining({ code: 'E_GRAM_INVALID' }));
    expect(() => referenceProjection(gram)).toThrow(message);
  });

  it('reference-projection refuses a matrix that no vectors have', () => {
    const pair = [100000n, 300000n];
    const gram = Array.from({ length: 6 }, (_, i) =>
      Array.from({ length: 6 }, (_, j) => (i < 4 || j < 4 ? 70000n : pair[i === j ? 0 : 1]!)),
    );
    expect(() => referenceProjection(gram)).toThrow('no vectors have it');
  });
});

describe('explainTrainer, for reference-projection', () => {
  const axis = (k: number, by: number) => Array.from({ length: 64 }, (_, i) => (i === k ? by : 0));
  const along = (...parts: [number, number][]) => {
    const v = axis(0, 0);
    for (const [k, by] of parts) v[k] = by;
    return v;
  };
  const spread = Array.from({ length: 64 }, (_, i) => (i < 8 ? 1 : 0.2));
  const references = [[referenceOf(spread)], [referenceOf(spread)], [referenceOf(spread)]];
  const apply = (updates: number[][], publicVectors: number[][] = []) =>
    referenceProjection(projectionGram(references, updates, publicVectors));

  it('explainTrainer for reference-projection says what was new of a paid update, what others had too, and what a copy costs', () => {
    const result = apply([along([0, 900], [1, 900]), along([1, 900], [2, 900]), along([4, 1000], [5, 900])]);
    const text = explainTrainer(result, 0);
    expect(text).toMatch(/^Earned \d+\.\d\d % of the reward, \d+\.\d\d % of the weight\./);
    expect(text).toMatch(/Of what it explains of the references \d\d\.\d\d % is its own/);
    expect(text).toContain('that of number 2 of the task, cosine 0.50');
    expect(text).toContain('A copy of it under another name would have split this pay');
    expect(explainTrainer(result, 0, (i) => `node-${i}`)).toContain('that of node-1');
    expect(explainTrainer(result, 2)).toMatch(/is its own, the others have the rest too\./);
  });
  it('explainTrainer for reference-projection says that little of an update is its own if there is a copy', () => {
    const one = apply([along([0, 900], [1, 900]), along([4, 900])]).explanation.rows[0]!;
    const two = apply([along([0, 900], [1, 900]), along([4, 900]), along([0, 900], [1, 900])]);
    expect(Number(two.explanation.rows[0]!.projection) / Number(one.projection)).toBeCloseTo(0.5, 2);
    expect(explainTrainer(two, 0)).toContain('that of number 3 of the task, cosine 1.00');
  });
  it('explainTrainer for reference-projection says that an update agrees too well with the references', () => {
    const text = explainTrainer(apply([along([20, 900]), along([21, 900]), spread.map((x) => 900 * x)]), 2);
    expect(text).toMatch(
      /more than twice as well as the median \(cosine \d+, median \d+\), so it counts for twice/,
    );
  });
  it('explainTrainer for reference-projection says how much of an update was public before training', () => {
    const mixed = along([0, 900], [1, 9000]);
    const text = explainTrainer(apply([mixed, along([2, 900])], [axis(1, 5)]), 0);
    expect(text).toMatch(
      /agreement with the references 9\.\d\d % is as new as the references are;.*lowers the pay, here to \d+\.\d\d %/,
    );
    expect(explainTrainer(apply([axis(1, 900), along([2, 900])], [axis(1, 5)]), 0)).toContain(
      'public before training',
    );
  });
  it('explainTrainer for reference-projection says that a large update was clipped', () => {
    const text = explainTrainer(apply([along([0, 900]), along([1, 900]), along([2, 9000])]), 2);
    expect(text).toMatch(/norm 9000 is above the median 900, so it counts for 10\.00 % of its weight/);
  });
  it('explainTrainer for reference-projection says why an update earned nothing', () => {
    const result = apply([axis(0, -900), axis(0, 0), axis(0, 255), axis(0, 300)]);
    expect(result.explanation.rows.map((row) => row.reason)).toEqual([
      'points away from the reference',
      'absent',
      'too small',
      'paid',
    ]);
    expect(explainTrainer(result, 0)).toContain('points away');
    expect(explainTrainer(result, 1)).toContain('no update');
    expect(explainTrainer(result, 2)).toContain('norm 255 is below 256');
  });
  it('explainTrainer for reference-projection says that others explain the references without the update', () => {
    // It points along the references by what the others send too much of already.
    const much = spread.map((x, k) => Math.round(900 * x + (k === 10 ? 2000 : 0)));
    const result = apply([along([10, 900]), much]);
    expect(result.explanation.rows[0]!.reason).toBe('explained by others');
    expect(explainTrainer(result, 0)).toContain('explain the references as well without it');
  });
  it('explainTrainer for reference-projection says that there was no reference if two of three groups are empty', () => {
    const gram = projectionGram([references[0]!, [], []], [along([0, 900])]);
    const result = referenceProjection(gram);
    expect(result.explanation.rows[0]!.reason).toBe('no reference');
    expect(explainTrainer(result, 0)).toContain('no reference');
  });
});
