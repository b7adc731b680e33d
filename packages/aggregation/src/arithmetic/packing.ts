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
