import type { AgentAttachment, AgentMessage } from '@chorus/protocol';
import type { ChatMessage } from './messages.ts';
import { isFile, type Part, textOf } from './parts.ts';

/**
 * The messages of a request as an agent is given them. An agent's instructions are its owner's: what a caller sends as
 * `system` or `developer` is the caller's own text, in front of its first message.
 */
export function toConversation(messages: readonly ChatMessage[]): {
  message: AgentMessage;
  history: AgentMessage[];
} {
  const preface = messages.filter(isPreface).map(({ content }) => textOf(content ?? []));
  const said = messages.filter((each) => !isPreface(each)).map(toMessage);
  const first = said.find(({ from }) => from === 'caller')!;
  first.text = [...preface, first.text].filter((text) => text !== '').join('\n\n');
  return {
    message: said.at(-1)!,
    history: said.slice(0, -1).filter(({ text, files }) => text !== '' || files.length > 0),
  };
}

const isPreface = ({ role }: ChatMessage) => role === 'system' || role === 'developer';

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
