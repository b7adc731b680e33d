import { log2SizeFor } from '@chorus/commitment/verify';
import { type RoundStatement, roundStatement } from '@chorus/proof/verify';
import {
  type Address,
  ChorusError,
  openedReferences,
  type RoundState,
  type RuleName,
  ruleNameOf,
  type SettledRound,
  type Settlement,
  type TaskState,
} from '@chorus/protocol';

/** What of a task a settled round is checked and explained with. */
export type RecordedTask = Pick<
  TaskState,
  | 'id'
  | 'token'
  | 'rule'
  | 'dimension'
  | 'rounds'
  | 'trainers'
  | 'validators'
  | 'verifier'
  | 'protocolFeeBps'
  | 'aggregatorFeeBps'
  | 'validatorFeeBps'
  | 'stagnationBps'
  | 'minShareBps'
>;

/** The chain's records of one settled round. */
export interface RoundRecords {
  chainId: number;
  contract: Address;
  task: RecordedTask;
  round: Pick<RoundState, 'updates' | 'references'>;
  /** The event with which the contract recorded the settlement. */
  settled: SettledRound;
  /** What the aggregator sent: the calldata of its transaction. */
  settlement: Omit<Settlement, 'votes'>;
}

/** @throws ChorusError `E_RULE_UNKNOWN` */
export function ruleOf(task: Pick<TaskState, 'rule'>): RuleName {
  const rule = ruleNameOf(task.rule);
  if (rule !== undefined) return rule;
  throw new ChorusError('E_RULE_UNKNOWN', 'no such aggregation rule', {
    facts: { rule: task.rule },
    hint: 'the task may need a newer version of Chorus',
  });
}

/**
 * The statement that a round's proof must prove. Only the novelty's commitment comes from the settlement: a majority of the
 * validators signs it, and the contract checks that.
 * @throws ChorusError `E_STATEMENT_INVALID`, `E_RULE_UNKNOWN`, `E_SRS_SIZE`
 */
export function statementOf(records: RoundRecords): RoundStatement {
  const { chainId, contract, task, round, settled, settlement } = records;
  return roundStatement({
    rule: ruleOf(task),
    chainId,
    contract,
    taskId: task.id,
    round: settled.round,
    prover: settled.aggregator,
    N: 2 ** log2SizeFor(task.dimension),
    references: openedReferences(round, settled.rejected),
    appointed: task.validators.length,
    novelty: settlement.novelty,
    updates: round.updates.map((update, index) =>
      update && !settled.unavailable.includes(index) ? update.commitment : null,
    ),
    weights: settled.weights,
    shares: settled.shares,
    aggregate: settled.aggregate,
  });
}
