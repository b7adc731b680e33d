import { type RoundState, type VerdictChain, verdictsCost } from '@chorus/protocol';
import { bitmapOf, isVerdictOf, signVerdict, type VoteContext } from '../abi/signing.ts';
import { receiptOf } from '../write/writer.ts';
import type { ChainParts } from './parts.ts';

/** Verdicts, signed for the task contract or posted in it. */
export function createVerdictChain({ connection, reader, writer }: ChainParts): VerdictChain {
  const { chainId, contract, signer } = connection;
  const contextOf = (judged: RoundState): VoteContext => ({ chainId, contract, judged });
  return {
    signVerdict: (judged, verdict) => signVerdict(signer, contextOf(judged), verdict),

    isVerdictOf: (vote, judged, found) => isVerdictOf(vote, contextOf(judged), found),

    requestVerdicts: async (taskId, round) => {
      const task = await reader.task(taskId);
      const call = { action: 'ask for verdicts', name: 'requestVerdicts', args: [taskId, round] };
      return receiptOf(await writer.spend(call, task.token, verdictsCost(task)));
    },

    postVerdict: async (taskId, round, { unavailable, rejected, novelty }, vote) => {
      const args = [taskId, round, bitmapOf(unavailable), bitmapOf(rejected), novelty, vote];
      return writer.receipt({ action: 'post a verdict', name: 'postVerdict', args });
    },

    postedVerdicts: (taskId, round) => reader.postedVerdicts(taskId, round),
  };
}
