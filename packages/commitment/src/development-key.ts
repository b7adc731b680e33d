import { type G2Point, toHex } from '@chorus/protocol';
import { bn254 } from '@noble/curves/bn254.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { SCALAR_ORDER } from './engine/constants.ts';
import { combinePoints, G1_GENERATOR } from './points.ts';
import { type SrsKey, srsDigest } from './srs.ts';

/**
 * tau of the development string: public on purpose, so that all nodes agree on it without a ceremony and no one can
 * mistake it for a secret.
 */
export const DEVELOPMENT_TAU =
  BigInt(toHex(keccak_256(new TextEncoder().encode('chorus insecure development SRS')))) % SCALAR_ORDER;

/** The part of the development string that verifiers need; uses no worker and no cache. */
export function developmentKey(): SrsKey {
  const tauG1 = combinePoints([G1_GENERATOR], [DEVELOPMENT_TAU]);
  const [g2, tauG2, tau2G2] = [powerInG2(0), powerInG2(1), powerInG2(2)];
  return { tauG1, g2, tauG2, tau2G2, origin: 'insecure-dev', digest: srsDigest({ tauG1, tauG2, tau2G2 }) };
}

/** [tau^exponent]2 */
function powerInG2(exponent: number): G2Point {
  let scalar = 1n;
  for (let k = 0; k < exponent; k++) scalar = (scalar * DEVELOPMENT_TAU) % SCALAR_ORDER;
  const { x, y } = bn254.G2.Point.BASE.multiply(scalar).toAffine();
  return { x: [x.c0, x.c1], y: [y.c0, y.c1] };
}
