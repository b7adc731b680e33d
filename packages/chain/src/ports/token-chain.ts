import type { TokenChain } from '@chorus/protocol';
import { TOKEN } from '../abi/abis.ts';
import { oncePerToken } from '../contracts/per-token.ts';
import { orNoToken, symbolOf } from '../contracts/token.ts';
import type { ChainParts } from './parts.ts';

/** 10^77 is the largest power of ten in 256 bits. */
const MAX_DECIMALS = 77;

/** Reads of any ERC-20 contract. */
export function createTokenChain({ reader }: ChainParts): TokenChain {
  return {
    balance: async (token, account) => {
      try {
        return (await reader.view('balanceOf', [account], token, TOKEN))[0];
      } catch (error) {
        throw orNoToken(error, token);
      }
    },

    decimals: oncePerToken(async (token) => {
      try {
        const decimals = Number((await reader.view('decimals', [], token, TOKEN))[0]);
        if (decimals > MAX_DECIMALS) throw new RangeError(`${decimals} decimals`);
        return decimals;
      } catch (error) {
        throw orNoToken(error, token);
      }
    }),

    symbol: oncePerToken((token) => symbolOf(reader, token)),
  };
}
