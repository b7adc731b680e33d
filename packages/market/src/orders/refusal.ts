import {
  type Address,
  type Job,
  latestSubmission,
  type MarketTerms,
  sameAddress,
  valueFaults,
} from '@chorus/protocol';
import type { PublicOffer } from '../offers/offer.ts';
import type { JobDescription, JobOrder } from './document.ts';

/** Without a schema, an input is a text of this many letters at most. */
const MAX_TEXT = 16_000;

/**
 * Why a job of an offer cannot be done; null if it can. Pure: everything is from the chain, the document and the offer.
 * @param agreed what a signed answer promised, if there was one: its price and time count instead of the present ones
 */
export function refusalOf(
  job: Job,
  {
    described,
    offer,
    agreed = null,
    account,
    terms,
    now,
  }: {
    described: JobDescription;
    offer: PublicOffer;
    agreed?: { units: bigint; seconds: number } | null;
    /** Of this node. */
    account: Address;
    terms: MarketTerms;
    /** Unix seconds, of the chain. */
    now: number;
  },
): string | null {
  const units = agreed?.units ?? offer.price?.units ?? 0n;
  const seconds = agreed?.seconds ?? offer.seconds;
  if (job.provider === null || !sameAddress(job.provider, account)) return 'the job is for another provider';
  if (job.status !== 'funded') return `the job is ${job.status}: its price has to be in escrow`;
  if (!sameAddress(job.evaluator, terms.evaluator)) {
    return 'the job is decided by somebody else than validators';
  }
  if (offer.kind !== 'job' || offer.price === null) return 'the offer is a call, and no job';
  if (!sameAddress(job.token, offer.price.token)) return 'the job is paid in another token';
  if (job.budget < units) return `the budget is ${job.budget} units, below the price of ${units}`;
  if (described.within < seconds) {
    return `the job gives ${described.within} seconds, and ${seconds} were promised`;
  }
  if (latestSubmission(job, terms) - (job.fundedAt ?? now) < seconds) {
    return `the job expires before the promised ${seconds} seconds are over`;
  }
  return now > latestSubmission(job, terms) ? 'the job came too late to be submitted' : null;
}

/** Why an input is not what the offer takes; null if it is. The same check on both sides. */
export function inputRefusal(
  { input: schema }: Pick<PublicOffer, 'input'>,
  { input }: Pick<JobOrder, 'input'>,
): string | null {
  if (schema === null) {
    const fits = typeof input === 'string' && input.trim() !== '' && input.length <= MAX_TEXT;
    return fits ? null : `the input must be a text of 1 to ${MAX_TEXT} letters`;
  }
  const faults = valueFaults(schema, input);
  return faults.length === 0 ? null : `the input is not what the offer takes: ${faults.join('; ')}`;
}
