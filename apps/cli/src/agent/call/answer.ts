import type { AgentClient } from '@chorus/a2a';
import type { AgentMessage, AgentUsage, AnswerReceipt, Citation } from '@chorus/protocol';
import { pause } from '@chorus/utils';
import type { ToolEvent } from '../ask.ts';

/** How long an agent may take to cancel a task before it is left alone, ms. */
const CANCEL_MS = 5_000;

/** What became of a call. */
export interface Answer {
  /** Null if the agent made no task of it. */
  taskId: string | null;
  contextId: string | null;
  state: 'completed' | 'input-required' | 'rejected' | 'failed' | 'cancelled';
  text: string;
  /** Results besides the text, by name. */
  data: { name: string; value: unknown }[];
  files: { name: string | null; mediaType: string; bytes: number }[];
  /** What the text cites. */
  citations: Citation[];
  /** What the agent asks, or why it did not do it. */
  reason: string | null;
  usage: AgentUsage | null;
  /** If the agent gives receipts. */
  receipt: AnswerReceipt | null;
}

/** How a call is made, and how it ends early. */
export interface AnswerOptions {
  at: { contextId?: string; taskId?: string; messageId?: string };
  /** The client's signal. */
  hangUp: AbortController;
  /** Ends the call: the task is cancelled at the agent, then the client hangs up. */
  stop: AbortSignal;
  /** Called with each part of the text as it arrives. */
  onText: (text: string) => void;
  /** Called when the agent calls a tool, and when that has answered. */
  onTool: (event: ToolEvent) => void;
}

/**
 * Asks an agent, and reads the answer to its end.
 * @throws ChorusError of the client; the reason of `stop`
 */
export async function readAnswer(
  agent: AgentClient,
  message: AgentMessage,
  { at, hangUp, stop, onText, onTool }: AnswerOptions,
): Promise<Answer> {
  stop.throwIfAborted();
  const answer: Answer = {
    taskId: null,
    contextId: null,
    state: 'completed',
    text: '',
    data: [],
    files: [],
    citations: [],
    reason: null,
    usage: null,
    receipt: null,
  };
  const task = Promise.withResolvers<string>();
  const cancel = () =>
    void Promise.race([task.promise.then((id) => agent.cancel(id)), pause(CANCEL_MS, hangUp.signal)])
      .catch(() => undefined) // it ended by itself, or cannot be reached
      .finally(() => hangUp.abort(stop.reason));
  stop.addEventListener('abort', cancel, { once: true });
  try {
    for await (const event of agent.call(message, at)) {
      switch (event.type) {
        case 'task':
          Object.assign(answer, { taskId: event.taskId, contextId: event.contextId });
          task.resolve(event.taskId);
          break;
        case 'text':
          answer.text += event.text;
          onText(event.text);
          break;
        case 'data':
          answer.data.push({ name: event.name, value: event.value });
          break;
        case 'file': {
          const { name, mediaType, bytes } = event.file;
          answer.files.push({ name, mediaType, bytes: bytes.length });
          break;
        }
        case 'tool':
          onTool(event);
          break;
        case 'citations':
          answer.citations.push(...event.citations);
          break;
        default:
          answer.state = event.type;
          if (event.type === 'completed') {
            answer.usage = event.usage;
            answer.receipt = event.receipt ?? null;
          } else if (event.type === 'input-required') answer.reason = event.question;
          else if (event.type !== 'cancelled') answer.reason = event.reason;
      }
    }
  } catch (error) {
    throw stop.aborted ? stop.reason : error;
  } finally {
    stop.removeEventListener('abort', cancel);
  }
  stop.throwIfAborted();
  return answer;
}
