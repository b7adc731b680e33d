import type { JobDocument } from '../documents/market.ts';

/** What each step of a job is, for who has to do it. */
export const JOB_STEP_TEXTS: Readonly<Record<NonNullable<JobDocument['step']>['what'], string>> = {
  'set-provider': 'the client chooses a provider',
  'set-budget': 'client or provider states the budget',
  fund: 'the client pays the budget into escrow',
  submit: 'the provider submits its work',
  'accept-or-dispute': 'the client accepts or disputes the deliverable',
  decide: 'the evaluator decides',
  defend: 'the provider defends its work with a bond',
  draw: 'the jury is drawn',
  commit: 'the jurors vote',
  reveal: 'the jurors reveal their votes',
  settle: 'anyone has the decision carried out',
  refund: 'anyone has the budget paid back',
};
