import type { AgentEvent, ScoredToken } from '@chorus/protocol';
import { agentParts } from './agent-parts.ts';
import { CallList } from './call-list.ts';
import { chatLogprobs } from './chat-logprobs.ts';
import { Extras, type Head, usageOf } from './result.ts';

/**
 * A whole answer as a `chat.completion`.
 * @throws AgentRejection; what the agent throws
 */
export async function toCompletion(head: Head, events: AsyncIterable<AgentEvent>): Promise<object> {
  const extras = new Extras();
  const parts = agentParts(events, extras);
  const calls = new CallList();
  const tokens: ScoredToken[] = [];
  let content = '';
  let next = await parts.next();
  for (; !next.done; next = await parts.next()) {
    const part = next.value;
    if (part.type === 'call') calls.add(part);
    else {
      content += part.text;
      tokens.push(...part.tokens);
    }
  }
  const { reason, usage: used } = next.value;
  const usage = usageOf(used);
  const tool_calls = calls.whole.map(({ id, name, text }) => ({
    id,
    type: 'function',
    function: { name, arguments: text },
  }));
  return {
    object: 'chat.completion',
    ...head,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          // An answer of calls alone has none.
          content: content === '' && tool_calls.length > 0 ? null : content,
          refusal: null,
          ...(tool_calls.length > 0 && { tool_calls }),
          ...extras.field(),
        },
        logprobs: chatLogprobs(tokens),
        finish_reason: reason,
      },
    ],
    ...(usage && { usage }),
  };
}
