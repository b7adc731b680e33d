import { allowProofOf, allowRootOf } from '@chorus/chain';
import type { Address, Hex, Role, TaskState, Terms } from '@chorus/protocol';

type Guarded = Pick<TaskState, 'allowRoot'>;

/** How an account proves that it may train or aggregate; null where it may not, or the list is not the chain's. */
export function allowanceOf(
  { allowRoot }: Guarded,
  { allow = [] }: Pick<Terms, 'allow'>,
  account: Address,
): Hex[] | null {
  if (allowRoot === null) return [];
  if (allow.length === 0 || allowRootOf(allow) !== allowRoot) return null;
  return allowProofOf(allow, account);
}

/** Of these roles, those that the task's list leaves to the account: validators are chosen by name. */
export function permittedRoles(
  task: Guarded,
  terms: Pick<Terms, 'allow'>,
  account: Address,
  roles: readonly Role[],
): Role[] {
  const allowed = allowanceOf(task, terms, account) !== null;
  return roles.filter((role) => allowed || role === 'validator');
}
