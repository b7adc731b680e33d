import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { REACH_GIVE_UP_MS, REACH_INTERVAL_MS, REACH_MAX_WAIT_MS } from '../core/limits.ts';
import { Reconnector } from './reconnect.ts';

/** A world in which dials fail until `up`. */
function world() {
  const connected = new Set<string>();
  const dials: string[] = [];
  let up = false;
  const reach = new Reconnector({
    isConnected: (target) => connected.has(target),
    connect: async (target) => {
      dials.push(target);
      if (!up) throw new Error('unreachable');
      connected.add(target);
    },
  });
  return { connected, dials, reach, setUp: (value: boolean) => (up = value) };
}

describe('reaching for lost peers', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  test('a lost bootstrap peer is tried for ever, with growing pauses, and connected when it is back', async () => {
    const { dials, connected, reach, setUp } = world();
    reach.keep('hub', true);
    await vi.advanceTimersByTimeAsync(3_600_000);
    const tried = dials.length;
    expect(tried).toBeGreaterThan(3_600_000 / (1.3 * REACH_MAX_WAIT_MS));
    expect(tried).toBeLessThan(100);
    expect(reach.lost()).toEqual(['hub']);
    setUp(true);
    await vi.advanceTimersByTimeAsync(1.3 * REACH_MAX_WAIT_MS);
    expect(connected.has('hub')).toBe(true);
    expect(reach.lost()).toEqual([]);
    reach.stop();
  });

  test('a connected peer is not dialled, and a lost one is within seconds', async () => {
    const { dials, connected, reach, setUp } = world();
    connected.add('a');
    reach.keep('a', false);
    await vi.advanceTimersByTimeAsync(2 * REACH_GIVE_UP_MS);
    expect(dials).toEqual([]);
    connected.delete('a');
    setUp(true);
    await vi.advanceTimersByTimeAsync(6_000);
    expect(dials).toEqual(['a']);
    reach.stop();
  });

  test('a returned peer is dialled within half the time it was lost and one attempt', async () => {
    const attempt = 6_000;
    vi.spyOn(Math, 'random').mockReturnValue(1);
    const dialledAt: number[] = [];
    const start = Date.now();
    const reach = new Reconnector({
      isConnected: () => false,
      connect: () => {
        dialledAt.push(Date.now() - start);
        return new Promise((_, reject) => setTimeout(() => reject(new Error('timed out')), attempt));
      },
    });
    reach.keep('hub', true);
    await vi.advanceTimersByTimeAsync(150_000);
    expect(dialledAt.length).toBeGreaterThan(4);
    for (const [i, at] of dialledAt.slice(0, -1).entries()) {
      expect(dialledAt[i + 1]! - at).toBeLessThanOrEqual(at / 2 + attempt + 2 * REACH_INTERVAL_MS);
    }
    reach.stop();
  });

  test('an invalid target is dropped and reported, and the others are still tried', async () => {
    const dials: string[] = [];
    const faults: string[] = [];
    const reach = new Reconnector({
      isConnected: (target) => {
        if (target === 'torn') throw new Error('this is not a peer id');
        return false;
      },
      connect: async (target) => {
        dials.push(target);
      },
      onFault: (target) => faults.push(target),
    });
    reach.keep('torn', true);
    reach.keep('hub', true);
    expect(reach.lost()).toEqual(['hub']);
    reach.keep('torn', true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(faults).toEqual(['torn', 'torn']);
    expect(new Set(dials)).toEqual(new Set(['hub']));
    reach.stop();
  });

  test('a peer that does not come back is given up after a quarter of an hour, and a dropped one at once', async () => {
    const { dials, reach } = world();
    reach.keep('gone', false);
    reach.keep('banned', false);
    reach.drop('banned');
    await vi.advanceTimersByTimeAsync(REACH_GIVE_UP_MS + REACH_MAX_WAIT_MS);
    const tried = dials.length;
    await vi.advanceTimersByTimeAsync(REACH_GIVE_UP_MS);
    expect(dials.length).toBe(tried);
    expect(dials).not.toContain('banned');
    reach.stop();
  });
});
