import type {
  AgentChain,
  ChainAccount,
  HeadChain,
  IdentityChain,
  RecordChain,
  StakeChain,
  TaskChain,
  TokenChain,
} from '@chorus/protocol';

/** The ports of the chain that these actions need. */
export type StakesChain = ChainAccount &
  IdentityChain &
  StakeChain &
  RecordChain &
  Pick<AgentChain, 'registeredAgent'> &
  TokenChain &
  Pick<TaskChain, 'task'> &
  Pick<HeadChain, 'now'>;
