import { expect, it } from 'vitest';
import { isDevChain } from './dev-chain.ts';

it('a development chain is one of two ids, and no id that a float takes for one', () => {
  for (const id of [31337, 1337, 31337n, 1337n]) expect(isDevChain(id), String(id)).toBe(true);
  for (const id of [0, 1, 1.5, Number.NaN, 8453, 31338, 31337n + 2n ** 64n, 2n ** 256n - 1n]) {
    expect(isDevChain(id), String(id)).toBe(false);
  }
});
