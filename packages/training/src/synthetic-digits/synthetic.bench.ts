import { describe, it } from 'vitest';
import { syntheticDigits } from './synthetic.ts';

describe('generated digits', () => {
  it('1,000 of them', async ({ bench }) => {
    await bench('generate', () => void syntheticDigits({ seed: 1, count: 1000 })).run();
  });
});
