import { ChorusError } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { decimalsOf, withDecimals } from './token-decimals.ts';

const SIX = `0x${'06'.repeat(20)}`;
const SILENT = `0x${'00'.repeat(20)}`;

const chain = {
  decimals: async (token: string) => {
    if (token === SIX) return 6;
    throw new ChorusError('E_CHAIN_TOKEN', 'the token does not say how many decimals it has');
  },
};

describe('decimals of a token', () => {
  it('are those the chain says, and null if it does not', async () => {
    expect(await decimalsOf(chain, SIX)).toBe(6);
    expect(await decimalsOf(chain, SILENT)).toBeNull();
  });

  it('are added to each entry for its own token', async () => {
    expect(
      await withDecimals(chain, [
        { token: SIX, amount: '1' },
        { token: SILENT, amount: '2' },
      ]),
    ).toEqual([
      { token: SIX, amount: '1', decimals: 6 },
      { token: SILENT, amount: '2', decimals: null },
    ]);
  });
});
