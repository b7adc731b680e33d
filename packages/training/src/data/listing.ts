import { isUtf8 } from 'node:buffer';
import { readdir, stat } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { ChorusError } from '@chorus/protocol';
import { Tally } from './report.ts';
import { unreadable } from './unreadable.ts';

/** A file or folder, with links followed. */
export interface Entry {
  /** The name; bytes that are not UTF-8 are written `\xNN`. */
  name: string;
  /** Bytes if the name is not UTF-8. */
  path: string | Buffer;
  kind: 'file' | 'folder' | 'dangling' | 'other';
  isUtf8: boolean;
}

export interface Listing {
  path: string;
  /** By name, in the order of code units. */
  entries: Entry[];
  /** Hidden files and those that operating systems leave in folders: not among the entries. */
  leftOut: Tally;
}

/** Names of files that operating systems, file managers and archives create, in lower case. */
const FOREIGN = new Set([
  'lost+found',
  'thumbs.db',
  'ehthumbs.db',
  'desktop.ini',
  'system volume information',
  '$recycle.bin',
  'recycler',
  '__macosx',
  '@eadir',
  '__pycache__',
  '#recycle',
  'icon\r',
  'folder.htt',
]);

/** True for names of files that no user added to the data. */
export function isForeign(name: string): boolean {
  return name.startsWith('.') || FOREIGN.has(name.toLowerCase()) || name.endsWith('~');
}

/** The ending of a name in lower case, with its dot; empty if it has no ending. */
export function endingOf(name: string): string {
  return extname(name).toLowerCase();
}

/**
 * Entries of a folder; a link counts as its target.
 * @throws ChorusError `E_DATA_UNREADABLE`
 */
export async function listFolder(path: string): Promise<Listing> {
  const found = await readdir(path, { withFileTypes: true, encoding: 'buffer' }).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  const leftOut = new Tally();
  const entries: Entry[] = [];
  for (const dirent of found) {
    const bytes = dirent.name;
    const valid = isUtf8(bytes);
    const name = valid ? bytes.toString('utf8') : escaped(bytes);
    if (isForeign(name)) {
      leftOut.add('hidden files and files of the system', name);
      continue;
    }
    const full = valid ? join(path, name) : Buffer.concat([Buffer.from(`${path}${sep}`), bytes]);
    const kind = dirent.isSymbolicLink()
      ? await kindBehind(full)
      : dirent.isFile()
        ? 'file'
        : dirent.isDirectory()
          ? 'folder'
          : 'other';
    entries.push({ name, path: full, kind, isUtf8: valid });
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { path, entries, leftOut };
}

/** The refusal of a link that leads nowhere: its target may be a part of the data. */
export function dangling(entry: Entry): ChorusError {
  return new ChorusError('E_DATA_UNREADABLE', 'a link leads nowhere', {
    facts: { path: String(entry.path) },
    hint: 'bring back what it leads to, or remove the link',
  });
}

/** The path of a folder whose name can be written down. @throws ChorusError `E_DATA_FORMAT` */
export function folderPath({ name, path }: Entry): string {
  if (typeof path === 'string') return path;
  throw new ChorusError('E_DATA_FORMAT', 'the name of a folder is not UTF-8', {
    facts: { name },
    hint: 'rename it: a class needs a name that all nodes can write',
  });
}

async function kindBehind(path: string | Buffer): Promise<Entry['kind']> {
  try {
    const info = await stat(path);
    return info.isFile() ? 'file' : info.isDirectory() ? 'folder' : 'other';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ELOOP' || code === 'ENOTDIR') return 'dangling';
    throw unreadable(String(path), error);
  }
}

/** ASCII unchanged, every other byte as `\xNN`. */
function escaped(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) =>
    byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`,
  ).join('');
}
