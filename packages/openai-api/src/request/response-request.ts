import { z } from 'zod';
import { type ApiError, invalidRequest } from '../errors/api-error.ts';
import { type ChatRequest, parseChatRequest } from './chat-request.ts';
import { MAX_MESSAGES, MAX_PARTS, MAX_TOOLS } from './limits.ts';
import { parseWith } from './parse.ts';
import { agentName, tokenCount } from './sampling.ts';
import { only } from './unsupported.ts';

const never = () => false;

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
  tools: z
    .array(z.looseObject({ type: z.string() }))
    .max(MAX_TOOLS)
    .nullish(),
  tool_choice: z.union([z.string(), z.looseObject({ type: z.string() })]).nullish(),
  parallel_tool_calls: z.boolean().nullish(),
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
  echoed: {
    instructions: string | null;
    max_output_tokens: number | null;
    text: object;
    tools: object[];
    tool_choice: string | object;
    parallel_tool_calls: boolean;
  };
}

/** Parse the body of a request; an ApiError says what is wrong with the first faulty parameter. */
export function parseResponseRequest(json: unknown): { request: ResponseRequest } | { error: ApiError } {
  const own = parseWith(ownSchema, json);
  if ('error' in own) return own;
  const { input, instructions, text, max_output_tokens, include, top_logprobs, ...rest } = own.request;
  const read = typeof input === 'string' ? [{ role: 'user', content: input, item: 0 }] : toMessages(input);
  if (!Array.isArray(read)) return read;
  const messages = read.map(({ item: _, ...message }) => message);
  const wantsLogprobs = include?.includes('message.output_text.logprobs') || (top_logprobs ?? 0) > 0;
  const chat = parseChatRequest({
    ...rest,
    tools: rest.tools?.map(toChatTool),
    tool_choice: toChatChoice(rest.tool_choice),
    // Its format has another shape there.
    response_format: toChatFormat(text?.format),
    max_completion_tokens: max_output_tokens,
    ...(wantsLogprobs && { logprobs: true, top_logprobs: top_logprobs ?? 0 }),
    messages: [...(instructions ? [{ role: 'developer', content: instructions }] : []), ...messages],
  });
  if ('error' in chat) {
    const items = read.map(({ item }) => item);
    return { error: inOwnWords(chat.error, instructions ? [0, ...items] : items) };
  }
  return {
    request: {
      ...{ model: own.request.model, stream: own.request.stream, chat: chat.request },
      echoed: {
        instructions: instructions ?? null,
        max_output_tokens: max_output_tokens ?? null,
        text: { format: text?.format ?? { type: 'text' } },
        tools: rest.tools ?? [],
        tool_choice: rest.tool_choice ?? 'auto',
        parallel_tool_calls: rest.parallel_tool_calls ?? true,
      },
    },
  };
}

function toChatFormat(given: z.infer<typeof format> | null | undefined): unknown {
  if (given?.type !== 'json_schema') return given;
  const { type, ...json_schema } = given;
  return { type, json_schema };
}

/** Tools have their fields in one object there. */
function toChatTool({ type, ...rest }: { type: string }): object {
  return { type, function: rest };
}

function toChatChoice(choice: z.infer<typeof ownSchema>['tool_choice']): unknown {
  if (typeof choice !== 'object' || choice === null) return choice;
  const { type, name } = choice;
  return { type, function: { name } };
}

const itemSchema = z.looseObject({ type: z.string().optional(), role: z.string().optional() });

/**
 * The items of a request as messages, each with the place of its item, by which an error names it. Calls that follow each other
 * are one message of the assistant.
 */
function toMessages(
  items: readonly unknown[],
): ({ item: number } & Record<string, unknown>)[] | { error: ApiError } {
  const messages: ({ item: number } & Record<string, unknown>)[] = [];
  /** Calls of the message that the items before belong to. */
  let calls: object[] | null = null;
  for (const [i, item] of items.entries()) {
    const parsed = itemSchema.safeParse(item);
    const type = parsed.data?.type ?? 'message';
    const at = `input[${i}]`;
    if (!parsed.success) return { error: invalidRequest(`${at}: must be an item`, at) };
    const { role, content, call_id, output, name, arguments: text } = parsed.data;
    if (type === 'function_call') {
      const call = { id: call_id, type: 'function', function: { name, arguments: text } };
      if (calls) {
        calls.push(call);
        continue;
      }
      calls = [call];
      messages.push({ item: i, role: 'assistant', content: null, tool_calls: calls });
      continue;
    }
    // What a model thought stands between its calls.
    if (type !== 'reasoning') calls = null;
    if (type === 'message') messages.push({ item: i, role, content: toParts(content) });
    else if (type === 'function_call_output')
      messages.push({ item: i, role: 'tool', tool_call_id: call_id, content: toParts(output) });
    else if (type !== 'reasoning') {
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
 * @param items the item of each message
 */
export function inOwnWords(error: ApiError, items: readonly number[] = []): ApiError {
  const rename = (text: string): string =>
    text
      .replace(/messages\[(\d+)\]/g, (_, n) => `input[${items[Number(n)] ?? n}]`)
      .replace(/\bmessages\b/g, 'input')
      .replace(/^(tools\[\d+\]|tool_choice)\.function\b/g, '$1')
      .replace(/\bresponse_format\b/g, 'text.format')
      .replace(/\bmax_completion_tokens\b/g, 'max_output_tokens');
  return { ...error, message: rename(error.message), param: error.param && rename(error.param) };
}
