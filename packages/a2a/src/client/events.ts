import { type StreamResponse, type Task, TaskState } from '@a2a-js/sdk';
import type { AgentEvent } from '@chorus/protocol';
import { z } from 'zod';
import { CITATIONS_KEY, RECEIPT_KEY, TOOL_KEY, USAGE_KEY } from '../execution/reporter.ts';
import { fromParts } from '../tasks/wire.ts';

/**
 * What a caller sees of a task: the events of the agent, and what becomes of the task. The last event ends it, or
 * asks.
 */
export type CallEvent =
  // Tools of callers do not travel.
  | Exclude<AgentEvent, { type: 'call' | 'call-part' }>
  /** First: the task and the conversation, to come back to. */
  | { type: 'task'; taskId: string; contextId: string }
  /** The agent could not do it. */
  | { type: 'failed'; reason: string }
  | { type: 'cancelled' };

const tool = z.object({
  name: z.string(),
  state: z.enum(['called', 'answered', 'failed']),
  detail: z.string(),
});
const count = z.number().int().nonnegative().nullable();
const usage = z.object({ inputTokens: count, outputTokens: count });
const text = z.string().max(4_096);
const citations = z.object({
  citations: z
    .array(
      z.object({
        number: z.number().int().positive(),
        source: text,
        place: text.nullable(),
        quote: text,
        start: z.number().int().nonnegative(),
        end: z.number().int().nonnegative(),
      }),
    )
    .min(1)
    .max(100),
});
const receipt = z.object({
  jws: z.string().max(8_000),
  path: z.string().regex(/^transcripts\/[0-9a-f]{64}$/),
});
const NO_USAGE = { inputTokens: null, outputTokens: null };

const LAST = new Set(['completed', 'input-required', 'rejected', 'failed', 'cancelled']);
export const isLast = (event: CallEvent): boolean => LAST.has(event.type);

/** Turns what an agent sends about one task into events. */
export class EventReader {
  /** Artifacts seen, so that a task read again tells nothing twice. */
  readonly #seen = new Set<string>();
  #taskId: string | null = null;

  *read({ payload }: StreamResponse): Generator<CallEvent> {
    if (payload?.$case === 'task') yield* this.task(payload.value);
    else if (payload?.$case === 'message') {
      yield* results(payload.value.parts, 'answer');
      yield { type: 'completed', usage: NO_USAGE };
    } else if (payload?.$case === 'artifactUpdate') {
      const { artifact, append } = payload.value;
      if (!artifact || (!append && this.#seen.has(artifact.artifactId))) return;
      this.#seen.add(artifact.artifactId);
      yield* results(artifact.parts, artifact.name);
      yield* cited(artifact.metadata);
    } else if (payload?.$case === 'statusUpdate') {
      yield* this.#status(payload.value.status, payload.value.metadata);
    }
  }

  *task(task: Task): Generator<CallEvent> {
    if (this.#taskId !== task.id) {
      this.#taskId = task.id;
      yield { type: 'task', taskId: task.id, contextId: task.contextId };
    }
    for (const { artifactId, name, parts, metadata } of task.artifacts) {
      if (this.#seen.has(artifactId)) continue;
      this.#seen.add(artifactId);
      yield* results(parts, name);
      yield* cited(metadata);
    }
    yield* this.#status(task.status, task.metadata);
  }

  *#status(status: Task['status'], metadata: Record<string, unknown> | undefined): Generator<CallEvent> {
    const words = status?.message ? fromParts(status.message.parts, 'agent').text : '';
    const called = tool.safeParse(metadata?.[TOOL_KEY]);
    switch (status?.state) {
      case TaskState.TASK_STATE_WORKING:
        if (called.success) yield { type: 'tool', ...called.data };
        return;
      case TaskState.TASK_STATE_COMPLETED: {
        // Agents of others put their answer here.
        if (this.#seen.size === 0 && status.message) yield* results(status.message.parts, 'answer');
        const used = usage.safeParse(metadata?.[USAGE_KEY]);
        const signed = receipt.safeParse(metadata?.[RECEIPT_KEY]);
        yield {
          type: 'completed',
          usage: used.success ? used.data : NO_USAGE,
          ...(signed.success ? { receipt: signed.data } : {}),
        };
        return;
      }
      case TaskState.TASK_STATE_INPUT_REQUIRED:
      case TaskState.TASK_STATE_AUTH_REQUIRED:
        yield { type: 'input-required', question: words };
        return;
      case TaskState.TASK_STATE_REJECTED:
        yield { type: 'rejected', reason: words };
        return;
      case TaskState.TASK_STATE_FAILED:
        yield { type: 'failed', reason: words || 'the agent failed and does not say why' };
        return;
      case TaskState.TASK_STATE_CANCELED:
        yield { type: 'cancelled' };
    }
  }
}

function* cited(metadata: Record<string, unknown> | undefined): Generator<CallEvent> {
  const read = citations.safeParse(metadata?.[CITATIONS_KEY]);
  if (read.success) yield { type: 'citations', citations: read.data.citations };
}

function* results(parts: Parameters<typeof fromParts>[0], name: string): Generator<CallEvent> {
  for (const part of parts) {
    const { text, files, data } = fromParts([part], 'agent');
    if (text) yield { type: 'text', text };
    for (const file of files) yield { type: 'file', file };
    for (const value of data) yield { type: 'data', name, value };
  }
}
