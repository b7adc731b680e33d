import type { VerifierOnChain, VerifierSrs } from '@chorus/chain';
import type { VerificationKey } from '@chorus/circuits/statement';
import { assertSrsAllowed, developmentKey, type SrsKey, srsDigest } from '@chorus/commitment/verify';
import {
  type CheckResult,
  type RoundStatement,
  type VerifierKeys,
  verificationKeyHash,
} from '@chorus/proof/verify';
import { type ContributionProof, sameG1 } from '@chorus/protocol';
import { type RoundRecords, statementOf } from './records.ts';
import { type Check, runCheck } from './run-check.ts';

/** Every check of a proof: in a thread of a node, or with the portable curve. */
export type ProofChecks = (
  statement: RoundStatement,
  proof: ContributionProof,
  keys: VerifierKeys,
) => CheckResult[] | Promise<CheckResult[]>;

/** What the verifier on chain holds, as far as the checks need it. */
export type HeldKeys = Pick<VerifierOnChain, 'srs' | 'verifyingKeyHash'>;

/**
 * Check a settled round: that the verifier on chain holds the keys it should, that what was sent is what the chain
 * recorded, and every check of the proof.
 * @param verificationKey of this build, for the task's rule
 * @throws ChorusError `E_STATEMENT_INVALID`, `E_RULE_UNKNOWN`, `E_SRS_SIZE`
 */
export async function checkRecords(
  records: RoundRecords,
  onChain: HeldKeys,
  verificationKey: VerificationKey,
  verify: ProofChecks,
): Promise<Check[]> {
  const statement = statementOf(records);
  const keys = await runCheck('keys', () => keysFault(onChain, verificationKey, records.chainId));
  const record = await runCheck('record', () => recordFault(records));
  const { proof } = records.settlement;
  return [keys, record, ...(await verify(statement, proof, { srs: srsKeyOf(onChain.srs), verificationKey }))];
}

/** The reference string of the verifier on chain, as verifiers here take it. */
export function srsKeyOf(srs: VerifierSrs): SrsKey {
  const { tauG1, tauG2, tau2G2, origin } = srs;
  return { tauG1, g2: developmentKey().g2, tauG2, tau2G2, origin, digest: srsDigest(srs) };
}

/**
 * What is wrong with the keys of a verifier on chain. Anyone who knows tau, or the secrets of another circuit key,
 * could make it accept anything.
 * @throws ChorusError `E_SRS_INSECURE` for a development reference string on another chain
 */
export function keysFault(onChain: HeldKeys, key: VerificationKey, chainId: number): string | undefined {
  const srs = srsKeyOf(onChain.srs);
  const isDevelopment = srs.digest === developmentKey().digest;
  assertSrsAllowed({ ...srs, origin: isDevelopment ? 'insecure-dev' : srs.origin }, chainId);
  const hash = verificationKeyHash(key);
  return hash === onChain.verifyingKeyHash
    ? undefined
    : `the verifier on chain holds the circuit key ${onChain.verifyingKeyHash}, this build ${hash}`;
}

/** Differences between the transaction, its event and the trainers of the task. */
function recordFault({ task, round, settled, settlement }: RoundRecords): string | undefined {
  const byTrainer = [round.updates, settled.weights, settled.shares, settled.rewards];
  if (byTrainer.some(({ length }) => length !== task.trainers.length))
    return 'not every trainer has one update, weight, share and reward';
  const same = (a: readonly number[], b: readonly number[]) => a.join() === b.join();
  if (!same(settled.weights, settlement.weights)) return 'the weights recorded are not those sent';
  if (!same(settled.shares, settlement.shares)) return 'the shares recorded are not those sent';
  if (!same(settled.unavailable, settlement.unavailable)) return 'other trainers are recorded as unavailable';
  if (!same(settled.rejected, settlement.rejected)) return 'other references are recorded as rejected';
  if (!sameG1(settled.aggregate, settlement.aggregate)) return 'the aggregate recorded is not the one sent';
  return undefined;
}
