import type { CircuitArtifacts } from '@chorus/circuits';
import { assertSrsAllowed, developmentKey } from '@chorus/commitment';
import type { WorkerPool } from '@chorus/commitment/engine';
import { type ContributionProof, describeError, type Hex } from '@chorus/protocol';
import type { ProofFile } from './file/proof-file.ts';
import { startGramWorkers } from './gram/prover.ts';
import type { RoundStatement } from './statement/statement.ts';
import type { CheckResult, VerifierKeys } from './verify/checks.ts';

/** Checks proofs in a worker thread of its own (about 40 ms each, for models of any size). */
export interface Verifier {
  /**
   * Every check of a proof against a statement, by name; the proof holds only if all are `ok`.
   *
   * The checks show that the statement follows from the commitments. The caller must compare the commitments, ids and
   * references with the chain's.
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

/** What the reader of a proof file trusts, taken from outside the file. */
export interface TrustedKeys {
  /** The key of this build's circuit. */
  circuit: Pick<CircuitArtifacts, 'verificationKey' | 'hashes'>;
  /**
   * The digest of a reference string: the chain's, or one imported here. Anyone who knows tau can forge any proof.
   */
  srsDigest: Hex;
}

/**
 * Checks a proof file without a node or a chain: that it names the reference string and the circuit's key that the
 * reader trusts, that a development string is on a development chain, and then every check of the proof.
 */
export async function verifyProofFile(file: ProofFile, trusted: TrustedKeys): Promise<CheckResult[]> {
  const start = performance.now();
  const refusal = (check: 'reference string' | 'rule', detail: string): CheckResult[] => [
    { check, ok: false, detail, milliseconds: performance.now() - start },
  ];
  if (file.srs.digest !== trusted.srsDigest) {
    return refusal(
      'reference string',
      `the file names ${file.srs.digest}, but the trusted one is ${trusted.srsDigest}`,
    );
  }
  // The digest identifies the development string, even if the file claims another origin.
  const insecure = file.srs.digest === developmentKey().digest;
  try {
    assertSrsAllowed(
      { ...file.srs, origin: insecure ? 'insecure-dev' : file.srs.origin },
      file.statement.chainId,
    );
  } catch (error) {
    return refusal('reference string', describeError(error));
  }
  if (file.circuit.verificationKey !== `0x${trusted.circuit.hashes.verificationKey}`) {
    return refusal('rule', `the file names the verification key ${file.circuit.verificationKey}`);
  }
  const { verificationKey } = trusted.circuit;
  return verifyContribution(file.statement, file.proof, { srs: file.srs, verificationKey });
}
