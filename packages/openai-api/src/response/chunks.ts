import type { AgentEvent } from '@chorus/protocol';
import { agentTexts, UNKNOWN_END } from './agent-texts.ts';
import { chatLogprobs } from './chat-logprobs.ts';
import { Extras, type Head, usageOf } from './result.ts';

/**
 * An answer as `chat.completion.chunk`s. The first comes with the first word of the agent, so that a refusal can still be
 * a response of its own.
 *
 * @param includeUsage ends with a chunk of the tokens, if the agent reports them
 * @throws AgentRejection; what the agent throws
 */
export async function* toChunks(
  head: Head,
  events: AsyncIterable<AgentEvent>,
  includeUsage: boolean,
): AsyncGenerator<object> {
  const chunk = (
    delta: object,
    finish_reason: 'stop' | 'length' | null = null,
    logprobs: object | null = null,
  ) => ({
    object: 'chat.completion.chunk',
    ...head,
    choices: [{ index: 0, delta, logprobs, finish_reason }],
    ...(includeUsage && { usage: null }),
  });
  const extras = new Extras();
  const texts = agentTexts(events, extras);
  try {
    let next = await texts.next();
    yield chunk({ role: 'assistant', content: '' });
    for (; !next.done; next = await texts.next()) {
      yield chunk({ content: next.value.text }, null, chatLogprobs(next.value.tokens));
    }
    const { reason, usage: used } = next.value;
    yield chunk(extras.field(), reason);
    const usage = usageOf(used);
    if (includeUsage && usage) {
      yield { object: 'chat.completion.chunk', ...head, choices: [], usage };
    }
  } finally {
    // The agent stops if its reader left.
    await texts.return(UNKNOWN_END);
  }
}
