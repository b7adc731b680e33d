import { expect, it } from 'vitest';
import { bar, secondsLeft } from './bar.ts';

it('a bar has the same width whatever part of it is filled', () => {
  for (const fraction of [-1, 0, 0.013, 0.5, 1, 2, Number.NaN]) expect([...bar(fraction)]).toHaveLength(40);
  expect(bar(0.25)).toBe('█'.repeat(10) + '░'.repeat(30));
});

it('the time that is left follows from what was needed, and is not guessed from almost nothing', () => {
  expect(secondsLeft(0.25, 30)).toBe(90);
  expect(secondsLeft(1, 30)).toBe(0);
  expect(secondsLeft(0, 30)).toBeNull();
  expect(secondsLeft(0.5, 0.2)).toBeNull();
});
