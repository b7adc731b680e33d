import type {
  JobDocument,
  JobRequest,
  MarketDocument,
  MarketWithdrawn,
  TokenAmount,
} from '@chorus/admin-api';
import { JOB_STEP_TEXTS } from '@chorus/admin-api/words';
import { plainLine } from '@chorus/protocol';
import { fields, table } from '../output/table.ts';
import { amount, duration, short } from '../output/units.ts';

/** What a job waits for, in one line. */
export function stepText({ step, status }: JobDocument): string {
  if (step === null) return `over: ${status}`;
  const until = step.until === null ? '' : ` until ${step.until}`;
  return `${JOB_STEP_TEXTS[step.what]}${until}; otherwise ${step.otherwise}`;
}

export function jobsTable(jobs: readonly JobDocument[]): string {
  if (jobs.length === 0) return 'No jobs. Create one: chorus market job create';
  return table(
    ['job', 'you are', 'status', 'budget', 'next'],
    jobs.map((job) => [job.jobId, job.roles.join(', '), job.status, sum(job, job.budget), stepText(job)]),
    { widths: [null, null, null, null, 60] },
  );
}

export function jobLines(job: JobDocument): string[] {
  const { dispute } = job;
  const rows: [string, string][] = [
    ['job', job.jobId],
    ['status', job.status],
    ...(job.roles.length > 0 ? ([['you are', job.roles.join(', ')]] as [string, string][]) : []),
    // A stranger's text: it must not steer the terminal.
    ['to do', plainLine(job.description)],
    ['client', job.client],
    ['provider', job.provider ?? 'not chosen'],
    ['decided by', job.evaluatedBy === 'other' ? job.evaluator : job.evaluatedBy],
    ['budget', sum(job, job.budget)],
    ['fee', `${sum(job, job.fee)}, taken from the budget`],
    ['submit by', job.submitBy],
    ['expires', job.expiresAt],
    ...(job.deliverable ? ([['deliverable', job.deliverable]] as [string, string][]) : []),
    ...(job.payout && job.payout !== job.provider ? ([['paid to', job.payout]] as [string, string][]) : []),
    ...(dispute ? disputeRows(job, dispute) : []),
    ['next', stepText(job)],
  ];
  return [fields(rows), ...hintsOf(job)];
}

function disputeRows(job: JobDocument, dispute: NonNullable<JobDocument['dispute']>): [string, string][] {
  const votes = dispute.jury.map(({ agentId, committed, vote, mine }) => {
    const state = vote ?? (committed ? 'voted' : 'no vote yet');
    return `${agentId}${mine ? ' (yours)' : ''}: ${state}`;
  });
  return [
    ['disputed', `${dispute.disputedAt}, with a bond of ${sum(job, dispute.bond)}`],
    ...(dispute.defendedAt ? ([['defended', dispute.defendedAt]] as [string, string][]) : []),
    ...(votes.length > 0 ? ([['jury', votes.join(', ')]] as [string, string][]) : []),
    ...(dispute.available === null
      ? []
      : ([
          ['when disputed', dispute.available ? 'the deliverable was there' : 'no peer had the deliverable'],
        ] as [string, string][])),
    ...(dispute.outcome ? ([['outcome', dispute.outcome]] as [string, string][]) : []),
  ];
}

/** What the owner of this node can do next. */
function hintsOf({ jobId, step, roles, dispute }: JobDocument): string[] {
  const is = (role: JobDocument['roles'][number]) => roles.includes(role);
  if (step?.what === 'accept-or-dispute' && is('client')) {
    return [
      '',
      `Look at it: chorus market job fetch ${jobId} FILE`,
      `Then: chorus market job complete ${jobId}, or chorus market job dispute ${jobId} --grounds FILE`,
    ];
  }
  if (step?.what === 'defend' && is('provider'))
    return ['', `Stand by it: chorus market job defend ${jobId}`];
  if (step?.what === 'submit' && is('provider')) {
    return ['', `Hand it in: chorus market job submit ${jobId} FILE`];
  }
  if (step?.what === 'commit' && is('juror') && !dispute?.jury.find(({ mine }) => mine)?.committed) {
    return [
      '',
      `Look at it: chorus market job fetch ${jobId} FILE`,
      `Then: chorus market job vote ${jobId} complete, or reject`,
    ];
  }
  return [];
}

export function marketLines(market: MarketDocument): string[] {
  const { seat, owed, waiting } = market;
  return [
    fields([
      ['contract', market.commerce],
      ['evaluator', market.evaluator],
      ['disputes', `within ${duration(market.windowSeconds)} of a submission`],
      ['each step', duration(market.stepSeconds)],
      ['seats', String(market.seats)],
      ['a seat takes', sum(market.token, market.seatStake)],
      ['your seat', seat ? `identity ${seat.agentId}, since ${seat.takenAt}` : 'none'],
      ['owed to you', [...owed.payments, ...owed.bonds].map(tokenSum).join(', ') || '0'],
      ['wait for you', `${waiting} jobs`],
    ]),
    ...(owed.payments.length + owed.bonds.length > 0 ? ['', 'Pay it out: chorus market withdraw'] : []),
  ];
}

export function withdrawnLines({ withdrawn }: MarketWithdrawn): string[] {
  if (withdrawn.length === 0) return ['Nothing is owed: nothing was sent.'];
  return withdrawn.map((paid) => `${tokenSum(paid)} of ${paid.what} in ${paid.transaction}`);
}

/** What a new job costs, and what can become of it. */
export function createCostLines(
  { budget, evaluator, seconds }: JobRequest,
  market: MarketDocument,
): string[] {
  const bond = `${(BigInt(budget) + 9n) / 10n}`;
  const byValidators = evaluator === 'validators';
  return [
    fields([
      ['budget', `${sum(market.token, budget)}, when it is funded; the fee is taken from it`],
      ['to submit in', duration(byValidators ? seconds - market.decisionSeconds : seconds)],
      ...(byValidators
        ? ([
            ['to dispute in', duration(market.windowSeconds)],
            [
              'a dispute takes',
              `${sum(market.token, bond)} of each party; the loser’s goes to jurors and winner`,
            ],
            ['seats', `${market.seats}${market.seats < 3 ? ': too few to decide a dispute' : ''}`],
          ] as [string, string][])
        : []),
    ]),
    '',
    'Nothing was sent.',
  ];
}

/** What a step costs, and what can become of it. */
export function costLines(costs: 'budget' | 'bond', job: JobDocument, market: MarketDocument): string[] {
  const becomes =
    costs === 'budget'
      ? 'The provider gets it, less the fee, when the job completes; otherwise you get it back.'
      : 'You get it back with a part of the other’s if validators decide for you, and lose it if they do not.';
  return [
    fields([
      [costs, sum(job, job[costs])],
      ...(costs === 'budget' ? ([['fee', `${sum(job, job.fee)}, taken from it`]] as [string, string][]) : []),
      ['each step', duration(market.stepSeconds)],
      ['seats', String(market.seats)],
    ]),
    '',
    becomes,
    'Nothing was sent.',
  ];
}

function sum(
  { symbol, decimals, token }: Pick<JobDocument, 'symbol' | 'decimals' | 'token'>,
  units: string,
): string {
  return `${amount(units, decimals)} ${symbol ?? short(token)}`;
}

const tokenSum = ({ token, decimals, amount: units }: TokenAmount): string =>
  `${amount(units, decimals)} of ${short(token)}`;
