import { type Address, fromHex, type Hex, toHex } from './hex.ts';
import { SHARE_ONE } from './limits.ts';

/** An affine point of BN254 G1; infinity is (0, 0), as in EIP-196. */
export interface G1Point {
  x: bigint;
  y: bigint;
}

/** The point at infinity: the commitment to the zero vector. */
export const G1_INFINITY: Readonly<G1Point> = Object.freeze({ x: 0n, y: 0n });

export function sameG1(a: G1Point, b: G1Point): boolean {
  return a.x === b.x && a.y === b.y;
}

/**
 * A point as 64 bytes: x, then y, big-endian.
 * @throws {RangeError} if a coordinate does not fit 32 bytes
 */
export function pointToBytes({ x, y }: G1Point): Uint8Array {
  if ([x, y].some((value) => value < 0n || value >> 256n !== 0n)) {
    throw new RangeError('a coordinate does not fit 32 bytes');
  }
  return fromHex(`0x${[x, y].map((value) => value.toString(16).padStart(64, '0')).join('')}`);
}

/** The point that 64 bytes encode; not checked to be on the curve. */
export function pointFromBytes(bytes: Uint8Array): G1Point {
  return { x: BigInt(toHex(bytes.subarray(0, 32))), y: BigInt(toHex(bytes.subarray(32, 64))) };
}

/** An affine point of BN254 G2, coordinates as (c0, c1) of c0 + c1*u. */
export interface G2Point {
  x: [bigint, bigint];
  y: [bigint, bigint];
}

/**
 * The transaction content with which the aggregator ends a round. Index i of the arrays is trainer i+1 of the
 * task.
 */
export interface Settlement {
  /** Integer weights of the updates, each and in sum at most 2^16. */
  weights: number[];
  /** Reward shares, each and in sum at most 2^32. */
  shares: number[];
  /** Committed trainers whose payload a majority of validators found unavailable. */
  unavailable: number[];
  /** Appointed validators (indices) whose opened reference a majority rejected. */
  rejected: number[];
  /**
   * Votes of a strict majority of the active validators for exactly these lists, empty or not, and this
   * novelty.
   */
  votes: VerdictVote[];
  /** C_v, the commitment to the novelty of the references that count; (0, 0) for rules without novelty. */
  novelty: G1Point;
  /** C_A, the commitment to sum_i w_i u_i. */
  aggregate: G1Point;
  /** Proof that weights, shares and aggregate follow from the committed vectors by the rule. */
  proof: ContributionProof;
}

/**
 * The proof of contribution (docs/explain/proofs.md): the Gram argument's messages and the Groth16 proof of the rule.
 * Field elements are canonical, in [0, p) with p the order of BN254's scalar field.
 */
export interface ContributionProof {
  /** Poseidon hash of the Gram matrix, fixed before the challenges. */
  gramHash: bigint;
  /** c = sum_ij alpha^i beta^j G_ij. */
  innerProduct: bigint;
  /** C_S and C_W. */
  cross: G1Point;
  quotient: G1Point;
  /** v(z), v(1/z), w(z), w(1/z), S(z), S(1/z). */
  evaluations: [bigint, bigint, bigint, bigint, bigint, bigint];
  groth16: { a: G1Point; b: G2Point; c: G1Point };
}

/** A validator's findings on a round, which it signs. */
export interface RoundVerdict {
  /**
   * Trainers (indices) whose payload is unavailable or does not open its commitment; all others' payloads are
   * available and do.
   */
  unavailable: number[];
  /**
   * Appointed validators (indices) whose opened reference is unavailable, does not open its commitment, or is
   * longer than `referenceNormLimit` allows.
   */
  rejected: number[];
  /** C_v as this validator computed it; (0, 0) for rules without novelty. */
  novelty: G1Point;
  /** Its validation loss of the model before and after this round, in millionths. */
  lossBefore: bigint;
  lossAfter: bigint;
}

/** The part of a verdict that the validators of a settlement must agree on; losses may differ. */
export type VerdictFindings = Pick<RoundVerdict, 'unavailable' | 'rejected' | 'novelty'>;

/** A validator's EIP-712 signature of a verdict; lists and novelty are those of the settlement it belongs to. */
export interface VerdictVote {
  validator: Address;
  lossBefore: bigint;
  lossAfter: bigint;
  signature: Hex;
}

/** A validator's EIP-712 signature that one trainer's payload is available and opens its commitment. */
export interface AvailableVote {
  validator: Address;
  signature: Hex;
}

/**
 * Shares as they are paid: 0 for a share below `minShareBps` hundredths of a percent of the equal share of
 * the `included` trainers. The unpaid part stays in the task's budget.
 */
export function paidShares(shares: readonly number[], included: number, minShareBps: number): number[] {
  return shares.map((share) => (share * included * 10_000 < minShareBps * SHARE_ONE ? 0 : share));
}

/** A settled round as the chain recorded it. */
export interface SettledRound {
  taskId: bigint;
  round: number;
  aggregator: Address;
  weights: number[];
  /** As proven, including those below the task's minimum, which are not paid. */
  shares: number[];
  /** Paid to each trainer, in the token's smallest unit. */
  rewards: bigint[];
  unavailable: number[];
  rejected: number[];
  aggregate: G1Point;
  protocolFee: bigint;
  aggregatorFee: bigint;
  /** Total fee of all validators whose reference was opened and not rejected. */
  validatorFee: bigint;
  /** Lower medians of the validators' signed losses before and after the round, in millionths. */
  lossBefore: bigint;
  lossAfter: bigint;
  /** What the round could spend, and the part that the shares divide. */
  budget: bigint;
  pool: bigint;
  transaction: Hex;
  /** Number of its block. */
  block: number;
  gasUsed: bigint;
}
