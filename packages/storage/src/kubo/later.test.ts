import type { StoragePort } from '@chorus/protocol';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { laterStorage } from './later.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('unavailable storage is opened once it is available, and each change is reported once', async () => {
  let up = false;
  const opened: number[] = [];
  const told: unknown[] = [];
  const storage = laterStorage(
    async () => {
      opened.push(Date.now());
      if (!up) throw new Error('nothing listens there');
      return { has: async () => true, close: async () => {} } as unknown as StoragePort;
    },
    (error) => told.push(error),
  );
  await expect(storage.has('bafy')).rejects.toThrow('nothing listens');
  await expect(storage.has('bafy')).rejects.toThrow('nothing listens');
  // Not asked for again at once.
  expect(opened).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(100_000);
  expect(told).toEqual([expect.any(Error)]);
  expect(opened).toHaveLength(4);
  up = true;
  await vi.advanceTimersByTimeAsync(30_000);
  expect(await storage.has('bafy')).toBe(true);
  expect(told).toEqual([expect.any(Error), null]);
  await storage.close();
});
