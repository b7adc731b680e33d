import type { TextPrompt } from '@chorus/protocol';
import { z } from 'zod';
import type { ApiError } from '../errors/api-error.ts';
import { MAX_CHOICES, MAX_PROMPT_TOKENS, MAX_TEXT } from './limits.ts';
import { parseWith } from './parse.ts';
import { agentName, tokenCount, writing } from './sampling.ts';
import { only } from './unsupported.ts';

/** What is written if a request does not say: as the API has it. */
const DEFAULT_TOKENS = 16;

const tooMuchText = `all prompts together may have ${MAX_TEXT} characters`;
const tooManyTokens = `all prompts together may have ${MAX_PROMPT_TOKENS} tokens`;
const text = z.string().min(1, 'an empty prompt has nothing to go on from').max(MAX_TEXT, tooMuchText);
/** Lengths are checked before any element is. */
const list = <T extends z.ZodType>(element: T, most: number, message: string) =>
  z
    .array(z.unknown())
    .min(1, 'an empty prompt has nothing to go on from')
    .max(most, message)
    .pipe(z.array(element));
const id = z
  .number()
  .int()
  .min(0)
  .max(2 ** 31 - 1);
const tokens = list(id, MAX_PROMPT_TOKENS, tooManyTokens);
const tooManyPrompts = `a request may have ${MAX_CHOICES} prompts`;

/** A text, texts, the ids of tokens, or several lists of these. */
const promptsSchema = z.unknown().transform((prompt, context): TextPrompt[] => {
  const schema =
    typeof prompt === 'string'
      ? text.transform((each) => [{ text: each }])
      : !Array.isArray(prompt)
        ? z.never('must be a text, a list of texts, a list of the ids of tokens, or a list of such lists')
        : typeof prompt[0] === 'number'
          ? tokens.transform((each) => [{ tokens: each }])
          : typeof prompt[0] === 'string'
            ? list(text, MAX_CHOICES, tooManyPrompts).transform((texts) =>
                texts.map((each) => ({ text: each })),
              )
            : list(tokens, MAX_CHOICES, tooManyPrompts).transform((lists) =>
                lists.map((each) => ({ tokens: each })),
              );
  const parsed = schema.safeParse(prompt);
  if (parsed.success) {
    if (total(parsed.data, 'text') <= MAX_TEXT && total(parsed.data, 'tokens') <= MAX_PROMPT_TOKENS)
      return parsed.data;
    context.addIssue({ code: 'custom', message: `${tooMuchText}, or ${MAX_PROMPT_TOKENS} tokens` });
  } else {
    const { path, message } = parsed.error.issues[0]!;
    context.addIssue({ code: 'custom', path: [...path], message });
  }
  return z.NEVER;
});

const total = (prompts: readonly TextPrompt[], kind: 'text' | 'tokens'): number =>
  prompts.reduce(
    (sum, prompt) => sum + ((prompt as Record<string, ArrayLike<unknown>>)[kind]?.length ?? 0),
    0,
  );

/** What `POST /v1/completions` takes. */
const completionRequestSchema = z
  .object({
    ...writing,
    model: agentName,
    prompt: promptsSchema,
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
