import type { Ports } from '@chorus/node';
import {
  type Announcement,
  ChorusError,
  decodeTerms,
  type Hex,
  hasCode,
  sameAddress,
  sha256Hex,
  type TaskState,
  type Verdict,
} from '@chorus/protocol';
import { BoundedMap } from '@chorus/utils';
import { RateLimiter } from '@libp2p/utils';

/** Number of tasks remembered whose terms the chain has confirmed: 100 bytes each. */
const MAX_CONFIRMED = 4_096;

/**
 * Limits for requests to the chain that one neighbour may cause: useless ones, concurrent ones, and the period in
 * seconds.
 */
const QUESTIONS = { points: 20, duration: 10 };

/**
 * Distinguishes true announcements from false ones.
 *
 * The terms of a task never change. So an announcement of a confirmed task is compared with the confirmed terms,
 * without a request to the chain. It is not forwarded unchecked: nodes that do not know the task yet would blame
 * this node for a false one.
 */
export class Announcements {
  readonly #ports: Ports;
  readonly #confirmed = new BoundedMap<bigint, Hex>(MAX_CONFIRMED);
  readonly #questions = new RateLimiter(QUESTIONS);

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /**
   * The verdict on an announcement from this neighbour; with the task, as the chain has it now, if the announcement
   * is new (`isKnown` is false) and true.
   */
  async judge(
    message: Announcement,
    via: string,
    isKnown: boolean,
  ): Promise<{ verdict: Verdict; task?: TaskState }> {
    const { chain } = this.#ports;
    if (message.chainId !== chain.chainId || !sameAddress(message.contract as Hex, chain.contract)) {
      return { verdict: 'reject' };
    }
    const confirmed = this.#confirmed.get(message.taskId) === sha256Hex(message.terms);
    if (confirmed && isKnown) return { verdict: 'accept' };
    try {
      this.#questions.consume(via);
    } catch {
      return { verdict: 'ignore' };
    }
    try {
      const task = await checkAnnouncement(this.#ports, message);
      this.#questions.reward(via);
      this.#remember(task);
      return isKnown ? { verdict: 'accept' } : { verdict: 'accept', task };
    } catch (error) {
      const isFalse = hasCode(error, 'E_ANNOUNCEMENT_FALSE') || hasCode(error, 'E_TERMS_INVALID');
      // If this node's chain does not know the task yet, the sender is not at fault.
      return { verdict: isFalse ? 'reject' : 'ignore' };
    }
  }

  #remember({ id, termsDigest }: TaskState): void {
    this.#confirmed.set(id, termsDigest);
  }
}

/**
 * Check an announcement against the chain.
 *
 * @returns the task, as the chain has it
 * @throws ChorusError `E_ANNOUNCEMENT_FALSE`, `E_TERMS_INVALID` if the chain contradicts it: the sender is at fault
 */
async function checkAnnouncement({ chain }: Ports, { taskId, terms }: Announcement): Promise<TaskState> {
  const task = await chain.task(taskId);
  if (sha256Hex(terms) !== task.termsDigest) {
    throw new ChorusError('E_ANNOUNCEMENT_FALSE', 'the announced terms are not those on chain', {
      facts: { taskId },
    });
  }
  decodeTerms(terms);
  return task;
}
