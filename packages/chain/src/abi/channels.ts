import {
  CHANNEL_DOMAIN,
  CHANNEL_TYPES,
  type ChannelClaim,
  type ChannelConfig,
  type Hex,
  TRANSFER_TYPES,
  VOUCHER_TYPES,
} from '@chorus/protocol';
import { AbiCoder, keccak256, recoverAddress, Signature, TypedDataEncoder, ZeroAddress } from 'ethers';

/** Which contract signatures and ids are for. */
export interface ChannelDomain {
  chainId: number;
  /** The contract of channels. */
  channels: string;
}

export const domainOf = ({ chainId, channels }: ChannelDomain) => ({
  ...CHANNEL_DOMAIN,
  chainId,
  verifyingContract: channels,
});

/** As `getChannelId` of the contract. @throws TypeError for a value that is not of its type */
export const channelIdOf = (config: ChannelConfig, domain: ChannelDomain): Hex =>
  TypedDataEncoder.hash(domainOf(domain), CHANNEL_TYPES, config) as Hex;

/** Whether the channel's key has signed a voucher: 65 bytes, and the one of two possible signatures that contracts take. */
export function isVoucherOf(
  config: ChannelConfig,
  ceiling: bigint,
  signature: Hex,
  domain: ChannelDomain,
): boolean {
  const signer = config.payerAuthorizer === ZeroAddress ? config.payer : config.payerAuthorizer;
  try {
    // Contracts take one of several ways to write a signature: a voucher in another one could never be claimed.
    if (Signature.from(signature).serialized !== signature.toLowerCase()) return false;
    const message = { channelId: channelIdOf(config, domain), maxClaimableAmount: ceiling };
    const digest = TypedDataEncoder.hash(domainOf(domain), VOUCHER_TYPES, message);
    return recoverAddress(digest, signature).toLowerCase() === signer.toLowerCase();
  } catch {
    return false;
  }
}

/** What a token's payer signs for a deposit (EIP-3009, `receiveWithAuthorization`). */
export const RECEIVE_TYPES = { ReceiveWithAuthorization: TRANSFER_TYPES.TransferWithAuthorization };

const coder = AbiCoder.defaultAbiCoder();

/** The nonce of a deposit names its channel, so that it can be made into no other one. */
export const depositNonce = (channelId: Hex, salt: Hex): Hex =>
  keccak256(coder.encode(['bytes32', 'uint256'], [channelId, salt])) as Hex;

/** What x402's collectors of EIP-3009 take. */
export const collectorData = (validBefore: bigint, salt: Hex, signature: Hex): Hex =>
  coder.encode(['uint256', 'uint256', 'uint256', 'bytes'], [0n, validBefore, salt, signature]) as Hex;

/** As an argument of `claim`. */
export const claimArgs = ({ config, ceiling, signature, claimed }: ChannelClaim) => ({
  voucher: { channel: config, maxClaimableAmount: ceiling },
  signature,
  totalClaimed: claimed,
});
