import { z } from 'zod';
import { MAX_FILES, MAX_MESSAGES, MAX_TEXT } from './limits.ts';
import { contentSchema, isFile, textOf } from './parts.ts';

const ROLES = ['system', 'developer', 'user', 'assistant', 'tool'] as const;

const messageSchema = z
  .object({
    role: z.enum(ROLES, `must be one of ${ROLES.join(', ')}`),
    // An assistant that called a tool said nothing.
    content: contentSchema.nullish(),
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

/** The conversation of a request: bounded, and the user has the last word. */
export const messagesSchema = z
  .array(z.unknown(), 'must be an array of messages')
  .min(1, 'a request has at least one message')
  .max(MAX_MESSAGES, `a request may have ${MAX_MESSAGES} messages`)
  .pipe(
    z
      .array(messageSchema)
      .refine((messages) => messages.at(-1)?.role === 'user', 'the last message must be from the user')
      .refine((messages) => total(messages, (each) => textOf(each).length) <= MAX_TEXT, {
        error: `all messages together may have ${MAX_TEXT} characters`,
      })
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
