import type { AgentEvent } from '@chorus/protocol';
import { type AnswerEnd, agentParts, type CallPart, UNKNOWN_END } from './agent-parts.ts';
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
    finish_reason: AnswerEnd['reason'] | null = null,
    logprobs: object | null = null,
  ) => ({
    object: 'chat.completion.chunk',
    ...head,
    choices: [{ index: 0, delta, logprobs, finish_reason }],
    ...(includeUsage && { usage: null }),
  });
  const extras = new Extras();
  const parts = agentParts(events, extras);
  try {
    let next = await parts.next();
    yield chunk({ role: 'assistant', content: '' });
    for (; !next.done; next = await parts.next()) {
      const part = next.value;
      if (part.type === 'text') yield chunk({ content: part.text }, null, chatLogprobs(part.tokens));
      else if (part.isFirst || part.text !== '') yield chunk({ tool_calls: [toDelta(part)] });
    }
    const { reason, usage: used } = next.value;
    yield chunk(extras.field(), reason);
    const usage = usageOf(used);
    if (includeUsage && usage) {
      yield { object: 'chat.completion.chunk', ...head, choices: [], usage };
    }
  } finally {
    // The agent stops if its reader left.
    await parts.return(UNKNOWN_END);
  }
}

/** A part of a call: its id and name come once. */
function toDelta({ index, id, name, text, isFirst }: CallPart): object {
  return isFirst
    ? { index, id, type: 'function', function: { name, arguments: text } }
    : { index, function: { arguments: text } };
}
