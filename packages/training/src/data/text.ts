import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { ChorusError } from '@chorus/protocol';
import {
  createDataset,
  createFileDataset,
  type FileDataset,
  type MemoryDataset,
  sharedFloats,
  type TextDataset,
  tooManySamples,
} from './dataset.ts';
import { MAX_FILES, MAX_SAMPLES, MAX_TEXT_BYTES } from './limits.ts';
import { dangling, endingOf, type Listing, listFolder } from './listing.ts';
import type { DataReport } from './report.ts';
import { SampleWriter, type SpillOptions } from './sample-writer.ts';
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
export const VOCABULARY: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
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
  const files = await textFiles(listing);
  const pieces: Uint8Array[] = [];
  for (const { path } of files) pieces.push(await readText(path));
  return { kind: 'text', tokens: Int32Array.from(Buffer.concat(pieces)), vocabulary: [...VOCABULARY], name };
}

/** A text file and its length in bytes. */
interface TextFile {
  path: string | Buffer;
  bytes: number;
}

/**
 * The text files of a listing, in the order of their names.
 * @throws ChorusError as {@link loadText}
 */
export async function textFiles(listing: Listing): Promise<TextFile[]> {
  const files = listing.entries.filter((entry) => isText(entry.name) && entry.kind !== 'folder');
  if (files.length === 0 || files.length > MAX_FILES) {
    throw new ChorusError('E_DATA_FORMAT', 'the folder has no text files to use', {
      facts: { path: listing.path, files: files.length },
      hint: 'texts are files that end in .txt, .text or .md',
    });
  }
  const found: TextFile[] = [];
  let total = 0;
  for (const file of files) {
    const { path } = file;
    if (file.kind === 'dangling') throw dangling(file);
    const bytes = await stat(path).then(
      ({ size }) => size,
      (cause: unknown) => {
        throw unreadable(String(path), cause);
      },
    );
    total += bytes;
    if (total > MAX_TEXT_BYTES) {
      throw new ChorusError('E_DATA_TOO_LARGE', 'the texts are too long to load', {
        facts: { path: listing.path, limit: MAX_TEXT_BYTES },
        hint: 'divide the texts over several folders',
      });
    }
    found.push({ path, bytes });
  }
  return found;
}

async function readText(path: TextFile['path']): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of piecesOf(path)) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function* piecesOf(path: TextFile['path']): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of createReadStream(path, { highWaterMark: 2 ** 20 }) as AsyncIterable<Buffer>) {
      if (piece.includes(0)) {
        throw new ChorusError('E_DATA_FORMAT', 'a text file holds bytes that are not text', {
          facts: { path: String(path) },
          hint: 'if it is text in UTF-16, convert it to UTF-8; otherwise remove it or give it another ending',
        });
      }
      yield piece;
    }
  } catch (cause) {
    throw cause instanceof ChorusError ? cause : unreadable(String(path), cause);
  }
}

/** How texts in windows were understood. */
export function windowNote(context: number): string {
  return `text is read as bytes, ${context} of which foretell the next`;
}

export interface WindowOptions {
  context: number;
  /** Distance between the starts of two windows; 1 by default. */
  stride?: number;
  /** Most windows. */
  limit?: number;
  report?: DataReport;
}

/**
 * The number of windows of a text. @throws ChorusError `E_DATA_FORMAT` if it is shorter than one window,
 * `E_DATA_TOO_LARGE` if it has too many
 */
export function windowsIn(
  { name, tokens }: { name: string; tokens: number },
  { context, stride = 1, limit = Number.POSITIVE_INFINITY }: WindowOptions,
): number {
  if (!(Number.isInteger(context) && context > 0 && Number.isInteger(stride) && stride > 0)) {
    throw new RangeError(`windows of ${context} tokens every ${stride} tokens`);
  }
  const count = Math.min(limit, Math.floor((tokens - context - 1) / stride) + 1);
  if (count > MAX_SAMPLES) throw tooManySamples(name);
  if (count > 0) return count;
  throw new ChorusError('E_DATA_FORMAT', 'the text is shorter than one training window', {
    facts: { name, tokens, context },
    hint: `add text: at least ${context + 1} bytes in each part are needed, and a fifth is the test part`,
  });
}

/**
 * Next-token prediction as classification: inputs are `context` consecutive tokens (as floats), the label is
 * the token that follows.
 *
 * @throws ChorusError `E_DATA_FORMAT` if the text is shorter than one window, `E_DATA_TOO_LARGE`
 */
export function textWindows(text: TextDataset, options: WindowOptions): MemoryDataset {
  const { context, stride = 1, report } = options;
  const count = windowsIn({ name: text.name, tokens: text.tokens.length }, options);
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

/**
 * {@link textWindows} of the bytes `from` to `to` of texts, in a file in which the windows overlap: it is no longer than
 * the texts.
 * @throws ChorusError as {@link textWindows}, and `E_DATA_DISK`
 */
export async function textWindowsInFile(
  files: readonly TextFile[],
  { from, to, name }: { from: number; to: number; name: string },
  options: WindowOptions & { spill: SpillOptions; signal?: AbortSignal },
): Promise<FileDataset> {
  const { context, stride = 1, report, signal } = options;
  const count = windowsIn({ name, tokens: to - from }, options);
  const length = (count - 1) * stride + context + 1;
  const labels = new Int32Array(count);
  const writer = await SampleWriter.create(options.spill, length);
  try {
    let start = -from;
    for (const { path } of files) {
      // Every text is read to its end, so that the same ones are refused as in memory.
      for await (const content of piecesOf(path)) {
        signal?.throwIfAborted();
        const begin = Math.max(0, start);
        const end = start + content.length;
        const wanted = content.subarray(begin - start, Math.max(begin, Math.min(end, length)) - start);
        for (let k = Math.max(0, Math.ceil((begin - context) / stride)); k < count; k++) {
          const at = k * stride + context - begin;
          if (at >= wanted.length) break;
          labels[k] = wanted[at]!;
        }
        if (wanted.length > 0) await writer.write(wanted);
        start = end;
      }
    }
    if (writer.written !== length) throw unreadable(name, new Error('a text has changed while it was read'));
    return createFileDataset({
      file: await writer.finish({ stride, values: 'byte' }),
      labels,
      inputShape: [context],
      classes: VOCABULARY.length,
      classNames: [...VOCABULARY],
      name,
      ...(report ? { report } : {}),
    });
  } catch (error) {
    await writer.discard();
    throw error;
  }
}
