import { randomUUID } from 'node:crypto';
import { newestTask } from '@chorus/inspector';
import type { Ports } from '@chorus/node';
import {
  type ChainAccount,
  ChorusError,
  type Hex,
  isOutcomeUnknown,
  sameAddress,
  sha256Hex,
  type TaskChain,
} from '@chorus/protocol';
import { pause } from '@chorus/utils';
import pLimit from 'p-limit';
import type { Journal } from '../journal/journal.ts';
import type { Publication } from '../journal/publications.ts';
import type { TaskFiles } from '../payloads/task-files.ts';
import type { Background } from '../utils/background.ts';
import { announceTask, type PreparedTask, type TaskRequest } from './announce.ts';

/** The current step of publishing. */
export type PublishStep = 'check' | 'escrow';

export interface PublishOptions {
  /**
   * A repeated request under the same id means the same task, even after a crash. Without an id, each call creates
   * a new task.
   */
  id?: string;
  onStep?: (step: PublishStep) => void;
}

/** Number of tasks to search for one that was just published: other requesters publish at the same time. */
const SEARCH_TASKS = 1_000n;

/** Pause between two announcements of a task that is still looking for members. */
const ANNOUNCE_MILLISECONDS = 1_000;

/** The task with these terms that this account created after task number `after`; null if not found. */
async function findPublished(
  chain: ChainAccount & TaskChain,
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

/** A request without its model's bytes: the CID identifies the model. */
export type RequestOutline = Pick<TaskRequest, 'terms' | 'params'> & { model: string };

/** A digest that is the same for equal requests, regardless of the order of their fields. */
export function requestDigest({ terms, params, model }: RequestOutline): Hex {
  const text = JSON.stringify({ terms, params, model }, (_, value) => {
    if (typeof value === 'bigint') return value.toString();
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
  return sha256Hex(new TextEncoder().encode(text));
}

export interface PublishingParts {
  ports: Ports;
  journal: Journal;
  files: TaskFiles;
  background: Background;
  signal: AbortSignal;
}

/** The request and its id. */
export interface Asked {
  /**
   * A repeated request under the same id gives the same task; without an id, only a task that is not known yet is
   * found.
   */
  id?: string | undefined;
  requestDigest: Hex;
}

/** The tasks of this node itself, from their creation until they have their members. */
export class TaskCreator {
  readonly #parts: PublishingParts;
  /** One at a time, so that two tasks with equal terms are not confused. */
  readonly #alone = pLimit(1);
  readonly #announced = new Set<bigint>();

  constructor(parts: PublishingParts) {
    this.#parts = parts;
  }

  /**
   * The outcome for an id: its task, that it is unknown yet, or null if nothing was escrowed under it. Without an
   * id, an equal request with unknown outcome is used.
   * @throws ChorusError `E_PUBLICATION_OTHER` if the id was used for another request
   */
  known({ id, requestDigest: digest }: Asked): Publication | null {
    const { journal } = this.#parts;
    if (id === undefined)
      return journal.publications.open().find((each) => each.requestDigest === digest) ?? null;
    const known = journal.publications.find(id);
    if (known && known.requestDigest !== digest) throw otherRequest(id);
    return known;
  }

  /**
   * Create a task. The budget is escrowed only once, whatever happens between sending the transaction and learning
   * its outcome: if the outcome is unknown, the id stays open, and a repeated request looks for the task first.
   *
   * @throws ChorusError `E_PUBLICATION_OTHER`, `E_PUBLICATION_OPEN` while another with these terms may be mined, and
   *   the errors of the chain
   */
  create(asked: Asked, { bytes, params }: PreparedTask): Promise<bigint> {
    return this.#alone(async () => {
      const { ports, journal } = this.#parts;
      const { chain, storage } = ports;
      const { id = randomUUID(), requestDigest: digest } = asked;
      const { termsDigest } = params;
      const open = journal.publications.open().find((each) => each.termsDigest === termsDigest);
      const known = this.known(asked);
      if (known && known.taskId !== null) return known.taskId;
      if (open && known?.id !== open.id) {
        throw new ChorusError('E_PUBLICATION_OPEN', 'a task with the same terms is being published', {
          facts: { id: open.id },
          hint: 'wait until its outcome is known, or send the request under its id',
        });
      }
      const found = known ? await this.#find(known) : null;
      if (found !== null) return found;
      await storage.put(bytes);
      const after = await newestTask(chain);
      journal.publications.begin({ id, requestDigest: digest, termsDigest, terms: bytes, after });
      try {
        const { taskId } = await chain.createTask(params);
        await this.#created(id, taskId, bytes);
        return taskId;
      } catch (error) {
        const refused = error instanceof ChorusError && error.code.startsWith('E_CHAIN_');
        if (refused && !isOutcomeUnknown(error)) journal.publications.end(id, null);
        throw error;
      }
    });
  }

  /** Record this node's own task, and announce it until it has its members. */
  async owns(taskId: bigint, terms: Uint8Array): Promise<void> {
    const { ports, journal, files, background } = this.#parts;
    await files.writeTerms(taskId, terms);
    if (journal.task(taskId) === null) journal.setTask(taskId, 'owned');
    if (this.#announced.has(taskId)) return;
    this.#announced.add(taskId);
    background.spawn(
      background.retrying(
        () => this.#announceUntilRunning(taskId, () => announceTask(ports, taskId, terms)),
        taskId,
      ),
    );
  }

  /**
   * The number of a task of which it is not known whether it was created; null if it was not.
   * @throws ChorusError `E_CHAIN_UNREACHABLE` while its transaction may still be mined
   */
  find(publication: Publication): Promise<bigint | null> {
    return this.#alone(() => this.#find(publication));
  }

  async #find({ id, termsDigest, terms, after }: Publication): Promise<bigint | null> {
    const { ports, journal } = this.#parts;
    const { chain } = ports;
    // Checked before the chain is read: a transaction that is no longer pending is then in what is read, or does not
    // exist.
    const sent = await journal.store.transactions.list(chain.chainId, chain.account);
    const taskId = await findPublished(chain, termsDigest, after);
    if (taskId !== null) {
      await this.#created(id, taskId, terms);
      return taskId;
    }
    if (sent.length > 0) {
      throw new ChorusError('E_CHAIN_UNREACHABLE', 'the transaction of a task is not mined yet');
    }
    journal.publications.end(id, null);
    return null;
  }

  /** Store its terms first: every task in the journal has its files. */
  async #created(id: string, taskId: bigint, terms: Uint8Array): Promise<void> {
    await this.#parts.files.writeTerms(taskId, terms);
    this.#parts.journal.publications.end(id, taskId);
    this.#parts.journal.setTask(taskId, 'owned');
  }

  async #announceUntilRunning(taskId: bigint, announce: () => Promise<void>): Promise<void> {
    const { ports, background, signal } = this.#parts;
    while (!signal.aborted) {
      if ((await ports.chain.task(taskId)).status !== 'joining') return;
      await background.report(announce(), taskId);
      await pause(ANNOUNCE_MILLISECONDS, signal);
    }
  }
}

export function otherRequest(id: string): ChorusError {
  return new ChorusError('E_PUBLICATION_OTHER', 'this id was used to request another task', {
    facts: { id },
    hint: 'use a new id for a new task; reuse an id only with an identical request',
  });
}
