import { ChorusError, type EngineMessage } from '@chorus/protocol';
import type { ModelMessage } from 'ai';

/**
 * The conversation as the SDK takes it; the instructions are passed on their own.
 * @throws ChorusError `E_AGENT_INPUT` if a file is not text, or there is nothing to answer
 */
export function chatMessages(messages: readonly EngineMessage[]): {
  instructions: string | undefined;
  messages: ModelMessage[];
} {
  const system = messages.filter(({ role }) => role === 'system').map(({ text }) => text);
  if (contentOf(messages.at(-1)!) === '') {
    throw new ChorusError('E_AGENT_INPUT', 'the message is empty', { hint: 'send text' });
  }
  return {
    instructions: system.length > 0 ? system.join('\n\n') : undefined,
    messages: messages.flatMap((message): ModelMessage[] => {
      const content = contentOf(message);
      if (message.role === 'user') return [{ role: 'user', content }];
      // An answer without text, as of an earlier failure, is refused by many servers.
      return message.role === 'assistant' && content !== '' ? [{ role: 'assistant', content }] : [];
    }),
  };
}

/** @throws ChorusError `E_AGENT_INPUT` if a file is not text */
function contentOf({ role, text, files, data }: EngineMessage): string {
  if (role === 'assistant') return text;
  const attached = files.map(({ name, mediaType, bytes }) => {
    if (!mediaType.startsWith('text/') && mediaType !== 'application/json') {
      throw new ChorusError(
        'E_AGENT_INPUT',
        `this agent does not read files of the type ${mediaType.slice(0, 60)}`,
        { hint: 'send text, or a text file' },
      );
    }
    return `File ${JSON.stringify(name ?? 'without a name')}:\n${new TextDecoder().decode(bytes)}`;
  });
  return [text, ...attached, ...data.map((value) => JSON.stringify(value))]
    .filter((part) => part !== '')
    .join('\n\n');
}
