import { glob, stat } from 'node:fs/promises';
import { extname, join, relative, resolve, sep } from 'node:path';
import { ChorusError } from '@chorus/protocol';
import { MAX_DOCUMENTS } from '../limits.ts';
import { type DocumentKind, EXTENSIONS, kindOf } from '../parse/document.ts';

/** A document on this machine. */
export interface DocumentFile {
  /** As it is cited: from the folder of the agent file, with slashes. */
  source: string;
  path: string;
  kind: DocumentKind;
  bytes: number;
  /** When it was changed, ms since 1970. */
  changed: number;
}

/**
 * The documents that patterns name: files, folders with all below them, and patterns with `*`, from a folder.
 * @throws ChorusError `E_DOCUMENT_FILES` if a pattern names none, or there are too many
 */
export async function documentFiles(patterns: readonly string[], folder: string): Promise<DocumentFile[]> {
  const found = new Map<string, DocumentFile>();
  for (const pattern of patterns) {
    let count = 0;
    for await (const path of pathsOf(pattern, folder)) {
      const kind = kindOf(extname(path));
      const info = await stat(path).catch(() => null);
      if (!kind || !info?.isFile()) continue;
      count++;
      const source = relative(folder, path).replaceAll(sep, '/');
      found.set(path, { source, path, kind, bytes: info.size, changed: info.mtimeMs });
      if (found.size > MAX_DOCUMENTS) {
        throw new ChorusError('E_DOCUMENT_FILES', 'the agent has more documents than it may', {
          facts: { limit: MAX_DOCUMENTS },
          hint: 'name fewer in knowledge',
        });
      }
    }
    if (count === 0) {
      throw new ChorusError('E_DOCUMENT_FILES', 'knowledge names no document', {
        facts: { pattern },
        hint: `check the path; documents end in ${EXTENSIONS.join(', ')}`,
      });
    }
  }
  return [...found.values()].sort((a, b) => (a.source < b.source ? -1 : 1));
}

async function* pathsOf(pattern: string, folder: string): AsyncGenerator<string> {
  const path = resolve(folder, pattern);
  const info = await stat(path).catch(() => null);
  if (info?.isFile()) yield path;
  else if (info?.isDirectory()) for await (const name of glob('**/*', { cwd: path })) yield join(path, name);
  else for await (const name of glob(pattern, { cwd: folder })) yield resolve(folder, name);
}
