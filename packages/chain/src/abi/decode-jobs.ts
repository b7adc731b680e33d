import {
  type Address,
  DISPUTE_OUTCOMES,
  type DisputeOutcome,
  type Hex,
  JOB_STATUSES,
  type Job,
  type JobDispute,
  type JobVote,
} from '@chorus/protocol';
import { type Result, ZeroAddress, ZeroHash } from 'ethers';
import { textIn } from './text.ts';

/** By the contract's number; 0 stands for none. */
export const OUTCOMES: readonly (DisputeOutcome | null)[] = [null, ...DISPUTE_OUTCOMES];
export const VOTE_NUMBERS: Readonly<Record<JobVote, number>> = { complete: 1, reject: 2 };
const VOTES: readonly (JobVote | null)[] = [null, 'complete', 'reject'];

const address = (value: string): Address => value.toLowerCase() as Address;
const optional = (value: string): Address | null => (value === ZeroAddress ? null : address(value));
const digest = (value: string): Hex | null => (value === ZeroHash ? null : (value as Hex));
const time = (value: bigint): number | null => Number(value) || null;

/** `IAgenticCommerce.Job`. */
export function decodeJob(jobId: bigint, job: Result): Job {
  return {
    jobId,
    client: address(job.client),
    provider: optional(job.provider),
    evaluator: address(job.evaluator),
    token: address(job.token),
    budget: job.budget,
    expiredAt: Number(job.expiredAt),
    status: JOB_STATUSES[Number(job.status)]!,
    feeBps: Number(job.feeBps),
    fundedAt: time(job.fundedAt),
    submittedAt: time(job.submittedAt),
    deliverable: job.submittedAt === 0n ? null : (job.deliverable as Hex),
    payout: optional(job.payout),
    description: textIn(job, 'description'),
  };
}

/** What `IOptimisticEvaluator.disputeOf` returns; null if there is no dispute. */
export function decodeDispute([dispute, jury]: Result): JobDispute | null {
  if (dispute.disputedAt === 0n) return null;
  return {
    bond: dispute.bond,
    disputedAt: Number(dispute.disputedAt),
    defendedAt: time(dispute.defendedAt),
    drawnAt: time(dispute.drawnAt),
    outcome: OUTCOMES[Number(dispute.outcome)]!,
    grounds: digest(dispute.grounds),
    answer: digest(dispute.answer),
    jury: [...jury].map(({ agentId, voter, vote, commitment }: Result) => ({
      agentId: agentId as bigint,
      committed: commitment !== ZeroHash,
      vote: VOTES[Number(vote)]!,
      voter: optional(voter),
    })),
  };
}
