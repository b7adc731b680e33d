import { type ChainPort, type Hex, hasCode, sameAddress } from '@chorus/protocol';

/** How far back a task that was just published is looked for: others publish beside it. */
const SEARCH_TASKS = 1_000n;

/** The number of the newest task on the contract, 0 where there is none. Tasks are numbered from 1. */
export async function newestTask(chain: ChainPort): Promise<bigint> {
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

/** The task with these terms that this account created after task number `after`; null where there is none. */
export async function findPublished(
  chain: ChainPort,
  termsDigest: Hex,
  after: bigint,
): Promise<bigint | null> {
  const newest = await newestTask(chain);
  const until = newest - after > SEARCH_TASKS ? newest - SEARCH_TASKS : after;
  for (let taskId = newest; taskId > until; taskId--) {
    const task = await chain.task(taskId);
    if (sameAddress(task.owner, chain.account) && task.termsDigest === termsDigest) return taskId;
  }
  return null;
}
