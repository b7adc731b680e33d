import {
  type AgentMessage,
  type AgentRequest,
  ChorusError,
  type EngineFacts,
  type EngineMessage,
  type Passage,
  type ToolDescription,
} from '@chorus/protocol';
import type { AgentDefinition } from '../file/definition.ts';
import { FENCE_RULE } from './fence.ts';
import { withPassages } from './passages.ts';

/** Part of a request's tokens that the question may take; the rest is for the answer. */
const QUESTION_PART = 3 / 4;

/** Tokens around each message, in the templates of chat models. */
const PER_MESSAGE = 4;

export interface Prompt {
  messages: EngineMessage[];
  /** Estimated from the size of the texts: the model counts its own tokens only when it answers. */
  tokens: number;
  /** Those that the model is shown, numbered from 1 in this order. */
  passages: readonly Passage[];
}

export interface PromptExtras {
  tools?: readonly ToolDescription[];
  /** Whether what tools answer is marked as data, because the agent calls some of them itself. */
  callsOwn?: boolean;
  /** What the agent's documents say to the message, the nearest first. */
  passages?: readonly Passage[];
  /** Marks them as data. */
  code?: string;
}

/**
 * What the model is shown for one request: the instructions, as much of the conversation as fits, and the message.
 * All of it is from the definition and this request: nothing of another caller can be in it.
 * @param tokens most tokens of question and answer together
 * @throws ChorusError `E_AGENT_CONTEXT` if the instructions and the message alone are too long
 */
export function promptFor(
  { instructions }: AgentDefinition,
  { conversation, bytesPerToken }: EngineFacts,
  { message, history, steps = [] }: Pick<AgentRequest, 'message' | 'history' | 'steps'>,
  tokens: number,
  { tools = [], callsOwn = false, passages = [], code = '' }: PromptExtras = {},
): Prompt {
  const count = (each: EngineMessage) => tokensOf(each, bytesPerToken);
  const rules = [instructions, callsOwn || passages.length > 0 ? FENCE_RULE : ''].filter(
    (text) => text.trim() !== '',
  );
  const system: EngineMessage[] =
    conversation && rules.length > 0
      ? [{ role: 'system', text: rules.join('\n\n'), files: [], data: [] }]
      : [];
  const asked = messageOf(message);
  const most = Math.floor(tokens * QUESTION_PART);
  const since = steps.map(messageOf);
  const fixed = since.reduce((sum, each) => sum + count(each), tokensOfTools(tools, bytesPerToken));
  const room = most - [...system, asked].reduce((sum, each) => sum + count(each), fixed);
  const { text, shown } = withPassages(asked.text, passages, code, room * (bytesPerToken ?? 1));
  const question = { ...asked, text };
  let used = [...system, question].reduce((sum, each) => sum + count(each), fixed);
  if (used > most) {
    throw new ChorusError('E_AGENT_CONTEXT', 'the message is too long for this agent', {
      facts: { tokens: used, limit: most },
      hint: "shorten it, or let the agent's owner raise limits.tokens",
    });
  }
  const earlier: EngineMessage[] = [];
  for (const each of conversation ? history.toReversed() : []) {
    const said = messageOf(each);
    used += count(said);
    if (used > most) {
      used -= count(said);
      break;
    }
    earlier.unshift(said);
  }
  // A conversation begins with its caller: some chat templates refuse any other order.
  while (earlier[0]?.role === 'assistant') used -= count(earlier.shift()!);
  return { messages: [...system, ...earlier, question, ...since], tokens: used, passages: shown };
}

/** What the descriptions of the tools add to every prompt. */
function tokensOfTools(tools: readonly ToolDescription[], bytesPerToken: number | null): number {
  const bytes = tools.reduce(
    (sum, { name, description, inputSchema }) =>
      sum + Buffer.byteLength(name + description) + Buffer.byteLength(JSON.stringify(inputSchema)),
    0,
  );
  return Math.ceil(bytes / (bytesPerToken ?? Infinity));
}

/** An estimate of what a message takes of the prompt. */
export function tokensOf(message: EngineMessage, bytesPerToken: number | null): number {
  if (bytesPerToken === null) return 0;
  return Math.ceil(bytesOf(message) / bytesPerToken) + (bytesPerToken > 1 ? PER_MESSAGE : 0);
}

function messageOf({ from, text, files, data, calls }: AgentMessage): EngineMessage {
  return { role: from === 'caller' ? 'user' : 'assistant', text, files, data, ...(calls && { calls }) };
}

function bytesOf({ text, files, data, calls = [] }: EngineMessage): number {
  const values = data.reduce<number>((sum, value) => sum + (JSON.stringify(value)?.length ?? 0), 0);
  const textFiles = files.filter(({ mediaType }) => isText(mediaType));
  const called = calls.reduce(
    (sum, { name, input, output }) =>
      sum + Buffer.byteLength(name + output) + Buffer.byteLength(JSON.stringify(input) ?? ''),
    0,
  );
  return (
    called + Buffer.byteLength(text) + values + textFiles.reduce((sum, { bytes }) => sum + bytes.length, 0)
  );
}

/** Whether a model of text is shown a file of this type as it is. */
function isText(mediaType: string): boolean {
  return mediaType.startsWith('text/') || mediaType === 'application/json';
}
