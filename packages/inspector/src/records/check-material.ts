import { CIRCUIT_SIZE, gramHash, type VerificationKey } from '@chorus/circuits/statement';
import { portableCurve, runChecks } from '@chorus/proof/verify';
import type { RuleName } from '@chorus/protocol';
import { checkRecords, type ProofChecks } from './check-records.ts';
import type { ProofMaterial } from './document.ts';
import { type Explained, explainRecords } from './explain-records.ts';
import { ruleOf } from './records.ts';
import { type Check, runCheck } from './run-check.ts';
import { transactionFault } from './transaction.ts';

/** What was found of a settled round. */
export interface CheckedMaterial {
  /** In order; those that need the Gram matrix, or the whole transaction, are left out without. */
  checks: Check[];
  /** Why each trainer was paid; null if the records make no round. */
  explained: Explained | null;
}

const verifyHere: ProofChecks = (statement, proof, keys) =>
  runChecks(portableCurve, { statement, proof, ...keys });

/**
 * Check a settled round here, in this thread, from the records alone: what `chorus proof verify` checks, what
 * `chorus why` computes again, and that all that was sent is in the transaction that the records name. Never throws for what the material holds: a fault is a failed check.
 * @param keyOf the circuit's verification key of this build
 */
export async function checkMaterial(
  { records, verifier, transaction, gram }: ProofMaterial,
  keyOf: (rule: RuleName) => VerificationKey,
): Promise<CheckedMaterial> {
  const checks: Check[] = [];
  if (transaction !== null) {
    checks.push(await runCheck('transaction', () => transactionFault(records, transaction)));
  }
  // Records of which no statement can be made fail as a whole.
  const statement = await runCheck('statement', async () => {
    checks.push(...(await checkRecords(records, verifier, keyOf(ruleOf(records.task)), verifyHere)));
    return undefined;
  });
  if (!statement.ok) return { checks: [...checks, statement], explained: null };
  const { gramHash: proven } = records.settlement.proof;
  let explained: Explained | null = null;
  if (gram) {
    const matrix = await runCheck('matrix', () =>
      gramHash(gram, CIRCUIT_SIZE, ruleOf(records.task)) === proven ? undefined : 'its hash is another one',
    );
    const recomputed = await runCheck('recomputed', () => {
      if (!matrix.ok) return 'not checked, as "matrix" failed';
      explained = explainRecords(records, gram);
      return explained.agrees ? undefined : 'the weights or shares on chain are not those of the rule';
    });
    checks.push(matrix, recomputed);
  }
  const rewards = await runCheck('rewards', () => {
    explained ??= explainRecords(records, null);
    return explained.paidAsAgreed ? undefined : 'the rewards recorded are not these shares of the pool';
  });
  return { checks: [...checks, rewards], explained };
}
