import type { ChildProcess } from 'node:child_process';
import { ChorusError, type Facts } from '@chorus/protocol';
import { residentBytes, unpackError } from '@chorus/training';
import type { Answer, FromHost, Job, Opened, Setup } from '../jobs/messages.ts';
import { post, startChild } from './child.ts';
import { EventQueue } from './event-queue.ts';

export interface HostLimits {
  /** Resident memory of the process, bytes. */
  memoryBytes: number;
  /** Seconds from one sign of progress to the next: opening the model is one such stretch, a byte of an answer another. */
  callSeconds: number;
}

/** Interval at which a computing process is checked. */
const WATCH_MILLISECONDS = 50;

/** A stopped job ends between two calls of the runtime; after this time its process is ended. */
const DEAF_MILLISECONDS = 2_000;

/** A process that crashed this number of times without finishing a job is not started again. */
const MAX_CRASHES = 3;

/** Longest kept output of a crashing process. */
const LAST_WORDS = 2_000;

/** One life of a model's process. */
interface Life {
  child: ChildProcess;
  opening: PromiseWithResolvers<Opened>;
  jobs: Map<number, EventQueue<Answer>>;
  exited: Promise<void>;
  fault?: ChorusError;
  lastWords: string;
  progressAt: number;
  opened: boolean;
  /** Whether it works at several jobs at once. */
  atOnce: boolean;
  /** Ended because of a caller who left, which is no fault of the model. */
  isAbandoned?: boolean;
  watch?: NodeJS.Timeout;
}

/**
 * A model in a process of its own. A process that crashes or passes a limit is started again with the next job, but not
 * after {@link MAX_CRASHES} such ends in a row.
 */
export class ModelHost {
  readonly #setup: Setup;
  readonly #limits: HostLimits;
  #life: Life | undefined;
  #opened: Opened | undefined;
  #crashes = 0;
  #failure: ChorusError | undefined;
  #closed = false;
  #next = 1;

  constructor(setup: Setup, limits: HostLimits) {
    this.#setup = setup;
    this.#limits = limits;
  }

  /** The process id; undefined while there is no process. */
  get pid(): number | undefined {
    return this.#life?.child.pid;
  }

  /**
   * Opens the model.
   * @throws ChorusError `E_MODEL_...` why it cannot be used
   */
  async open(signal?: AbortSignal): Promise<Opened> {
    signal?.throwIfAborted();
    const life = this.#begin();
    const onAbort = () => life.child.kill('SIGKILL');
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      this.#opened = await life.opening.promise;
      signal?.throwIfAborted();
      return this.#opened;
    } catch (error) {
      await this.close();
      throw signal?.aborted ? signal.reason : error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /**
   * Runs one job: after those before it, or with them if the model does several at once.
   * @throws ChorusError of the job; `E_MODEL_CRASHED`, `E_MODEL_MEMORY`, `E_MODEL_TIME`; `E_AGENT_CLOSED`; the signal's
   * reason when aborted
   */
  async *run(job: Job, signal: AbortSignal): AsyncGenerator<Answer> {
    if (this.#closed) throw closed();
    if (this.#failure) throw this.#failure;
    signal.throwIfAborted();
    const life = this.#life ?? this.#begin();
    const id = this.#next++;
    const answers = new EventQueue<Answer>();
    life.jobs.set(id, answers);
    this.#watch(life);
    const onAbort = () => answers.fail(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    post(life.child, { kind: 'job', id, job });
    try {
      yield* answers;
    } finally {
      signal.removeEventListener('abort', onAbort);
      if (life.jobs.has(id)) this.#stop(life, id);
    }
  }

  /** Ends the process during any work. Safe to call again. */
  async close(): Promise<void> {
    this.#closed = true;
    const life = this.#life;
    life?.child.kill('SIGKILL');
    await life?.exited;
  }

  #begin(): Life {
    const child = startChild();
    const gone = Promise.withResolvers<void>();
    const life: Life = {
      child,
      opening: Promise.withResolvers<Opened>(),
      jobs: new Map(),
      exited: gone.promise,
      lastWords: '',
      progressAt: performance.now(),
      opened: false,
      atOnce: this.#setup.task.kind === 'language',
    };
    // The opener awaits it; a job of a restarted process does not need to.
    life.opening.promise.catch(() => {});
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      life.lastWords = (life.lastWords + text).slice(-LAST_WORDS);
    });
    child.on('message', (message: FromHost) => {
      try {
        this.#receive(life, message);
      } catch {
        // The process of a stranger's model may have been taken over.
        life.fault ??= crashed({ reason: 'it sent an invalid message' });
        child.kill('SIGKILL');
      }
    });
    const ended = (facts: Facts) => {
      clearInterval(life.watch);
      this.#ended(life, facts);
      gone.resolve();
    };
    child.once('error', (error) => ended({ reason: error.message }));
    child.once('close', (code, signal) =>
      ended({ code, signal, lastWords: life.lastWords.trim().slice(-300) }),
    );
    this.#life = life;
    post(child, { kind: 'setup', setup: this.#setup });
    this.#watch(life);
    return life;
  }

  #receive(life: Life, message: FromHost): void {
    life.progressAt = performance.now();
    if (message.kind === 'opened') {
      life.opened = true;
      life.opening.resolve(message.opened);
    } else if (message.kind === 'unusable') {
      life.fault = unpackError(message.error);
      this.#failure ??= life.fault;
      life.child.kill('SIGKILL');
    } else if (message.kind === 'answer') life.jobs.get(message.id)?.push(message.answer);
    else {
      const answers = life.jobs.get(message.id);
      life.jobs.delete(message.id);
      this.#crashes = 0;
      if (message.kind === 'done') answers?.end();
      else answers?.fail(unpackError(message.error));
    }
    this.#watch(life);
  }

  /** A job whose caller is gone. */
  #stop(life: Life, id: number): void {
    post(life.child, { kind: 'stop', id });
    // Only while it is at this job: before, it may compute the answer of another caller.
    let wasAtIt = false;
    const look = () => {
      if (!life.jobs.has(id)) return;
      const isAtIt = life.opened && (life.atOnce ? isSilent(life) : life.jobs.keys().next().value === id);
      if (isAtIt && wasAtIt) {
        life.isAbandoned = true;
        return void life.child.kill('SIGKILL');
      }
      wasAtIt = isAtIt;
      setTimeout(look, DEAF_MILLISECONDS / 2).unref();
    };
    look();
  }

  /** Checks limits while the process computes. */
  #watch(life: Life): void {
    const isBusy = !life.opened || life.jobs.size > 0;
    if (isBusy && !life.watch) {
      life.progressAt = performance.now();
      life.watch = setInterval(() => this.#look(life), WATCH_MILLISECONDS);
      life.watch.unref();
    } else if (!isBusy) {
      clearInterval(life.watch);
      delete life.watch;
    }
  }

  #look(life: Life): void {
    const { memoryBytes, callSeconds } = this.#limits;
    const held = life.child.pid === undefined ? null : residentBytes(life.child.pid);
    const waited = (performance.now() - life.progressAt) / 1000;
    if (held !== null && held > memoryBytes) {
      life.fault ??= new ChorusError(
        'E_MODEL_MEMORY',
        'the model took more memory than it may, and was ended',
        {
          facts: { bytes: held, limit: memoryBytes },
          hint: 'use a smaller model',
        },
      );
    } else if (waited > callSeconds) {
      life.fault ??= new ChorusError('E_MODEL_TIME', 'the model computed longer than it may, and was ended', {
        facts: { seconds: Math.round(waited), limit: callSeconds },
        hint: 'use a smaller model',
      });
    } else return;
    life.child.kill('SIGKILL');
  }

  #ended(life: Life, facts: Facts): void {
    if (this.#life === life) this.#life = undefined;
    const fault = life.fault ?? crashed(facts);
    // A process that never opened cannot be restarted.
    if (!life.isAbandoned) this.#crashes++;
    if (!this.#opened || this.#crashes >= MAX_CRASHES) this.#failure ??= fault;
    const error = this.#closed ? (life.fault ?? closed()) : fault;
    life.opening.reject(error);
    for (const answers of life.jobs.values()) answers.fail(error);
    life.jobs.clear();
  }
}

/** A process that works at several jobs hears nothing while none of them moves on. */
const isSilent = ({ progressAt }: Life): boolean => performance.now() - progressAt > DEAF_MILLISECONDS / 2;

function crashed(facts: Facts): ChorusError {
  return new ChorusError('E_MODEL_CRASHED', "the model's process has ended unexpectedly", {
    facts,
    hint: 'the model or the input may be at fault: try others',
  });
}

function closed(): ChorusError {
  return new ChorusError('E_AGENT_CLOSED', 'the model has been closed');
}
