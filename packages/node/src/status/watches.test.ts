import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DiskState } from '../resources/resource-budget.ts';
import { ActivityTracker } from './activity-tracker.ts';
import { ChainWatch } from './chain-watch.ts';
import { DiskWatch, folderBytes } from './disk-watch.ts';
import { RecentWarnings } from './recent-warnings.ts';

describe('the book of warnings', () => {
  it('recent warnings list each kind once, with count and hint, the newest first', () => {
    let now = 1_000;
    const book = new RecentWarnings(() => now);
    book.observe({ type: 'warning', code: 'E_A', message: 'a is wrong', hint: 'mend a - soon' });
    now = 2_000;
    book.observe({ type: 'warning', code: 'E_B', message: 'b', hint: null });
    now = 3_000;
    book.observe({ type: 'warning', code: 'E_A', message: 'a is still wrong', hint: 'mend a' });
    expect(book.list()).toEqual([
      {
        code: 'E_A',
        message: 'a is still wrong',
        hint: 'mend a',
        count: 2,
        firstAt: '1970-01-01T00:00:01.000Z',
        lastAt: '1970-01-01T00:00:03.000Z',
      },
      expect.objectContaining({ code: 'E_B', message: 'b', hint: null, count: 1 }),
    ]);
    expect(book.lastOf('E_')).toBe(3_000);
    expect(book.lastOf('E_STORE_')).toBe(0);
  });

  it('recent warnings drop failures during a condition when it ends', () => {
    const book = new RecentWarnings();
    book.add('E_CHAIN_UNREACHABLE', 'the chain did not answer', null);
    book.add('E_OTHER', 'x', null);
    book.observe({ type: 'condition-ended', code: 'E_CHAIN_UNREACHABLE', message: 'x', seconds: 1 });
    expect(book.list().map(({ code }) => code)).toEqual(['E_OTHER']);
  });

  it('recent warnings drop those older than an hour, and keep at most fifty', () => {
    let now = 0;
    const book = new RecentWarnings(() => now);
    book.add('E_OLD', 'x', null);
    now = 61 * 60_000;
    for (let i = 0; i < 60; i++) book.add(`E_${i}`, 'x', null);
    expect(book.list()).toHaveLength(50);
    expect(book.list()[0]!.code).toBe('E_59');
  });
});

describe('the book of activities', () => {
  const round = { taskId: 7n, round: 3 };

  it('the activity tracker knows the current stage and its progress', () => {
    const book = new ActivityTracker();
    book.observe({ type: 'stage-started', ...round, stage: 'train' }, 1_000);
    expect(book.of(7n)).toEqual({ stage: 'train', round: 3, since: 1_000, fraction: null });
    book.observe({ type: 'progress', ...round, stage: 'train', fraction: 0.5 });
    expect(book.of(7n)?.fraction).toBe(0.5);
    book.observe({ type: 'stage', ...round, stage: 'train', seconds: 1.2345 });
    expect(book.of(7n)).toBeNull();
    expect(book.stageSeconds(7n, 3)).toEqual({ train: 1.235 });
  });

  it('the activity tracker drops a failed stage when its round is over', () => {
    const book = new ActivityTracker();
    book.observe({ type: 'stage-started', ...round, stage: 'prove' });
    book.observe({
      type: 'round-ended',
      ...round,
      outcome: 'void',
      token: '0x00000000000000000000000000000000000000aa',
      decimals: 18,
      weight: null,
      share: null,
      reward: 0n,
      fee: 0n,
      reason: '',
    });
    expect(book.of(7n)).toBeNull();
  });

  it('the activity tracker lists each refused task once with what to change, until it is joined', () => {
    const book = new ActivityTracker();
    const refused = { type: 'task-refused', taskId: 7n, code: 'E_LIMIT_HOURS', hint: 'wait' } as const;
    book.observe({ ...refused, message: 'not now' }, 0);
    book.observe({ ...refused, message: 'not yet' }, 1_000);
    expect(book.refusals()).toEqual([
      {
        taskId: '7',
        at: '1970-01-01T00:00:01.000Z',
        code: 'E_LIMIT_HOURS',
        message: 'not yet',
        hint: 'wait',
      },
    ]);
    book.observe({ type: 'joined', taskId: 7n });
    expect(book.refusals()).toEqual([]);
  });
});

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
