import { type Address, type RoundState, sameAddress, type TaskState } from '@chorus/protocol';

/**
 * Whether others depend on what `account` has put on chain in the round: until the round is over, a trainer must
 * provide its payload, and a validator that sealed a reference must open it and vote.
 */
export function hasOpenObligations(account: Address, task: TaskState, round: RoundState): boolean {
  if (round.phase === 'settled' || round.phase === 'void') return false;
  const trainer = task.trainers.findIndex((t) => sameAddress(t, account));
  return (trainer >= 0 && round.updates[trainer] !== null) || hasSealed(account, round);
}

/** Whether `account` is a validator whose reference counts, or can still count, in the round. */
export function hasSealed(account: Address, round: RoundState): boolean {
  const reference = round.references.find((r) => sameAddress(r.validator, account));
  return reference?.seal != null && (reference.opened !== null || round.phase !== 'settle');
}
