import { readFile, stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { type AgentAttachment, ChorusError } from '@chorus/protocol';
import { givenPath } from '../environment/environment.ts';

/** Larger files are not attached; engines have lower bounds of their own. */
const MAX_BYTES = 32 * 1024 * 1024;

const TYPES: Readonly<Record<string, string>> = {
  '.avif': 'image/avif',
  '.csv': 'text/csv',
  '.gif': 'image/gif',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.json': 'application/json',
  '.md': 'text/markdown',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.text': 'text/plain',
  '.tif': 'image/tiff',
  '.tiff': 'image/tiff',
  '.txt': 'text/plain',
  '.webp': 'image/webp',
};

/**
 * A file as an attachment; its type follows from the end of its name.
 * @throws ChorusError `E_AGENT_INPUT` if it is too large; system errors if it cannot be read
 */
export async function attach(path: string): Promise<AgentAttachment> {
  const file = givenPath(path, '--file');
  const info = await stat(file);
  const { size } = info;
  if (info.isDirectory()) {
    throw new ChorusError('E_AGENT_INPUT', 'a folder cannot be attached', {
      facts: { path: file },
      hint: 'name a file in it',
    });
  }
  if (size > MAX_BYTES) {
    throw new ChorusError('E_AGENT_INPUT', 'the file is too large to attach', {
      facts: { path: file, bytes: size, limit: MAX_BYTES },
      hint: 'attach a smaller one',
    });
  }
  return {
    name: basename(file),
    mediaType: TYPES[extname(file).toLowerCase()] ?? 'application/octet-stream',
    bytes: await readFile(file),
  };
}
