import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { ChorusError } from '@chorus/protocol';
import { createDataset, type Dataset, sharedFloats, type TextDataset } from './dataset.ts';
import { MAX_FILES, MAX_TEXT_BYTES } from './limits.ts';
import { unreadable } from './unreadable.ts';

/** True for names that {@link loadText} reads. */
export function isText(name: string): boolean {
  return ['.txt', '.md', '.text'].includes(extname(name).toLowerCase()) && !name.startsWith('.');
}

/**
 * The tokens are the bytes of UTF-8: a vocabulary that all nodes share whatever their texts contain
 * (as ByT5, Xue et al. 2022, arXiv:2105.13626).
 */
const VOCABULARY: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`,
);

/**
 * Read the text files of a folder, in the order of their names, as one sequence of byte tokens.
 * @throws ChorusError `E_DATA_UNREADABLE`, `E_DATA_FORMAT`, `E_DATA_TOO_LARGE`
 */
export async function loadText(folder: string, name: string): Promise<TextDataset> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw unreadable(folder, cause);
  });
  const files = names.filter(isText).sort((a, b) => (a < b ? -1 : 1));
  if (files.length === 0 || files.length > MAX_FILES) {
    throw new ChorusError('E_DATA_FORMAT', 'the folder has no text files to use', {
      facts: { path: folder, files: files.length },
    });
  }
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for (const file of files) {
    const path = join(folder, file);
    try {
      bytes += (await stat(path)).size;
      if (bytes > MAX_TEXT_BYTES) {
        throw new ChorusError('E_DATA_TOO_LARGE', 'the texts are too long to load', {
          facts: { path: folder, limit: MAX_TEXT_BYTES },
        });
      }
      pieces.push(await readFile(path));
    } catch (cause) {
      throw cause instanceof ChorusError ? cause : unreadable(path, cause);
    }
  }
  return { kind: 'text', tokens: Int32Array.from(Buffer.concat(pieces)), vocabulary: [...VOCABULARY], name };
}

/**
 * Next-token prediction as classification: inputs are `context` consecutive tokens (as floats), the label is
 * the token that follows.
 *
 * @param stride distance between the starts of two windows
 * @throws ChorusError `E_DATA_FORMAT` where the text is shorter than one window
 */
export function textWindows(
  text: TextDataset,
  {
    context,
    stride = 1,
    limit = Number.POSITIVE_INFINITY,
  }: { context: number; stride?: number; limit?: number },
): Dataset {
  if (!(Number.isInteger(context) && context > 0 && Number.isInteger(stride) && stride > 0)) {
    throw new RangeError(`windows of ${context} tokens every ${stride} tokens`);
  }
  const count = Math.min(limit, Math.floor((text.tokens.length - context - 1) / stride) + 1);
  if (!(count > 0)) {
    throw new ChorusError('E_DATA_FORMAT', 'the text is shorter than one training window', {
      facts: { name: text.name, tokens: text.tokens.length, context },
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
  });
}
