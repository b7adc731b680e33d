import {
  type Address,
  type Hex,
  openedReferences,
  type RoundState,
  type SettledRound,
  sameAddress,
  type TaskState,
} from '@chorus/protocol';

/** The result of a finished round for this node. Amounts are in the token's smallest unit. */
export interface RoundRecord {
  taskId: bigint;
  round: number;
  outcome: 'settled' | 'void';
  token: Address;
  /** This account's index among the trainers (from 0); null if it does not train the task. */
  trainer: number | null;
  /** Weight, of 2^16, and share, of 2^32. */
  weight: number;
  share: number;
  reward: bigint;
  /** Fees for aggregating and validating. */
  fee: bigint;
  /** The reason for the reward, in one sentence, from data on chain; `explainRound` computes the rest. */
  reason: string;
  transaction: Hex | null;
  /** sha2-256 of the model after the round; null for a void round, which does not change the model. */
  model: Hex | null;
  /** Unix milliseconds at which this node learnt of it. */
  at: number;
}

/** Everything this node ever earned in one token, including rounds that are no longer listed. */
export interface TokenTotals {
  token: Address;
  rewards: bigint;
  fees: bigint;
  claimed: bigint;
  /** Number of settled rounds, of rounds with a reward or fee, and of void rounds. */
  settled: number;
  paid: number;
  void: number;
}

/** The result of a settled round for `account`. */
export function settledRecord(
  account: Address,
  task: TaskState,
  round: RoundState,
  settled: SettledRound,
  model: Hex,
): RoundRecord {
  const trainer = trainerIndex(account, task);
  const own = <T>(values: readonly T[], none: T): T => (trainer === null ? none : (values[trainer] ?? none));
  return {
    taskId: task.id,
    round: round.round,
    outcome: 'settled',
    token: task.token,
    trainer,
    weight: own(settled.weights, 0),
    share: own(settled.shares, 0),
    reward: own(settled.rewards, 0n),
    fee: feeOf(account, round, settled),
    reason: reasonOf(trainer, round, settled),
    transaction: settled.transaction,
    model,
    at: Date.now(),
  };
}

/** The result of a void round for `account`: nothing. */
export function voidRecord(account: Address, task: TaskState, round: number): RoundRecord {
  return {
    taskId: task.id,
    round,
    outcome: 'void',
    token: task.token,
    trainer: trainerIndex(account, task),
    weight: 0,
    share: 0,
    reward: 0n,
    fee: 0n,
    reason: 'Nothing was paid: the round is void.',
    transaction: null,
    model: null,
    at: Date.now(),
  };
}

function trainerIndex(account: Address, task: TaskState): number | null {
  const index = task.trainers.findIndex((t) => sameAddress(t, account));
  return index < 0 ? null : index;
}

/** One account gets the aggregator's fee; the validators whose reference counted share theirs equally. */
function feeOf(account: Address, round: RoundState, settled: SettledRound): bigint {
  const opened = openedReferences(round, settled.rejected);
  const validates = opened.some((r) => sameAddress(r.validator, account));
  return (
    (sameAddress(settled.aggregator, account) ? settled.aggregatorFee : 0n) +
    (validates ? settled.validatorFee / BigInt(opened.length) : 0n)
  );
}

function reasonOf(trainer: number | null, round: RoundState, settled: SettledRound): string {
  if (trainer === null) return 'This node did not train.';
  if (!round.updates[trainer]) return 'Earned nothing: no update was committed in time.';
  if (settled.unavailable.includes(trainer)) {
    return 'Earned nothing: the validators signed that the payload was not available or does not open its commitment.';
  }
  if ((settled.shares[trainer] ?? 0) === 0) {
    return 'Earned nothing: the update does not point the way the validators’ reference does.';
  }
  return 'Earned its share: how far the update points along the validators’ reference.';
}
