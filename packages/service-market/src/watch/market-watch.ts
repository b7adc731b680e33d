import type { Status } from '@chorus/admin-api';
import {
  type ChainPort,
  explain,
  isOvertaken,
  type Job,
  type JobDispute,
  type MarketTerms,
  type Receipt,
  sameAddress,
} from '@chorus/protocol';
import { BoundedMap } from '@chorus/utils';
import type { MarketConfig } from '../config/market-config.ts';
import type { MarketEvent } from '../events/market-events.ts';
import type { JobFiles } from '../files/job-files.ts';
import { timeText } from '../jobs/job-document.ts';
import type { MarketJobs } from '../jobs/market-jobs.ts';
import { gainerOf, type JobRole, type JobStep, nextStep, rolesIn } from '../steps/job-steps.ts';
import type { MarketRecords } from '../store/market-records.ts';

/** New jobs that one look reads, and jobs that it looks at again. */
const MOST_NEW = 50;
const MOST_OPEN = 200;
/** Jobs of which the last reported step is remembered: strangers can name this node in any number of them. */
const MOST_TOLD = 4_096;

export interface WatchOptions {
  chain: ChainPort;
  records: MarketRecords;
  files: JobFiles;
  jobs: MarketJobs;
  config: MarketConfig;
  emit: (event: MarketEvent) => void;
  /** Whether the node does the work of a job by itself. */
  isAutomatic: (jobId: bigint) => boolean;
  signal: AbortSignal;
}

type WaitingJob = NonNullable<Status['market']>['waiting'][number];

interface Seen {
  job: Job;
  dispute: JobDispute | null;
  step: JobStep | null;
  roles: JobRole[];
}

/**
 * Looks at the jobs of this node: reports those that wait for its owner, and sends what is due where the node gains from
 * it. All it goes by is on chain, so a restart repeats nothing.
 */
export class MarketWatch {
  readonly #options: WatchOptions;
  /** Steps that were reported, by job. */
  readonly #told = new BoundedMap<bigint, string>(MOST_TOLD);
  #waiting: WaitingJob[] = [];
  /** Last of the jobs of others that was looked through. */
  #passed = 0n;
  #probing = false;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Jobs that wait for this node. */
  get waiting(): readonly WaitingJob[] {
    return this.#waiting;
  }

  /** One look. Never throws: what goes wrong is reported. */
  async look(): Promise<void> {
    const { chain, records } = this.#options;
    try {
      const terms = await chain.marketTerms();
      if (!terms) return;
      const [agentId, now] = await Promise.all([chain.identity(), chain.now()]);
      const seated = agentId !== null && (await chain.seatTakenAt(agentId)) !== null;
      // New jobs are of strangers: one that cannot be read must not keep the node from those that it knows.
      await this.#discover(terms, seated).catch((error) => this.#failed(null, error));
      const waiting: WaitingJob[] = [];
      for (const jobId of [...records.mine({ ended: false, most: MOST_OPEN }), ...this.#someOthers()]) {
        if (this.#options.signal.aborted) return;
        const found = await this.#lookAt(jobId, { terms, agentId, seated, now });
        if (found) waiting.push(found);
      }
      this.#waiting = waiting;
    } catch (error) {
      this.#failed(null, error);
    }
  }

  #failed(jobId: bigint | null, error: unknown): void {
    const { signal, emit } = this.#options;
    if (signal.aborted) return;
    emit({ type: 'market.failed', jobId: jobId === null ? null : `${jobId}`, ...explain(error) });
  }

  /** Jobs of others in turns, so that many of them keep none from being seen. */
  #someOthers(): bigint[] {
    const { records } = this.#options;
    const next = records.others(this.#passed, MOST_OPEN);
    this.#passed = next.length < MOST_OPEN ? 0n : next.at(-1)!;
    return next;
  }

  /** Jobs that were created since the last look, and concern this node. */
  async #discover(terms: MarketTerms, seated: boolean): Promise<void> {
    const { chain, records } = this.#options;
    const count = await chain.jobCount();
    const first = records.cursor + 1n;
    for (let jobId = first; jobId <= count && jobId < first + BigInt(MOST_NEW); jobId++) {
      const job = await chain.job(jobId);
      const roles = rolesIn(job, null, { account: chain.account, agentId: null });
      const mayJudge = seated && sameAddress(job.evaluator, terms.evaluator);
      // A job without a provider may become this node's.
      if (roles.length > 0 || mayJudge || job.provider === null) {
        records.track(jobId, roles.includes('client'));
      }
      records.cursor = jobId;
    }
  }

  /** @returns what the job waits for, if it is for this node */
  async #lookAt(
    jobId: bigint,
    at: { terms: MarketTerms; agentId: bigint | null; seated: boolean; now: number },
  ): Promise<WaitingJob | null> {
    const { chain, records } = this.#options;
    try {
      const [job, dispute] = await Promise.all([chain.job(jobId), chain.jobDispute(jobId)]);
      const step = nextStep(job, dispute, at.terms, at.now);
      if (step === null) {
        records.end(jobId);
        return null;
      }
      const roles = rolesIn(job, dispute, { account: chain.account, agentId: at.agentId });
      if (roles.includes('juror')) records.track(jobId, true);
      if (at.seated && dispute && dispute.outcome === null) this.#probe(job);
      const seen = { job, dispute, step, roles };
      if (this.#options.config.settle && (await this.#doDue(seen, at.agentId))) return null;
      return this.#remind(seen, step, at.agentId);
    } catch (error) {
      // Others were faster, or it is too early by this block: nothing is wrong.
      if (!isOvertaken(error)) this.#failed(jobId, error);
      return null;
    }
  }

  /** Send what is due. @returns whether something was sent */
  async #doDue({ job, dispute, step, roles }: Seen, agentId: bigint | null): Promise<boolean> {
    const { chain, records, jobs } = this.#options;
    const { jobId } = job;
    const isParty = roles.includes('client') || roles.includes('provider');
    const done = async (what: string, sent: Promise<Receipt>): Promise<true> => {
      const { transaction } = await sent;
      this.#options.emit({ type: 'market.done', jobId: `${jobId}`, what, transaction });
      return true;
    };
    switch (step?.what) {
      case 'settle': {
        // A dispute that outlived its job: all who have a part in it may be owed something of the bonds.
        const gains = job.status === 'submitted' ? roles.includes(gainerOf(dispute)) : roles.length > 0;
        return gains && done('settled', jobs.settle(job));
      }
      case 'refund':
        return roles.includes('client') && done('the budget went back', chain.refundJob(jobId));
      case 'draw':
        return isParty && done('a jury is drawn', chain.drawJury(jobId));
      case 'reveal': {
        const juror = dispute?.jury.find((each) => each.agentId === agentId);
        const due = juror?.committed && juror.vote === null && records.vote(jobId, agentId!) !== null;
        return due === true && done('the vote is revealed', jobs.reveal(jobId));
      }
      default:
        return false;
    }
  }

  /**
   * Whether the deliverable is there now: a provider that shows it later, to jurors alone, is found out. One at a time, and
   * nothing waits for it: disputes of strangers must not hold up what is due.
   */
  #probe({ jobId, deliverable }: Job): void {
    const { records, files, config, signal } = this.#options;
    if (this.#probing || deliverable === null || records.available(jobId) !== null) return;
    this.#probing = true;
    const keep = (found: boolean): void => {
      this.#probing = false;
      if (!signal.aborted) records.setAvailable(jobId, found);
    };
    files.get(deliverable, config.maxFileMB * 2 ** 20, signal).then(
      () => keep(true),
      () => keep(false),
    );
  }

  /** Report a step once in a run of the node. @returns it, if it is this node's */
  #remind({ job, dispute, roles }: Seen, step: JobStep, agentId: bigint | null): WaitingJob | null {
    const juror = dispute?.jury.find((each) => each.agentId === agentId);
    const voted = step.what === 'commit' ? juror?.committed : step.what === 'reveal' ? juror?.vote : false;
    const mine = step.by.some((party) => party !== 'anyone' && roles.includes(party)) && !voted;
    if (!mine || (step.what === 'submit' && this.#options.isAutomatic(job.jobId))) return null;
    const { what, otherwise } = step;
    const until = step.until === null ? null : timeText(step.until);
    if (this.#told.get(job.jobId) !== step.what) {
      this.#told.set(job.jobId, step.what);
      this.#options.emit({ type: 'market.waits', jobId: `${job.jobId}`, what, until, otherwise });
    }
    return { jobId: `${job.jobId}`, what, until };
  }
}
