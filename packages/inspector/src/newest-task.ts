import { hasCode, type TaskChain } from '@chorus/protocol';

/** The number of the newest task on the contract, 0 if it has no tasks. Tasks are numbered from 1. */
export async function newestTask(chain: Pick<TaskChain, 'task'>): Promise<bigint> {
  const exists = async (taskId: bigint) => {
    try {
      await chain.task(taskId);
      return true;
    } catch (error) {
      if (hasCode(error, 'E_CHAIN_UNKNOWN_TASK')) return false;
      throw error;
    }
  };
  let there = 0n;
  let beyond = 1n;
  while (await exists(beyond)) {
    there = beyond;
    beyond *= 2n;
  }
  while (beyond - there > 1n) {
    const middle = (there + beyond) / 2n;
    if (await exists(middle)) there = middle;
    else beyond = middle;
  }
  return there;
}
