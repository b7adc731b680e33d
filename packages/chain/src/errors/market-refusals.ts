import type { Refusal } from './refusals.ts';

/** The errors of jobs and of their evaluator, by name. */
export const MARKET_REFUSALS: Readonly<Record<string, Refusal>> = {
  UnknownJob: ['E_CHAIN_UNKNOWN_JOB', 'no such job', 'list the jobs: chorus market job list'],
  WrongJobStatus: [
    'E_CHAIN_WRONG_PHASE',
    'the job is in another state',
    'look at it: chorus market job show',
  ],
  NotParty: [
    'E_CHAIN_NOT_ALLOWED',
    'this account is not the party of the job that may do this',
    'see who client, provider and evaluator are: chorus market job show',
  ],
  NotJobParty: [
    'E_CHAIN_NOT_ALLOWED',
    'this account is not the party of the job that may do this',
    'see who client and provider are: chorus market job show',
  ],
  JobOutOfBounds: [
    'E_CHAIN_INVALID_PARAMS',
    'a term of the job is out of bounds',
    'correct the term that the facts name; see IAgenticCommerce.createJobIn',
  ],
  HooksNotSupported: ['E_CHAIN_INVALID_PARAMS', 'jobs have no hooks here', 'create the job without one'],
  ProviderExists: [
    'E_CHAIN_ALREADY_DONE',
    'the job has a provider',
    'cancel this job and create another one',
  ],
  ProviderMissing: [
    'E_CHAIN_WRONG_PHASE',
    'the job has no provider',
    'choose one: chorus market job provider',
  ],
  BudgetChanged: [
    'E_CHAIN_WRONG_PHASE',
    'the budget is not what was agreed to',
    'look at the budget that the facts name, and fund the job with it if it is right',
  ],
  SubmittedTooLate: [
    'E_CHAIN_DEADLINE_PASSED',
    'no time is left in which the evaluator could decide before the job ends',
    'the client gets its money back at the end: chorus market job refund',
  ],
  JobNotExpired: [
    'E_CHAIN_DEADLINE_NOT_PASSED',
    'the job has not expired',
    'wait until the time that the facts name',
  ],
  NothingKept: ['E_CHAIN_NOTHING_TO_CLAIM', 'no payment of a job is kept for this account', 'nothing to do'],
  NoBondToWithdraw: ['E_CHAIN_NOTHING_TO_CLAIM', 'no bond is owed to this account', 'nothing to do'],
  NoTillContract: [
    'E_CHAIN_NO_TILLS',
    'this network has no tills for agents',
    'have the job pay to an address',
  ],
  TermsOutOfBounds: [
    'E_CHAIN_INVALID_PARAMS',
    'a term of the evaluator of jobs is out of bounds',
    'correct the term that the facts name; see IOptimisticEvaluator.Terms',
  ],
  NotYourIdentity: [
    'E_CHAIN_NOT_ALLOWED',
    'this account neither owns the identity nor is its wallet',
    'use the account of the identity',
  ],
  SeatExists: ['E_CHAIN_ALREADY_DONE', 'the identity has its seat', 'nothing to do'],
  NoSeat: ['E_CHAIN_INVALID_PARAMS', 'the identity has no seat', 'take one: chorus market seat take'],
  SeatStakeTooSmall: [
    'E_CHAIN_STAKE_REQUIRED',
    'the stake behind the identity is too small for a seat',
    'deposit what is missing: chorus stake deposit; stake that is unbonding does not count',
  ],
  SeatHasStake: [
    'E_CHAIN_NOT_ALLOWED',
    'the seat has its stake, so only its owner gives it up',
    'nothing to do',
  ],
  NotInReview: [
    'E_CHAIN_WRONG_PHASE',
    'the job does not wait for a decision of this evaluator',
    'look at it: chorus market job show',
  ],
  DisputeExists: ['E_CHAIN_ALREADY_DONE', 'the job is disputed', 'look at it: chorus market job show'],
  NoDispute: [
    'E_CHAIN_WRONG_PHASE',
    'there is no dispute, or it was not defended',
    'look at the job: chorus market job show',
  ],
  DisputeDecided: [
    'E_CHAIN_ALREADY_DONE',
    'the dispute is decided',
    'carry the decision out: chorus market job settle',
  ],
  StepOver: [
    'E_CHAIN_DEADLINE_PASSED',
    'the time for this is over',
    'look at the job: chorus market job show',
  ],
  StepNotOver: [
    'E_CHAIN_DEADLINE_NOT_PASSED',
    'it is too early for this',
    'wait until the time (for a draw: the block) that the facts name',
  ],
  JuryNotDrawn: ['E_CHAIN_WRONG_PHASE', 'no jury is drawn yet', 'draw it: chorus market job draw'],
  JuryExists: ['E_CHAIN_ALREADY_DONE', 'the jury is drawn', 'nothing to do'],
  NotAJuror: ['E_CHAIN_NOT_ALLOWED', 'the identity is not in the jury of this job', 'nothing to do'],
  AlreadyVoted: ['E_CHAIN_ALREADY_DONE', 'this juror has voted', 'nothing to do'],
  WrongVote: [
    'E_CHAIN_WRONG_OPENING',
    'this is not the vote that the juror committed to',
    'reveal with the key and on the node that the vote was committed with',
  ],
};
