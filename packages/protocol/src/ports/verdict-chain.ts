import type { RoundState } from '../round.ts';
import type { RoundVerdict, VerdictFindings, VerdictVote } from '../settlement.ts';
import type { Sent } from './transaction.ts';

/** The validators' verdicts on a round, signed off chain, or posted on chain if a candidate asks for them. */
export interface VerdictChain {
  /**
   * Sign a verdict on a round as this account. It counts if the chain has the same commitments in that round.
   */
  signVerdict(judged: RoundState, verdict: RoundVerdict): Promise<VerdictVote>;
  /**
   * Whether its validator signed a vote for these lists, this novelty and this round with these commitments.
   */
  isVerdictOf(vote: VerdictVote, judged: RoundState, found: VerdictFindings): boolean;
  /**
   * As the candidate in the second half of its window (see `requestWindow`): ask the validators to post their
   * verdicts on chain. It costs `verdictsCost`, which this call approves.
   */
  requestVerdicts(taskId: bigint, round: number): Sent;
  postVerdict(taskId: bigint, round: number, verdict: RoundVerdict, vote: VerdictVote): Sent;
  /** The verdicts posted on chain in a round. */
  postedVerdicts(taskId: bigint, round: number): Promise<{ verdict: RoundVerdict; vote: VerdictVote }[]>;
}
