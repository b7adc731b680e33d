import { type Job, type JobDispute, latestSubmission, type MarketTerms, sameAddress } from '@chorus/protocol';
import { readDescription } from '../orders/document.ts';

/**
 * What became of a job for its provider. `returned`: the provider gave it up, or no one had it settled; it counts
 * neither way, since a client can make a job that cannot be done.
 */
export type JobOutcome = 'open' | 'done' | 'late' | 'lost' | 'returned';

/** A job of an offer that counts for the record of its agent. */
export interface CountedJob {
  jobId: bigint;
  agentId: bigint;
  provider: string;
  token: string;
  budget: bigint;
  outcome: JobOutcome;
}

/**
 * A job as far as it counts: it was funded, is of an offer, and validators decide it; null for all others. A client
 * that decides by itself could write any record.
 */
export function countedJob(
  job: Job,
  dispute: JobDispute | null,
  terms: MarketTerms,
  now: number,
): CountedJob | null {
  const described = readDescription(job.description);
  if (!described || job.provider === null || job.fundedAt === null) return null;
  if (!sameAddress(job.evaluator, terms.evaluator) || sameAddress(job.client, job.provider)) return null;
  const { jobId, provider, token, budget } = job;
  const outcome = outcomeOf(job, dispute, terms, described.within, now);
  return { jobId, agentId: described.agentId, provider, token, budget, outcome };
}

function outcomeOf(
  { status, fundedAt, submittedAt, ...job }: Job,
  dispute: JobDispute | null,
  terms: MarketTerms,
  within: number,
  now: number,
): JobOutcome {
  const isLate = submittedAt !== null && submittedAt - fundedAt! > within;
  const isOver = now >= latestSubmission({ status, fundedAt, submittedAt, ...job }, terms);
  switch (status) {
    case 'completed':
      return isLate ? 'late' : 'done';
    case 'rejected':
      return dispute?.outcome === 'upheld' ? 'lost' : 'returned';
    case 'expired':
      return submittedAt === null ? 'late' : 'returned';
    case 'funded':
      return isOver ? 'late' : 'open';
    default:
      return 'open';
  }
}

/** The jobs of an agent in one token: how many, and their budgets together, in its smallest unit. */
export interface JobRecord {
  done: { jobs: number; units: bigint };
  late: { jobs: number; units: bigint };
  lost: { jobs: number; units: bigint };
}

export const noRecord = (): JobRecord => ({
  done: { jobs: 0, units: 0n },
  late: { jobs: 0, units: 0n },
  lost: { jobs: 0, units: 0n },
});

/** The record that counted jobs make. */
export function recordOf(jobs: readonly Pick<CountedJob, 'outcome' | 'budget'>[]): JobRecord {
  const record = noRecord();
  for (const { outcome, budget } of jobs) {
    if (outcome === 'open' || outcome === 'returned') continue;
    record[outcome].jobs++;
    record[outcome].units += budget;
  }
  return record;
}

/** What this node has seen itself, with its own orders. */
export interface OwnExperience {
  done: number;
  /** Not taken up, given up, late, lost, or an answer that did not come. */
  failed: number;
}

/**
 * How reliable an agent is, 0 to 1: the part of its jobs, by their budgets, that were done in time, where one whole token
 * of jobs weighs as much as knowing nothing (one half). A record that an owner makes with jobs of its own costs it the
 * network's fee on them. What this node has seen itself multiplies it, so that no record hides it.
 * @param unit one whole token
 */
export function reliability({ done, late, lost }: JobRecord, own: OwnExperience, unit: bigint): number {
  const bad = late.units + lost.units;
  const thousandths = Number(((unit + 2n * done.units) * 1_000n) / (2n * (unit + done.units + bad)));
  return (thousandths / 1_000) * ((1 + own.done) / (1 + own.done + own.failed));
}
