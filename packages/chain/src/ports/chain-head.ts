import type { HeadChain } from '@chorus/protocol';
import { isDevChain, read } from '../rpc/rpc.ts';
import type { ChainParts } from './parts.ts';

/** Number of blocks over which the block time is measured. */
const PACE_BLOCKS = 20;

/** The chain's clock and prices, and the connection to its endpoint. */
export function createHeadChain({ connection, signal, close }: ChainParts): HeadChain {
  const { provider, chainId, account, use } = connection;
  return {
    now: async () => {
      const block = await read('read the clock', () => provider.getBlock('latest'), signal);
      return block!.timestamp;
    },

    head: async () => {
      const [block, gasBalance] = await Promise.all([
        read('read the head', () => provider.getBlock('latest'), signal),
        read('read the balance', () => provider.getBalance(account), signal),
      ]);
      return { height: block!.number, time: block!.timestamp, gasBalance };
    },

    pace: async () => {
      const [fees, latest] = await Promise.all([
        read('read the price of gas', () => provider.getFeeData(), signal),
        read('read the head', () => provider.getBlock('latest'), signal),
      ]);
      const gasPrice = fees.gasPrice ?? fees.maxFeePerGas ?? 0n;
      const count = Math.min(PACE_BLOCKS, latest!.number);
      // A development chain mines a block only when there is a transaction.
      if (isDevChain(chainId) || count === 0) return { gasPrice, blockSeconds: 1 };
      const earlier = await read('read a block', () => provider.getBlock(latest!.number - count), signal);
      return { gasPrice, blockSeconds: Math.max(0, (latest!.timestamp - earlier!.timestamp) / count) };
    },

    requests: use,

    close: async () => close(),
  };
}
