import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ChorusError, explain } from '@chorus/protocol';
import { MAX_DOCUMENT_BYTES } from '../limits.ts';
import type { Section } from '../parse/document.ts';
import { parseDocument } from '../parse/parse-document.ts';
import { toPassages } from '../passages/split.ts';
import type { DocumentIndex } from './document-index.ts';
import type { DocumentFile } from './files.ts';

/** How far an update of the index is. */
export interface Progress {
  /** `embedding` counts passages, `reading` documents. */
  step: 'reading' | 'embedding';
  done: number;
  /** Null: not known. */
  of: number | null;
}

/**
 * Brings an index up to date: documents that are new or have changed are read, those that are gone removed. One that cannot
 * be read is kept with the reason, and read again when it has changed.
 * @throws ChorusError `E_DOCUMENT_FILES`; the signal's reason when aborted
 */
export async function update(
  index: DocumentIndex,
  files: readonly DocumentFile[],
  signal: AbortSignal,
  onProgress: (progress: Progress) => void = () => {},
): Promise<void> {
  const before = new Map(index.documents().map((document) => [document.source, document]));
  const present = new Set(files.map(({ source }) => source));
  for (const source of before.keys()) if (!present.has(source)) index.remove(source);
  const touched = files.filter(({ source, bytes, changed }) => {
    const known = before.get(source);
    return known?.bytes !== bytes || known.changed !== changed;
  });
  for (const [done, file] of touched.entries()) {
    signal.throwIfAborted();
    onProgress({ step: 'reading', done, of: touched.length });
    await updateOne(index, file, before.get(file.source)?.digest, signal);
  }
}

async function updateOne(
  index: DocumentIndex,
  { source, path, kind, bytes, changed }: DocumentFile,
  known: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  let digest = '';
  let sections: Section[] = [];
  let fault: string | null = null;
  try {
    if (bytes > MAX_DOCUMENT_BYTES) throw tooLarge(bytes);
    const content = await readFile(path);
    digest = createHash('sha256').update(content).digest('hex');
    if (digest === known) return index.touch(source, changed);
    sections = await parseDocument(kind, content, signal);
  } catch (error) {
    signal.throwIfAborted();
    fault = explain(error).message;
  }
  index.put({ source, digest, bytes, changed, fault }, toPassages(sections));
}

function tooLarge(bytes: number): ChorusError {
  return new ChorusError('E_DOCUMENT', 'the document is larger than one may be', {
    facts: { bytes, limit: MAX_DOCUMENT_BYTES },
    hint: 'split it, or remove it',
  });
}
