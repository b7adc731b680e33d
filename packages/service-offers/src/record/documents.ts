import type { MarketJobsPort } from '@chorus/market';
import type { Job, JobDispute } from '@chorus/protocol';
import { BoundedSet } from '@chorus/utils';
import type { Orders } from '../store/orders.ts';
import type { Works } from '../store/works.ts';

/** Disputed jobs whose documents are known to be published. */
const MOST_KNOWN = 1_024;

/**
 * Documents of jobs are between client and provider, until a dispute: the jurors have to read what was agreed, so both
 * nodes publish it then. Once a job has ended the provider's node keeps it no longer.
 */
export class JobDocuments {
  readonly #works: Works;
  readonly #orders: Orders;
  readonly #jobs: Pick<MarketJobsPort, 'storeFile'>;
  readonly #published = new BoundedSet<bigint>(MOST_KNOWN);

  constructor(works: Works, orders: Orders, jobs: Pick<MarketJobsPort, 'storeFile'>) {
    this.#works = works;
    this.#orders = orders;
    this.#jobs = jobs;
  }

  async onJob({ jobId, status }: Job, dispute: JobDispute | null): Promise<void> {
    if (dispute?.outcome === null && !this.#published.has(jobId)) {
      const document = this.#of(jobId);
      // Its own bytes are a block of their own: the CID in the job's description leads to it.
      if (document) await this.#jobs.storeFile('job.json', document);
      this.#published.add(jobId);
    }
    if (status === 'completed' || status === 'rejected' || status === 'expired') this.#works.forget(jobId);
  }

  #of(jobId: bigint): Uint8Array | null {
    const work = this.#works.get(jobId);
    if (work && work.document.length > 0) return work.document;
    const order = this.#orders.open().find((each) => each.jobId === jobId.toString());
    return order?.document ? new Uint8Array(Buffer.from(order.document, 'base64')) : null;
  }
}
