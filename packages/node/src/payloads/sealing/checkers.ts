import { type Address, sameAddress, type TaskState } from '@chorus/protocol';

type Roles = Pick<TaskState, 'activeValidators' | 'aggregators'>;

/**
 * Members that must check every payload of a round: the task's validators, and all candidates to aggregate. No
 * member joins a running task, so they are known before the first payload is made, and are the same in all rounds.
 */
export function checkersOf({ activeValidators, aggregators }: Roles): Address[] {
  const others = aggregators.filter((a) => !activeValidators.some((v) => sameAddress(a, v)));
  return [...activeValidators, ...others];
}

export function isChecker(task: Roles, account: Address): boolean {
  return checkersOf(task).some((checker) => sameAddress(checker, account));
}
