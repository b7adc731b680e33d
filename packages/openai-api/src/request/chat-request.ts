import { z } from 'zod';
import { type ApiError, invalidRequest } from '../errors/api-error.ts';
import { messagesSchema } from './messages.ts';
import { unsupported } from './unsupported.ts';

/** As the API bounds it. */
const penalty = z.number().min(-2).max(2).nullish();
const tokens = z
  .number()
  .int()
  .min(1)
  .max(2 ** 31)
  .nullish();
const stopText = z.string().min(1).max(1000);

/** What `POST /v1/chat/completions` takes. Other parameters are hints that an agent's owner sets. */
const chatRequestSchema = z.object({
  ...unsupported,
  max_tokens: tokens,
  max_completion_tokens: tokens,
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  seed: z
    .number()
    .int()
    .min(-(2 ** 53) + 1)
    .max(2 ** 53 - 1)
    .nullish(),
  presence_penalty: penalty,
  frequency_penalty: penalty,
  stop: z.union([stopText, z.array(stopText).max(4)]).nullish(),
  model: z.string().min(1).max(200),
  messages: messagesSchema,
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
});

export type ChatRequest = z.infer<typeof chatRequestSchema>;

/** Parse the body of a request; an ApiError says what is wrong with the first faulty parameter. */
export function parseChatRequest(json: unknown): { request: ChatRequest } | { error: ApiError } {
  const parsed = chatRequestSchema.safeParse(json);
  if (parsed.success) return { request: parsed.data };
  const { path, message } = parsed.error.issues[0]!;
  const param = path.reduce<string>(
    (before, key) =>
      typeof key === 'number' ? `${before}[${key}]` : `${before}${before && '.'}${String(key)}`,
    '',
  );
  return { error: invalidRequest(param ? `${param}: ${message}` : message, param || null) };
}
