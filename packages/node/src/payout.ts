import { type Address, hasCode, sameAddress } from '@chorus/protocol';
import { pause } from './background.ts';
import { Disputes } from './disputes.ts';
import type { Journal } from './journal/journal.ts';
import type { Ports } from './ports.ts';
import type { TaskFiles } from './task-files.ts';

/** Longest wait (seconds) for a case that holds a stake. */
const LOOK_SECONDS = 60;

/** What comes back from a task that has ended: the reward, then the stake. */
export class Payout {
  readonly #parts: { ports: Ports; journal: Journal; files: TaskFiles; signal: AbortSignal };

  constructor(parts: { ports: Ports; journal: Journal; files: TaskFiles; signal: AbortSignal }) {
    this.#parts = parts;
  }

  /** Collect what the contract owes this account, once: a payout that an earlier run sent is looked up. */
  async claim(taskId: bigint, token: Address): Promise<bigint> {
    const { ports, journal } = this.#parts;
    const { chain } = ports;
    const step = { taskId, round: 0, step: 'claim' } as const;
    const claimable = await chain.claimable(token, chain.account, [taskId]);
    const sent = journal.step(step);
    if (sent?.state === 'begun' && claimable === 0n) {
      const amount = BigInt(String(sent.detail.amount));
      await journal.claimed(step, token, amount);
      return amount;
    }
    if (claimable === 0n) return 0n;
    await journal.begin(step, { amount: claimable });
    const { amount } = await chain.claim(token, [taskId]);
    await journal.claimed(step, token, amount);
    return amount;
  }

  /**
   * Take the stake back; where cases are open that may cost some of it, once they are closed.
   *
   * @param known attends to the cases of the task so far; where there is none, they are only waited for and closed
   */
  async releaseStake(taskId: bigint, known?: Disputes): Promise<void> {
    const { ports, journal, files, signal } = this.#parts;
    const { chain } = ports;
    const members = await chain.members(taskId);
    const disputes = known ?? new Disputes({ taskId, ports, files, signal });
    const isMember = members.some((m) => sameAddress(m.address, chain.account));
    while (!signal.aborted) {
      const task = await chain.task(taskId);
      // Of a task that found no members there is no round, and so no case.
      const next =
        task.round === 0
          ? null
          : await disputes.attend({ task, round: await chain.round(taskId, task.round), members });
      if (!isMember) return;
      try {
        const step = { taskId, round: 0, step: 'release' } as const;
        await journal.act(step, {}, () => chain.releaseStake(taskId, chain.account));
        return;
      } catch (error) {
        if (hasCode(error, 'E_CHAIN_ALREADY_DONE')) return;
        if (!hasCode(error, 'E_CHAIN_CASE_OPEN')) throw error;
      }
      const wait = next === null ? 0 : next - Math.floor(Date.now() / 1000);
      await pause(Math.min(LOOK_SECONDS, Math.max(1, wait)) * 1000, signal);
    }
  }
}
