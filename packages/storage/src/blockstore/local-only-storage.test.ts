import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHUNK_BYTES } from '@chorus/protocol';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cidOfBytes, layOut } from '../unixfs/chunker.ts';
import { openOfflineStorage } from './local-only-storage.ts';
import { PinnedBlockstore } from './pinned-blockstore.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-offline-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const limits = { maxBytes: 4 * CHUNK_BYTES, timeoutMs: 60_000 };

async function leave(bytes: Uint8Array): Promise<string> {
  const held = await PinnedBlockstore.open(folder);
  return (await layOut(bytes, (cid, block) => held.write(cid, block))).toString();
}

async function filesBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name));
}

it('offline storage reads files of one and of several blocks that a node left', async () => {
  const small = Uint8Array.from([1, 2, 3]);
  const large = Uint8Array.from({ length: 2 * CHUNK_BYTES + 5 }, (_, i) => i % 251);
  const cids = [await leave(small), await leave(large)];
  const before = await filesBelow(folder);
  const storage = await openOfflineStorage(folder);
  expect(await storage.get(cids[0]!, limits)).toEqual(small);
  expect(Buffer.compare(await storage.get(cids[1]!, limits), large)).toBe(0);
  expect(await Promise.all(cids.map((cid) => storage.has(cid)))).toEqual([true, true]);
  await storage.close();
  expect(await filesBelow(folder)).toEqual(before);
});

it('offline storage reports a missing or damaged file at once, and accepts no new one', async () => {
  const cid = await leave(Uint8Array.from([1, 2, 3]));
  const storage = await openOfflineStorage(folder);
  const missing = await cidOfBytes(Uint8Array.from([9]));
  await expect(storage.get(missing, limits)).rejects.toMatchObject({ code: 'E_STORAGE_UNAVAILABLE' });
  expect(await storage.has(missing)).toBe(false);
  const [file] = await filesBelow(join(folder, 'blocks'));
  await writeFile(file!, Buffer.from([1, 2, 4]));
  await expect(storage.get(cid, limits)).rejects.toMatchObject({ code: 'E_STORAGE_UNAVAILABLE' });
  expect(await readFile(file!)).toEqual(Buffer.from([1, 2, 4]));
  await expect(storage.put(Uint8Array.from([1]))).rejects.toMatchObject({ code: 'E_STORAGE_READ_ONLY' });
  await storage.close();
});

it('offline storage refuses a path that is not a block folder', async () => {
  await expect(openOfflineStorage(join(folder, 'nothing'))).rejects.toMatchObject({ code: 'E_STORAGE_OPEN' });
});
