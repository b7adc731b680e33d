import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ChorusError } from '@chorus/protocol';
import { z } from 'zod';

/** Name of the manifest file within a backup. */
export const MANIFEST_FILE = 'backup.json';

const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;
export const MAX_FILES = 200_000;
/** Largest total size of the unpacked files, bytes. */
export const MAX_BACKUP_BYTES = 1e12;

const fileSchema = z.strictObject({
  path: z
    .string()
    .max(1024)
    .regex(/^(?!\/)(?!.*(?:^|\/)\.\.?(?:\/|$))[^\\\0]+$/, 'must be a path inside the folder'),
  bytes: z.number().int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const manifestSchema = z.strictObject({
  version: z.literal(1),
  createdAt: z.iso.datetime(),
  /** Version of the program that wrote the backup. */
  program: z.string().max(100),
  /** The node's identity; null for a folder without one. */
  node: z.strictObject({ peerId: z.string().max(64), address: z.string().max(42) }).nullable(),
  files: z.array(fileSchema).max(MAX_FILES),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type BackedUpFile = z.infer<typeof fileSchema>;

/** @throws ChorusError `E_BACKUP` */
export async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, MANIFEST_FILE);
  try {
    if ((await stat(path)).size > MAX_MANIFEST_BYTES) throw new Error('it is too long');
    return manifestSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    throw new ChorusError('E_BACKUP', 'the file is not a whole backup of a node', {
      hint: 'use another backup; nothing was changed',
      cause,
    });
  }
}

/** All regular files of a folder, as paths relative to it, in order. */
export async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .split(sep)
        .join('/'),
    )
    .sort();
}

export async function describeFile(folder: string, path: string): Promise<BackedUpFile> {
  const full = join(folder, path);
  const hash = createHash('sha256');
  await pipeline(createReadStream(full), hash);
  return { path, bytes: (await stat(full)).size, sha256: hash.digest('hex') };
}
