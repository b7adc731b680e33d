import { z } from 'zod';
import { MAX_FILES, MAX_MESSAGES, MAX_TEXT, MAX_TOOLS } from './limits.ts';
import { contentSchema, isFile, textOf } from './parts.ts';
import { callSchema } from './tools.ts';

const ROLES = ['system', 'developer', 'user', 'assistant', 'tool'] as const;

const messageSchema = z
  .object({
    role: z.enum(ROLES, `must be one of ${ROLES.join(', ')}`),
    // An assistant that called a tool said nothing.
    content: contentSchema.nullish(),
    tool_calls: z.array(callSchema).max(MAX_TOOLS).nullish(),
    tool_call_id: z.string().max(200).nullish(),
  })
  .refine(({ role, content }) => role === 'assistant' || content, {
    path: ['content'],
    message: 'is missing',
  })
  .refine(({ role, content }) => role === 'user' || !content?.some(isFile), {
    path: ['content'],
    message: 'only messages of the user may have images and files',
  });

/** A message of a request, its files decoded. */
export type ChatMessage = z.infer<typeof messageSchema>;

/** Of a tool: an agent that calls none of its caller refuses that. */
export const LAST = 'the last message must be from the user';

/** Characters of what calls were given. */
const argumentsOf = (messages: readonly ChatMessage[]): number =>
  messages
    .flatMap(({ tool_calls }) => tool_calls ?? [])
    .reduce((sum, { function: { arguments: text } }) => sum + text.length, 0);

/** The conversation of a request: bounded, and the user has the last word, or a tool of its. */
export const messagesSchema = z
  .array(z.unknown(), 'must be an array of messages')
  .min(1, 'a request has at least one message')
  .max(MAX_MESSAGES, `a request may have ${MAX_MESSAGES} messages`)
  .pipe(
    z
      .array(messageSchema)
      .refine((messages) => messages.some(({ role }) => role === 'user'), 'no message is from the user')
      .refine((messages) => ['user', 'tool'].includes(messages.at(-1)!.role), LAST)
      .refine(
        (messages) => total(messages, (each) => textOf(each).length) + argumentsOf(messages) <= MAX_TEXT,
        {
          error: `all messages together may have ${MAX_TEXT} characters`,
        },
      )
      .refine((messages) => total(messages, (each) => each.filter(isFile).length) <= MAX_FILES, {
        error: `a request may have ${MAX_FILES} files`,
      }),
  );

function total(
  messages: readonly ChatMessage[],
  count: (content: NonNullable<ChatMessage['content']>) => number,
): number {
  return messages.reduce((sum, { content }) => sum + (content ? count(content) : 0), 0);
}
