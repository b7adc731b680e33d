import type { AgentEvent, ScoredToken } from '@chorus/protocol';
import type { ResponseRequest } from '../request/response-request.ts';
import { type AnswerEnd, type AnswerPart, agentParts, UNKNOWN_END } from './agent-parts.ts';
import { type AskedCall, CallList } from './call-list.ts';
import { chatLogprobs } from './chat-logprobs.ts';
import { Extras, type Head, usageOf } from './result.ts';

type Echoed = ResponseRequest['echoed'];

/** One answer of an agent, in the words of `POST /v1/responses`: a message, then calls of the caller's functions. */
class ResponseParts {
  readonly extras = new Extras();
  readonly calls = new CallList();
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

  /** An answer of calls alone has no message. */
  get hasMessage(): boolean {
    return this.#text !== '' || this.calls.whole.length === 0;
  }

  /** @returns the call that it is a part of; null if it is one of the text */
  add(part: AnswerPart): AskedCall | null {
    if (part.type === 'call') return this.calls.add(part);
    this.#text += part.text;
    this.#tokens.push(...part.tokens);
    return null;
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
    const isCut = end?.reason === 'length';
    const status = end === null ? 'in_progress' : isCut ? 'incomplete' : 'completed';
    const { id, created, model } = this.#head;
    const messages = this.hasMessage ? [this.item(isCut ? 'incomplete' : 'completed')] : [];
    return {
      ...{ id, object: 'response', created_at: created, status, model, ...this.#echoed },
      error: null,
      incomplete_details: isCut ? { reason: 'max_output_tokens' } : null,
      output: end === null ? [] : [...messages, ...this.calls.whole.map(toItem)],
      ...{ previous_response_id: null, store: false, metadata: {} },
      ...{ temperature: null, top_p: null, truncation: 'disabled' },
      usage: end && toUsage(end),
    };
  }
}

const toItem = ({ id, name, text, isWhole }: AskedCall): object => ({
  type: 'function_call',
  id: `fc_${id}`,
  call_id: id,
  name,
  arguments: text,
  status: isWhole ? 'completed' : 'in_progress',
});

/** A whole answer as a `response`. @throws AgentRejection; what the agent throws */
export async function toResponse(
  head: Head,
  events: AsyncIterable<AgentEvent>,
  echoed: Echoed,
): Promise<object> {
  const parts = new ResponseParts(head, echoed);
  const found = agentParts(events, parts.extras);
  let next = await found.next();
  for (; !next.done; next = await found.next()) parts.add(next.value);
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
  const found = agentParts(events, parts.extras);
  let sequence_number = 0;
  const event = (type: string, more: object) => ({ type, sequence_number: sequence_number++, ...more });
  /** Items of the answer so far; the message's place among them, once it has begun. */
  let items = 0;
  let at: number | null = null;
  const place = () => ({ item_id: parts.itemId, output_index: at, content_index: 0 });
  const openMessage = function* () {
    at = items++;
    yield event('response.output_item.added', { output_index: at, item: parts.item('in_progress') });
    yield event('response.content_part.added', { ...place(), part: parts.content() });
  };
  const places = new Map<string, number>();
  try {
    let next = await found.next();
    yield event('response.created', { response: parts.response(null) });
    yield event('response.in_progress', { response: parts.response(null) });
    for (; !next.done; next = await found.next()) {
      const part = next.value;
      if (part.type === 'text') {
        if (at === null) yield* openMessage();
        parts.add(part);
        const logprobs = logprobsOf(part.tokens);
        yield event('response.output_text.delta', { ...place(), delta: part.text, logprobs });
        continue;
      }
      const call = parts.add(part)!;
      if (part.isFirst) {
        places.set(part.id, items++);
        const item = toItem({ ...call, text: '', isWhole: false });
        yield event('response.output_item.added', { output_index: places.get(part.id), item });
      }
      const ofCall = { item_id: `fc_${part.id}`, output_index: places.get(part.id) };
      if (part.text !== '')
        yield event('response.function_call_arguments.delta', { ...ofCall, delta: part.text });
      if (!part.isLast) continue;
      const { name, text } = call;
      yield event('response.function_call_arguments.done', { ...ofCall, name, arguments: text });
      yield event('response.output_item.done', { output_index: ofCall.output_index, item: toItem(call) });
    }
    const end = next.value;
    const isCut = end.reason === 'length';
    if (at === null && parts.hasMessage) yield* openMessage();
    if (at !== null) {
      const { text, logprobs } = parts.content() as { text: string; logprobs: object[] };
      yield event('response.output_text.done', { ...place(), text, logprobs });
      yield event('response.content_part.done', { ...place(), part: parts.content() });
      const item = parts.item(isCut ? 'incomplete' : 'completed');
      yield event('response.output_item.done', { output_index: at, item });
    }
    yield event(isCut ? 'response.incomplete' : 'response.completed', { response: parts.response(end) });
  } finally {
    // The agent stops if its reader left.
    await found.return(UNKNOWN_END);
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
