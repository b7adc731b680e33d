import type { AgentEvent, ScoredToken } from '@chorus/protocol';
import type { ResponseRequest } from '../request/response-request.ts';
import { type AnswerEnd, agentTexts, UNKNOWN_END } from './agent-texts.ts';
import { chatLogprobs } from './chat-logprobs.ts';
import { Extras, type Head, usageOf } from './result.ts';

type Echoed = ResponseRequest['echoed'];

/** One answer of an agent, in the words of `POST /v1/responses`. */
class ResponseParts {
  readonly extras = new Extras();
  readonly #head: Head;
  readonly #echoed: Echoed;
  readonly #tokens: ScoredToken[] = [];
  #text = '';

  constructor(head: Head, echoed: Echoed) {
    [this.#head, this.#echoed] = [head, echoed];
  }

  /** Id of the only message of the answer. */
  get itemId(): string {
    return this.#head.id.replace(/^resp/, 'msg');
  }

  add({ text, tokens }: { text: string; tokens: readonly ScoredToken[] }): void {
    this.#text += text;
    this.#tokens.push(...tokens);
  }

  content(): object {
    const { annotations } = this.extras.field() as { annotations?: { url_citation: object }[] };
    return {
      type: 'output_text',
      text: this.#text,
      annotations: (annotations ?? []).map(({ url_citation }) => ({ type: 'url_citation', ...url_citation })),
      logprobs: logprobsOf(this.#tokens),
    };
  }

  item(status: 'in_progress' | 'completed' | 'incomplete'): object {
    const { chorus } = this.extras.field() as { chorus?: object };
    return {
      ...{ type: 'message', id: this.itemId, status, role: 'assistant' },
      content: status === 'in_progress' ? [] : [this.content()],
      ...(chorus && { chorus }),
    };
  }

  /** @param end null while the agent is at work */
  response(end: AnswerEnd | null): object {
    const status = end === null ? 'in_progress' : end.reason === 'length' ? 'incomplete' : 'completed';
    const { id, created, model } = this.#head;
    return {
      ...{ id, object: 'response', created_at: created, status, model, ...this.#echoed },
      error: null,
      incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
      output: end === null ? [] : [this.item(status === 'incomplete' ? 'incomplete' : 'completed')],
      ...{ parallel_tool_calls: false, previous_response_id: null, store: false, metadata: {} },
      ...{ tools: [], tool_choice: 'auto', temperature: null, top_p: null, truncation: 'disabled' },
      usage: end && toUsage(end),
    };
  }
}

/** A whole answer as a `response`. @throws AgentRejection; what the agent throws */
export async function toResponse(
  head: Head,
  events: AsyncIterable<AgentEvent>,
  echoed: Echoed,
): Promise<object> {
  const parts = new ResponseParts(head, echoed);
  const texts = agentTexts(events, parts.extras);
  let next = await texts.next();
  for (; !next.done; next = await texts.next()) parts.add(next.value);
  return parts.response(next.value);
}

/**
 * An answer as the events of a response, each with its `type` and number. The first comes with the first word of the agent,
 * so that a refusal can still be a response of its own.
 *
 * @throws AgentRejection; what the agent throws
 */
export async function* toResponseEvents(
  head: Head,
  events: AsyncIterable<AgentEvent>,
  echoed: Echoed,
): AsyncGenerator<object> {
  const parts = new ResponseParts(head, echoed);
  const texts = agentTexts(events, parts.extras);
  let sequence_number = 0;
  const event = (type: string, more: object) => ({ type, sequence_number: sequence_number++, ...more });
  const place = { item_id: parts.itemId, output_index: 0, content_index: 0 };
  try {
    let next = await texts.next();
    yield event('response.created', { response: parts.response(null) });
    yield event('response.in_progress', { response: parts.response(null) });
    yield event('response.output_item.added', { output_index: 0, item: parts.item('in_progress') });
    yield event('response.content_part.added', { ...place, part: parts.content() });
    for (; !next.done; next = await texts.next()) {
      const { text, tokens } = next.value;
      parts.add(next.value);
      yield event('response.output_text.delta', { ...place, delta: text, logprobs: logprobsOf(tokens) });
    }
    const end = next.value;
    const isCut = end.reason === 'length';
    const { text, logprobs } = parts.content() as { text: string; logprobs: object[] };
    yield event('response.output_text.done', { ...place, text, logprobs });
    yield event('response.content_part.done', { ...place, part: parts.content() });
    const item = parts.item(isCut ? 'incomplete' : 'completed');
    yield event('response.output_item.done', { output_index: 0, item });
    yield event(isCut ? 'response.incomplete' : 'response.completed', { response: parts.response(end) });
  } finally {
    // The agent stops if its reader left.
    await texts.return(UNKNOWN_END);
  }
}

const logprobsOf = (tokens: readonly ScoredToken[]): object[] =>
  (chatLogprobs(tokens) as { content: object[] } | null)?.content ?? [];

function toUsage({ usage }: AnswerEnd): object | null {
  if (usageOf(usage) === null) return null;
  const [input_tokens, output_tokens] = [usage.inputTokens!, usage.outputTokens!];
  return {
    input_tokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input_tokens + output_tokens,
  };
}
