import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '@chorus/protocol';
import type { CID } from 'multiformats/cid';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { layOut } from '../unixfs/chunker.ts';
import { collectGarbage, DiskGuard } from './gc.ts';
import { PinnedBlockstore } from './pinned-blockstore.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-garbage-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const blocksOf = async (held: PinnedBlockstore, size: number) => {
  const blocks: CID[] = [];
  const root = await layOut(new Uint8Array(randomBytes(size)), async (cid, block) => {
    blocks.push(cid);
    await held.write(cid, block);
  });
  return { root, blocks, cid: root.toString() };
};
const keep = async (held: PinnedBlockstore, size: number) => {
  const file = await blocksOf(held, size);
  await held.hold(file.root, file.blocks);
  return file;
};
/** Pretend that a file was last used this number of minutes ago. */
const age = async (cid: string, minutes: number) => {
  const at = Date.now() / 1000 - 60 * minutes;
  await utimes(join(folder, 'files', cid), at, at);
};
const onDisk = async () =>
  (await readdir(join(folder, 'blocks'), { recursive: true, withFileTypes: true })).filter((e) => e.isFile())
    .length;

describe('garbage collection', () => {
  test('garbage collection deletes only blocks of a crash, and sizes are known again after a restart', async () => {
    const first = await PinnedBlockstore.open(folder);
    const file = await keep(first, 2_500_000);
    await blocksOf(first, 1_500_000);
    const [block] = (await readdir(join(folder, 'blocks'))).map((name) => join(folder, 'blocks', name));
    await writeFile(join(block!, 'half-a-write.123'), 'x');
    const held = await PinnedBlockstore.open(folder);
    expect(held.bytes).toBe(first.bytes);
    const result = await collectGarbage(held, {});
    expect(result.removed).toEqual([]);
    expect(result.freedBytes).toBeGreaterThan(1_500_000);
    expect(await held.holds(file.root)).toBe(true);
    expect(await onDisk()).toBe(file.blocks.length);
    expect(held.bytes).toBe(result.bytes);
  });

  test('garbage collection deletes files by last use until the limit holds, except those to keep', async () => {
    const first = await PinnedBlockstore.open(folder);
    const files: Awaited<ReturnType<typeof keep>>[] = [];
    for (let i = 0; i < 5; i++) files.push(await keep(first, 100_000));
    for (const [i, { cid }] of files.entries()) await age(cid, 10 - i);
    const held = await PinnedBlockstore.open(folder);
    await held.touch(files[1]!.root);
    const { removed, bytes } = await collectGarbage(held, { keep: [files[0]!.cid], maxBytes: 300_000 });
    expect(removed).toEqual([files[2]!.cid, files[3]!.cid]);
    expect(bytes).toBe(300_000);
    for (const i of [0, 1, 4]) expect(await held.holds(files[i]!.root)).toBe(true);
    const again = await PinnedBlockstore.open(folder);
    expect(
      again
        .files()
        .map((f) => f.cid)
        .sort(),
    ).toEqual([0, 1, 4].map((i) => files[i]!.cid).sort());
    expect(again.files().at(-1)?.cid).toBe(files[1]!.cid);
  });

  test('files to keep stay even if they exceed the limit', async () => {
    const held = await PinnedBlockstore.open(folder);
    const { cid, root } = await keep(held, 100_000);
    expect(await collectGarbage(held, { keep: [cid], maxBytes: 0 })).toEqual({
      removed: [],
      freedBytes: 0,
      bytes: 100_000,
    });
    expect(await held.holds(root)).toBe(true);
  });

  test('garbage collection keeps the blocks of a current fetch, and deletes those of a failed one before files', async () => {
    const held = await PinnedBlockstore.open();
    const file = await keep(held, 100_000);
    const failed = await blocksOf(held, 50_000);
    await held.keepForLater(failed.blocks);
    const running = await blocksOf(held, 70_000);
    for (const cid of running.blocks) held.claim(cid);
    expect((await collectGarbage(held, { maxBytes: 180_000 })).bytes).toBe(170_000);
    expect(await held.holds(file.root)).toBe(true);
    await held.hold(running.root, running.blocks);
    held.unclaim(running.blocks);
    expect(await held.holds(running.root)).toBe(true);
  });

  test('garbage collection keeps a block shared with a kept file', async () => {
    const held = await PinnedBlockstore.open();
    const [a, b] = [await keep(held, 1000), await keep(held, 1000)];
    await held.hold(b.root, b.blocks);
    const both = [...a.blocks, ...b.blocks];
    const other = await blocksOf(held, 500);
    await held.hold(other.root, [...other.blocks, ...both]);
    await collectGarbage(held, { keep: [other.cid], maxBytes: 0 });
    for (const cid of both) expect(await held.read(cid)).toBeDefined();
  });
});

describe('a disk limit', () => {
  const write = async (held: PinnedBlockstore, guard: DiskGuard, size: number) => {
    const blocks: CID[] = [];
    const root = await layOut(new Uint8Array(randomBytes(size)), async (cid, block) => {
      blocks.push(cid);
      await guard.write(cid, block);
    });
    await held.hold(root, blocks);
  };

  test('a disk limit is never exceeded: older files make room, and a write is refused if none can', async () => {
    const held = await PinnedBlockstore.open();
    const pinned = await keep(held, 400_000);
    const guard = new DiskGuard(held, { maxBytes: 1_000_000, keep: async () => [pinned.cid] });
    for (let i = 0; i < 20; i++) {
      await write(held, guard, 150_000);
      expect(held.bytes).toBeLessThanOrEqual(1_000_000);
    }
    expect(await held.holds(pinned.root)).toBe(true);
    await expect(write(held, guard, 700_000)).rejects.toSatisfy((e) => hasCode(e, 'E_STORAGE_FULL'));
    await write(held, guard, 500_000);
    const writes = await Promise.allSettled(Array.from({ length: 8 }, () => write(held, guard, 100_000)));
    expect(writes.every((w) => w.status === 'fulfilled')).toBe(true);
    expect(held.bytes).toBeLessThanOrEqual(1_000_000);
  });
});

test.skipIf(process.getuid?.() === 0)(
  'the error of a folder that cannot be written says so (skipped as root)',
  async () => {
    const held = await PinnedBlockstore.open(folder);
    await chmod(join(folder, 'blocks'), 0o500);
    await expect(blocksOf(held, 100)).rejects.toSatisfy((e) => hasCode(e, 'E_STORAGE_WRITE'));
    await chmod(join(folder, 'blocks'), 0o700);
  },
);
