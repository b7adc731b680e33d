import { z } from 'zod';
import type { ApiError } from '../errors/api-error.ts';
import { isShallow } from './json.ts';
import { messagesSchema } from './messages.ts';
import { parseWith } from './parse.ts';
import { agentName, tokenCount, writing } from './sampling.ts';
import { isPossible, toolParameters } from './tools.ts';
import { unsupported } from './unsupported.ts';

/** The form of an answer. */
const responseFormat = z.discriminatedUnion(
  'type',
  [
    z.object({ type: z.literal('text') }),
    z.object({ type: z.literal('json_object') }),
    z.object({
      type: z.literal('json_schema'),
      json_schema: z.object({
        schema: z
          .record(z.string(), z.unknown())
          .refine((schema) => isShallow(schema), 'is nested too deeply'),
      }),
    }),
  ],
  'must be of the type text, json_object or json_schema',
);

/** What `POST /v1/chat/completions` takes. Other parameters are hints that an agent's owner sets. */
const chatRequestSchema = z
  .object({
    ...unsupported,
    ...writing,
    ...toolParameters,
    max_tokens: tokenCount(1),
    max_completion_tokens: tokenCount(1),
    logprobs: z.boolean().nullish(),
    top_logprobs: z.number().int().min(0).max(20).nullish(),
    response_format: responseFormat.nullish(),
    model: agentName,
    messages: messagesSchema,
  })
  .refine(({ logprobs, top_logprobs }) => typeof top_logprobs !== 'number' || logprobs === true, {
    path: ['top_logprobs'],
    message: 'needs logprobs: true',
  })
  .refine(isPossible, { path: ['tool_choice'], message: 'names no tool of the request' });

export type ChatRequest = z.infer<typeof chatRequestSchema>;

/** Parse the body of a request; an ApiError says what is wrong with the first faulty parameter. */
export const parseChatRequest = (json: unknown): { request: ChatRequest } | { error: ApiError } =>
  parseWith(chatRequestSchema, json);
