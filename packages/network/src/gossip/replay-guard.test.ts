import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_REMEMBERED_AUTHORS, REPLAY_WINDOW_MESSAGES } from '../core/limits.ts';
import { ReplayGuard } from './replay-guard.ts';

const START = 1_700_000_000_000_000_000n;

describe('the replay window', () => {
  test('the replay window admits each sequence number once, in any order within the window', () => {
    const order = fc.shuffledSubarray(Array.from({ length: 200 }, (_, i) => START + BigInt(i)));
    fc.assert(
      fc.property(order, (sequence) => {
        const guard = new ReplayGuard();
        for (const number of sequence) expect(guard.admit('a', number)).toBe(true);
        for (const number of sequence) expect(guard.admit('a', number)).toBe(false);
      }),
    );
  });

  test('the replay window agrees with a complete set, except that it refuses numbers older than the window', () => {
    const numbers = fc.array(fc.bigInt({ min: 0n, max: 3n * BigInt(REPLAY_WINDOW_MESSAGES) }), {
      maxLength: 300,
    });
    fc.assert(
      fc.property(numbers, (sequence) => {
        const guard = new ReplayGuard();
        const seen = new Set<bigint>();
        let top = -1n;
        for (const number of sequence) {
          const tooOld = top - number >= BigInt(REPLAY_WINDOW_MESSAGES);
          expect(guard.admit('a', START + number)).toBe(!seen.has(number) && !tooOld);
          if (!tooOld) seen.add(number);
          if (number > top) top = number;
        }
      }),
    );
  });

  test('the replay window keeps authors apart, and forgets the least recent ones when strangers fill it', () => {
    const guard = new ReplayGuard();
    expect(guard.admit('a', START)).toBe(true);
    expect(guard.admit('b', START)).toBe(true);
    for (let i = 0; i < MAX_REMEMBERED_AUTHORS; i++) guard.admit(`stranger ${i}`, START);
    expect(guard.admit(`stranger ${MAX_REMEMBERED_AUTHORS - 1}`, START)).toBe(false);
    expect(guard.admit('a', START)).toBe(true);
  });

  test('the replay window admits a restarted author, whose numbers begin at a later clock', () => {
    const guard = new ReplayGuard();
    guard.admit('a', START);
    expect(guard.admit('a', START + 10n ** 12n)).toBe(true);
    expect(guard.admit('a', START)).toBe(false);
  });
});
