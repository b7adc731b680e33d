import type { MarketJobsPort } from '@chorus/market';
import type { Hex } from '@chorus/protocol';
import type { MarketRecords } from '../store/market-records.ts';
import type { MarketJobs } from './market-jobs.ts';

/** Jobs that a service which trades looks through after a restart. */
const MOST_OWN = 100;

/** What the jobs of this node give to a service that trades: see {@link MarketJobsPort}. */
export function jobsPort(jobs: MarketJobs, records: MarketRecords, automatic: Set<bigint>): MarketJobsPort {
  return {
    place: async ({ budget, ...job }) => {
      const { jobId } = await jobs.create({ ...job, budget: budget.toString(), fund: true });
      return BigInt(jobId);
    },
    own: () => records.mine({ ended: false, most: MOST_OWN }),
    cancel: async (jobId) => void (await jobs.act(jobId, { action: 'reject' })),
    giveUp: async (jobId) => void (await jobs.act(jobId, { action: 'reject' })),
    storeFile: async (name, bytes) => (await jobs.storeFile(name, bytes)).digest as Hex,
    submit: async (jobId, deliverable, till) => {
      const payout = till === null ? {} : { payout: { agentId: till.toString() } };
      await jobs.act(jobId, { action: 'submit', deliverable, ...payout });
    },
    automatic: (jobId) => void automatic.add(jobId),
  };
}
