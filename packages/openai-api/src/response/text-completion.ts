import type { AgentUsage, CompletionEvent } from '@chorus/protocol';
import { type Head, usageOf } from './result.ts';
import { joined, TextChoice } from './text-choice.ts';

/** What of a request decides the form of its answer. */
export interface TextAnswer {
  /** Choices. */
  count: number;
  logprobs: boolean;
}

type Part = ReturnType<TextChoice['part']>;

/** Parts of choices as they come; returns the tokens of all. @throws what the agent throws */
async function* partsOf(
  events: AsyncIterable<CompletionEvent>,
  { count, logprobs }: TextAnswer,
): AsyncGenerator<Part, AgentUsage> {
  const choices = Array.from({ length: count }, (_, index) => new TextChoice(index, logprobs));
  for await (const event of events) {
    if (event.type === 'completed') return event.usage;
    yield choices[event.choice]!.part(event.event, event.receipt);
  }
  throw new Error('the agent ended without an answer');
}

/**
 * A whole answer as a `text_completion`.
 * @throws what the agent throws
 */
export async function toTextCompletion(
  head: Head,
  events: AsyncIterable<CompletionEvent>,
  answer: TextAnswer,
): Promise<object> {
  const choices = Array.from({ length: answer.count }, (): Part[] => []);
  const parts = partsOf(events, answer);
  let next = await parts.next();
  for (; !next.done; next = await parts.next()) choices[next.value.index]!.push(next.value);
  const usage = usageOf(next.value);
  return {
    object: 'text_completion',
    ...head,
    choices: choices.filter(({ length }) => length > 0).map(joined),
    ...(usage && { usage }),
  };
}

/**
 * An answer as chunks of a `text_completion`: those of several choices as they come.
 *
 * @param includeUsage ends with a chunk of the tokens
 * @throws what the agent throws
 */
export async function* toTextChunks(
  head: Head,
  events: AsyncIterable<CompletionEvent>,
  answer: TextAnswer,
  includeUsage: boolean,
): AsyncGenerator<object> {
  const chunk = (choices: Part[], usage: object | null = null) => ({
    object: 'text_completion',
    ...head,
    choices,
    ...(includeUsage && { usage }),
  });
  const parts = partsOf(events, answer);
  try {
    let next = await parts.next();
    for (; !next.done; next = await parts.next()) yield chunk([next.value]);
    const usage = usageOf(next.value);
    if (includeUsage && usage) yield chunk([], usage);
  } finally {
    // The agent stops if its reader left.
    await parts.return({ inputTokens: null, outputTokens: null });
  }
}
