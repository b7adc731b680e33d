import type { WorkerPool } from '@chorus/commitment/engine';
import type { ContributionProof } from '@chorus/protocol';
import { startGramWorkers } from './gram/prover.ts';
import type { RoundStatement } from './statement.ts';
import type { CheckResult, VerifierKeys } from './verify/checks.ts';

/** Checks proofs in a worker thread of its own (about 40 ms each, whatever the model's size). */
export interface Verifier {
  /**
   * Every check of a proof against a statement, by name; the proof holds only where all are `ok`.
   *
   * It says that the statement follows from the commitments. That the commitments, ids and references are the
   * chain's is for the caller to compare.
   */
  verify(statement: RoundStatement, proof: ContributionProof, keys: VerifierKeys): Promise<CheckResult[]>;
  /** Ends the worker thread. */
  close(): Promise<void>;
}

export function createVerifier(): Verifier {
  const pool: WorkerPool = startGramWorkers(1);
  return {
    verify: (statement, proof, { srs, verificationKey }) => {
      const { tauG1, g2, tauG2, tau2G2, origin, digest } = srs;
      const key = { tauG1, g2, tauG2, tau2G2, origin, digest };
      return pool.run<CheckResult[]>(0, 'verify', { statement, proof, srs: key, verificationKey });
    },
    close: () => pool.close(),
  };
}

/**
 * Checks one proof; starts and ends a worker, so for many use {@link createVerifier}.
 *
 * @example
 * const checks = await verifyContribution(statement, proof, { srs, verificationKey });
 * if (!checks.every((c) => c.ok)) console.error(checks.find((c) => !c.ok));
 */
export async function verifyContribution(
  statement: RoundStatement,
  proof: ContributionProof,
  keys: VerifierKeys,
): Promise<CheckResult[]> {
  const verifier = createVerifier();
  try {
    return await verifier.verify(statement, proof, keys);
  } finally {
    await verifier.close();
  }
}
