/**
 * What a verifier of commitments needs: points, pairings, and the key of a reference string. Plain JavaScript without
 * WebAssembly, threads or files, so that a browser can check as a node does.
 *
 * @packageDocumentation
 */
export { developmentKey } from './development-key.ts';
export { BASE_ORDER, SCALAR_ORDER } from './engine/constants.ts';
export { isInG2, pairingProductIsOne } from './pairing.ts';
export { addPoints, combinePoints, G1_GENERATOR, isOnCurve, negatePoint } from './points.ts';
export { assertSrsAllowed, log2SizeFor, type SrsKey, type SrsOrigin, srsDigest } from './srs.ts';
