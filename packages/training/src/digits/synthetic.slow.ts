import { expect, it } from 'vitest';
import { syntheticDigits } from './synthetic.ts';

it('makes at least 5,000 digits a second', () => {
  const seconds = Array.from({ length: 5 }, () => {
    const start = performance.now();
    syntheticDigits({ seed: 1, count: 1000 });
    return (performance.now() - start) / 1000;
  });
  expect(1000 / Math.min(...seconds)).toBeGreaterThan(5000);
});
