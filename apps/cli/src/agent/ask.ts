import { randomUUID } from 'node:crypto';
import type { AgentEvent, AgentExecutor, AgentMessage, AgentUsage, Citation } from '@chorus/protocol';

/** A call of a tool, or what became of it. */
export type ToolEvent = Extract<AgentEvent, { type: 'tool' }>;

/** What an agent answered. */
export interface Reply {
  text: string;
  /** Results besides the text, by name. */
  data: { name: string; value: unknown }[];
  /** Calls of tools, in order. */
  tools: { name: string; state: ToolEvent['state']; detail: string }[];
  /** What the text cites. */
  citations: Citation[];
  /** Why the agent does not do it; null if it did. */
  rejected: string | null;
  usage: AgentUsage | null;
}

export interface Question {
  contextId: string;
  message: AgentMessage;
  history: readonly AgentMessage[];
  signal: AbortSignal;
  /** Called with each part of the text as it arrives. */
  onText?: (text: string) => void;
  /** Called when the agent calls a tool, and when that has answered. */
  onTool?: (event: ToolEvent) => void;
}

export const callerSays = (text: string, files: AgentMessage['files'] = []): AgentMessage => ({
  from: 'caller',
  text,
  files,
  data: [],
});

/**
 * Asks an agent that runs in this process, as its owner.
 * @throws ChorusError of the agent; the signal's reason when aborted
 */
export async function ask(
  executor: AgentExecutor,
  { contextId, message, history, signal, onText, onTool }: Question,
): Promise<Reply> {
  const reply: Reply = { text: '', data: [], tools: [], citations: [], rejected: null, usage: null };
  const request = { taskId: randomUUID(), contextId, message, history, caller: 'owner' };
  for await (const event of executor.execute(request, signal)) {
    if (event.type === 'text') {
      reply.text += event.text;
      onText?.(event.text);
    } else if (event.type === 'data') reply.data.push({ name: event.name, value: event.value });
    else if (event.type === 'tool') {
      const { name, state, detail } = event;
      reply.tools.push({ name, state, detail });
      onTool?.(event);
    } else if (event.type === 'citations') reply.citations.push(...event.citations);
    else if (event.type === 'rejected') reply.rejected = event.reason;
    else if (event.type === 'completed') reply.usage = event.usage;
  }
  return reply;
}

/** An answer as a message of the conversation. */
export const agentSaid = ({ text, data }: Reply): AgentMessage => ({
  from: 'agent',
  text,
  files: [],
  data: data.map(({ value }) => value),
});
