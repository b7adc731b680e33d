import { randomBytes } from 'node:crypto';
import { chmod, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readIdentity } from '@chorus/node';
import { ChorusError, reasonOf } from '@chorus/protocol';
import { makeFolder } from '@chorus/utils';
import { extract } from 'tar';
import {
  describeFile,
  filesIn,
  MANIFEST_FILE,
  MAX_BACKUP_BYTES,
  MAX_FILES,
  type Manifest,
  readManifest,
} from './manifest.ts';

/**
 * Restore a node from a backup. Everything is unpacked next to the folder and checked, every file against its
 * sha256 and the identity against its signatures, before the folder appears under its name: all of it or nothing.
 *
 * @param home must not exist, or be empty
 * @throws ChorusError `E_EXISTS`, `E_BACKUP`, `E_IDENTITY_FALSE`
 */
export async function importNode(file: string, home: string): Promise<Manifest> {
  await refuseFilled(home);
  await stat(file).catch((cause) => {
    throw new ChorusError('E_BACKUP', 'cannot read the backup', { facts: { path: file }, cause });
  });
  const staging = join(dirname(home), `.chorus-import-${randomBytes(6).toString('hex')}`);
  await makeFolder(staging, 0o700);
  try {
    await unpack(file, staging);
    const manifest = await check(staging);
    await rm(join(staging, MANIFEST_FILE));
    // This replaces an empty folder, but not one that was filled meanwhile.
    await rmdir(home).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    await rename(staging, home);
    return manifest;
  } finally {
    // If unpacking failed, some of its writes may still be running.
    await rm(staging, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}

async function refuseFilled(home: string): Promise<void> {
  const names = await readdir(home).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (names.length === 0) return;
  throw new ChorusError('E_EXISTS', 'the folder is not empty', {
    facts: { folder: home },
    hint: 'import into another one with --home; import replaces no existing file',
  });
}

async function unpack(file: string, into: string): Promise<void> {
  let [bytes, files] = [0, 0];
  let refused: string | null = null;
  try {
    await extract({
      file,
      cwd: into,
      strict: true,
      preserveOwner: false,
      filter: (path, entry) => {
        const type = 'type' in entry ? entry.type : 'File';
        bytes += entry.size ?? 0;
        files++;
        if (type !== 'File' && type !== 'OldFile' && type !== 'Directory') refused ??= `${path} is a ${type}`;
        if (bytes > MAX_BACKUP_BYTES || files > MAX_FILES) refused ??= 'it is larger than a backup may be';
        return refused === null;
      },
    });
  } catch (cause) {
    throw damaged(reasonOf(cause), cause);
  }
  if (refused !== null) throw damaged(refused);
}

async function check(folder: string): Promise<Manifest> {
  const manifest = await readManifest(folder);
  const found = (await filesIn(folder)).filter((path) => path !== MANIFEST_FILE);
  const stated = new Map(manifest.files.map((file) => [file.path, file]));
  const extra = found.find((path) => !stated.has(path));
  if (extra !== undefined) throw damaged(`${extra} is not in its manifest`);
  for (const file of manifest.files) {
    if (!found.includes(file.path)) throw damaged(`${file.path} is missing`);
    const { bytes, sha256 } = await describeFile(folder, file.path);
    if (bytes !== file.bytes || sha256 !== file.sha256) throw damaged(`${file.path} was changed`);
    await chmod(join(folder, file.path), 0o600);
  }
  const identity = await readIdentity(folder);
  if (identity && identity.peerId !== manifest.node?.peerId)
    throw damaged('its identity is not the one in its manifest');
  return manifest;
}

function damaged(why: string, cause?: unknown): ChorusError {
  return new ChorusError('E_BACKUP', `the backup is damaged: ${why}`, {
    hint: 'use another backup; nothing was changed',
    cause,
  });
}
