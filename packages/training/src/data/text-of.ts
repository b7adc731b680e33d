import { open } from 'node:fs/promises';
import { type Dataset, type MemoryDataset, valuesOf } from './dataset.ts';
import { unreadable } from './unreadable.ts';

/** Whether a data set is made of whole texts, as {@link textOf} reads them; parts of its windows are not. */
export function isOfText({ kind, report }: Pick<Dataset, 'kind' | 'report'>): boolean {
  return kind === 'classification' && report?.format === 'text';
}

/** Whether a data set is made of whole conversations, one JSON document a line of {@link textOf}. */
export function isOfChats({ kind, report }: Pick<Dataset, 'kind' | 'report'>): boolean {
  return kind === 'classification' && report?.format === 'chats';
}

/**
 * The text that a data set of texts was made of, as UTF-8: language models have tokens of their own. A character at
 * either end may be cut.
 *
 * @throws ChorusError `E_DATA_UNREADABLE`
 * @throws {RangeError} if it is no data set of texts
 */
export async function textOf(dataset: Dataset): Promise<Uint8Array> {
  // Windows of conversations do not overlap, and are in memory.
  if (isOfChats(dataset) && dataset.inputs) return Uint8Array.from(dataset.inputs);
  if (!isOfText(dataset)) throw new RangeError(`${dataset.name} is not made of texts`);
  const context = valuesOf(dataset.inputShape);
  // Each window begins one byte after the one before it, and its label is the byte that follows it.
  const length = dataset.count - 1 + context + 1;
  if (dataset.inputs) return textInMemory(dataset);
  const { path, offset } = dataset.file;
  const text = new Uint8Array(length);
  try {
    const file = await open(path, 'r');
    try {
      for (let at = 0; at < length; ) {
        const { bytesRead } = await file.read(text, at, length - at, offset + at);
        if (bytesRead === 0) throw new Error('the file is too short');
        at += bytesRead;
      }
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw unreadable(path, cause);
  }
  return text;
}

/** The text of windows in memory that begin one byte apart: the first window, and the byte after each. */
export function textInMemory({
  inputs,
  labels,
  inputShape,
}: Pick<MemoryDataset, 'inputs' | 'labels' | 'inputShape'>): Uint8Array {
  const context = valuesOf(inputShape);
  const text = new Uint8Array(context + labels.length);
  text.set(inputs.subarray(0, context));
  text.set(labels, context);
  return text;
}
