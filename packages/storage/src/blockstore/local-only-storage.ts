import { join } from 'node:path';
import { ChorusError, type GetOptions, type StoragePort } from '@chorus/protocol';
import type { CID } from 'multiformats/cid';
import { parseCid } from '../core/address.ts';
import { cidOfBytes, matches } from '../unixfs/chunker.ts';
import { blocksOf, readFile } from '../unixfs/unixfs-reader.ts';

/**
 * The files that a node left in its folder, read without a network: a missing file is unavailable at once, and
 * nothing in the folder changes.
 *
 * @param path the folder that `createHeliaStorage` was given
 * @throws ChorusError `E_STORAGE_OPEN`
 */
export async function openOfflineStorage(path: string): Promise<StoragePort> {
  const { FsBlockstore } = await import('blockstore-fs');
  const store = new FsBlockstore(join(path, 'blocks'), { createIfMissing: false });
  try {
    await store.open();
  } catch (cause) {
    throw new ChorusError('E_STORAGE_OPEN', 'cannot open the block store', {
      facts: { path },
      hint: 'check that the folder is one that a node left, and is readable',
      cause,
    });
  }
  const block = async (cid: CID): Promise<Uint8Array> => {
    const parts: Uint8Array[] = [];
    for await (const part of store.get(cid)) parts.push(part);
    const bytes = new Uint8Array(Buffer.concat(parts));
    if (matches(cid, bytes)) return bytes;
    throw new Error('the block on disk is damaged');
  };
  return {
    cidOf: cidOfBytes,
    async get(cid: string, { maxBytes, signal }: GetOptions) {
      signal?.throwIfAborted();
      return await readFile(parseCid(cid), maxBytes, async (part) => {
        return await block(part).catch((cause: unknown) => {
          throw new ChorusError('E_STORAGE_UNAVAILABLE', 'the file is not in this folder', {
            facts: { cid, path },
            cause,
          });
        });
      });
    },
    async has(cid: string) {
      const root = parseCid(cid);
      const blocks = await blocksOf(root, block).catch(() => null);
      if (blocks === null) return false;
      const held = await Promise.all(blocks.map((part) => store.has(part)));
      return held.every(Boolean);
    },
    put: () => Promise.reject(readOnly(path)),
    remove: () => Promise.reject(readOnly(path)),
    close: async () => store.close(),
  };
}

function readOnly(path: string): ChorusError {
  return new ChorusError('E_STORAGE_READ_ONLY', 'this storage is opened for reading only', {
    facts: { path },
  });
}
