import type { Address, Hex } from '../hex.ts';
import type { Sent } from './transaction.ts';

/** States of a job, as ERC-8183 has them; the last three are final. */
export const JOB_STATUSES = ['open', 'funded', 'submitted', 'completed', 'rejected', 'expired'] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

/** What a juror votes for: that the provider is paid, or that the client gets its money back. */
export const JOB_VOTES = ['complete', 'reject'] as const;
export type JobVote = (typeof JOB_VOTES)[number];

/** How a dispute ended: the deliverable stands, the dispute was upheld, or the deliverable stands for want of a decision. */
export const DISPUTE_OUTCOMES = ['stands', 'upheld', 'undecided'] as const;
export type DisputeOutcome = (typeof DISPUTE_OUTCOMES)[number];

/** A job. Times in unix seconds, null until then; amounts in the token's smallest unit. */
export interface Job {
  jobId: bigint;
  client: Address;
  /** Null until it is chosen. */
  provider: Address | null;
  evaluator: Address;
  token: Address;
  budget: bigint;
  expiredAt: number;
  status: JobStatus;
  /** Part of the budget that the network keeps when the job completes, hundredths of a percent. */
  feeBps: number;
  fundedAt: number | null;
  submittedAt: number | null;
  /** SHA-256 of what the provider made; null until then. */
  deliverable: Hex | null;
  /** Where the provider is paid. */
  payout: Address | null;
  /** 1 to 1024 bytes. */
  description: string;
}

/** A seat drawn to decide a dispute. */
export interface Juror {
  agentId: bigint;
  committed: boolean;
  /** Revealed. */
  vote: JobVote | null;
  voter: Address | null;
}

/** A client's dispute of a submission. */
export interface JobDispute {
  /** Each party's. */
  bond: bigint;
  disputedAt: number;
  defendedAt: number | null;
  drawnAt: number | null;
  outcome: DisputeOutcome | null;
  /** SHA-256 of what the client, and the provider, has to say. */
  grounds: Hex | null;
  answer: Hex | null;
  jury: Juror[];
}

/** The contracts of jobs, and what the optimistic evaluator goes by. */
export interface MarketTerms {
  commerce: Address;
  evaluator: Address;
  /** In which seats are staked. */
  stakeToken: Address;
  seatStake: bigint;
  /** In which a submission can be disputed. */
  windowSeconds: number;
  /** Of each step of a dispute. */
  stepSeconds: number;
  /** From a submission to the end of the last step. */
  decisionSeconds: number;
  /** Validators' seats. */
  seats: number;
}

export interface JobRequest {
  token: Address;
  /** Null: chosen later. */
  provider: Address | null;
  evaluator: Address;
  expiredAt: number;
  description: string;
}

/**
 * Jobs with their budget in escrow (ERC-8183), and the evaluator that asks validators. Methods throw
 * `E_CHAIN_NO_MARKET` if the network has none, and `E_CHAIN_UNKNOWN_JOB`.
 */
export interface JobChain {
  /** Null if the network has no contracts for jobs. */
  marketTerms(): Promise<MarketTerms | null>;
  /** Jobs are numbered 1 to this. */
  jobCount(): Promise<bigint>;
  job(jobId: bigint): Promise<Job>;
  /** Null if the job was not disputed. */
  jobDispute(jobId: bigint): Promise<JobDispute | null>;
  createJob(request: JobRequest): Sent<{ jobId: bigint }>;
  setJobProvider(jobId: bigint, provider: Address): Sent;
  setJobBudget(jobId: bigint, budget: bigint): Sent;
  /** Pay the budget into escrow. @param budget that is agreed to: another one is refused */
  fundJob(jobId: bigint, budget: bigint): Sent;
  submitJob(jobId: bigint, deliverable: Hex): Sent;
  /** As the evaluator of a job that names this account. */
  completeJob(jobId: bigint, reason: Hex): Sent;
  /** As its client while it is open, then as its evaluator. */
  rejectJob(jobId: bigint, reason: Hex): Sent;
  /** Give the budget of an expired job back to its client. */
  refundJob(jobId: bigint): Sent;
  /** Where this account, as the provider, is paid. @param to an address, or the till of an agent */
  setJobPayout(jobId: bigint, to: Address | { agentId: bigint }): Sent;
  /** As the client: complete a submitted job at once. */
  acceptJob(jobId: bigint): Sent;
  /** As the provider: have the budget of a job go back. */
  giveUpJob(jobId: bigint): Sent;
  /** As the client, with a bond of a tenth of the budget. @param grounds SHA-256 of a text, or null */
  disputeJob(jobId: bigint, grounds: Hex | null): Sent<{ bond: bigint }>;
  /** As the provider, with the same bond. */
  defendJob(jobId: bigint, answer: Hex | null): Sent<{ bond: bigint }>;
  /** Draw the jury, from the block after the defence on. `jury` is null if the draw had to be put off to a later block. */
  drawJury(jobId: bigint): Sent<{ jury: bigint[] | null }>;
  commitVote(jobId: bigint, agentId: bigint, vote: JobVote, salt: Hex): Sent;
  revealVote(jobId: bigint, agentId: bigint, vote: JobVote, salt: Hex): Sent;
  /** Decide a dispute whose steps are over. */
  decideDispute(jobId: bigint): Sent<{ outcome: DisputeOutcome }>;
  /** Complete or reject a job whose window, or dispute, is over. */
  settleJob(jobId: bigint): Sent;
  /** When an identity took its seat; null if it has none. */
  seatTakenAt(agentId: bigint): Promise<number | null>;
  takeSeat(agentId: bigint): Sent;
  leaveSeat(agentId: bigint): Sent;
  /** What is kept for an account: payments that could not be made, and parts of bonds. */
  owedByMarket(token: Address, account: Address): Promise<{ payments: bigint; bonds: bigint }>;
  withdrawFromMarket(token: Address, what: 'payments' | 'bonds'): Sent<{ amount: bigint }>;
}

/** Each party's bond in a dispute: a tenth of the budget, rounded up. */
export function bondOf(budget: bigint): bigint {
  return (budget + 9n) / 10n;
}

/**
 * Latest time at which the work of a job can be submitted, unix seconds: the optimistic evaluator needs the rest.
 * @param terms null if the job has another evaluator
 */
export function latestSubmission(job: Job, terms: MarketTerms | null): number {
  return terms && job.evaluator === terms.evaluator ? job.expiredAt - terms.decisionSeconds : job.expiredAt;
}
