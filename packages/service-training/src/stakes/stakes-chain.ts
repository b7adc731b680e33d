import type {
  ChainAccount,
  HeadChain,
  IdentityChain,
  StakeChain,
  TaskChain,
  TokenChain,
} from '@chorus/protocol';

/** The ports of the chain that these actions need. */
export type StakesChain = ChainAccount &
  IdentityChain &
  StakeChain &
  TokenChain &
  Pick<TaskChain, 'task'> &
  Pick<HeadChain, 'now'>;
