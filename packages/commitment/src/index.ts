/**
 * KZG commitments to integer vectors over BN254: reference strings, commitments, openings.
 *
 * C = sum_j u_j [tau^j]1: a vector is the coefficients of a polynomial, so commitments of updates add up to
 * the commitment of their weighted sum. Kate, Zaverucha, Goldberg, "Constant-Size Commitments to Polynomials
 * and Their Applications", ASIACRYPT 2010.
 *
 * @packageDocumentation
 */
export { type Committer, type CommitterOptions, createCommitter, type Opening } from './committer.ts';
export { Committers, type CommittersOptions } from './committers.ts';
export { DEVELOPMENT_TAU, developmentKey } from './development-key.ts';
export { developmentSrs, type SrsOptions } from './development-srs.ts';
export { addPoints, combinePoints, G1_GENERATOR, isOnCurve, negatePoint } from './points.ts';
export { importPtau } from './ptau.ts';
export {
  assertSrsAllowed,
  log2SizeFor,
  MAX_LOG2_SIZE,
  type Srs,
  type SrsKey,
  type SrsOrigin,
  srsDigest,
} from './srs.ts';
