import { expect, it } from 'vitest';
import { takeToken } from './token.ts';

function place(hash: string, kept: string | null = null) {
  const seen: string[] = [];
  return {
    seen,
    location: { hash, pathname: '/' },
    history: {
      replaceState: (_data: unknown, _title: string, url?: string | URL | null) => seen.push(String(url)),
    },
    storage: {
      getItem: () => kept,
      setItem: (_key: string, value: string) => {
        kept = value;
      },
    },
    kept: () => kept,
  };
}

it('the token leaves the address, and is kept for this tab', () => {
  const at = place('#token=a%2Bb');
  expect(takeToken(at)).toBe('a+b');
  expect([at.kept(), at.seen]).toEqual(['a+b', ['/#/']]);
});

it('a page that is loaded again has the token from before, and its route stays', () => {
  const at = place('#/tasks/7', 'kept');
  expect([takeToken(at), at.seen]).toEqual(['kept', []]);
});

it('a token that is no text is not used', () => {
  const at = place('#token=%E0%A4');
  expect([takeToken(at), at.kept(), at.seen]).toEqual([null, null, ['/#/']]);
});
