import type { ChannelConfig } from '@chorus/protocol';
import type { Result } from 'ethers';
import { expect, it } from 'vitest';
import { CHANNELS } from '../abi/abis.ts';
import { createChannelChain } from './channel-chain.ts';

const address = (digits: string) => `0x${digits.repeat(20)}` as const;
const config: ChannelConfig = {
  ...{ payer: address('11'), payerAuthorizer: address('11'), receiver: address('22'), token: address('33') },
  ...{ receiverAuthorizer: address('22'), withdrawDelay: 900, salt: `0x${'00'.repeat(32)}` },
};

it('what a channel holds and what its payer withdraws are of one moment, though a block ends between any two requests', async () => {
  // The withdrawal of 90 ends after the first request.
  let requests = 0;
  const answer = (name: string): string => {
    const isBefore = requests === 1;
    return name === 'channels'
      ? CHANNELS.encodeFunctionResult(name, [isBefore ? 100n : 10n, 3n])
      : CHANNELS.encodeFunctionResult(name, isBefore ? [90n, 1_000n] : [0n, 0n]);
  };
  const view = async (name: string, args: unknown[]): Promise<Result> => {
    requests++;
    const data =
      name === 'multicall'
        ? CHANNELS.encodeFunctionResult(name, [
            (args[0] as string[]).map((call) => answer(CHANNELS.parseTransaction({ data: call })!.name)),
          ])
        : answer(name);
    return CHANNELS.decodeFunctionResult(name, data);
  };
  const parts = {
    ...{ reader: { view }, writer: {}, connection: { chainId: 1, signer: {} } },
    channelContracts: async () => ({ channels: address('44'), collector: address('55') }),
  };
  const { channel } = createChannelChain(parts as never, {} as never);
  expect(await channel(config)).toEqual({
    ...{ balance: 100n, claimed: 3n },
    withdrawal: { amount: 90n, startedAt: 1_000, availableAt: 1_900 },
  });
  expect(await channel(config)).toEqual({ balance: 10n, claimed: 3n, withdrawal: null });
});
