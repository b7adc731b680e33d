import { ChorusError, type G1Point, type G2Point, type Hex, isDevChain, toHex } from '@chorus/protocol';
import { keccak_256 } from '@noble/hashes/sha3.js';

/**
 * Origin of a reference string: no one knows the tau of an honest ceremony; everyone knows that of the development
 * string.
 */
export type SrsOrigin = 'insecure-dev' | 'ptau';

/** The part of a reference string that a verifier needs: of constant size, for every number of powers. */
export interface SrsKey {
  /** [tau]1 */
  tauG1: G1Point;
  /** [1]2, [tau]2, [tau^2]2 */
  g2: G2Point;
  tauG2: G2Point;
  tau2G2: G2Point;
  origin: SrsOrigin;
  /** {@link srsDigest} of the points: equal for all subsets of one string. */
  digest: Hex;
}

/** A structured reference string: N = 2^log2Size powers of tau in G1, three in G2. */
export interface Srs extends SrsKey {
  log2Size: number;
  /** [tau^j]1 for j < N: 64 bytes each, affine, Montgomery, little-endian; in shared memory. */
  g1: Uint8Array<SharedArrayBuffer>;
  g1Generator: G1Point;
}

/** Largest supported number of powers: 2^22, the largest dimension. */
export const MAX_LOG2_SIZE = 22;

/**
 * Refuses a string whose tau is known to everyone, except on a development chain.
 * @throws ChorusError `E_SRS_INSECURE`
 */
export function assertSrsAllowed(srs: Pick<SrsKey, 'origin' | 'digest'>, chainId: number | bigint): void {
  if (srs.origin === 'ptau' || isDevChain(chainId)) return;
  throw new ChorusError('E_SRS_INSECURE', 'anyone can forge proofs under the development reference string', {
    facts: { chainId, digest: srs.digest },
    hint: 'import the .ptau file of a public powers-of-tau ceremony',
  });
}

/** 32-byte big-endian words, hashed with keccak256. */
function keccakWords(words: readonly bigint[]): Hex {
  const bytes = new Uint8Array(32 * words.length);
  words.forEach((word, i) => {
    for (let k = 0; k < 32; k++) bytes[32 * i + k] = Number((word >> BigInt(8 * (31 - k))) & 0xffn);
  });
  return toHex(keccak_256(bytes));
}

/** Names a reference string: keccak256 of [tau]1, [tau]2 and [tau^2]2 as words (x, y; of G2 c0 before c1). */
export function srsDigest(points: Pick<SrsKey, 'tauG1' | 'tauG2' | 'tau2G2'>): Hex {
  const { tauG1, tauG2, tau2G2 } = points;
  return keccakWords([
    tauG1.x,
    tauG1.y,
    ...[tauG2, tau2G2].flatMap((point) => [point.x[0], point.x[1], point.y[0], point.y[1]]),
  ]);
}

/** @throws ChorusError `E_SRS_SIZE` */
export function checkLog2Size(log2Size: number): void {
  if (Number.isInteger(log2Size) && log2Size >= 1 && log2Size <= MAX_LOG2_SIZE) return;
  throw new ChorusError('E_SRS_SIZE', 'a reference string has 2^1 to 2^22 powers', { facts: { log2Size } });
}

/** log2 of the smallest supported power of two that is at least `dimension`: N of docs/explain/proofs.md. */
export function log2SizeFor(dimension: number): number {
  const log2Size = Math.max(1, Math.ceil(Math.log2(dimension)));
  checkLog2Size(log2Size);
  return log2Size;
}
