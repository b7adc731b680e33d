import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type DutyAttempt, DutyScheduler, RETRY_DUTY } from './duty-scheduler.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

const attempt = (work: () => Promise<void>, change: Partial<DutyAttempt> = {}): DutyAttempt => ({
  once: true,
  work,
  failed: async () => {},
  over: () => {},
  ...change,
});

describe('DutyScheduler', () => {
  it('a duty is in progress until its work is over, and done after that', async () => {
    const duties = new DutyScheduler();
    const { promise, resolve } = Promise.withResolvers<void>();
    const over = vi.fn();
    duties.start(
      'train:1',
      attempt(() => promise, { over }),
    );
    expect(duties.active).toEqual(['train:1']);
    expect(duties.isOpen('train:1')).toBe(false);
    resolve();
    await duties.finished();
    expect([duties.active, duties.isDone('train:1'), duties.idle]).toEqual([[], true, true]);
    expect(over).toHaveBeenCalledOnce();
  });

  it('the pause grows after each failure of a duty, up to a limit, and resets after a success', async () => {
    const duties = new DutyScheduler();
    const failed = vi.fn(async () => {});
    const fail = attempt(() => Promise.reject(new Error('no')), { failed });
    const pauses: number[] = [];
    for (let i = 0; i < 7; i++) {
      duties.start('settle:1', fail);
      await duties.finished();
      pauses.push(duties.retryAt('settle:1') - Date.now());
    }
    expect(pauses).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
    expect(failed).toHaveBeenCalledTimes(7);
    expect([duties.waiting, duties.isDone('settle:1'), duties.isOpen('settle:1')]).toEqual([1, false, true]);
    duties.start(
      'settle:1',
      attempt(async () => {}),
    );
    await duties.finished();
    expect([duties.waiting, duties.retryAt('settle:1'), duties.isDone('settle:1')]).toEqual([0, 0, true]);
    expect(RETRY_DUTY.longest).toBe(5_000);
  });

  it('a duty that may be due again can be started again', async () => {
    const duties = new DutyScheduler();
    duties.start(
      'advance:1',
      attempt(async () => {}, { once: false }),
    );
    await duties.finished();
    expect(duties.isOpen('advance:1')).toBe(true);
  });

  it('background work counts as in progress, and not as a duty', async () => {
    const duties = new DutyScheduler();
    const { promise, resolve } = Promise.withResolvers<void>();
    duties.startBackground('prefetch:1:settle:2', promise, { once: true });
    expect([duties.active, duties.idle, duties.isOpen('prefetch:1:settle:2')]).toEqual([[], false, false]);
    resolve();
    await duties.finished();
    expect([duties.idle, duties.isOpen('prefetch:1:settle:2')]).toEqual([true, false]);
  });

  it('the scheduler forgets duties of ended rounds, and no others', async () => {
    const duties = new DutyScheduler();
    for (const key of ['train:1', 'train:2', 'train:11'])
      duties.start(
        key,
        attempt(async () => {}),
      );
    for (const key of ['settle:1', 'settle:2'])
      duties.start(
        key,
        attempt(() => Promise.reject(new Error('no'))),
      );
    duties.startBackground('prefetch:1:settle:2', Promise.resolve(), { once: true });
    await duties.finished();
    duties.forgetBefore(2);
    const done = ['train:1', 'train:2', 'train:11', 'prefetch:1:settle:2'].map((key) => duties.isDone(key));
    expect(done).toEqual([false, true, true, false]);
    expect([duties.retryAt('settle:1'), duties.retryAt('settle:2') > 0]).toEqual([0, true]);
  });
});
