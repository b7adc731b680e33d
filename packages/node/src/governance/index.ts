export { Governance } from './governance.ts';
export type { VotingChain } from './governance-chain.ts';
