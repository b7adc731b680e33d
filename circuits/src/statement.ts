/**
 * What the circuit states and how its public values are made. It reads no file, so that a browser can use it.
 *
 * @packageDocumentation
 */
export {
  bilinearForm,
  CIRCUIT_SIZE,
  type CircuitRule,
  type CircuitSize,
  circuitName,
  type GramMatrix,
  gramHash,
} from './gram.ts';
export {
  buildContributionInput,
  type ContributionInput,
  type ContributionSignals,
  type ContributionStatement,
  publicSignals,
} from './input.ts';
export type { G1Json, G2Json, VerificationKey } from './verification-key.ts';
