import {
  type Address,
  type Job,
  type JobDispute,
  latestSubmission,
  type MarketTerms,
  sameAddress,
} from '@chorus/protocol';

export type JobRole = 'client' | 'provider' | 'evaluator' | 'juror';

/** What a job waits for. */
export interface JobStep {
  what:
    | 'set-provider'
    | 'set-budget'
    | 'fund'
    | 'submit'
    | 'accept-or-dispute'
    | 'decide'
    | 'defend'
    | 'draw'
    | 'commit'
    | 'reveal'
    | 'settle'
    | 'refund';
  by: (JobRole | 'anyone')[];
  /** Unix seconds; null if it has no end. */
  until: number | null;
  /** What happens if it is not done. */
  otherwise: string;
}

const REFUND: JobStep = {
  what: 'refund',
  by: ['anyone'],
  until: null,
  otherwise: 'the budget stays in escrow',
};

/** Of a dispute whose job expired before anyone had it decided. */
const DECIDE: JobStep = {
  what: 'settle',
  by: ['anyone'],
  until: null,
  otherwise: 'the bonds stay in escrow',
};

/** What comes next, at a time in unix seconds; null for a job that has ended, and its dispute. Pure. */
export function nextStep(
  job: Job,
  dispute: JobDispute | null,
  terms: MarketTerms,
  now: number,
): JobStep | null {
  switch (job.status) {
    case 'open':
      // Too late to be funded: it is over, and holds nothing.
      return now >= job.expiredAt || now > latestSubmission(job, terms) ? null : openStep(job, terms);
    case 'funded': {
      const until = latestSubmission(job, terms);
      if (now >= job.expiredAt) return REFUND;
      return { what: 'submit', by: ['provider'], until, otherwise: 'the client gets the budget back' };
    }
    case 'submitted':
      return now >= job.expiredAt ? REFUND : submittedStep(job, dispute, terms, now);
    default:
      return dispute?.outcome === null ? DECIDE : null;
  }
}

function openStep(job: Job, terms: MarketTerms): JobStep {
  const until = latestSubmission(job, terms);
  const otherwise = 'nothing happens';
  if (job.provider === null) return { what: 'set-provider', by: ['client'], until, otherwise };
  if (job.budget === 0n) return { what: 'set-budget', by: ['client', 'provider'], until, otherwise };
  return { what: 'fund', by: ['client'], until, otherwise };
}

function submittedStep(job: Job, dispute: JobDispute | null, terms: MarketTerms, now: number): JobStep {
  if (!sameAddress(job.evaluator, terms.evaluator)) {
    const otherwise = 'the client gets the budget back';
    return { what: 'decide', by: ['evaluator'], until: job.expiredAt, otherwise };
  }
  const settle = (otherwise = 'the client gets the budget back'): JobStep => ({
    ...{ what: 'settle', by: ['anyone'], until: job.expiredAt, otherwise },
  });
  if (!dispute) {
    const until = job.submittedAt! + terms.windowSeconds;
    if (now >= until) return settle();
    return { what: 'accept-or-dispute', by: ['client'], until, otherwise: 'the provider is paid' };
  }
  return (dispute.outcome === null && disputeStep(dispute, terms, now)) || settle();
}

/** The step of a dispute that is not decided; null if all its steps are over. */
function disputeStep(dispute: JobDispute, { stepSeconds }: MarketTerms, now: number): JobStep | null {
  const { disputedAt, defendedAt, drawnAt, jury } = dispute;
  const step = (what: JobStep['what'], by: JobStep['by'], until: number, otherwise: string) =>
    now < until ? { what, by, until, otherwise } : null;
  if (defendedAt === null) {
    return step('defend', ['provider'], disputedAt + stepSeconds, 'the client gets budget and bond back');
  }
  if (drawnAt === null) {
    return step('draw', ['anyone'], defendedAt + stepSeconds, 'the deliverable stands, and bonds go back');
  }
  if (jury.every(({ vote }) => vote !== null)) return null;
  const commitEnds = drawnAt + stepSeconds;
  if (now < commitEnds && !jury.every(({ committed }) => committed)) {
    return step('commit', ['juror'], commitEnds, 'the vote does not count');
  }
  return step('reveal', ['juror'], commitEnds + stepSeconds, 'the vote does not count');
}

/** Who is paid, if a job that can be settled is settled now. */
export function gainerOf(dispute: JobDispute | null): 'client' | 'provider' {
  if (!dispute) return 'provider';
  if (dispute.outcome !== null) return dispute.outcome === 'upheld' ? 'client' : 'provider';
  if (dispute.defendedAt === null) return 'client';
  const count = (wanted: string) => dispute.jury.filter(({ vote }) => vote === wanted).length;
  const [against, forIt] = [count('reject'), count('complete')];
  const decided = 2 * (against + forIt) > dispute.jury.length;
  return decided && against > forIt ? 'client' : 'provider';
}

/** What an account, and a seat of its identity, have to do with a job. */
export function rolesIn(
  job: Job,
  dispute: JobDispute | null,
  { account, agentId }: { account: Address; agentId: bigint | null },
): JobRole[] {
  const is = (party: Address | null) => party !== null && sameAddress(party, account);
  return [
    ...(is(job.client) ? (['client'] as const) : []),
    ...(is(job.provider) ? (['provider'] as const) : []),
    ...(is(job.evaluator) ? (['evaluator'] as const) : []),
    ...(dispute?.jury.some((juror) => juror.agentId === agentId) ? (['juror'] as const) : []),
  ];
}
