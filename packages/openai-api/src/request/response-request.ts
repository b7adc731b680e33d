import { z } from 'zod';
import { type ApiError, invalidRequest } from '../errors/api-error.ts';
import { type ChatRequest, parseChatRequest } from './chat-request.ts';
import { MAX_MESSAGES, MAX_PARTS } from './limits.ts';
import { parseWith } from './parse.ts';
import { agentName, tokenCount } from './sampling.ts';
import { only } from './unsupported.ts';

const never = () => false;
const isEmpty = (value: unknown) => Array.isArray(value) && value.length === 0;

/** Of the form of an answer; what it holds is checked as that of a chat completion. */
const format = z.looseObject({ type: z.string() });

/** What of `POST /v1/responses` is not in chat completions, or has another name there. */
const ownSchema = z.looseObject({
  model: agentName,
  input: z.union(
    [z.string(), z.array(z.unknown()).max(MAX_MESSAGES)],
    'must be a string or an array of items',
  ),
  instructions: z.string().nullish(),
  max_output_tokens: tokenCount(1),
  text: z.object({ format: format.nullish() }).nullish(),
  stream: z.boolean().nullish(),
  top_logprobs: z.number().int().min(0).max(20).nullish(),
  include: z.array(z.string().max(100)).max(32).nullish(),
  tools: only(isEmpty, 'agents call no tools of a caller'),
  previous_response_id: only(never, 'no answer is kept here; send the whole conversation as input'),
  conversation: only(never, 'no conversation is kept here; send the whole of it as input'),
  background: only((value) => value === false, 'an answer is sent when it is asked for'),
  prompt: only(never, 'no prompts are kept here; send the text as input'),
});

/** A request for a response, as the chat completion that has the same answer. */
export interface ResponseRequest {
  model: string;
  stream?: boolean | null | undefined;
  chat: ChatRequest;
  /** Parameters that the answer repeats. */
  echoed: { instructions: string | null; max_output_tokens: number | null; text: object };
}

/** Parse the body of a request; an ApiError says what is wrong with the first faulty parameter. */
export function parseResponseRequest(json: unknown): { request: ResponseRequest } | { error: ApiError } {
  const own = parseWith(ownSchema, json);
  if ('error' in own) return own;
  const { input, instructions, text, max_output_tokens, include, top_logprobs, ...rest } = own.request;
  const messages = typeof input === 'string' ? [{ role: 'user', content: input }] : toMessages(input);
  if (!Array.isArray(messages)) return messages;
  const wantsLogprobs = include?.includes('message.output_text.logprobs') || (top_logprobs ?? 0) > 0;
  const chat = parseChatRequest({
    ...rest,
    tools: undefined,
    // Its format has another shape there.
    response_format: toChatFormat(text?.format),
    max_completion_tokens: max_output_tokens,
    ...(wantsLogprobs && { logprobs: true, top_logprobs: top_logprobs ?? 0 }),
    messages: [...(instructions ? [{ role: 'developer', content: instructions }] : []), ...messages],
  });
  if ('error' in chat) return { error: inOwnWords(chat.error, Boolean(instructions)) };
  return {
    request: {
      ...{ model: own.request.model, stream: own.request.stream, chat: chat.request },
      echoed: {
        instructions: instructions ?? null,
        max_output_tokens: max_output_tokens ?? null,
        text: { format: text?.format ?? { type: 'text' } },
      },
    },
  };
}

function toChatFormat(given: z.infer<typeof format> | null | undefined): unknown {
  if (given?.type !== 'json_schema') return given;
  const { type, ...json_schema } = given;
  return { type, json_schema };
}

const itemSchema = z.looseObject({ type: z.string().optional(), role: z.string().optional() });

/** The items of a request as messages; each stays at its place, so that an error names it. */
function toMessages(items: readonly unknown[]): object[] | { error: ApiError } {
  const messages: object[] = [];
  for (const [i, item] of items.entries()) {
    const parsed = itemSchema.safeParse(item);
    const type = parsed.data?.type ?? 'message';
    const at = `input[${i}]`;
    if (!parsed.success) return { error: invalidRequest(`${at}: must be an item`, at) };
    if (type === 'message') messages.push({ role: parsed.data.role, content: toParts(parsed.data.content) });
    // What a tool of the caller answered comes from the caller; that it was called says nothing to an agent.
    else if (type === 'function_call_output')
      messages.push({ role: 'tool', content: toParts(parsed.data.output) });
    else if (type === 'function_call' || type === 'reasoning')
      messages.push({ role: 'assistant', content: null });
    else {
      const message = `${at}: items of the type "${type.slice(0, 40)}" are not taken; send messages`;
      return { error: invalidRequest(message, at) };
    }
  }
  return messages;
}

/** The parts of an item by their names in chat completions; what is unknown is refused there. */
function toParts(content: unknown): unknown {
  if (!Array.isArray(content) || content.length > MAX_PARTS) return content;
  return content.map((part: unknown) => {
    if (typeof part !== 'object' || part === null) return part;
    const { type, text, refusal, image_url, file_data, filename, file_id } = part as Record<string, unknown>;
    if (type === 'input_text' || type === 'output_text') return { type: 'text', text };
    if (type === 'refusal') return { type, refusal };
    if (type === 'input_image') return { type: 'image_url', image_url: { url: image_url } };
    if (type === 'input_file')
      return { type: 'file', file: { file_data, filename, file_id: file_id ?? undefined } };
    return part;
  });
}

/**
 * An error of the chat completion, with the parameter at fault by its name in the request for a response.
 * @param hasInstructions the first message was made of them
 */
export function inOwnWords(error: ApiError, hasInstructions = false): ApiError {
  const rename = (text: string): string =>
    text
      .replace(/messages\[(\d+)\]/g, (_, n) => `input[${Number(n) - (hasInstructions ? 1 : 0)}]`)
      .replace(/\bmessages\b/g, 'input')
      .replace(/\bresponse_format\b/g, 'text.format')
      .replace(/\bmax_completion_tokens\b/g, 'max_output_tokens');
  return { ...error, message: rename(error.message), param: error.param && rename(error.param) };
}
