import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { combinePoints, G1_GENERATOR, negatePoint } from '../points.ts';
import { Bn254, FIELD_BYTES, G1_BYTES, G1_JACOBIAN_BYTES, type Group, SCALAR_ORDER } from './bn254.ts';
import { type Digits, digitsOfIntegers, digitsOfScalars } from './digits.ts';
import { multiScalar } from './msm.ts';
import { multiScalarBySize } from './sized-msm.ts';

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
  it('signed digits recompose to every scalar', () => {
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

  it('signed digits recompose to every integer', () => {
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
  it('multiScalar gives the sum of products, even for equal and opposite points', () => {
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

  it('multiScalar handles a sum that cancels to infinity in the middle of a bucket', () => {
    const digits = digitsOfIntegers(Int16Array.of(7, 7, 7, 7, 7));
    expect(sumOf([1, -1, 2, -2, 5], digits)).toEqual(combinePoints([G1_GENERATOR], [35]));
    expect(sumOf([1, -1, 1, 1, -2], digits)).toEqual({ x: 0n, y: 0n });
  });
});

describe.each(['g1', 'g2'] as const)('multiScalarBySize in %s', (name) => {
  const group: Group = curve[name];
  const read = (at: number) => (name === 'g1' ? curve.readG1(at) : curve.readG2(at));
  /** Address of k times the generator, affine; k = 0 is infinity. */
  const multiple = (k: bigint, to: number): void =>
    curve.scoped(() => {
      const [scalar, generator] = [curve.alloc(FIELD_BYTES), curve.alloc(group.pointBytes)];
      const product = curve.alloc(group.jacobianBytes);
      if (name === 'g1') curve.writeG1(generator, G1_GENERATOR);
      else curve.writeG2(generator, curve.readG2(31624));
      curve.writeInteger(scalar, ((k % SCALAR_ORDER) + SCALAR_ORDER) % SCALAR_ORDER);
      group.timesScalarAffine(generator, scalar, FIELD_BYTES, product);
      group.toAffine(product, to);
    });
  /** sum scalars_j * multiples_j * generator, both ways. */
  const compare = (terms: readonly (readonly [k: number, scalar: bigint])[]): void =>
    curve.scoped(() => {
      const bases = curve.alloc(terms.length * group.pointBytes);
      const scalars = curve.alloc(terms.length * FIELD_BYTES);
      const known = new Map<number, number>();
      for (const [j, [k, scalar]] of terms.entries()) {
        const at = bases + j * group.pointBytes;
        const same = known.get(k);
        if (same === undefined) multiple(BigInt(k), at);
        else group.copyAffine(same, at);
        known.set(k, at);
        curve.writeInteger(scalars + j * FIELD_BYTES, scalar);
      }
      const [sum, result, expected] = [
        curve.alloc(group.jacobianBytes),
        curve.alloc(group.pointBytes),
        curve.alloc(group.pointBytes),
      ];
      multiScalarBySize(curve, bases, scalars, terms.length, sum, () => {}, group);
      group.toAffine(sum, result);
      multiple(
        terms.reduce((total, [k, scalar]) => total + BigInt(k) * scalar, 0n),
        expected,
      );
      expect(read(result)).toEqual(read(expected));
    });
  const near = (x: bigint) => fc.bigInt({ min: x - 3n, max: x + 3n });
  const scalar = fc.oneof(
    fc.constantFrom(0n, 1n, SCALAR_ORDER - 1n),
    fc.bigInt({ min: 0n, max: 2n ** 16n }),
    fc.oneof(near(2n ** 53n), near(2n ** 64n), near(2n ** 128n), near(2n ** 224n), near(SCALAR_ORDER / 2n)),
    fc.bigInt({ min: 1n, max: 2n ** 130n }).map((x) => SCALAR_ORDER - x),
    fc.bigInt({ min: 0n, max: SCALAR_ORDER - 1n }),
  );

  it('multiScalarBySize gives the sum of products for scalars of every size and sign, with equal and opposite points', () => {
    const term = fc.tuple(fc.constantFrom(1, 1, 2, 3, -1, -2, 12), scalar);
    fc.assert(fc.property(fc.array(term, { minLength: 1, maxLength: 50 }), compare), { numRuns: 25 });
  });

  it('multiScalarBySize gives the sum of products if every class has many members', () => {
    let state = 1n;
    const next = (): bigint => {
      state = (state * 6364136223846793005n + 1442695040888963407n) % SCALAR_ORDER;
      return state ** 3n % SCALAR_ORDER;
    };
    const sizes = [0n, 1n, 2n ** 20n, 2n ** 120n, SCALAR_ORDER];
    compare(
      Array.from({ length: 1500 }, (_, j) => {
        const size = sizes[j % sizes.length]!;
        const value = size < 2n ? size : next() % size;
        return [(j % 40) + 1, j % 2 === 0 ? value : (SCALAR_ORDER - value) % SCALAR_ORDER];
      }),
    );
  });

  it('multiScalarBySize gives infinity if all scalars are zero', () => {
    compare([
      [3, 0n],
      [4, 0n],
    ]);
    compare([
      [3, 2n],
      [-2, 3n],
    ]);
  });
});

describe('pairingProductIsOne', () => {
  it('pairingProductIsOne is bilinear and ignores infinity', () => {
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

  it('G2 membership rejects points of the twist outside the group', () => {
    const g2 = curve.readG2(31624);
    expect(curve.isInG2(g2)).toBe(true);
    expect(curve.isInG2({ x: g2.x, y: [g2.y[0] + 1n, g2.y[1]] })).toBe(false);
    expect(curve.isInG2({ x: [0n, 0n], y: [0n, 0n] })).toBe(false);
    expect(curve.isInG2({ x: [g2.x[0] + SCALAR_ORDER * 2n, g2.x[1]], y: g2.y })).toBe(false);
  });
});
