import { ChorusError } from '@chorus/protocol';

/** How small integers share a field element: `word = sum_j value_j * 2^(bits * j)`, at most 254 bits minus slack. */
interface Packing {
  readonly name: string;
  readonly bits: number;
  readonly perWord: number;
  /** Largest value. */
  readonly limit: number;
}

/** Weights: 17 bits each (2^16 is included), 14 to a word of 238 bits. */
const WEIGHTS: Packing = { name: 'weight', bits: 17, perWord: 14, limit: 2 ** 16 };

/** Shares: 33 bits each (2^32 is included), 7 to a word of 231 bits. */
const SHARES: Packing = { name: 'share', bits: 33, perWord: 7, limit: 2 ** 32 };

function pack(values: readonly number[], packing: Packing): bigint[] {
  const words = new Array<bigint>(Math.ceil(values.length / packing.perWord)).fill(0n);
  for (const [i, value] of values.entries()) {
    if (!Number.isInteger(value) || value < 0 || value > packing.limit) {
      throw new ChorusError('E_PACKING', `a ${packing.name} is out of range`, {
        facts: { index: i, value, limit: packing.limit },
      });
    }
    const word = Math.floor(i / packing.perWord);
    words[word]! |= BigInt(value) << BigInt(packing.bits * (i % packing.perWord));
  }
  return words;
}

function unpack(words: readonly bigint[], count: number, packing: Packing): number[] {
  const mask = (1n << BigInt(packing.bits)) - 1n;
  const values = Array.from({ length: count }, (_, i) => {
    const word = words[Math.floor(i / packing.perWord)] ?? 0n;
    return Number((word >> BigInt(packing.bits * (i % packing.perWord))) & mask);
  });
  // Packing again must give the same words: nothing is hidden above, behind or between the values.
  const again = pack(values, packing);
  if (again.length !== words.length || again.some((word, k) => word !== words[k])) {
    throw new ChorusError('E_PACKING', `the words do not hold ${count} canonical ${packing.name}s`, {
      facts: { words: words.length, count },
    });
  }
  return values;
}

/**
 * The weights of n trainers as ceil(n/14) public inputs of the contribution circuit.
 * @throws ChorusError `E_PACKING` for a value outside [0, 2^16]
 */
export function packWeights(weights: readonly number[]): bigint[] {
  return pack(weights, WEIGHTS);
}

/**
 * The shares of n trainers as ceil(n/7) public inputs of the contribution circuit.
 * @throws ChorusError `E_PACKING` for a value outside [0, 2^32]
 */
export function packShares(shares: readonly number[]): bigint[] {
  return pack(shares, SHARES);
}

/** Inverse of {@link packWeights}. @throws ChorusError `E_PACKING` for words no packing produces */
export function unpackWeights(words: readonly bigint[], count: number): number[] {
  return unpack(words, count, WEIGHTS);
}

/** Inverse of {@link packShares}. @throws ChorusError `E_PACKING` for words no packing produces */
export function unpackShares(words: readonly bigint[], count: number): number[] {
  return unpack(words, count, SHARES);
}
