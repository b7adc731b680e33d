import { type Task, TaskState } from '@a2a-js/sdk';
import type { ExecutionEventBus, RequestContext, AgentExecutor as SdkExecutor } from '@a2a-js/sdk/server';
import {
  type AgentEvent,
  type AgentExecutor,
  type AgentRequest,
  ChorusError,
  explain,
} from '@chorus/protocol';
import { pause } from '@chorus/utils';
import type { A2aLimits } from '../tasks/limits.ts';
import { ownerOf, type TaskStore } from '../tasks/task-store.ts';
import { fromParts, hopsOf, saidIn } from '../tasks/wire.ts';
import { Reporter } from './reporter.ts';
import { Slots } from './slots.ts';

/** How long an executor may take to end after its abort; after that its place is given to others. */
const GRACE_MS = 10_000;
/** Earlier messages that an executor is given. */
const MAX_HISTORY = 100;

interface Execution {
  reporter: Reporter;
  abort: AbortController;
}

export interface ExecutionsParts {
  executor: AgentExecutor;
  store: TaskStore;
  limits: A2aLimits;
}

/** Runs the tasks of one agent: some at a time, each for a limited time, and stops those that are cancelled. */
export class Executions implements SdkExecutor {
  readonly #parts: ExecutionsParts;
  readonly #slots: Slots;
  /** By task id. */
  readonly #running = new Map<string, Execution>();
  #closed = false;

  constructor(parts: ExecutionsParts) {
    this.#parts = parts;
    this.#slots = new Slots(parts.limits);
  }

  /** Tasks that run, or wait for their turn. */
  get open(): number {
    return this.#slots.open;
  }

  /** Whether the agent works on a task now. */
  isRunning(taskId: string): boolean {
    return this.#running.get(taskId)?.reporter.ended === false;
  }

  /**
   * Take a place for a task that is about to come; gives it back when called.
   * @throws ChorusError `E_A2A_BUSY`
   */
  admit(caller: string): () => void {
    if (this.#closed) throw new ChorusError('E_A2A_BUSY', 'the agent is closing');
    return this.#slots.take(caller);
  }

  async ready(): Promise<void> {
    await this.#parts.executor.admit?.(true);
  }

  /** Never rejects: what goes wrong is the task's last status. */
  async execute(context: RequestContext, bus: ExecutionEventBus): Promise<void> {
    const { limits } = this.#parts;
    const abort = new AbortController();
    const task = { id: context.taskId, contextId: context.contextId };
    const reporter = new Reporter(task, bus, limits.maxAnswerBytes);
    const release = context.context.state.get(PLACE) as (() => void) | undefined;
    // From here on it is given back by this function alone.
    context.context.state.delete(PLACE);
    const execution = { reporter, abort };
    this.#running.set(task.id, execution);
    let end: (() => void) | undefined;
    let timer: NodeJS.Timeout | undefined;
    try {
      const known = context.task;
      const history = known?.history ?? [];
      const said = history.some(({ messageId }) => messageId === context.userMessage.messageId);
      reporter.submitted({
        history: said ? history : [...history, context.userMessage],
        artifacts: known?.artifacts ?? [],
        metadata: known?.metadata,
      });
      end = await this.#slots.turn(abort.signal);
      timer = setTimeout(() => abort.abort(late(limits.maxTaskSeconds)), limits.maxTaskSeconds * 1_000);
      reporter.working();
      await this.#run(this.#requestOf(context), reporter, abort.signal);
    } catch (error) {
      reporter.end(TaskState.TASK_STATE_FAILED, wordsOf(error));
    } finally {
      clearTimeout(timer);
      end?.();
      release?.();
      if (this.#running.get(task.id) === execution) this.#running.delete(task.id);
    }
  }

  async #run(request: AgentRequest, reporter: Reporter, signal: AbortSignal): Promise<void> {
    const events = this.#parts.executor.execute(request, signal)[Symbol.asyncIterator]();
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    aborted.catch(() => undefined);
    try {
      while (!reporter.ended) {
        const next: IteratorResult<AgentEvent> = await Promise.race([events.next(), aborted]);
        if (next.done) throw new ChorusError('E_A2A_RESPONSE', 'the agent ended without an answer');
        reporter.report(next.value);
      }
    } catch (error) {
      // Told at once; the place is kept until the executor has ended, or will not.
      reporter.end(TaskState.TASK_STATE_FAILED, wordsOf(error));
    }
    const ending = Promise.resolve(events.return?.()).catch(() => undefined);
    const grace = new AbortController();
    await Promise.race([ending, pause(GRACE_MS, grace.signal).catch(() => undefined)]);
    grace.abort();
  }

  #requestOf(context: RequestContext): AgentRequest {
    const { store } = this.#parts;
    const earlier = store.conversation(context.contextId, context.taskId, context.context).flatMap(saidIn);
    const own = context.task ? saidIn(withoutLast(context.task, context.userMessage.messageId)) : [];
    return {
      taskId: context.taskId,
      contextId: context.contextId,
      message: fromParts(context.userMessage.parts, 'caller'),
      history: [...earlier, ...own].slice(-MAX_HISTORY),
      caller: ownerOf(context.context),
      hops: hopsOf(context.userMessage),
    };
  }

  async cancelTask(taskId: string, bus: ExecutionEventBus): Promise<void> {
    const execution = this.#running.get(taskId);
    const words = 'The caller cancelled the task.';
    if (execution && !execution.reporter.ended) {
      execution.reporter.end(TaskState.TASK_STATE_CANCELED, words);
      execution.abort.abort(new ChorusError('E_ABORTED', 'the caller cancelled the task'));
    } else {
      const contextId = this.#parts.store.contextOf(taskId);
      new Reporter({ id: taskId, contextId }, bus, 0).end(TaskState.TASK_STATE_CANCELED, words);
    }
  }

  /** Ends what runs. */
  close(): void {
    this.#closed = true;
    for (const { abort, reporter } of this.#running.values()) {
      reporter.end(TaskState.TASK_STATE_FAILED, 'The agent was stopped. Ask again later.');
      abort.abort(new ChorusError('E_AGENT_CLOSED', 'the agent is closing'));
    }
  }
}

/** Key of a call's state: gives back the place that was taken for its task. */
export const PLACE = 'chorus:place';

/** The words of an error that a caller may read: those that Chorus wrote, not those of a library or the system. */
function wordsOf(error: unknown): string {
  if (!(error instanceof ChorusError)) return 'The agent failed.';
  const { code, hint } = explain(error);
  return `${error.message}${hint ? ` - ${hint}` : ''} (${code})`;
}

function late(seconds: number): ChorusError {
  return new ChorusError('E_A2A_TIME', `the agent was not done within ${seconds} s`, {
    hint: 'ask for less at a time',
  });
}

function withoutLast(task: Task, messageId: string): Task {
  return { ...task, history: task.history.filter((message) => message.messageId !== messageId) };
}
