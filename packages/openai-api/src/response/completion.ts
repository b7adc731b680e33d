import type { AgentEvent, ScoredToken } from '@chorus/protocol';
import { agentTexts } from './agent-texts.ts';
import { chatLogprobs } from './chat-logprobs.ts';
import { Extras, type Head, usageOf } from './result.ts';

/**
 * A whole answer as a `chat.completion`.
 * @throws AgentRejection; what the agent throws
 */
export async function toCompletion(head: Head, events: AsyncIterable<AgentEvent>): Promise<object> {
  const extras = new Extras();
  const texts = agentTexts(events, extras);
  const tokens: ScoredToken[] = [];
  let content = '';
  let next = await texts.next();
  for (; !next.done; next = await texts.next()) {
    content += next.value.text;
    tokens.push(...next.value.tokens);
  }
  const { reason, usage: used } = next.value;
  const usage = usageOf(used);
  return {
    object: 'chat.completion',
    ...head,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content, refusal: null, ...extras.field() },
        logprobs: chatLogprobs(tokens),
        finish_reason: reason,
      },
    ],
    ...(usage && { usage }),
  };
}
