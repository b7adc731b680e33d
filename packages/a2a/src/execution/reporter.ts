import { randomUUID } from 'node:crypto';
import { type Part, type Task, TaskState } from '@a2a-js/sdk';
import { AgentEvent as A2aEvent, type ExecutionEventBus } from '@a2a-js/sdk/server';
import { type AgentEvent, ChorusError, type Citation } from '@chorus/protocol';
import { agentText, dataPart, filePart, textPart } from '../tasks/wire.ts';

/** Text waits this long for more of it: each chunk is an event, and is stored. */
const TEXT_PAUSE_MS = 100;
const TEXT_CHUNK = 4_096;
/** Longest name, question, reason or detail that is passed on. */
const MAX_WORDS = 8_000;

/** Key of metadata that says which tool an agent called. */
export const TOOL_KEY = 'urn:chorus:a2a:tool:v1';
/** Key of an artifact's metadata, and URI of the extension, that says what its text cites. */
export const CITATIONS_KEY = 'urn:chorus:a2a:citations:v1';
/** How a card says that answers cite documents (A2A 1.0, section 4.6). */
export const CITATIONS_EXTENSION = {
  uri: CITATIONS_KEY,
  description:
    'Answers cite documents: the metadata of an artifact has what the numbers in its text stand for.',
  required: false,
};
/** Key of the metadata of a completed status, and URI of the extension, that has the receipt of an answer. */
export const RECEIPT_KEY = 'urn:chorus:a2a:answer-receipt:v1';
/** How a card says that answers carry receipts (A2A 1.0, section 4.6). */
export const RECEIPT_EXTENSION = {
  uri: RECEIPT_KEY,
  description:
    'Answers carry receipts: the metadata of a completed task has a signed one, and says where its transcript is.',
  required: false,
};
/** Key of metadata that says what a task used of a model. */
export const USAGE_KEY = 'urn:chorus:a2a:usage:v1';

/** Reports the work on a task as events of A2A. After the last one, nothing more. */
export class Reporter {
  readonly #task: { id: string; contextId: string };
  readonly #bus: ExecutionEventBus;
  readonly #maxBytes: number;
  readonly #answerId = randomUUID();
  #citations: readonly Citation[] = [];
  #bytes = 0;
  #text = '';
  #begun = false;
  #ended = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(task: { id: string; contextId: string }, bus: ExecutionEventBus, maxBytes: number) {
    this.#task = task;
    this.#bus = bus;
    this.#maxBytes = maxBytes;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** The first event of every execution. */
  submitted(task: Pick<Task, 'history' | 'artifacts' | 'metadata'>): void {
    this.#bus.publish(
      A2aEvent.task({ ...task, ...this.#task, status: this.#status(TaskState.TASK_STATE_SUBMITTED) }),
    );
  }

  working(metadata?: Record<string, unknown>): void {
    this.#update(TaskState.TASK_STATE_WORKING, undefined, metadata);
  }

  /** @throws ChorusError `E_A2A_TOO_LARGE` if the agent answers more than it may */
  report(event: AgentEvent): void {
    if (this.#ended) return;
    if (event.type === 'text') this.#say(event.text);
    else if (event.type === 'data') this.#result(event.name, dataPart(event.value), sizeOf(event.value));
    else if (event.type === 'file') {
      this.#result(event.file.name ?? 'file', filePart(event.file), event.file.bytes.length);
    } else if (event.type === 'tool') {
      const { name, state, detail } = event;
      this.#flush(false);
      this.working({ [TOOL_KEY]: { name: short(name), state, detail: short(detail) } });
    } else if (event.type === 'citations') {
      this.#citations = event.citations;
    } else if (event.type === 'input-required') {
      this.end(TaskState.TASK_STATE_INPUT_REQUIRED, event.question);
    } else if (event.type === 'rejected') {
      this.end(TaskState.TASK_STATE_REJECTED, event.reason);
    } else if (event.type === 'completed') {
      this.end(TaskState.TASK_STATE_COMPLETED, undefined, {
        [USAGE_KEY]: { ...event.usage },
        ...(event.receipt ? { [RECEIPT_KEY]: { ...event.receipt } } : {}),
      });
    }
  }

  /** The last event. */
  end(state: TaskState, text?: string, metadata?: Record<string, unknown>): void {
    if (this.#ended) return;
    this.#flush(true);
    this.#ended = true;
    this.#update(state, text, metadata);
  }

  #say(text: string): void {
    if (text === '') return;
    this.#count(Buffer.byteLength(text));
    this.#text += text;
    if (!this.#begun || this.#text.length >= TEXT_CHUNK) this.#flush(false);
    else this.#timer ??= setTimeout(() => this.#flush(false), TEXT_PAUSE_MS);
  }

  #flush(last: boolean): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#ended || (this.#text === '' && !(last && this.#begun))) return;
    const append = this.#begun;
    this.#begun = true;
    const text = this.#text;
    this.#text = '';
    const cited = last && this.#citations.length > 0;
    this.#artifact(this.#answerId, 'answer', textPart(text), {
      append,
      lastChunk: last,
      ...(cited ? { citations: this.#citations } : {}),
    });
  }

  #result(name: string, part: Part, bytes: number): void {
    this.#count(bytes);
    this.#flush(false);
    this.#artifact(randomUUID(), short(name, 200), part, { append: false, lastChunk: true });
  }

  #artifact(
    artifactId: string,
    name: string,
    part: Part,
    { citations, ...chunk }: { append: boolean; lastChunk: boolean; citations?: readonly Citation[] },
  ): void {
    const metadata = citations && { [CITATIONS_KEY]: { citations: citations.map((each) => ({ ...each })) } };
    this.#bus.publish(
      A2aEvent.artifactUpdate({
        taskId: this.#task.id,
        contextId: this.#task.contextId,
        artifact: {
          artifactId,
          name,
          description: '',
          parts: [part],
          metadata,
          extensions: citations ? [CITATIONS_KEY] : [],
        },
        ...chunk,
        metadata: undefined,
      }),
    );
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes <= this.#maxBytes) return;
    throw new ChorusError('E_A2A_TOO_LARGE', 'the agent answered more than it may', {
      facts: { limit: this.#maxBytes },
    });
  }

  #update(state: TaskState, text?: string, metadata?: Record<string, unknown>): void {
    this.#bus.publish(
      A2aEvent.statusUpdate({
        taskId: this.#task.id,
        contextId: this.#task.contextId,
        status: this.#status(state, text),
        metadata,
      }),
    );
  }

  #status(state: TaskState, text?: string) {
    const message = text === undefined ? undefined : agentText(this.#task, short(text));
    return { state, message, timestamp: new Date().toISOString() };
  }
}

function short(text: string, limit = MAX_WORDS): string {
  return text.length > limit ? `${text.slice(0, limit)}...` : text;
}

function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value) ?? '');
}
