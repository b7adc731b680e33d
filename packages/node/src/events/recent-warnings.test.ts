import { describe, expect, it } from 'vitest';
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
