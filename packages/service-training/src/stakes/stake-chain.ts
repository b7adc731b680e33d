import type { ChainPort } from '@chorus/protocol';

/** The part of the chain that these actions need. */
export type StakeChain = Pick<
  ChainPort,
  | 'account'
  | 'identity'
  | 'registerIdentity'
  | 'depositStake'
  | 'requestUnbond'
  | 'withdrawStake'
  | 'stakeAccount'
  | 'unbondSeconds'
  | 'task'
  | 'balance'
  | 'decimals'
  | 'symbol'
  | 'now'
>;
