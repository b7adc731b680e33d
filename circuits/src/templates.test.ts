import { beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../scripts/compile.ts';
import { FIELD_ORDER } from './gram.ts';
import { type ConstraintSystem, parseR1cs } from './testing/r1cs.ts';
import { isqrt, lowerMedian } from './testing/rule.ts';
import { allWitnesses } from './testing/solve.ts';

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
  it('has one witness for every input: 1 for zero, 0 for all else', () => {
    for (const x of [...upTo(5), ...WRAPPED]) expect(outputs(x)).toEqual([[x === 0n ? 1n : 0n]]);
  });
});

describe('InRange(3)', () => {
  const outputs = small('arithmetic', 'InRange(3)', 'value');
  it('has one witness below 8 and none from 8 on or for wrapped negatives', () => {
    for (const x of upTo(8)) expect(outputs(x)).toEqual([[]]);
    for (const x of [8n, 9n, 15n, 16n, ...WRAPPED, (FIELD_ORDER - 1n) / 2n]) expect(outputs(x)).toEqual([]);
  });
});

describe('Min(3)', () => {
  const outputs = small('arithmetic', 'Min(3)', 'a, b');
  it('has one witness, the smaller, for all pairs in range', () => {
    for (const a of upTo(8))
      for (const b of upTo(8)) expect(outputs(a, b)).toEqual([[[a, b].toSorted((x, y) => Number(x - y))[0]]]);
  });
});

describe('FloorDiv(3, 2)', () => {
  const outputs = small('arithmetic', 'FloorDiv(3, 2)', 'numerator, divisor');
  it('has one witness, the floor, wherever the quotient fits', () => {
    for (const n of upTo(32)) {
      for (const d of [1n, 2n, 3n, 4n]) expect(outputs(n, d)).toEqual(n / d < 8n ? [[n / d]] : []);
    }
  });
  it('has no witness for a divisor of zero or below', () => {
    for (const n of [...upTo(8), ...WRAPPED])
      for (const d of [0n, ...WRAPPED]) expect(outputs(n, d)).toEqual([]);
  });
  it('has no witness for a numerator below zero', () => {
    for (const n of WRAPPED) for (const d of [1n, 2n, 3n]) expect(outputs(n, d)).toEqual([]);
  });
  it('has no witness for a numerator that only a quotient modulo p would divide', () => {
    const half = (FIELD_ORDER + 1n) / 2n;
    expect(outputs(half, 2n)).toEqual([]);
    expect(outputs(half, 3n)).toEqual([]);
  });
});

describe('Isqrt(3)', () => {
  const outputs = small('arithmetic', 'Isqrt(3)', 'square');
  it('has one witness, the floored root, for all squares in range', () => {
    for (const x of upTo(64)) expect(outputs(x)).toEqual([[isqrt(x)]]);
  });
  it('has no witness for a negative square', () => {
    for (const x of WRAPPED) expect(outputs(x)).toEqual([]);
  });
});

describe('LowerMedian(3, 2, 2)', () => {
  const outputs = small('median', 'LowerMedian(3, 2, 2)', 'present, values');
  it('has one witness, the lower median, for all values and all sets of present rows', () => {
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
  it('takes the lower of the two in the middle', () => {
    for (const packed of upTo(16)) {
      const values = upTo(4).map((i) => (packed >> i) & 1n);
      expect(outputs(1n, 1n, 1n, 1n, ...values)).toEqual([[lowerMedian(values)]]);
    }
  });
});

describe('Packed(5, 3, 2)', () => {
  const outputs = small('arithmetic', 'Packed(5, 3, 2)', 'values');
  it('packs little-endian, the last word short', () => {
    expect(outputs(1n, 2n, 3n, 4n, 7n)).toEqual([[1n + 16n, 3n + 32n, 7n]]);
  });
});
