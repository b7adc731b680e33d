import { expect, it } from 'vitest';
import { counted } from './counted.ts';

it('a noun is in the plural unless there is exactly one', () => {
  expect([0, 1, 2, 1200].map((count) => counted(count, 'round'))).toEqual([
    '0 rounds',
    '1 round',
    '2 rounds',
    '1,200 rounds',
  ]);
  expect(counted(1n, 'class', 'classes')).toBe('1 class');
  expect(counted(10n, 'class', 'classes')).toBe('10 classes');
});
