import { authorizationCollector, chorusToken, paymentChannels } from '@chorus/contracts';
import type { Address, ChannelConfig, Hex } from '@chorus/protocol';
import {
  AbiCoder,
  type Contract,
  type JsonRpcSigner,
  keccak256,
  TypedDataEncoder,
  type Wallet,
} from 'ethers';
import { as, type Evm, send, startEvm } from '../../compliance/evm.ts';
import { CHANNEL, CLAIM_BATCH, RECEIVE, REFUND, VOUCHER } from '../../twins/typed-data.ts';

export const CHAIN_ID = 31_337;
export const SUPPLY = 10n ** 24n;
const coder = AbiCoder.defaultAbiCoder();

/** A claim as the contract takes it. */
export interface ClaimRow {
  config: ChannelConfig;
  ceiling: bigint;
  claimed: bigint;
  signature: Hex;
}

export const rowArgs = ({ config, ceiling, claimed, signature }: ClaimRow) => ({
  voucher: { channel: config, maxClaimableAmount: ceiling },
  signature,
  totalClaimed: claimed,
});

/** The contracts of channels on a development chain; every account has 10^24 of each of two tokens. */
export interface ChannelsWorld {
  evm: Evm;
  accounts: JsonRpcSigner[];
  channels: Contract;
  collector: Contract;
  tokens: Contract[];
  idOf(config: ChannelConfig): Hex;
  /** Signatures of the account with this number, without a wait. */
  sign: {
    voucher(account: number, config: ChannelConfig, ceiling: bigint): Hex;
    batch(account: number, rows: readonly ClaimRow[]): Hex;
    refund(account: number, config: ChannelConfig, nonce: bigint, amount: bigint): Hex;
    /** @returns what the collector takes */
    deposit(account: number, config: ChannelConfig, amount: bigint, salt: Hex): Hex;
  };
}

export async function openChannelsWorld(): Promise<ChannelsWorld> {
  const evm = await startEvm(6);
  const accounts = evm.signers;
  const channels = await evm.deploy(paymentChannels);
  const collector = await evm.deploy(authorizationCollector, channels.target);
  const tokens: Contract[] = [];
  for (let i = 0; i < 2; i++) {
    const token = await evm.deploy(chorusToken, accounts[0]!.address, SUPPLY * 10n);
    for (const { address } of accounts.slice(1))
      await send(as(token, accounts[0]!), 'transfer', address, SUPPLY);
    tokens.push(token);
  }
  const domain = {
    ...{ name: 'x402 Batch Settlement', version: '1', chainId: CHAIN_ID },
    verifyingContract: String(channels.target),
  };
  const signed = (account: number, types: typeof CHANNEL, message: object, of: object = domain): Hex =>
    (evm.wallets[account] as Wallet).signingKey.sign(TypedDataEncoder.hash(of, types, message))
      .serialized as Hex;
  const idOf = (config: ChannelConfig) => TypedDataEncoder.hash(domain, CHANNEL, config) as Hex;
  return {
    evm,
    accounts,
    channels,
    collector,
    tokens,
    idOf,
    sign: {
      voucher: (account, config, ceiling) =>
        signed(account, VOUCHER as never, { channelId: idOf(config), maxClaimableAmount: ceiling }),
      batch: (account, rows) =>
        signed(account, CLAIM_BATCH as never, {
          claims: rows.map(({ config, ceiling, claimed }) => ({
            channelId: idOf(config),
            maxClaimableAmount: ceiling,
            totalClaimed: claimed,
          })),
        }),
      refund: (account, config, nonce, amount) =>
        signed(account, REFUND as never, { channelId: idOf(config), nonce, amount }),
      deposit: (account, config, amount, salt) => {
        const validBefore = 2n ** 40n;
        const message = {
          ...{ from: config.payer, to: collector.target, value: amount, validAfter: 0n, validBefore },
          nonce: keccak256(coder.encode(['bytes32', 'uint256'], [idOf(config), salt])),
        };
        const own = { name: 'Chorus', version: '1', chainId: CHAIN_ID, verifyingContract: config.token };
        const signature = signed(account, RECEIVE as never, message, own);
        return coder.encode(
          ['uint256', 'uint256', 'uint256', 'bytes'],
          [0n, validBefore, salt, signature],
        ) as Hex;
      },
    },
  };
}

export const addressOf = (contract: Contract): Address => String(contract.target) as Address;
