import { ChorusError, type EngineCall, type EngineMessage } from '@chorus/protocol';
import type { ModelMessage } from 'ai';
import { contentOf } from '../messages/content.ts';

/**
 * The conversation as the SDK takes it; the instructions are passed on their own.
 * @throws ChorusError `E_AGENT_INPUT` if a file is not text, or there is nothing to answer
 */
export function chatMessages(messages: readonly EngineMessage[]): {
  instructions: string | undefined;
  messages: ModelMessage[];
} {
  const system = messages.filter(({ role }) => role === 'system').map(({ text }) => text);
  const last = messages.at(-1)!;
  if (contentOf(last) === '' && !last.calls?.length) {
    throw new ChorusError('E_AGENT_INPUT', 'the message is empty', { hint: 'send text' });
  }
  return {
    instructions: system.length > 0 ? system.join('\n\n') : undefined,
    messages: messages.flatMap((message): ModelMessage[] => {
      const content = contentOf(message);
      if (message.role === 'user') return [{ role: 'user', content }];
      if (message.calls?.length) return answeredCalls(content, message.calls);
      // An answer without text, as of an earlier failure, is refused by many servers.
      return message.role === 'assistant' && content !== '' ? [{ role: 'assistant', content }] : [];
    }),
  };
}

/** What the model asked for, and what it is answered. */
function answeredCalls(text: string, calls: readonly EngineCall[]): ModelMessage[] {
  const asked = calls.map(({ id, name, input }) => ({
    type: 'tool-call' as const,
    toolCallId: id,
    toolName: name,
    input: input ?? {},
  }));
  const answered = calls.map(({ id, name, output }) => ({
    type: 'tool-result' as const,
    toolCallId: id,
    toolName: name,
    output: { type: 'text' as const, value: output },
  }));
  return [
    { role: 'assistant', content: [...(text === '' ? [] : [{ type: 'text' as const, text }]), ...asked] },
    { role: 'tool', content: answered },
  ];
}
