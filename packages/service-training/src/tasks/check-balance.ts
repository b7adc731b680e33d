import type { Ports } from '@chorus/node';
import { ChorusError } from '@chorus/protocol';
import type { TaskBudget } from '../policy/task-budget.ts';
import type { PreparedTask } from './announce.ts';

/**
 * Check that this node can pay for a task, and has the resources to follow it.
 * @throws ChorusError `E_TASK_BUDGET`, `E_GAS_LOW`, `E_CHAIN_TOKEN`, `E_LIMIT_*`
 */
export async function checkBalance(
  { chain }: Pick<Ports, 'chain'>,
  limits: Pick<TaskBudget, 'checkRoom'>,
  { params, terms }: PreparedTask,
): Promise<void> {
  limits.checkRoom(params, terms);
  const { token, budget } = params;
  const balance = await chain.balance(token, chain.account);
  if (balance < budget) {
    throw new ChorusError('E_TASK_BUDGET', 'the wallet holds less than the budget of the task', {
      facts: { token, budget, balance, wallet: chain.account },
      hint: 'lower the budget, or send tokens to the wallet',
    });
  }
  const head = await chain.head?.();
  if (head?.gasBalance === 0n) {
    throw new ChorusError('E_GAS_LOW', 'the wallet has nothing to pay gas with', {
      facts: { wallet: chain.account },
      hint: "send some of the chain's coin to the wallet",
    });
  }
}
