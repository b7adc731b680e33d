import {
  type ChainPort,
  ChorusError,
  type Hex,
  hasCode,
  sameAddress,
  sha256Hex,
  type Terms,
} from '@chorus/protocol';
import { type Background, pause } from './background.ts';
import type { Journal, Publication } from './journal/journal.ts';
import type { Ports } from './ports.ts';
import { announceTask, publishTask, type TaskRequest } from './stages/announce.ts';
import type { TaskFiles } from './task-files.ts';

/** How far back a task that was just published is looked for: others publish beside it. */
const SEARCH_TASKS = 1_000n;

/** Pause between two announcements of a task that is still looking for members. */
const ANNOUNCE_MILLISECONDS = 1_000;

/** The number of the newest task on the contract, 0 where there is none. Tasks are numbered from 1. */
async function newestTask(chain: ChainPort): Promise<bigint> {
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
async function findPublished(chain: ChainPort, termsDigest: Hex, after: bigint): Promise<bigint | null> {
  const newest = await newestTask(chain);
  const until = newest - after > SEARCH_TASKS ? newest - SEARCH_TASKS : after;
  for (let taskId = newest; taskId > until; taskId--) {
    const task = await chain.task(taskId);
    if (sameAddress(task.owner, chain.account) && task.termsDigest === termsDigest) return taskId;
  }
  return null;
}

export interface PublishingParts {
  ports: Ports;
  journal: Journal;
  files: TaskFiles;
  background: Background;
  signal: AbortSignal;
}

/** The tasks of this node itself, from their creation until they have their members. */
export class Publishing {
  readonly #parts: PublishingParts;

  constructor(parts: PublishingParts) {
    this.#parts = parts;
  }

  /** The budget is escrowed once, whatever happens between sending the transaction and learning of it. */
  async create(request: TaskRequest): Promise<{ taskId: bigint; terms: Terms }> {
    const { ports, journal } = this.#parts;
    const { chain } = ports;
    let digest: Hex | null = null;
    try {
      return await publishTask(ports, request, async (terms) => {
        const termsDigest = sha256Hex(terms);
        digest = termsDigest;
        const known = journal.publications().find((each) => each.termsDigest === termsDigest);
        const created = known ? await findPublished(chain, termsDigest, known.after) : null;
        if (!known) journal.beginPublication({ termsDigest, terms, after: await newestTask(chain) });
        return created;
      });
    } catch (error) {
      if (digest && !hasCode(error, 'E_CHAIN_UNREACHABLE')) journal.endPublication(digest, null);
      throw error;
    }
  }

  /** A task of this node's: from now on it is known, and announced until it has its members. */
  async owns(taskId: bigint, terms: Uint8Array): Promise<void> {
    const { ports, journal, files, background } = this.#parts;
    await files.writeTerms(taskId, terms);
    journal.endPublication(sha256Hex(terms), taskId);
    background.spawn(this.#announceUntilRunning(taskId, () => announceTask(ports, taskId, terms)));
  }

  /**
   * A task that was being published when an earlier run ended: its number, or null where it was never created.
   * @throws ChorusError `E_CHAIN_UNREACHABLE` while its transaction may still be mined
   */
  async find({ termsDigest, after }: Publication): Promise<bigint | null> {
    const { ports, journal } = this.#parts;
    const { chain } = ports;
    const taskId = await findPublished(chain, termsDigest, after);
    if (taskId !== null) return taskId;
    if ((await journal.transactions.list(chain.chainId, chain.account)).length > 0) {
      throw new ChorusError('E_CHAIN_UNREACHABLE', 'the transaction of a task is not mined yet');
    }
    journal.endPublication(termsDigest, null);
    return null;
  }

  async #announceUntilRunning(taskId: bigint, announce: () => Promise<void>): Promise<void> {
    const { ports, signal } = this.#parts;
    while (!signal.aborted) {
      await pause(ANNOUNCE_MILLISECONDS, signal);
      if ((await ports.chain.task(taskId)).status !== 'joining') return;
      await announce();
    }
  }
}
