import { type DisputeChain, type RoundState, toHex } from '@chorus/protocol';
import { isAvailableOf, signAvailable, type VoteContext } from '../abi/signing.ts';
import type { ChainParts } from './parts.ts';

/** Disputes, in the task contract. */
export function createDisputeChain({ connection, reader, writer }: ChainParts): DisputeChain {
  const { chainId, contract, signer } = connection;
  const contextOf = (judged: RoundState): VoteContext => ({ chainId, contract, judged });
  return {
    signAvailable: (judged, trainer) => signAvailable(signer, contextOf(judged), trainer),

    isAvailableOf: (vote, judged, trainer) => isAvailableOf(vote, contextOf(judged), trainer),

    unavailabilityCase: (taskId, round, trainer) => reader.unavailabilityCase(taskId, round, trainer),

    publishPayload: async (taskId, round, payload) => {
      const args = [taskId, round, toHex(payload)];
      return writer.receipt({ action: 'publish a payload', name: 'publishPayload', args });
    },

    publishedPayload: (taskId, round, trainer) => reader.publishedPayload(taskId, round, trainer),

    contest: (taskId, round, trainer, votes) => {
      const args = [taskId, round, trainer, votes];
      return writer.receipt({ action: 'contest a case', name: 'contest', args });
    },

    resolveCase: (taskId, round, trainer) => {
      const args = [taskId, round, trainer];
      return writer.receipt({ action: 'resolve a case', name: 'resolveCase', args });
    },
  };
}
