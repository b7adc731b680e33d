import { randomUUID } from 'node:crypto';
import { type Artifact, type Message, type Part, Role } from '@a2a-js/sdk';
import type { AgentAttachment, AgentMessage } from '@chorus/protocol';

/** Metadata of a message that an agent passes on: how many agents have done so, this one included. */
const HOPS_KEY = 'urn:chorus:a2a:hops:v1';

/** More than any agent allows. */
const MAX_HOPS = 1_000;

/** How many agents have passed a message on, as its sender says. */
export function hopsOf({ metadata }: Pick<Message, 'metadata'>): number {
  const hops: unknown = metadata?.[HOPS_KEY];
  return typeof hops === 'number' && Number.isInteger(hops) && hops > 0 ? Math.min(hops, MAX_HOPS) : 0;
}

/** Media type of a file whose sender does not say. */
const UNKNOWN_TYPE = 'application/octet-stream';

const plain = { metadata: undefined, filename: '' };

export const textPart = (value: string): Part => ({
  ...plain,
  content: { $case: 'text', value },
  mediaType: 'text/plain',
});

export const dataPart = (value: unknown): Part => ({
  ...plain,
  content: { $case: 'data', value },
  mediaType: 'application/json',
});

export const filePart = ({ name, mediaType, bytes }: AgentAttachment): Part => ({
  ...plain,
  content: { $case: 'raw', value: Buffer.from(bytes) },
  filename: name ?? '',
  mediaType,
});

/** A message in which the agent says something about a task. */
export function agentText(task: { id: string; contextId: string }, text: string): Message {
  return message(Role.ROLE_AGENT, [textPart(text)], { taskId: task.id, contextId: task.contextId });
}

export function message(
  role: Role,
  parts: Part[],
  at: { taskId?: string; contextId?: string; messageId?: string; hops?: number } = {},
): Message {
  return {
    messageId: at.messageId ?? randomUUID(),
    contextId: at.contextId ?? '',
    taskId: at.taskId ?? '',
    role,
    parts,
    metadata: at.hops ? { [HOPS_KEY]: at.hops } : undefined,
    extensions: [],
    referenceTaskIds: [],
  };
}

/**
 * The parts of a message as an executor, or a caller, reads them. Files by URL are left out: they are never fetched.
 */
export function fromParts(parts: readonly Part[], from: AgentMessage['from']): AgentMessage {
  const text: string[] = [];
  const files: AgentAttachment[] = [];
  const data: unknown[] = [];
  for (const { content, filename, mediaType } of parts) {
    if (content?.$case === 'text') text.push(content.value);
    else if (content?.$case === 'data') data.push(content.value);
    else if (content?.$case === 'raw') {
      const bytes = new Uint8Array(content.value);
      files.push({ name: filename || null, mediaType: mediaType || UNKNOWN_TYPE, bytes });
    }
  }
  return { from, text: text.join('\n'), files, data };
}

export function toParts({ text, files, data }: AgentMessage): Part[] {
  return [...(text ? [textPart(text)] : []), ...files.map(filePart), ...data.map(dataPart)];
}

/** What was said in a task, the oldest first; its results count as one message of the agent. */
export function saidIn(task: {
  history: readonly Message[];
  artifacts: readonly Artifact[];
}): AgentMessage[] {
  const said = task.history.map(({ role, parts }) =>
    fromParts(parts, role === Role.ROLE_AGENT ? 'agent' : 'caller'),
  );
  const results = task.artifacts.flatMap(({ parts }) => parts);
  return results.length > 0 ? [...said, fromParts(results, 'agent')] : said;
}
