import type { ChainAccount, GovernanceChain, TokenChain } from '@chorus/protocol';

/** The ports of the chain that governance needs. */
export type VotingChain = Pick<ChainAccount, 'account'> &
  GovernanceChain &
  Pick<TokenChain, 'decimals' | 'symbol'>;
