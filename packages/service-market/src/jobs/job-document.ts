import type { JobDocument } from '@chorus/admin-api';
import { decimalsOf } from '@chorus/chain';
import {
  bondOf,
  type ChainPort,
  type Job,
  type JobDispute,
  latestSubmission,
  type MarketTerms,
  sameAddress,
} from '@chorus/protocol';
import { type JobRole, nextStep } from '../steps/job-steps.ts';

/** What a document says besides the job itself. */
export interface JobContext {
  terms: MarketTerms;
  dispute: JobDispute | null;
  roles: JobRole[];
  /** Of this node. */
  agentId: bigint | null;
  /** Whether the deliverable was there when the dispute was seen. */
  available: boolean | null;
  /** Unix seconds, of the chain. */
  now: number;
}

/** A job as the admin API shows it. */
export async function jobDocument(
  job: Job,
  { terms, dispute, roles, agentId, available, now }: JobContext,
  chain: Pick<ChainPort, 'decimals' | 'symbol'>,
): Promise<JobDocument> {
  const [decimals, symbol] = await Promise.all([
    decimalsOf(chain, job.token),
    chain.symbol(job.token).catch(() => null),
  ]);
  const step = nextStep(job, dispute, terms, now);
  const byValidators = sameAddress(job.evaluator, terms.evaluator);
  const { client, provider, evaluator, token, payout, deliverable, description, status } = job;
  return {
    ...{ jobId: `${job.jobId}`, status, roles, client, provider, evaluator },
    evaluatedBy: byValidators ? 'validators' : sameAddress(evaluator, client) ? 'client' : 'other',
    ...{ token, symbol, decimals, budget: `${job.budget}` },
    fee: `${(job.budget * BigInt(job.feeBps)) / 10_000n}`,
    bond: `${dispute?.bond ?? bondOf(job.budget)}`,
    expiresAt: timeText(job.expiredAt),
    submitBy: timeText(latestSubmission(job, terms)),
    fundedAt: job.fundedAt === null ? null : timeText(job.fundedAt),
    submittedAt: job.submittedAt === null ? null : timeText(job.submittedAt),
    ...{ deliverable, payout, description },
    dispute: dispute && disputeDocument(dispute, agentId, available),
    step: step && { ...step, until: step.until === null ? null : timeText(step.until) },
  };
}

function disputeDocument(
  { bond, disputedAt, defendedAt, drawnAt, outcome, grounds, answer, jury }: JobDispute,
  mine: bigint | null,
  available: boolean | null,
): JobDocument['dispute'] {
  return {
    bond: `${bond}`,
    disputedAt: timeText(disputedAt),
    defendedAt: defendedAt === null ? null : timeText(defendedAt),
    drawnAt: drawnAt === null ? null : timeText(drawnAt),
    ...{ outcome, grounds, answer, available },
    jury: jury.map(({ agentId, committed, vote }) => ({
      ...{ agentId: `${agentId}`, committed, vote, mine: agentId === mine },
    })),
  };
}

/** @param seconds unix time */
export const timeText = (seconds: number): string => new Date(seconds * 1000).toISOString();
