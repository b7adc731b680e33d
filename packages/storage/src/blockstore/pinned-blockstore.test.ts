import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CID } from 'multiformats/cid';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MAX_LOOSE_BLOCKS } from '../core/limits.ts';
import { layOut } from '../unixfs/chunker.ts';
import { PinnedBlockstore } from './pinned-blockstore.ts';

describe('blocks held on disk', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chorus-blocks-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  const keep = async (held: PinnedBlockstore, bytes: Uint8Array): Promise<{ root: CID; blocks: CID[] }> => {
    const blocks: CID[] = [];
    const root = await layOut(bytes, async (cid, block) => {
      blocks.push(cid);
      await held.write(cid, block);
    });
    await held.hold(root, blocks);
    return { root, blocks };
  };
  const filesIn = async () =>
    (await readdir(join(folder, 'blocks'), { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));

  test('a held file is still held after reopening the store, and removing it leaves no block', async () => {
    const bytes = new Uint8Array(randomBytes(2_500_000));
    const { root, blocks } = await keep(await PinnedBlockstore.open(folder), bytes);
    const again = await PinnedBlockstore.open(folder);
    expect(await again.holds(root)).toBe(true);
    expect(again.blocks(root).map(String).sort()).toEqual(blocks.map(String).sort());
    await again.release(root);
    expect(await filesIn()).toEqual([]);
    expect(await (await PinnedBlockstore.open(folder)).holds(root)).toBe(false);
  });

  test('a damaged block counts as not held and is deleted, so that it can be fetched again', async () => {
    const held = await PinnedBlockstore.open(folder);
    const { root } = await keep(held, new Uint8Array(randomBytes(1000)));
    const [file] = await filesIn();
    const bytes = await readFile(file!);
    bytes[0]! ^= 1;
    await writeFile(file!, bytes);
    expect(await held.read(root)).toBeUndefined();
    expect(await held.holds(root)).toBe(false);
    expect(await filesIn()).toEqual([]);
  });

  test('a file whose root a crash cut off is not held after reopening the store', async () => {
    const { root } = await keep(await PinnedBlockstore.open(folder), new Uint8Array(randomBytes(1_500_000)));
    for (const file of await filesIn()) await truncate(file, 10);
    await writeFile(join(folder, 'files', 'not-a-cid'), '');
    const again = await PinnedBlockstore.open(folder);
    expect(await again.holds(root)).toBe(false);
    expect(await readdir(join(folder, 'files'))).toEqual([]);
  });

  test('blocks of failed fetches are kept within bounds, and never displace held files', async () => {
    const held = await PinnedBlockstore.open(folder);
    const { root, blocks } = await keep(held, new Uint8Array(randomBytes(1000)));
    await held.keepForLater(blocks);
    const loose: CID[] = [];
    for (let i = 0; i < MAX_LOOSE_BLOCKS + 10; i++) {
      await layOut(new Uint8Array(randomBytes(20)), async (cid, block) => {
        loose.push(cid);
        await held.write(cid, block);
      });
    }
    await held.keepForLater(loose);
    expect(await held.holds(root)).toBe(true);
    expect((await filesIn()).length).toBe(MAX_LOOSE_BLOCKS + 1);
    expect(await held.read(loose[0]!)).toBeUndefined();
    expect(await held.read(loose.at(-1)!)).toBeDefined();
  });

  test('several writers of one block do not disturb each other', async () => {
    const held = await PinnedBlockstore.open(folder);
    const bytes = new Uint8Array(randomBytes(100_000));
    const cid = await layOut(bytes, () => undefined);
    await Promise.all([held.write(cid, bytes), held.write(cid, bytes), held.write(cid, bytes)]);
    expect(await held.read(cid)).toBeDefined();
  });
});
