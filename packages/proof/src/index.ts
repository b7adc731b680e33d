/**
 * The proof of contribution: that a round's weights, reward shares and aggregate follow from the committed updates by
 * the rule. A Gram argument ties the matrix of inner products to the commitments, a Groth16 proof ties weights and
 * shares to the matrix; both share one transcript.
 *
 * @packageDocumentation
 */
export {
  decodeProofFile,
  encodeProofFile,
  MAX_PROOF_FILE_BYTES,
  type PayloadRecord,
  type ProofFile,
} from './file/proof-file.ts';
export type { RoundVectors } from './gram/prover.ts';
export { createProver, type ProveOptions, type ProveResult, type Prover, type ProverInit } from './prover.ts';
export {
  type CircuitSize,
  checkStatement,
  headRows,
  packedWords,
  type RoundStatement,
  roundStatement,
  type StatementParts,
} from './statement/statement.ts';
export { foldChallenge, isUsablePoint, matrixChallenges, pointChallenge } from './statement/transcript.ts';
export {
  createVerifier,
  type TrustedKeys,
  type Verifier,
  verifyContribution,
  verifyProofFile,
} from './verifier.ts';
export { CHECKS, type CheckName, type CheckResult, type VerifierKeys } from './verify/checks.ts';
