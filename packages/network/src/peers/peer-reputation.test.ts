import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BAN_AT, BAN_MS, BLAME_HALF_LIFE_MS, MAX_BLAMED_PEERS } from '../core/limits.ts';
import { type Ban, BLAME, PeerReputation } from './peer-reputation.ts';

function bookAt(start: number) {
  let now = start;
  const bans: Ban[] = [];
  const book = new PeerReputation({ onBan: (ban) => bans.push(ban), now: () => now });
  return { book, bans, pass: (ms: number) => (now += ms) };
}

describe('the peer book', () => {
  test('the peer book bans a peer, once and alone, after three oversized requests in a row', () => {
    const { book, bans } = bookAt(1_000_000);
    for (let i = 0; i < 2; i++) book.blame('mallory', 'oversized-request');
    expect(book.isBanned('mallory')).toBe(false);
    book.blame('mallory', 'oversized-request');
    expect(book.isBanned('mallory')).toBe(true);
    expect(book.isBanned('alice')).toBe(false);
    expect(bans).toEqual([{ peer: 'mallory', until: 1_000_000 + BAN_MS, reason: 'oversized-request' }]);
  });

  test('blame halves with each half-life, so that rare accidents never ban', () => {
    const { book, pass } = bookAt(0);
    for (let i = 0; i < 50; i++) {
      book.blame('clumsy', 'oversized-request');
      const before = book.points('clumsy');
      pass(BLAME_HALF_LIFE_MS);
      expect(book.points('clumsy')).toBeCloseTo(before / 2);
      pass(BLAME_HALF_LIFE_MS);
    }
    expect(book.isBanned('clumsy')).toBe(false);
  });

  test('a ban ends at its time or by hand, but a permanent one does not end by itself', () => {
    const { book, pass } = bookAt(0);
    book.ban('a', 1_000, 'test');
    book.ban('b', 1_000, 'test');
    book.ban('c', Number.POSITIVE_INFINITY, 'test');
    book.unban('b');
    pass(999);
    expect(book.bans().map((ban) => ban.peer)).toEqual(['a', 'c']);
    pass(1);
    expect(book.bans().map((ban) => ban.peer)).toEqual(['c']);
  });

  test('the peer book forgets the least blamed peers when strangers fill it, never the worst', () => {
    const { book } = bookAt(0);
    book.blame('mallory', 'oversized-request');
    for (let i = 0; i < 2 * MAX_BLAMED_PEERS; i++) book.blame(`stranger ${i}`, 'too-many-requests');
    expect(book.points('mallory')).toBe(BLAME['oversized-request']);
    expect(book.points('stranger 0')).toBe(0);
  });

  test('blame stays between 0 and the ban for any events in any order', () => {
    const offence = fc.constantFrom(...(Object.keys(BLAME) as (keyof typeof BLAME)[]));
    fc.assert(
      fc.property(fc.array(fc.tuple(offence, fc.integer({ min: 0, max: 1_000_000 }))), (steps) => {
        const { book, pass } = bookAt(0);
        for (const [what, ms] of steps) {
          book.blame('x', what);
          expect(book.points('x')).toBeGreaterThanOrEqual(0);
          expect(book.points('x')).toBeLessThan(BAN_AT);
          pass(ms);
        }
      }),
    );
  });
});
