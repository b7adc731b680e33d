import { readFile, stat } from 'node:fs/promises';
import { ChorusError } from '@chorus/protocol';
import { createDataset, type Dataset, sharedFloats, type TextDataset } from './dataset.ts';
import { MAX_FILES, MAX_TEXT_BYTES } from './limits.ts';
import { dangling, endingOf, type Listing, listFolder } from './listing.ts';
import type { DataReport } from './report.ts';
import { unreadable } from './unreadable.ts';

/** True for names that {@link loadText} reads. */
export function isText(name: string): boolean {
  return ['.txt', '.md', '.text'].includes(endingOf(name));
}

/** True for texts that describe data, such as a readme. */
export function isAboutData(name: string): boolean {
  return /^(?:read[-_ ]?me|licen[cs]e|copying|notice|authors|changelog|citation|requirements|class(?:es|_?names)|labels)\b/i.test(
    name,
  );
}

/**
 * The tokens are the bytes of UTF-8: a vocabulary that all nodes share for any texts (as ByT5, Xue et al. 2022,
 * arXiv:2105.13626).
 */
const VOCABULARY: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`,
);

/**
 * Read the text files of a folder, in the order of their names, as one sequence of byte tokens.
 * @throws ChorusError `E_DATA_UNREADABLE`, `E_DATA_FORMAT`, `E_DATA_TOO_LARGE`
 */
export async function loadText(folder: string, name: string): Promise<TextDataset> {
  return readTexts(await listFolder(folder), name);
}

/** The text files of a listing, as {@link loadText}. */
export async function readTexts(listing: Listing, name: string): Promise<TextDataset> {
  const files = listing.entries.filter((entry) => isText(entry.name) && entry.kind !== 'folder');
  if (files.length === 0 || files.length > MAX_FILES) {
    throw new ChorusError('E_DATA_FORMAT', 'the folder has no text files to use', {
      facts: { path: listing.path, files: files.length },
      hint: 'texts are files that end in .txt, .text or .md',
    });
  }
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for (const file of files) {
    const { path } = file;
    if (file.kind === 'dangling') throw dangling(file);
    try {
      bytes += (await stat(path)).size;
      if (bytes > MAX_TEXT_BYTES) {
        throw new ChorusError('E_DATA_TOO_LARGE', 'the texts are too long to load', {
          facts: { path: listing.path, limit: MAX_TEXT_BYTES },
          hint: 'divide the texts over several folders',
        });
      }
      const content = await readFile(path);
      if (content.includes(0)) {
        throw new ChorusError('E_DATA_FORMAT', 'a text file holds bytes that are not text', {
          facts: { path: String(path) },
          hint: 'if it is text in UTF-16, convert it to UTF-8; otherwise remove it or give it another ending',
        });
      }
      pieces.push(content);
    } catch (cause) {
      throw cause instanceof ChorusError ? cause : unreadable(String(path), cause);
    }
  }
  return { kind: 'text', tokens: Int32Array.from(Buffer.concat(pieces)), vocabulary: [...VOCABULARY], name };
}

/**
 * Next-token prediction as classification: inputs are `context` consecutive tokens (as floats), the label is
 * the token that follows.
 *
 * @param stride distance between the starts of two windows
 * @throws ChorusError `E_DATA_FORMAT` if the text is shorter than one window
 */
export function textWindows(
  text: TextDataset,
  {
    context,
    stride = 1,
    limit = Number.POSITIVE_INFINITY,
    report,
  }: { context: number; stride?: number; limit?: number; report?: DataReport },
): Dataset {
  if (!(Number.isInteger(context) && context > 0 && Number.isInteger(stride) && stride > 0)) {
    throw new RangeError(`windows of ${context} tokens every ${stride} tokens`);
  }
  const count = Math.min(limit, Math.floor((text.tokens.length - context - 1) / stride) + 1);
  if (!(count > 0)) {
    throw new ChorusError('E_DATA_FORMAT', 'the text is shorter than one training window', {
      facts: { name: text.name, tokens: text.tokens.length, context },
      hint: `add text: at least ${context + 1} bytes in each part are needed, and a fifth is the test part`,
    });
  }
  const inputs = sharedFloats(count * context);
  const labels = new Int32Array(count);
  for (let k = 0; k < count; k++) {
    const start = k * stride;
    inputs.set(text.tokens.subarray(start, start + context), k * context);
    labels[k] = text.tokens[start + context]!;
  }
  return createDataset({
    inputs,
    labels,
    inputShape: [context],
    classes: text.vocabulary.length,
    classNames: text.vocabulary,
    name: text.name,
    ...(report ? { report } : {}),
  });
}
