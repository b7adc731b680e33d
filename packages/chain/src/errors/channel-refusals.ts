import type { Refusal } from './refusals.ts';

/** The errors of payment channels, by name. */
export const CHANNEL_REFUSALS: Readonly<Record<string, Refusal>> = {
  InvalidChannel: [
    'E_CHAIN_INVALID_PARAMS',
    'this is no channel of the account: a party or the token is missing, or the account is not its payer',
    'give the channel as it was opened, and act with the wallet that opened it',
  ],
  ZeroDeposit: ['E_CHAIN_INVALID_PARAMS', 'the deposit is zero', 'deposit an amount above zero'],
  DepositOverflow: [
    'E_CHAIN_INVALID_PARAMS',
    'the channel would hold more than 2^128 of the token’s smallest unit',
    'deposit less',
  ],
  NotReceiverAuthorizer: [
    'E_CHAIN_NOT_ALLOWED',
    'the claims of one batch have different authorizers',
    'claim the channels of each authorizer on their own',
  ],
  NotAuthorizedToClaim: [
    'E_CHAIN_NOT_ALLOWED',
    'only the receiver of a channel, or who claims for it, may claim',
    'claim with the wallet of the node that was paid',
  ],
  NotAuthorizedToRefund: [
    'E_CHAIN_NOT_ALLOWED',
    'only the receiver of a channel, or who claims for it, may refund',
    'as the payer, withdraw: chorus credits close',
  ],
  ClaimExceedsCeiling: [
    'E_CHAIN_INVALID_PARAMS',
    'more is claimed than the payer has signed',
    'claim at most what the last voucher states',
  ],
  ClaimExceedsBalance: [
    'E_CHAIN_STAKE_REQUIRED',
    'more is claimed than is left in the channel: its payer has withdrawn',
    'claim what is left, and serve the payer no more on this channel',
  ],
  WithdrawalAlreadyPending: [
    'E_CHAIN_ALREADY_DONE',
    'a withdrawal from the channel has been started',
    'end it after its delay',
  ],
  WithdrawalNotPending: [
    'E_CHAIN_WRONG_PHASE',
    'no withdrawal from the channel has been started',
    'start one first: chorus credits close',
  ],
  NotAuthorizedToFinalizeWithdraw: [
    'E_CHAIN_NOT_ALLOWED',
    'only the payer of a channel may end its withdrawal',
    'act with the wallet that opened the channel',
  ],
  WithdrawDelayNotElapsed: [
    'E_CHAIN_NOT_MATURE',
    'the delay of the withdrawal has not passed yet',
    'wait until the time that chorus credits show names',
  ],
  WithdrawAmountExceedsAvailable: [
    'E_CHAIN_INVALID_PARAMS',
    'more is withdrawn than is left in the channel',
    'withdraw at most what was not claimed',
  ],
  WithdrawDelayOutOfRange: [
    'E_CHAIN_INVALID_PARAMS',
    'the delay of withdrawals is not between 15 minutes and 30 days',
    'set agents.channels.withdrawHours between 0.25 and 720',
  ],
  EmptyBatch: ['E_CHAIN_NOTHING_TO_CLAIM', 'there is no voucher to claim', 'nothing is left to do'],
  DepositCollectionFailed: [
    'E_CHAIN_INVALID_PARAMS',
    'the token did not deliver the exact amount',
    'use another token: tokens with a fee on transfers cannot be deposited',
  ],
  InvalidCollector: [
    'E_CHAIN_INVALID_PARAMS',
    'the deposit names no contract that takes it',
    'use the collector of the network',
  ],
  InvalidRefundNonce: [
    'E_CHAIN_INVALID_SIGNATURE',
    'the signature of the refund is for another nonce',
    'sign it again with the nonce that the channel has now',
  ],
  ZeroRefund: ['E_CHAIN_INVALID_PARAMS', 'the refund is zero', 'refund an amount above zero'],
  OnlyX402BatchSettlement: [
    'E_CHAIN_NOT_ALLOWED',
    'only the contract of channels may have deposits collected',
    'deposit through the contract of channels',
  ],
  InvalidX402BatchSettlementAddress: [
    'E_CHAIN_INVALID_PARAMS',
    'there is no contract of channels at the address',
    'give the address of a deployed contract of channels',
  ],
};
