import type { TokenChain } from '@chorus/protocol';
import { TOKEN } from '../abi/abis.ts';
import { orNoToken, symbolOf } from '../contracts/token.ts';
import type { ChainParts } from './parts.ts';

/** 10^77 is the largest power of ten in 256 bits. */
const MAX_DECIMALS = 77;

/** Number of tokens whose decimals are cached. */
const MAX_TOKENS = 1_000;

/** Reads of any ERC-20 contract. */
export function createTokenChain({ reader }: ChainParts): TokenChain {
  /** Decimals by token in lower case: they never change. */
  const known = new Map<string, number>();

  return {
    balance: async (token, account) => {
      try {
        return (await reader.view('balanceOf', [account], token, TOKEN))[0];
      } catch (error) {
        throw orNoToken(error, token);
      }
    },

    decimals: async (token) => {
      const key = token.toLowerCase();
      const cached = known.get(key);
      if (cached !== undefined) return cached;
      let decimals: number;
      try {
        decimals = Number((await reader.view('decimals', [], token, TOKEN))[0]);
        if (decimals > MAX_DECIMALS) throw new RangeError(`${decimals} decimals`);
      } catch (error) {
        throw orNoToken(error, token);
      }
      if (known.size >= MAX_TOKENS) known.clear();
      known.set(key, decimals);
      return decimals;
    },

    symbol: (token) => symbolOf(reader, token),
  };
}
