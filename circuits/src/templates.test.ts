import { beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../scripts/compile.ts';
import { FIELD_ORDER } from './gram.ts';
import { type ConstraintSystem, parseR1cs } from './testing/r1cs.ts';
import { isqrt, lowerMedian } from './testing/rule.ts';
import { allWitnesses } from './testing/solve.ts';
import { refusedBy } from './testing/witness.ts';

/**
 * A template alone, at a bit width so small that all its witnesses can be enumerated. Inputs are public, because
 * simplification may remove private ones.
 */
function small(file: string, instance: string, inputNames: string) {
  let system: ConstraintSystem;
  beforeAll(async () => {
    const main = `pragma circom 2.1.6; include "${file}.circom"; component main {public [${inputNames}]} = ${instance};`;
    system = parseR1cs((await compile('small', { sources: { 'small.circom': main } })).r1cs);
  });
  /** The outputs of every witness with these inputs. */
  return (...inputs: bigint[]): bigint[][] => {
    expect(inputs).toHaveLength(system.publicInputs);
    const known = new Map(inputs.map((value, k) => [1 + system.outputs + k, value]));
    return allWitnesses(system, known).map((witness) => witness.slice(1, 1 + system.outputs));
  };
}

const upTo = (bound: number) => Array.from({ length: bound }, (_, k) => BigInt(k));
/** Field elements that a cheat would pass for small integers. */
const WRAPPED = [-1n, -2n, -3n, -4n].map((x) => FIELD_ORDER + x);

describe('ZeroTest', () => {
  const outputs = small('arithmetic', 'ZeroTest()', 'in');
  it('ZeroTest has one witness for every input: 1 for zero, 0 for all else', () => {
    for (const x of [...upTo(5), ...WRAPPED]) expect(outputs(x)).toEqual([[x === 0n ? 1n : 0n]]);
  });
});

describe('InRange(3)', () => {
  const outputs = small('arithmetic', 'InRange(3)', 'value');
  it('InRange(3) has one witness below 8 and none from 8 on or for wrapped negatives', () => {
    for (const x of upTo(8)) expect(outputs(x)).toEqual([[]]);
    for (const x of [8n, 9n, 15n, 16n, ...WRAPPED, (FIELD_ORDER - 1n) / 2n]) expect(outputs(x)).toEqual([]);
  });
});

describe('Min(3)', () => {
  const outputs = small('arithmetic', 'Min(3)', 'a, b');
  it('Min(3) has one witness, the smaller, for all pairs in range', () => {
    for (const a of upTo(8))
      for (const b of upTo(8)) expect(outputs(a, b)).toEqual([[[a, b].toSorted((x, y) => Number(x - y))[0]]]);
  });
});

describe('FloorDiv(3, 2)', () => {
  const outputs = small('arithmetic', 'FloorDiv(3, 2)', 'numerator, divisor');
  it('FloorDiv(3, 2) has one witness, the floor, wherever the quotient fits', () => {
    for (const n of upTo(32)) {
      for (const d of [1n, 2n, 3n, 4n]) expect(outputs(n, d)).toEqual(n / d < 8n ? [[n / d]] : []);
    }
  });
  it('FloorDiv(3, 2) has no witness for a divisor of zero or below', () => {
    for (const n of [...upTo(8), ...WRAPPED])
      for (const d of [0n, ...WRAPPED]) expect(outputs(n, d)).toEqual([]);
  });
  it('FloorDiv(3, 2) has no witness for a numerator below zero', () => {
    for (const n of WRAPPED) for (const d of [1n, 2n, 3n]) expect(outputs(n, d)).toEqual([]);
  });
  it('FloorDiv(3, 2) has no witness for a numerator that only a quotient modulo p would divide', () => {
    const half = (FIELD_ORDER + 1n) / 2n;
    expect(outputs(half, 2n)).toEqual([]);
    expect(outputs(half, 3n)).toEqual([]);
  });
});

describe('Isqrt(3)', () => {
  const outputs = small('arithmetic', 'Isqrt(3)', 'square');
  it('Isqrt(3) has one witness, the floored root, for all squares in range', () => {
    for (const x of upTo(64)) expect(outputs(x)).toEqual([[isqrt(x)]]);
  });
  it('Isqrt(3) has no witness for a negative square', () => {
    for (const x of WRAPPED) expect(outputs(x)).toEqual([]);
  });
});

describe('LowerMedian(3, 2, 2)', () => {
  const outputs = small('median', 'LowerMedian(3, 2, 2)', 'present, values');
  it('LowerMedian(3, 2, 2) has one witness, the lower median, for all values and all sets of present rows', () => {
    const patterns = upTo(8).map((bits) => [bits & 1n, (bits >> 1n) & 1n, bits >> 2n]);
    for (const present of patterns) {
      for (const packed of upTo(64)) {
        const values = [packed & 3n, (packed >> 2n) & 3n, packed >> 4n];
        const median = lowerMedian(values.filter((_, i) => present[i] === 1n));
        expect(outputs(...present, ...values)).toEqual([[median]]);
      }
    }
  });
});

describe('LowerMedian(4, 1, 3)', () => {
  const outputs = small('median', 'LowerMedian(4, 1, 3)', 'present, values');
  it('LowerMedian(4, 1, 3) takes the lower of the two in the middle', () => {
    for (const packed of upTo(16)) {
      const values = upTo(4).map((i) => (packed >> i) & 1n);
      expect(outputs(1n, 1n, 1n, 1n, ...values)).toEqual([[lowerMedian(values)]]);
    }
  });
});

describe('Packed(5, 3, 2)', () => {
  const outputs = small('arithmetic', 'Packed(5, 3, 2)', 'values');
  it('Packed(5, 3, 2) packs little-endian, the last word short', () => {
    expect(outputs(1n, 2n, 3n, 4n, 7n)).toEqual([[1n + 16n, 3n + 32n, 7n]]);
  });
});

describe('SignedInRange(4)', () => {
  const outputs = small('signed', 'SignedInRange(4)', 'value');
  it('SignedInRange(4) has one witness from -8 to 7, the sign, and none outside', () => {
    for (const x of upTo(8)) expect(outputs(x)).toEqual([[1n]]);
    for (const x of upTo(8)) expect(outputs(FIELD_ORDER - 1n - x)).toEqual([[0n]]);
    for (const x of [8n, 9n, 16n, FIELD_ORDER - 9n, FIELD_ORDER - 16n, (FIELD_ORDER - 1n) / 2n]) {
      expect(outputs(x)).toEqual([]);
    }
  });
});

describe('ShiftRight(5, 2)', () => {
  const outputs = small('signed', 'ShiftRight(5, 2)', 'value');
  it('ShiftRight(5, 2) has one witness, the quotient by 4, below 32 and none from 32 on', () => {
    for (const x of upTo(32)) expect(outputs(x)).toEqual([[x / 4n]]);
    for (const x of [32n, 33n, 64n, ...WRAPPED]) expect(outputs(x)).toEqual([]);
  });
});

// Its coefficients are 2^48 times those of the projection, too many bits to enumerate. But given the inputs every other
// signal is determined: by a product, a ZeroTest or an InRange, which are enumerated above. So no witness exists
// whenever the generator finds none.
describe('Projection(2, 1, 2, 4, 52, 64)', () => {
  let wasm: Uint8Array;
  beforeAll(async () => {
    const main =
      'pragma circom 2.1.6; include "projection.circom"; component main = Projection(2, 1, 2, 4, 52, 64);';
    wasm = (await compile('small', { sources: { 'small.circom': main } })).wasm;
  });
  const F = 2n ** 48n;
  /** Whether these coefficients have a witness for two vectors with this matrix. */
  const taken = async (gram: bigint[][], dot: bigint[], eligible: bigint[], coefficient: bigint[]) => {
    const norm = [isqrt(gram[0]![0]!), isqrt(gram[1]![1]!)];
    return (await refusedBy(wasm, { gram: gram.flat(), dot, norm, eligible, coefficient })) === undefined;
  };
  const orthogonal = [
    [1n, 0n],
    [0n, 4n],
  ];
  // a = 256 dot / (257 G), and s = 257 G X - 256 2^48 dot: one unit of X is 257 G of s.
  const nearest = (dot: bigint, square: bigint) =>
    (2n * 256n * F * dot + 257n * square) / (2n * 257n * square);

  it('Projection(2, 1, 2, 4, 52, 64) takes the coefficients of the projection and those within the tolerance, and no others', async () => {
    const [x, y] = [nearest(3n, 1n), nearest(5n, 4n)];
    const tolerances = [129n * 2n * 5n, 129n * 3n * 5n];
    const holds = (dx: bigint, dy: bigint): boolean =>
      [257n * (x + dx) - 256n * F * 3n, 257n * 4n * (y + dy) - 256n * F * 5n].every(
        (s, i) => s >= -tolerances[i]! && s <= tolerances[i]!,
      );
    for (let dx = -8n; dx <= 8n; dx++) {
      for (let dy = -4n; dy <= 4n; dy++) {
        expect(await taken(orthogonal, [3n, 5n], [1n, 1n], [x + dx, y + dy])).toBe(holds(dx, dy));
      }
    }
    expect([holds(0n, 0n), holds(8n, 0n), holds(0n, 4n)]).toEqual([true, false, false]);
  });

  it('Projection(2, 1, 2, 4, 52, 64) accepts only zero for a trainer that is not eligible', async () => {
    const y = nearest(5n, 4n);
    expect(await taken(orthogonal, [3n, 5n], [0n, 1n], [0n, y])).toBe(true);
    for (const x of [1n, 2n, nearest(3n, 1n), -1n]) {
      expect(await taken(orthogonal, [3n, 5n], [0n, 1n], [x, y])).toBe(false);
    }
  });

  it('Projection(2, 1, 2, 4, 52, 64) does not accept zero for a trainer with something to add', async () => {
    expect(await taken(orthogonal, [3n, 5n], [1n, 1n], [0n, nearest(5n, 4n)])).toBe(false);
    expect(await taken(orthogonal, [3n, 5n], [1n, 1n], [nearest(3n, 1n), 0n])).toBe(false);
  });

  it('Projection(2, 1, 2, 4, 52, 64) accepts only zero for an update that another explains', async () => {
    // Both point alike, the second is twice as long; a dot of 1 next to 4 is less than the second explains of it.
    const alike = [
      [1n, 2n],
      [2n, 4n],
    ];
    const y = nearest(4n, 4n);
    expect(await taken(alike, [1n, 4n], [1n, 1n], [0n, y])).toBe(true);
    expect(await taken(alike, [1n, 4n], [1n, 1n], [20n, y])).toBe(false);
    expect(await taken(alike, [1n, 4n], [1n, 1n], [nearest(1n, 1n), 0n])).toBe(false);
  });

  it('Projection(2, 1, 2, 4, 52, 64) accepts no negative coefficient and none with too many bits', async () => {
    for (const x of [-1n, -F, FIELD_ORDER - F, 2n ** 52n, 2n ** 52n + nearest(3n, 1n)]) {
      expect(await taken(orthogonal, [0n, 5n], [1n, 1n], [x, nearest(5n, 4n)])).toBe(false);
    }
    expect(await taken(orthogonal, [0n, 5n], [1n, 1n], [0n, nearest(5n, 4n)])).toBe(true);
  });
});
