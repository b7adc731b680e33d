import { combinePoints, isInG2, pairingProductIsOne } from '@chorus/commitment/verify';
import type { G1Point, G2Point } from '@chorus/protocol';

/** What the checks need of BN254. Points of G1 are on the curve by then, those of G2 in the subgroup. */
export interface PairingCurve {
  /** True for a canonical point of G2, of order p and not infinity. */
  isInG2(point: G2Point): boolean;
  /** sum_i scalars_i * points_i, for a few points and canonical scalars. */
  combine(points: readonly G1Point[], scalars: readonly bigint[]): G1Point;
  /** True if prod e(P_k, Q_k) = 1. */
  pairingProductIsOne(pairs: readonly (readonly [G1Point, G2Point])[]): boolean;
}

/** In plain JavaScript: no WebAssembly, so that it runs under a page's policy that forbids it. */
export const portableCurve: PairingCurve = { isInG2, combine: combinePoints, pairingProductIsOne };
