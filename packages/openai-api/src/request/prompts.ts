import type { TextPrompt } from '@chorus/protocol';
import { z } from 'zod';
import { MAX_PROMPT_TOKENS, MAX_TEXT } from './limits.ts';

const tooMuchText = `all texts together may have ${MAX_TEXT} characters`;
const tooManyTokens = `all texts together may have ${MAX_PROMPT_TOKENS} tokens`;
const text = z.string().min(1, 'an empty text says nothing').max(MAX_TEXT, tooMuchText);
/** Lengths are checked before any element is. */
const list = <T extends z.ZodType>(element: T, most: number, message: string) =>
  z.array(z.unknown()).min(1, 'an empty text says nothing').max(most, message).pipe(z.array(element));
const id = z
  .number()
  .int()
  .min(0)
  .max(2 ** 31 - 1);
const tokens = list(id, MAX_PROMPT_TOKENS, tooManyTokens);
/** A text, texts, the ids of tokens, or several lists of these. @param most texts */
export const promptsSchema = (most: number) =>
  z.unknown().transform((prompt, context): TextPrompt[] => {
    const tooMany = `a request may have ${most} texts`;
    const schema =
      typeof prompt === 'string'
        ? text.transform((each) => [{ text: each }])
        : !Array.isArray(prompt)
          ? z.never('must be a text, a list of texts, a list of the ids of tokens, or a list of such lists')
          : typeof prompt[0] === 'number'
            ? tokens.transform((each) => [{ tokens: each }])
            : typeof prompt[0] === 'string'
              ? list(text, most, tooMany).transform((texts) => texts.map((each) => ({ text: each })))
              : list(tokens, most, tooMany).transform((lists) => lists.map((each) => ({ tokens: each })));
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
