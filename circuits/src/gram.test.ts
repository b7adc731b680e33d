import { ChorusError } from '@chorus/protocol';
import fc from 'fast-check';
import { poseidon16 } from 'poseidon-lite/poseidon16';
import { describe, expect, it } from 'vitest';
import { bilinearForm, ENTRY_BOUND, FIELD_ORDER, gramHash, packWords, upperTriangle } from './gram.ts';
import { buildContributionInput, packShares, packWeights } from './input.ts';
import { ALPHA, BETA, randomGram } from './testing/matrices.ts';

const codeOf = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    return error instanceof ChorusError ? error.code : error;
  }
  return undefined;
};

describe('gramHash', () => {
  it('gramHash hashes the size, then four shifted entries to an element, fifteen elements to a permutation', () => {
    const gram = randomGram(16, 40);
    const shifted = gram.flatMap((row, i) => row.slice(i).map((entry) => entry + 2n ** 62n));
    const element = (k: number) =>
      [0, 1, 2, 3].reduce((sum, j) => sum + (shifted[4 * k + j] ?? 0n) * 2n ** BigInt(63 * j), 0n);
    const chunk = (c: number) => Array.from({ length: 15 }, (_, k) => element(15 * c + k));
    const first = poseidon16([16n, ...chunk(0)]);
    const second = poseidon16([first, ...chunk(1)]);
    expect(gramHash(gram, 16)).toBe(poseidon16([second, ...chunk(2)]));
  });

  it('gramHash differs for each size, and for padding written out it does not', () => {
    const gram = randomGram(2, 41);
    const padded = [...gram.map((row) => [...row, 0n]), [0n, 0n, 0n, 0n]];
    expect(gramHash(padded, 16)).toBe(gramHash(gram, 16));
    expect(gramHash(gram, 64)).not.toBe(gramHash(gram, 16));
  });

  it('gramHash differs for any entry changed, its sign too', () => {
    const gram = randomGram(3, 42);
    for (let i = 0; i < 4; i++) {
      for (let j = i + 1; j < 4; j++) {
        const negated = gram.map((row, r) =>
          row.map((entry, c) => ((r === i && c === j) || (r === j && c === i) ? -entry : entry)),
        );
        expect(gramHash(negated, 16)).not.toBe(gramHash(gram, 16));
      }
    }
  });
});

it('bilinearForm sums both triangles modulo the order', () => {
  const gram = randomGram(5, 43);
  let sum = 0n;
  for (let i = 0; i < 6; i++) {
    for (let j = 0; j < 6; j++) sum += ALPHA ** BigInt(i) * BETA ** BigInt(j) * gram[i]![j]!;
  }
  expect(bilinearForm(gram, ALPHA, BETA)).toBe(((sum % FIELD_ORDER) + FIELD_ORDER) % FIELD_ORDER);
});

describe('a matrix is refused', () => {
  const cases: Record<string, bigint[][]> = {
    'without rows': [],
    'with more rows than the circuit': Array.from({ length: 18 }, () => new Array<bigint>(18).fill(0n)),
    'that is not square': [[1n, 2n], [2n]],
    'that is not symmetric': [
      [1n, 2n],
      [3n, 4n],
    ],
    'with an entry of 2^62': [[ENTRY_BOUND]],
    'with an entry of -2^62': [
      [1n, -ENTRY_BOUND],
      [-ENTRY_BOUND, 1n],
    ],
    'with a negative squared norm': [[-1n]],
  };
  for (const [name, gram] of Object.entries(cases)) {
    it(name, () => expect(codeOf(() => upperTriangle(gram, 16))).toBe('E_GRAM_INVALID'));
  }
});

describe('packing', () => {
  it('packing holds any weights and shares, in words that are field elements', () => {
    const weight = fc.integer({ min: 0, max: 65536 });
    const share = fc.bigInt({ min: 0n, max: 1n << 32n });
    fc.assert(
      fc.property(
        fc.array(weight, { maxLength: 16 }),
        fc.array(share, { maxLength: 16 }),
        (weights, shares) => {
          /** Entry k of the words, bit by bit; 0 for missing ones. */
          const entry = (words: bigint[], k: number, bits: number, perWord: number) =>
            BigInt.asUintN(bits, words[Math.floor(k / perWord)]! >> BigInt(bits * (k % perWord)));
          const [w, s] = [packWeights(weights, 16), packShares(shares, 16)];
          for (let k = 0; k < 16; k++) {
            expect(entry(w, k, 17, 14)).toBe(BigInt(weights[k] ?? 0));
            expect(entry(s, k, 33, 7)).toBe(shares[k] ?? 0n);
          }
          for (const word of [...w, ...s]) expect(word < FIELD_ORDER).toBe(true);
        },
      ),
    );
  });

  it('packing has the word counts of the circuits', () => {
    expect([packWeights([], 16).length, packShares([], 16).length]).toEqual([2, 3]);
    expect([packWeights([], 64).length, packShares([], 64).length]).toEqual([5, 10]);
  });

  it('packing is little-endian, the first value lowest', () => {
    expect(packWords([1n, 2n, 3n], 8n, 2)).toEqual([0x0201n, 3n]);
  });
});

describe('a statement is refused', () => {
  const good = {
    gram: [
      [25n, 19n],
      [19n, 26n],
    ],
    weights: [65536],
    shares: [1n << 32n],
    alpha: 3n,
    beta: 5n,
  } as const;
  const cases: Record<string, object> = {
    'with a challenge of p': { alpha: FIELD_ORDER },
    'with a negative challenge': { beta: -1n },
    'with seventeen weights': { weights: new Array(17).fill(0) },
    'with a negative weight': { weights: [-1] },
    'with a weight of 18 bits': { weights: [1 << 17] },
    'with a share of 34 bits': { shares: [1n << 33n] },
  };
  it('a valid statement is accepted', () => {
    expect(codeOf(() => buildContributionInput({ ...good, size: 16 }))).toBeUndefined();
  });
  for (const [name, change] of Object.entries(cases)) {
    it(name, () => {
      expect(codeOf(() => buildContributionInput({ ...good, ...change, size: 16 }))).toBe(
        'E_STATEMENT_INVALID',
      );
    });
  }
});
