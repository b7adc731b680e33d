import { z } from 'zod';
import type { ApiError } from '../errors/api-error.ts';
import { MAX_CHOICES } from './limits.ts';
import { parseWith } from './parse.ts';
import { promptsSchema } from './prompts.ts';
import { agentName, tokenCount, writing } from './sampling.ts';
import { only } from './unsupported.ts';

/** What is written if a request does not say: as the API has it. */
const DEFAULT_TOKENS = 16;

/** What `POST /v1/completions` takes. */
const completionRequestSchema = z
  .object({
    ...writing,
    model: agentName,
    prompt: promptsSchema(MAX_CHOICES),
    max_tokens: tokenCount(0).transform((most) => most ?? DEFAULT_TOKENS),
    echo: z
      .boolean()
      .nullish()
      .transform((echo) => echo ?? false),
    logprobs: z.number().int().min(0).max(5).nullish(),
    n: z
      .number()
      .int()
      .min(1)
      .max(MAX_CHOICES)
      .nullish()
      .transform((n) => n ?? 1),
    best_of: only((value) => value === 1, 'every answer is given back; best_of must be 1'),
    suffix: only((value) => value === '', 'texts are written on from their end; suffix cannot be set'),
    logit_bias: only(
      (value) => typeof value === 'object' && Object.keys(value as object).length === 0,
      'the weights of tokens cannot be changed',
    ),
  })
  .refine(({ prompt, n }) => prompt.length * n <= MAX_CHOICES, {
    path: ['n'],
    message: `a request may have ${MAX_CHOICES} choices: prompts times n`,
  });

export type CompletionRequest = z.infer<typeof completionRequestSchema>;

/** Parse the body of a request; an ApiError says what is wrong with the first faulty parameter. */
export const parseCompletionRequest = (json: unknown): { request: CompletionRequest } | { error: ApiError } =>
  parseWith(completionRequestSchema, json);
