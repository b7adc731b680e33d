import type { Ports } from '@chorus/node';
import { type Address, hasCode, type Receipt, sameAddress } from '@chorus/protocol';
import { pause } from '@chorus/utils';
import pLimit from 'p-limit';
import { z } from 'zod';
import type { Journal } from '../journal/journal.ts';
import type { Disputes } from '../rounds/disputes/disputes.ts';

/** Longest wait (seconds) for a dispute that holds a stake. */
const LOOK_SECONDS = 60;

/** The current payout. There is one at a time, for one or more tasks: its record belongs to no task. */
const STEP = { taskId: 0n, round: 0, step: 'claim' } as const;

/** The record before a payout is sent, from which the node finds out later whether it was mined. */
const recordedSchema = z.object({
  token: z.string().transform((token) => token as Address),
  taskIds: z.array(z.bigint()),
  /** Amount owed at that moment. */
  amount: z.bigint(),
  /** Amount paid out of these tasks until then. */
  paid: z.bigint(),
});

export type PaidOut = Receipt & { amount: bigint };

export interface PayoutParts {
  ports: Ports;
  journal: Journal;
  signal: AbortSignal;
}

/** Collects what tasks owe: rewards and fees, on request or when a task has ended, and then the stake. */
export class Payout {
  readonly #parts: PayoutParts;
  /** Two payouts at the same time would both count the same amount. */
  readonly #alone = pLimit(1);

  constructor({ ports, journal, signal }: PayoutParts) {
    this.#parts = { ports, journal, signal };
  }

  /**
   * Collect what the contract owes this account in a token: all its fees, and its rewards of these tasks. It enters
   * the totals once, even after a crash.
   * @returns null if nothing is owed
   */
  claim(token: Address, taskIds: bigint[]): Promise<PaidOut | null> {
    return this.#alone(async () => {
      await this.#recover();
      return this.#send(token, taskIds);
    });
  }

  /** Find the outcome of a recorded payout; one that was not mined is sent again. */
  recover(): Promise<void> {
    return this.#alone(() => this.#recover());
  }

  async #recover(): Promise<void> {
    const { ports, journal } = this.#parts;
    const { chain } = ports;
    const step = journal.step(STEP);
    if (step?.state !== 'begun') return;
    const { token, taskIds, amount, paid } = recordedSchema.parse(step.detail);
    const owed = await chain.claimable(token, chain.account, taskIds);
    // The owed amount grows until a payout, and the paid amount of a task grows only with a payout. Not detected: a
    // payout only of fees after which the same amount has been earned again.
    if (owed < amount || (await this.#paidOf(taskIds)) > paid) await journal.claimed(STEP, token, amount);
    else await this.#send(token, taskIds);
  }

  async #send(token: Address, taskIds: bigint[]): Promise<PaidOut | null> {
    const { ports, journal } = this.#parts;
    const { chain } = ports;
    const amount = await chain.claimable(token, chain.account, taskIds);
    if (amount === 0n) return null;
    const detail = { token, taskIds, amount, paid: await this.#paidOf(taskIds) };
    return journal.act(
      STEP,
      detail,
      () => chain.claim(token, taskIds),
      (receipt) => journal.claimed(STEP, token, receipt.amount),
    );
  }

  /** Total paid to this account from the rewards of these tasks. */
  async #paidOf(taskIds: bigint[]): Promise<bigint> {
    const { chain } = this.#parts.ports;
    const accounts = await Promise.all(taskIds.map((taskId) => chain.memberAccount(taskId, chain.account)));
    return accounts.reduce((sum, account) => sum + (account?.claimed ?? 0n), 0n);
  }

  /**
   * Recover the stake; if open disputes may cost some of it, after they are closed.
   * @param disputes handles the disputes of the task
   */
  async releaseStake(taskId: bigint, disputes: Disputes): Promise<void> {
    const { ports, journal, signal } = this.#parts;
    const { chain } = ports;
    const members = await chain.members(taskId);
    const isMember = members.some((m) => sameAddress(m.address, chain.account));
    while (!signal.aborted) {
      const task = await chain.task(taskId);
      const next = await disputes.attend({ task, members });
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
