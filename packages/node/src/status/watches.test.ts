import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DiskState } from '../resources/resource-budget.ts';
import { ChainWatch } from './chain-watch.ts';
import { DiskWatch, folderBytes } from './disk-watch.ts';

describe('the watch of the disk', () => {
  it('the disk watch measures the folder, and has garbage collected until it is within its quota', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'chorus-disk-'));
    try {
      await mkdir(join(folder, 'blocks'));
      await writeFile(join(folder, 'journal'), Buffer.alloc(1_000));
      await writeFile(join(folder, 'blocks', 'a'), Buffer.alloc(5_000));
      await writeFile(join(folder, 'blocks', 'b'), Buffer.alloc(4_000));
      const asked: unknown[] = [];
      const state: DiskState = { usedBytes: null, freeBytes: null, full: false };
      const watch = new DiskWatch({
        folder,
        quotaBytes: 8_000,
        storage: {
          usage: () => ({ bytes: 9_000 }),
          collectGarbage: async (options) => {
            asked.push({ ...options, keep: [...(options.keep ?? [])] });
            await rm(join(folder, 'blocks', 'b'));
            return { bytes: 5_000 };
          },
        },
        keep: () => ['bafy'],
        state,
        onError: (error) => {
          throw error;
        },
      });
      await watch.start();
      // Down to nine tenths of the quota, of which 1000 are not blocks.
      expect(asked).toEqual([{ keep: ['bafy'], maxBytes: 6_200 }]);
      expect(state).toMatchObject({ usedBytes: 6_000, full: false });
      expect(state.freeBytes).toBeGreaterThan(0);
      await writeFile(join(folder, 'kept'), Buffer.alloc(9_000));
      await writeFile(join(folder, 'blocks', 'b'), Buffer.alloc(10));
      await watch.look();
      expect(state.full).toBe(true);
      await watch.close();
      expect(await folderBytes(join(folder, 'nowhere'))).toBe(0);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('the watch of the chain', () => {
  it('the chain watch asks once for many callers, and reports when the chain is gone', async () => {
    let calls = 0;
    let up = true;
    const watch = new ChainWatch({
      now: async () => 5,
      head: async () => {
        calls++;
        if (!up) throw new Error('gone');
        return { height: 9, time: 1_000, gasBalance: 3n };
      },
    });
    const views = await Promise.all([watch.view(), watch.view(), watch.view()]);
    expect(views[2]).toEqual({ reachable: true, height: 9, time: 1_000, gasBalance: 3n });
    expect(calls).toBe(1);
    up = false;
    const lost = new ChainWatch({ now: () => Promise.reject(new Error('gone')) });
    expect(await lost.view()).toMatchObject({ reachable: false, height: null });
  });

  it('the chain watch does not wait for a chain that does not answer', async () => {
    const watch = new ChainWatch({ now: () => new Promise(() => {}) });
    // The chain never answers: the view comes because it does not wait for it.
    expect((await watch.view()).reachable).toBe(false);
  });
});
