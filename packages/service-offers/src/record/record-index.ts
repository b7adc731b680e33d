import { countedJob, readDescription } from '@chorus/market';
import { type ChainPort, type Job, type JobDispute, latestSubmission } from '@chorus/protocol';
import type { JobRecords } from '../store/job-records.ts';

/** Jobs that one turn reads: new ones, and those that may have changed. Strangers can make any number of them. */
const MOST_NEW = 50;
const MOST_OPEN = 50;

export interface RecordIndexOptions {
  chain: Pick<ChainPort, 'job' | 'jobCount' | 'jobDispute' | 'marketTerms' | 'now'>;
  records: JobRecords;
  /** Called with each job of an offer that is read. */
  onJob: (job: Job, dispute: JobDispute | null, now: number) => Promise<void>;
  signal: AbortSignal;
}

/** Reads jobs of offers, once while they are new and again until they have ended: what an agent has done is on chain. */
export class RecordIndex {
  readonly #options: RecordIndexOptions;
  #passed = 0n;

  constructor(options: RecordIndexOptions) {
    this.#options = options;
  }

  /** One turn. @throws ChorusError of the chain */
  async turn(): Promise<void> {
    const { chain, records, signal } = this.#options;
    const terms = await chain.marketTerms();
    if (!terms) return;
    const [count, now] = await Promise.all([chain.jobCount(), chain.now()]);
    const again = records.open(this.#passed, MOST_OPEN);
    this.#passed = again.length < MOST_OPEN ? 0n : again.at(-1)!;
    const first = records.cursor + 1n;
    const last = count < first + BigInt(MOST_NEW) ? count : first + BigInt(MOST_NEW) - 1n;
    const fresh = Array.from({ length: Math.max(0, Number(last - first) + 1) }, (_, i) => first + BigInt(i));
    for (const jobId of [...again, ...fresh]) {
      if (signal.aborted) return;
      await this.#read(jobId, now, terms);
      if (jobId >= first) records.cursor = jobId;
    }
  }

  async #read(
    jobId: bigint,
    now: number,
    terms: NonNullable<Awaited<ReturnType<ChainPort['marketTerms']>>>,
  ): Promise<void> {
    const { chain, records, onJob } = this.#options;
    const [job, dispute] = await Promise.all([chain.job(jobId), chain.jobDispute(jobId)]);
    const described = readDescription(job.description);
    if (!described) return;
    const counted = countedJob(job, dispute, terms, now);
    if (counted) records.put(counted);
    // It may be funded later.
    else if (job.status === 'open' && now <= latestSubmission(job, terms)) {
      const { provider, token, budget } = job;
      const { agentId } = described;
      records.put({ jobId, agentId, token, budget, provider: provider ?? '', outcome: 'open' });
    } else records.drop(jobId);
    await onJob(job, dispute, now);
  }
}
