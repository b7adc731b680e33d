import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { combinePoints, G1_GENERATOR, negatePoint } from '../points.ts';
import { Bn254, FIELD_BYTES, G1_BYTES, G1_JACOBIAN_BYTES, SCALAR_ORDER } from './bn254.ts';
import { type Digits, digitsOfIntegers, digitsOfScalars } from './digits.ts';
import { multiScalar } from './msm.ts';

const curve = new Bn254();

function recompose(digits: Digits, j: number): bigint {
  let sum = 0n;
  for (let w = digits.windows - 1; w >= 0; w--) {
    sum = (sum << BigInt(digits.bits)) + BigInt(digits.values[w * digits.count + j]!);
  }
  return sum;
}

function sumOf(multiples: readonly number[], digits: Digits) {
  return curve.scoped(() => {
    const bases = curve.alloc(multiples.length * G1_BYTES);
    multiples.forEach((k, j) => {
      curve.writeG1(bases + j * G1_BYTES, combinePoints([G1_GENERATOR], [k]));
    });
    const result = curve.alloc(G1_JACOBIAN_BYTES);
    multiScalar(curve, bases, digits, result);
    return curve.readG1Jacobian(result);
  });
}

const scalarArray = fc.array(fc.bigInt({ min: 0n, max: SCALAR_ORDER - 1n }), { minLength: 1, maxLength: 40 });

describe('digits', () => {
  it('recompose to every scalar', () => {
    fc.assert(
      fc.property(scalarArray, fc.constantFrom(1, 400), (scalars, repeat) => {
        curve.scoped(() => {
          const all = Array.from({ length: scalars.length * repeat }, (_, j) => scalars[j % scalars.length]!);
          const at = curve.alloc(all.length * FIELD_BYTES);
          all.forEach((s, j) => void curve.writeInteger(at + j * FIELD_BYTES, s));
          const digits = digitsOfScalars(curve, at, all.length);
          scalars.forEach((s, j) => void expect(recompose(digits, j)).toBe(s));
          expect(digits.values.every((d) => Math.abs(d) <= 2 ** (digits.bits - 1))).toBe(true);
        });
      }),
      { numRuns: 40 },
    );
  });

  it('recompose to every integer', () => {
    const integer = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -40000, max: 40000 }));
    fc.assert(
      fc.property(fc.array(integer, { minLength: 1, maxLength: 60 }), (values) => {
        const digits = digitsOfIntegers(Float64Array.from(values));
        values.forEach((v, j) => void expect(recompose(digits, j)).toBe(BigInt(v)));
      }),
    );
  });
});

describe('multiScalar', () => {
  it('is the sum of products, also for equal and opposite points', () => {
    const term = fc.tuple(
      fc.constantFrom(1, 1, 2, 3, -1, -2, 1000),
      fc.oneof(fc.constantFrom(0, 1, 1, -1, 2, 5), fc.integer({ min: -32767, max: 32767 })),
    );
    fc.assert(
      fc.property(fc.array(term, { minLength: 1, maxLength: 60 }), (terms) => {
        const expected = terms.reduce((sum, [k, s]) => sum + BigInt(k) * BigInt(s), 0n);
        const digits = digitsOfIntegers(Int16Array.from(terms, ([, s]) => s));
        expect(
          sumOf(
            terms.map(([k]) => k),
            digits,
          ),
        ).toEqual(combinePoints([G1_GENERATOR], [expected]));
      }),
      { numRuns: 60 },
    );
  });

  it('cancels to infinity in the middle of a bucket', () => {
    const digits = digitsOfIntegers(Int16Array.of(7, 7, 7, 7, 7));
    expect(sumOf([1, -1, 2, -2, 5], digits)).toEqual(combinePoints([G1_GENERATOR], [35]));
    expect(sumOf([1, -1, 1, 1, -2], digits)).toEqual({ x: 0n, y: 0n });
  });
});

describe('pairingProductIsOne', () => {
  it('is bilinear and ignores infinity', () => {
    const g2 = curve.readG2(31624);
    const [three, minus] = [combinePoints([G1_GENERATOR], [3]), negatePoint(G1_GENERATOR)];
    expect(curve.pairingProductIsOne([])).toBe(true);
    expect(curve.pairingProductIsOne([[G1_GENERATOR, g2]])).toBe(false);
    expect(
      curve.pairingProductIsOne([
        [three, g2],
        [minus, g2],
        [minus, g2],
        [minus, g2],
      ]),
    ).toBe(true);
    expect(curve.pairingProductIsOne([[{ x: 0n, y: 0n }, g2]])).toBe(true);
  });

  it('knows the group from the rest of the twist', () => {
    const g2 = curve.readG2(31624);
    expect(curve.isInG2(g2)).toBe(true);
    expect(curve.isInG2({ x: g2.x, y: [g2.y[0] + 1n, g2.y[1]] })).toBe(false);
    expect(curve.isInG2({ x: [0n, 0n], y: [0n, 0n] })).toBe(false);
    expect(curve.isInG2({ x: [g2.x[0] + SCALAR_ORDER * 2n, g2.x[1]], y: g2.y })).toBe(false);
  });
});
