import type { AgentAttachment, AgentMessage, AgentRequest } from '@chorus/protocol';
import { type ApiError, invalidRequest } from '../errors/api-error.ts';
import { type ChatMessage, LAST } from './messages.ts';
import { isFile, type Part, textOf } from './parts.ts';
import { answeredCall } from './tools.ts';

type Conversation = Required<Pick<AgentRequest, 'message' | 'history' | 'steps'>>;

/**
 * The messages of a request as an agent is given them. An agent's instructions are its owner's: what a caller sends as
 * `system` or `developer` is the caller's own text, in front of its first message.
 *
 * @param callsTools whether the agent is shown calls; another one is shown what tools answered as words of its caller
 */
export function toConversation(
  messages: readonly ChatMessage[],
  callsTools: boolean,
): Conversation | { error: ApiError } {
  if (!callsTools && messages.at(-1)!.role !== 'user') {
    return { error: invalidRequest(`messages: ${LAST}`, 'messages') };
  }
  const preface = messages.filter(isPreface).map(({ content }) => textOf(content ?? []));
  const rest = messages.filter((each) => !isPreface(each));
  const said = callsTools ? withCalls(rest) : rest.map(toMessage);
  if (!Array.isArray(said)) return { error: said };
  const first = said.find(({ from }) => from === 'caller')!;
  first.text = [...preface, first.text].filter((text) => text !== '').join('\n\n');
  const last = said.findLastIndex(({ from }) => from === 'caller');
  return {
    message: said[last]!,
    history: said.slice(0, last).filter(isSaid),
    steps: said.slice(last + 1).filter(isSaid),
  };
}

const isPreface = ({ role }: ChatMessage) => role === 'system' || role === 'developer';
const isSaid = ({ text, files, calls }: AgentMessage) =>
  text !== '' || files.length > 0 || Boolean(calls?.length);

/** Messages, those of tools within the message that asked for them. */
function withCalls(messages: readonly ChatMessage[]): AgentMessage[] | ApiError {
  const said: AgentMessage[] = [];
  for (let i = 0; i < messages.length; i++) {
    const message = messages[i]!;
    const asked = message.role === 'assistant' ? (message.tool_calls ?? []) : [];
    const answers = new Map<string, string>();
    while (asked.some(({ id }) => id === messages[i + 1]?.tool_call_id) && messages[i + 1]!.role === 'tool') {
      const { tool_call_id: id, content } = messages[++i]!;
      answers.set(id!, textOf(content ?? []));
    }
    const open = asked.find(({ id }) => !answers.has(id));
    if (open) {
      const problem = `the call ${JSON.stringify(open.id.slice(0, 60))} has no answer: a message of the role "tool" with its id`;
      return invalidRequest(`messages: ${problem}, right after it`, 'messages');
    }
    const calls = asked.map((call) => answeredCall(call, answers.get(call.id)!));
    said.push({ ...toMessage(message), ...(calls.length > 0 && { calls }) });
  }
  return said;
}

function toMessage({ role, content }: ChatMessage): AgentMessage {
  const parts = content ?? [];
  return {
    // What a tool of the caller answered comes from the caller.
    from: role === 'assistant' ? 'agent' : 'caller',
    text: textOf(parts),
    files: parts.filter(isFile).map(toAttachment),
    data: [],
  };
}

function toAttachment(part: Extract<Part, { type: 'image_url' | 'file' }>): AgentAttachment {
  return part.type === 'image_url'
    ? { name: null, ...part.image_url.url }
    : { name: part.file.filename ?? null, ...part.file.file_data };
}
