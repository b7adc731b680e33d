import {
  type ChannelChain,
  type ChannelConfig,
  type ChannelContracts,
  type ChannelDeposit,
  type Hex,
  type PaymentChain,
  VOUCHER_TYPES,
} from '@chorus/protocol';
import type { Result } from 'ethers';
import { CHANNELS } from '../abi/abis.ts';
import {
  channelIdOf,
  claimArgs,
  collectorData,
  depositNonce,
  domainOf,
  isVoucherOf,
  RECEIVE_TYPES,
} from '../abi/channels.ts';
import { ChainError, refusal } from '../errors/errors.ts';
import { type Call, eventOf, eventsOf, receiptOf } from '../write/writer.ts';
import type { ChainParts } from './parts.ts';

/** Payment channels, in the published contract or ours of the same interface. */
export function createChannelChain(
  parts: ChainParts,
  { tokenDomain, transferState }: Pick<PaymentChain, 'tokenDomain' | 'transferState'>,
): ChannelChain {
  const { reader, writer, connection } = parts;
  const { chainId, signer } = connection;

  const contracts = async (): Promise<ChannelContracts> => {
    const found = await parts.channelContracts();
    if (found) return found;
    throw new ChainError('E_CHAIN_NO_CHANNELS', 'this network has no payment channels', {
      hint: 'its contracts are from before there were any: calls are paid one by one',
    });
  };
  const domain = async () => ({ chainId, channels: (await contracts()).channels });
  const channelId = async (config: ChannelConfig): Promise<Hex> => channelIdOf(config, await domain());

  const view = async (name: string, args: unknown[]): Promise<Result> =>
    reader.view(name, args, (await contracts()).channels, CHANNELS);

  const callOf = async (action: string, name: string, args: unknown[]): Promise<Call> => ({
    action,
    to: (await contracts()).channels,
    abi: CHANNELS,
    name,
    args,
  });

  /** A deposit as the token sees it. */
  const transferOf = async (config: ChannelConfig, { amount, salt, validBefore }: ChannelDeposit) => ({
    token: config.token,
    from: config.payer,
    to: (await contracts()).collector,
    value: amount,
    validAfter: 0n,
    validBefore,
    nonce: depositNonce(await channelId(config), salt),
  });

  return {
    channelContracts: parts.channelContracts,
    channelId,

    channel: async (config) => {
      const id = await channelId(config);
      // Of one block: between two reads a withdrawal could end, and the sum from before it would count as there to stay.
      const names = ['channels', 'pendingWithdrawals'];
      const calls = names.map((name) => CHANNELS.encodeFunctionData(name, [id]));
      const [results] = await view('multicall', [calls]);
      const [[balance, claimed], [amount, startedAt]] = names.map((name, i) =>
        CHANNELS.decodeFunctionResult(name, results[i]),
      ) as [Result, Result];
      const started = Number(startedAt);
      const withdrawal =
        started === 0 ? null : { amount, startedAt: started, availableAt: started + config.withdrawDelay };
      return { balance, claimed, withdrawal };
    },

    unsettled: async (receiver, token) => {
      const [claimed, settled] = await view('receivers', [receiver, token]);
      return (claimed as bigint) - (settled as bigint);
    },

    signVoucher: async (config, ceiling) => {
      const around = await domain();
      const message = { channelId: channelIdOf(config, around), maxClaimableAmount: ceiling };
      return (await signer.signTypedData(domainOf(around), VOUCHER_TYPES, message)) as Hex;
    },

    isVoucherOf: async (config, ceiling, signature) =>
      isVoucherOf(config, ceiling, signature, await domain()),

    depositToChannel: async (config, deposit) => {
      const { token, ...message } = await transferOf(config, deposit);
      const own = { ...(await tokenDomain(token)), chainId, verifyingContract: token };
      const signature = (await signer.signTypedData(own, RECEIVE_TYPES, message)) as Hex;
      const data = collectorData(deposit.validBefore, deposit.salt, signature);
      const args = [config, deposit.amount, message.to, data];
      const mined = await writer.send(await callOf('deposit into a channel', 'deposit', args));
      return { ...receiptOf(mined), balance: eventOf(mined, CHANNELS, 'Deposited').newBalance };
    },

    depositState: async (config, deposit, fromBlock) =>
      transferState(await transferOf(config, deposit), fromBlock),

    claimFromChannels: async (claims) => {
      if (claims.length === 0) throw refusal('EmptyBatch', 'claim from channels');
      const pairs = new Map(
        claims.map(({ config: { receiver, token } }) => [
          `${receiver} ${token}`.toLowerCase(),
          [receiver, token],
        ]),
      );
      const calls = [
        CHANNELS.encodeFunctionData('claim', [claims.map(claimArgs)]),
        ...[...pairs.values()].map((pair) => CHANNELS.encodeFunctionData('settle', pair)),
      ];
      const mined = await writer.send(await callOf('claim from channels', 'multicall', [calls]));
      const claimed = eventsOf(mined, CHANNELS, 'Claimed').reduce(
        (sum, { claimAmount }) => sum + claimAmount,
        0n,
      );
      return { ...receiptOf(mined), claimed };
    },

    startWithdrawal: async (config, amount) => {
      const mined = await writer.send(
        await callOf('start a withdrawal from a channel', 'initiateWithdraw', [config, amount]),
      );
      const { finalizeAfter } = eventOf(mined, CHANNELS, 'WithdrawInitiated');
      return { ...receiptOf(mined), availableAt: Number(finalizeAfter) };
    },

    finishWithdrawal: async (config) => {
      const mined = await writer.send(
        await callOf('end a withdrawal from a channel', 'finalizeWithdraw', [config]),
      );
      return { ...receiptOf(mined), amount: eventOf(mined, CHANNELS, 'WithdrawFinalized').amount };
    },

    refundChannel: async (config, amount) => {
      const mined = await writer.send(await callOf('refund a channel', 'refund', [config, amount]));
      const [refunded] = eventsOf(mined, CHANNELS, 'Refunded');
      return { ...receiptOf(mined), amount: refunded?.amount ?? 0n };
    },
  };
}
