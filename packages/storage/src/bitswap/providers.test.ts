import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ASK_NEXT_MS, HINTED_HEAD_START_MS, MAX_ASK_NEXT_MS, MAX_REMEMBERED_WANTS } from '../core/limits.ts';
import { Providers, RecentWants } from './providers.ts';

const MB = 1024 * 1024;
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('whom to ask for a block', () => {
  test('untried peers get one block each, and then the quick one gets blocks in proportion to its speed', () => {
    const providers = new Providers();
    for (const expected of ['a', 'b', 'c', 'a']) {
      const best = providers.best(['a', 'b', 'c'])!;
      expect(best).toBe(expected);
      providers.asked(best);
    }
    for (const [peer, took] of [
      ['a', 100],
      ['a', 100],
      ['b', 500],
      ['c', 2_000],
    ] as const)
      providers.served(peer, took, MB);
    const given = { a: 0, b: 0, c: 0 };
    for (let i = 0; i < 60; i++) {
      const best = providers.best(['a', 'b', 'c']) as keyof typeof given;
      given[best]++;
      providers.asked(best);
    }
    expect(given.a).toBeGreaterThan(3 * given.b);
    expect(given.b).toBeGreaterThan(given.c);
    expect(given.c).toBeGreaterThan(0);
  });

  test('a peer that withholds its block is not asked again while others serve', () => {
    const providers = new Providers();
    providers.asked('hung');
    for (let i = 0; i < 5; i++) {
      expect(providers.best(['hung', 'b'])).toBe('b');
      providers.asked('b');
      providers.served('b', 50, MB);
    }
  });

  test('patience grows with the number of blocks a peer must serve, within bounds', () => {
    const providers = new Providers();
    expect(providers.patience('new')).toBe(ASK_NEXT_MS);
    providers.served('slow', 1_000, MB);
    const one = providers.patience('slow');
    for (let i = 0; i < 3; i++) providers.asked('slow');
    expect(providers.patience('slow')).toBe(3 * one);
    for (let i = 0; i < 100; i++) providers.asked('slow');
    expect(providers.patience('slow')).toBe(MAX_ASK_NEXT_MS);
  });

  test('a peer counts as serving while its last block is recent', () => {
    const providers = new Providers();
    expect(providers.serves('a')).toBe(false);
    providers.served('a', 10, 100);
    expect(providers.serves('a')).toBe(true);
    vi.advanceTimersByTime(HINTED_HEAD_START_MS);
    expect(providers.serves('a')).toBe(false);
  });
});

describe('recent wants', () => {
  test('recent wants remember the last closed CIDs, within bounds', () => {
    const recent = new RecentWants();
    for (let i = 0; i <= MAX_REMEMBERED_WANTS; i++) {
      recent.open(`${i}`);
      recent.close(`${i}`);
    }
    expect(recent.has('0')).toBe(false);
    expect(recent.has('1')).toBe(true);
    expect(recent.has(`${MAX_REMEMBERED_WANTS}`)).toBe(true);
    expect(recent.has('never')).toBe(false);
  });

  test('recent wants never forget an open want, after any number of later ones', () => {
    const recent = new RecentWants();
    recent.open('slow');
    recent.open('slow');
    recent.close('slow');
    for (let i = 0; i <= 2 * MAX_REMEMBERED_WANTS; i++) {
      recent.open(`${i}`);
      recent.close(`${i}`);
    }
    expect(recent.has('slow')).toBe(true);
    recent.close('slow');
    expect(recent.has('slow')).toBe(true);
  });
});
