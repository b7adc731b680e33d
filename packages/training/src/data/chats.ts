import { readFile } from 'node:fs/promises';
import { ChorusError } from '@chorus/protocol';
import { z } from 'zod';
import { createDataset, type MemoryDataset, sharedFloats } from './dataset.ts';
import { MAX_FILES, MAX_TEXT_BYTES } from './limits.ts';
import { dangling, endingOf, type Listing } from './listing.ts';
import type { DataReport } from './report.ts';
import { unreadable } from './unreadable.ts';

/** True for names of files that {@link readChats} reads: one JSON document a line. */
export function isChats(name: string): boolean {
  return endingOf(name) === '.jsonl';
}

/** A conversation as language models learn it. */
export interface Chat {
  messages: { role: 'system' | 'user' | 'assistant'; content: string }[];
}

const message = z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() });
/** The two forms that services for fine-tuning take; other keys are ignored. */
const line = z.union([
  z.object({
    messages: z
      .array(message)
      .min(1)
      .refine(
        (messages) => messages.some(({ role }) => role === 'assistant'),
        'no message is of the assistant',
      ),
  }),
  z.object({ prompt: z.string(), completion: z.string() }).transform(
    ({ prompt, completion }): Chat => ({
      messages: [
        { role: 'user', content: prompt },
        { role: 'assistant', content: completion },
      ],
    }),
  ),
]);

/**
 * The conversations of JSON Lines files, in the order of their names.
 * @throws ChorusError `E_DATA_FORMAT` naming file and line, `E_DATA_UNREADABLE`, `E_DATA_TOO_LARGE`
 */
export async function readChats({ path, entries }: Pick<Listing, 'path' | 'entries'>): Promise<Chat[]> {
  const files = entries.filter(({ kind, name }) => isChats(name) && kind !== 'folder');
  if (files.length > MAX_FILES) {
    throw new ChorusError('E_DATA_TOO_LARGE', 'the folder has too many files', { facts: { path } });
  }
  const chats: Chat[] = [];
  let bytes = 0;
  for (const file of files) {
    if (file.kind === 'dangling') throw dangling(file);
    const content = await readFile(file.path).catch((cause: unknown) => {
      throw unreadable(String(file.path), cause);
    });
    bytes += content.length;
    if (bytes > MAX_TEXT_BYTES) {
      throw new ChorusError('E_DATA_TOO_LARGE', 'the conversations are too long to load', {
        facts: { path, limit: MAX_TEXT_BYTES },
        hint: 'divide them over several folders',
      });
    }
    const lines = new TextDecoder().decode(content).split(/\r?\n/);
    for (const [i, text] of lines.entries()) {
      if (text.trim() !== '') chats.push(chatOf(text, { file: String(file.path), line: i + 1 }));
    }
  }
  return chats;
}

function chatOf(text: string, facts: { file: string; line: number }): Chat {
  const refuse = (reason: string, cause: unknown) =>
    new ChorusError('E_DATA_FORMAT', 'a line is no conversation', {
      facts: { ...facts, reason },
      hint: 'each line is {"messages": [{"role": "user", "content": ...}, {"role": "assistant", "content": ...}]} or {"prompt": ..., "completion": ...}',
      cause,
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refuse('it is not JSON', cause);
  }
  const parsed = line.safeParse(value);
  if (parsed.success) return parsed.data;
  throw refuse(parsed.error.issues[0]?.message ?? 'it has another form', parsed.error);
}

/** Bytes of one window. */
const WINDOW = 32;

/**
 * Conversations as a data set: windows of the bytes of JSON Lines, one after the other, each with the byte that follows
 * it. `textOf` gives the lines back.
 */
export function chatsDataset(
  chats: readonly Chat[],
  { name, report, vocabulary }: { name: string; report: DataReport; vocabulary: readonly string[] },
): MemoryDataset {
  const text = new TextEncoder().encode(chats.map((chat) => `${JSON.stringify(chat)}\n`).join(''));
  const count = Math.ceil(text.length / WINDOW);
  const inputs = sharedFloats(count * WINDOW).fill(NEW_LINE);
  inputs.set(text);
  // After the last window comes nothing; a further line feed is part of no conversation.
  const labels = Int32Array.from({ length: count }, (_, k) => text[(k + 1) * WINDOW] ?? NEW_LINE);
  return createDataset({
    inputs,
    labels,
    inputShape: [WINDOW],
    classes: vocabulary.length,
    classNames: [...vocabulary],
    name,
    report,
  });
}

const NEW_LINE = 10;
