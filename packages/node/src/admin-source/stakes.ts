import type { StakesSource } from '../admin/training-areas/stakes.ts';
import type { AttachedNode } from './attached-node.ts';

/** The stake of the node's account. */
export function stakesSource(attached: AttachedNode): StakesSource {
  return {
    stakes: async (query) => attached.running().stakes.stakes(query),
    depositStake: async (request) => attached.running().stakes.depositStake(request),
    unbondStake: async (request) => attached.running().stakes.unbondStake(request),
    withdrawStake: async (request) => attached.running().stakes.withdrawStake(request),
  };
}
