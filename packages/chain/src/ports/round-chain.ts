import type { RoundChain } from '@chorus/protocol';
import { sealOf } from '../abi/signing.ts';
import { encodeSettlement } from '../contracts/settlement.ts';
import type { ChainParts } from './parts.ts';

/** Rounds, in the task contract. */
export function createRoundChain({ connection, reader, writer }: ChainParts): RoundChain {
  return {
    commitUpdate: (taskId, round, { commitment, digest }) => {
      const args = [taskId, round, commitment, digest];
      return writer.receipt({ action: 'commit an update', name: 'commitUpdate', args });
    },

    sealReference: (taskId, round, seal) => {
      const args = [taskId, round, seal];
      return writer.receipt({ action: 'seal a reference', name: 'sealReference', args });
    },

    openReference: (taskId, round, { commitment, digest }, salt) => {
      const args = [taskId, round, commitment, digest, salt];
      return writer.receipt({ action: 'open a reference', name: 'openReference', args });
    },

    sealOf: (taskId, round, reference, salt) => sealOf(taskId, round, connection.account, reference, salt),

    settle: async (taskId, round, settlement) => {
      const args = [taskId, round, encodeSettlement(settlement)];
      return writer.receipt({ action: 'settle a round', name: 'settle', args });
    },

    advance: (taskId) => writer.receipt({ action: 'end a phase', name: 'advance', args: [taskId] }),

    round: (taskId, round) => reader.round(taskId, round),

    settledRound: (taskId, round) => reader.settledRound(taskId, round),

    settlement: (taskId, round) => reader.settlement(taskId, round),

    roundRecord: (taskId, round) => reader.roundRecord(taskId, round),
  };
}
