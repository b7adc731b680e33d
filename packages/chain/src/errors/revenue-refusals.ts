import type { Refusal } from './refusals.ts';

/** The errors of tills, units and royalties, by name. */
export const REVENUE_REFUSALS: Readonly<Record<string, Refusal>> = {
  InvalidTerms: [
    'E_CHAIN_INVALID_PARAMS',
    'the terms of the till are not allowed',
    'at most 4 tasks and 8 other agents, each once with a part above 0, and at most 100 % together',
  ],
  BelowPromise: [
    'E_CHAIN_NOT_ALLOWED',
    'the holders of the agent’s units were promised more',
    'give them at least the part that the facts name, in hundredths of a percent',
  ],
  NothingProposed: [
    'E_CHAIN_WRONG_PHASE',
    'no new terms are proposed for the till',
    'propose terms first: they count 7 days later',
  ],
  TermsNotDue: [
    'E_CHAIN_NOT_MATURE',
    'new terms of a till count 7 days after they were proposed',
    'wait until the time that the facts name',
  ],
  NothingToWithdraw: [
    'E_CHAIN_NOTHING_TO_CLAIM',
    'the tills owe this account nothing in this token',
    'collect the till first',
  ],
  NothingEarned: [
    'E_CHAIN_INVALID_PARAMS',
    'no trainer of the task was ever paid, so that no account could claim royalties of it',
    'name a task that has paid a reward',
  ],
  RoyaltiesNotOpen: [
    'E_CHAIN_WRONG_PHASE',
    'the task takes no royalties yet',
    'name it in the terms of a till, which opens them',
  ],
  DepositTooLarge: ['E_CHAIN_INVALID_PARAMS', 'the sum of all royalties would be too large', 'give less'],
  InvalidReceiver: [
    'E_CHAIN_INVALID_PARAMS',
    'tokens cannot be paid to this address',
    'name a wallet, neither zero nor the contract',
  ],
  OnlyTills: [
    'E_CHAIN_NOT_ALLOWED',
    'only the contract of the tills may do this',
    'pay the agent’s till and collect it',
  ],
  AlreadyLaunched: [
    'E_CHAIN_ALREADY_DONE',
    'the agent’s units were launched already',
    'units are launched once, and their terms stay',
  ],
  NotLaunched: [
    'E_CHAIN_INVALID_PARAMS',
    'the agent has no units',
    'its owner launches them: chorus units launch',
  ],
  LaunchOutOfBounds: [
    'E_CHAIN_INVALID_PARAMS',
    'a term of the launch is out of bounds',
    'correct the term that the facts name; see IAgentUnits.Launch',
  ],
  AboveCap: [
    'E_CHAIN_INVALID_PARAMS',
    'there are fewer units than that',
    'take at most the number that the facts name',
  ],
  PriceMoved: [
    'E_CHAIN_WRONG_PHASE',
    'the price of the units has moved beyond what was agreed to',
    'look at the price again: somebody bought or sold',
  ],
  UnitsVesting: [
    'E_CHAIN_NOT_MATURE',
    'that number of the creator’s units is not free yet',
    'keep at least the number that the facts name',
  ],
};
