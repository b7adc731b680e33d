import { SCALAR_ORDER } from '@chorus/commitment/verify';
import type { G1Point, RuleName } from '@chorus/protocol';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { packedWords, type RoundStatement } from './statement.ts';

/** Separates the hashes of each rule's protocol from every other use of keccak256. */
export const DOMAINS: Readonly<Record<RuleName, bigint>> = {
  'reference-trust': domain('chorus/contribution/v2'),
  'reference-projection': domain('chorus/contribution/v3'),
};

function domain(name: string): bigint {
  return toInteger(keccak_256(new TextEncoder().encode(name)));
}

function toInteger(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}

/** keccak256 of 32-byte big-endian words, as the contracts' abi.encodePacked of uint256s. */
export function hashWords(words: readonly bigint[]): bigint {
  const bytes = new Uint8Array(32 * words.length);
  for (const [i, word] of words.entries()) {
    if (word < 0n || word >> 256n !== 0n) throw new RangeError(`word ${i} does not fit 32 bytes`);
    for (let k = 0, rest = word; k < 32; k++, rest >>= 8n) bytes[32 * i + 31 - k] = Number(rest & 0xffn);
  }
  return toInteger(keccak_256(bytes));
}

/** The n-th challenge of a seed, in [0, p). */
function challenge(seed: bigint, index: 1n | 2n): bigint {
  return hashWords([seed, index]) % SCALAR_ORDER;
}

/** After the matrix is fixed (its hash h): alpha and beta combine rows and columns. */
export function matrixChallenges(
  s: RoundStatement,
  gramHash: bigint,
): { seed0: bigint; alpha: bigint; beta: bigint } {
  const seed0 = hashWords([
    DOMAINS[s.rule],
    BigInt(s.chainId),
    BigInt(s.contract),
    s.taskId,
    BigInt(s.round),
    BigInt(s.prover),
    BigInt(s.size),
    BigInt(s.N),
    ...s.commitments.flatMap((c) => [c.x, c.y]),
    gramHash,
  ]);
  return { seed0, alpha: challenge(seed0, 1n), beta: challenge(seed0, 2n) };
}

/** After the polynomials and the claims are fixed: the point z at which they are opened. */
export function pointChallenge(
  s: RoundStatement,
  seed0: bigint,
  innerProduct: bigint,
  cross: G1Point,
): { seed1: bigint; z: bigint } {
  const words = packedWords(s);
  const seed1 = hashWords([
    seed0,
    innerProduct,
    cross.x,
    cross.y,
    s.aggregate.x,
    s.aggregate.y,
    ...words.weights,
    ...words.shares,
  ]);
  return { seed1, z: challenge(seed1, 1n) };
}

/** After the evaluations: gamma folds the polynomials into one. */
export function foldChallenge(
  seed1: bigint,
  evaluations: readonly bigint[],
): { seed2: bigint; gamma: bigint } {
  const seed2 = hashWords([seed1, ...evaluations]);
  return { seed2, gamma: challenge(seed2, 1n) };
}

/**
 * z must have an inverse other than itself: at 0 there is no 1/z, and at 1 and -1 the two points z and 1/z are one,
 * so that the line through them, and with it the opening, would be undefined.
 */
export function isUsablePoint(z: bigint): boolean {
  return z > 1n && z < SCALAR_ORDER - 1n;
}
