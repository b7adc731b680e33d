/** What the value of a parameter is. */
export type ParameterUnit =
  /** Hundredths of a percent. */
  | 'bps'
  /** Whole percents. */
  | 'percent'
  | 'seconds'
  | 'count'
  /** Smallest units of a token. */
  | 'tokens'
  | 'address';

/** A parameter that the holders of the token may change by a vote, with the bounds that the contracts keep. */
export interface ParameterRule {
  /** Plain words. */
  title: string;
  unit: ParameterUnit;
  /** Smallest and largest value that the contracts take; null for an address. */
  least: bigint | null;
  most: bigint | null;
  /** Value of a new deployment that sets none; null if it has to be given. */
  preset: bigint | null;
  /** What a change does, and for whom. */
  effect: string;
}

const DAY = 86_400n;
const UINT32 = 2n ** 32n - 1n;
const UINT48 = 2n ** 48n - 1n;
const UINT96 = 2n ** 96n - 1n;
const UINT256 = 2n ** 256n - 1n;

/** A part of the stake that an offence costs. */
const slash = (title: string, preset: bigint, effect: string): ParameterRule => ({
  title,
  unit: 'bps',
  least: 0n,
  most: 5000n,
  preset,
  effect: `${effect}, as a part of the member's stake in the task; tasks keep the value they were created under`,
});

/**
 * Every parameter that governance may change: those of `Parameters.sol`, and the rules of the votes themselves. A test
 * holds the bounds to the contracts.
 */
export const PARAMETERS_BY_NAME = {
  'protocol-fee': {
    title: 'fee of the network',
    unit: 'bps',
    least: 0n,
    most: 500n,
    preset: 100n,
    effect:
      'part of what tasks pay, of payments to agents and of trades of units that goes to the treasury; tasks keep the value they were created under, tills and units take the new one at once',
  },
  treasury: {
    title: 'treasury',
    unit: 'address',
    least: null,
    most: null,
    preset: null,
    effect:
      'account that receives the fees of the network from now on; fees collected before stay where they are',
  },
  'contest-window': {
    title: 'time to contest',
    unit: 'seconds',
    least: 1n,
    most: 7n * DAY,
    preset: 3600n,
    effect:
      'time in which a trainer that was found unavailable can prove the contrary; must be shorter than the unbonding period; tasks keep the value they were created under',
  },
  'unbonding-period': {
    title: 'unbonding period',
    unit: 'seconds',
    least: 2n,
    most: 30n * DAY,
    preset: 7200n,
    effect:
      'time from a request to unbond stake until it can be withdrawn, for all who stake; must be longer than the time to contest; requests already made keep their time',
  },
  'minimum-stake': {
    title: 'least stake of a task',
    unit: 'tokens',
    least: 0n,
    most: UINT96,
    preset: 0n,
    effect:
      'least stake that a new task paying in this token may ask of its members; running tasks are not affected',
  },
  'minimum-phase': {
    title: 'least length of a phase',
    unit: 'seconds',
    least: 3n,
    most: 3600n,
    preset: 5n,
    effect:
      'shortest phase that a new task may have: members need the time to act; running tasks are not affected',
  },
  'slash-trainer-absence': slash(
    'slash of an absent trainer',
    100n,
    'what a trainer loses that does not commit in time',
  ),
  'slash-validator-absence': slash(
    'slash of an absent validator',
    300n,
    'what a validator loses that does not seal, open or vote in time',
  ),
  'slash-aggregator-absence': slash(
    'slash of an absent aggregator',
    300n,
    'what an aggregator loses whose turn passes without a settlement',
  ),
  'slash-unavailable': slash(
    'slash of an unavailable update',
    2000n,
    'what a trainer loses whose update a majority of validators cannot get, unless it wins its contest',
  ),
  'slash-false-verdict': slash(
    'slash of a false verdict',
    2000n,
    'what a validator loses that accused a trainer and lost the contest',
  ),
  'slash-rejected-reference': slash(
    'slash of a rejected reference',
    2000n,
    'what a validator loses whose reference a majority rejects',
  ),
  'absence-cap': {
    title: 'cap on slashes of absence',
    unit: 'bps',
    least: 1n,
    most: 2000n,
    preset: 1000n,
    effect:
      'most that all absences of one member in one task cost together, as a part of its stake; tasks keep the value they were created under',
  },
  'missed-rounds': {
    title: 'absences until a member is dropped',
    unit: 'count',
    least: 1n,
    most: 16n,
    preset: 3n,
    effect:
      'a member that is absent in this number of rounds in a row is dropped from the task; tasks keep the value they were created under',
  },
  'voting-delay': {
    title: 'voting delay',
    unit: 'seconds',
    least: 0n,
    most: UINT48,
    preset: DAY,
    effect: 'time from a new proposal to its vote: who holds or delegates votes at its end decides',
  },
  'voting-period': {
    title: 'voting period',
    unit: 'seconds',
    least: 1n,
    most: UINT32,
    preset: 7n * DAY,
    effect: 'time in which votes on a new proposal are taken',
  },
  'proposal-threshold': {
    title: 'votes needed to propose',
    unit: 'tokens',
    least: 0n,
    most: UINT256,
    preset: null,
    effect: 'votes that an account needs to propose; one above the supply would end all proposals',
  },
  quorum: {
    title: 'quorum',
    unit: 'percent',
    least: 0n,
    most: 100n,
    preset: 4n,
    effect: 'part of the supply that must vote for, or abstain, so that a new proposal can pass',
  },
  'timelock-delay': {
    title: 'delay of the timelock',
    unit: 'seconds',
    least: 0n,
    most: UINT256,
    preset: 2n * DAY,
    effect: 'time from a queued decision to its execution, in which who disagrees can leave',
  },
} as const satisfies Record<string, ParameterRule>;

export type ParameterName = keyof typeof PARAMETERS_BY_NAME;

export const PARAMETER_NAMES = Object.keys(PARAMETERS_BY_NAME) as ParameterName[];

export const parameterRule = (name: ParameterName): ParameterRule => PARAMETERS_BY_NAME[name];

export const isParameterName = (text: string): text is ParameterName =>
  Object.hasOwn(PARAMETERS_BY_NAME, text);
