import {
  type ChorusError,
  cidFromDigest,
  decodeTerms,
  MAX_TERMS_BYTES,
  sameAddress,
  sha256Hex,
  type TaskState,
  type Terms,
} from '@chorus/protocol';
import { fitsData } from '../data/fit-data.ts';
import { openSession, type TaskSession } from '../rounds/session/task-session.ts';
import { TaskRunner } from '../rounds/task-runner.ts';
import { RETRY_MILLISECONDS } from '../utils/background.ts';
import type { IntakeParts } from './intake-parts.ts';
import { tellPresence } from './messages/presence.ts';

/** Opens the tasks that a node follows: terms, model, session, and the runner that lives through their rounds. */
export class TaskOpening {
  readonly #parts: IntakeParts;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /** Release everything of the task, because this node is not a member. */
  async forget(taskId: bigint): Promise<void> {
    const { files, journal } = this.#parts;
    await files.remove(taskId).catch(() => {});
    journal.forgetTask(taskId);
  }

  /** The terms on disk if they match the chain; else the terms from a peer. */
  async termsOf(task: TaskState, providers: string[]): Promise<Uint8Array> {
    const { ports, files, signal } = this.#parts;
    const terms = await files.readTerms(task.id);
    if (terms && sha256Hex(terms) === task.termsDigest) return terms;
    const fetched = await ports.storage.get(cidFromDigest(task.termsDigest, MAX_TERMS_BYTES), {
      maxBytes: MAX_TERMS_BYTES,
      timeoutMs: RETRY_MILLISECONDS.longest,
      from: providers,
      signal,
    });
    await files.writeTerms(task.id, fetched);
    return fetched;
  }

  /** `anyData`: this node's data need not fit a task that it follows without being a member. */
  open(
    task: TaskState,
    termsBytes: Uint8Array,
    providers: string[],
    { joined, anyData = false }: { joined: boolean; anyData?: boolean },
  ): Promise<TaskSession> {
    const { config } = this.#parts;
    const dataset = config.roles.some((role) => role !== 'aggregator') ? this.#parts.dataset : null;
    const fits = !anyData || (dataset !== null && fitsData(decodeTerms(termsBytes), dataset));
    return openSession({
      ...this.#parts,
      task,
      termsBytes,
      providers,
      dataset: fits ? dataset : null,
      joined,
      abandon: (fault) => this.abandon(task, decodeTerms(termsBytes), fault),
    });
  }

  /**
   * A model that cannot be run is not tried again, now or after a restart; the node of its owner goes on without it.
   */
  async abandon(task: TaskState, terms: Terms, fault: ChorusError): Promise<void> {
    const { ports, models, left, emit } = this.#parts;
    if (sameAddress(task.owner, ports.chain.account) || left.has(task.id)) return;
    await models.judge(terms, fault);
    await left.add(task.id);
    emit({ type: 'left', taskId: task.id });
  }

  follow(session: TaskSession): void {
    const { ports, config, runners, proving, background, completion, signal } = this.#parts;
    const runner = new TaskRunner(session);
    runners.set(session.taskId, runner);
    if (config.roles.includes('aggregator')) {
      // Prepared before the first round needs it.
      background.spawn(proving.prover(session.terms.dimension).then(() => {}));
    }
    background.spawn(tellPresence(ports, runner, signal));
    background.spawn(runner.run().then((ended) => completion.over(runner, ended)));
  }
}
