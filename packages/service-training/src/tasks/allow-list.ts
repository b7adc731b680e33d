import { allowProofOf, allowRootOf } from '@chorus/chain';
import type { Address, Hex, Role, TaskState, Terms } from '@chorus/protocol';

type Guarded = Pick<TaskState, 'allowRoot'>;

/** An account's proof that it may train or aggregate; null if it may not, or the list does not match the chain. */
export function allowanceOf(
  { allowRoot }: Guarded,
  { allow = [] }: Pick<Terms, 'allow'>,
  account: Address,
): Hex[] | null {
  if (allowRoot === null) return [];
  if (allow.length === 0 || allowRootOf(allow) !== allowRoot) return null;
  return allowProofOf(allow, account);
}

/** The subset of these roles that the task's list allows the account: validators are appointed by name. */
export function permittedRoles(
  task: Guarded,
  terms: Pick<Terms, 'allow'>,
  account: Address,
  roles: readonly Role[],
): Role[] {
  const allowed = allowanceOf(task, terms, account) !== null;
  return roles.filter((role) => allowed || role === 'validator');
}
