import {
  formatBytes,
  formatSeconds,
  formatUnits,
  minutesLeft,
  tokenUnits,
  withinWindows,
} from '@chorus/node';
import {
  type Address,
  COIN_DECIMALS,
  counted,
  type ErrorCode,
  MAX_AGGREGATORS,
  type Role,
  type Slashing,
  sameAddress,
  type TaskParams,
  type Terms,
} from '@chorus/protocol';
import type { PrivateRun } from '@chorus/training';
import type { PrivacyConfig } from '../config/privacy-config.ts';
import type { Limits } from '../config/settings.ts';
import { evaluatePrivacy } from './privacy-policy.ts';
import { type TaskNeeds, taskNeeds } from './task-needs.ts';
import { leastPhases, type Machine } from './work.ts';

/** The facts of the task that the decision depends on. */
export type ConsideredTask = Pick<
  TaskParams,
  | 'token'
  | 'budget'
  | 'rounds'
  | 'maxTrainers'
  | 'minAggregators'
  | 'stake'
  | 'aggregatorFeeBps'
  | 'validatorFeeBps'
  | 'joinSeconds'
  | 'commitSeconds'
  | 'referenceSeconds'
  | 'settleSeconds'
  | 'dimension'
  | 'validators'
  | 'minValidators'
  | 'slashReporterBps'
  | 'slashBurnBps'
> & {
  owner: Address;
  contestSeconds: number;
  slashing: Pick<Slashing, 'trainerAbsence' | 'validatorAbsence' | 'aggregatorAbsence'> & {
    /** Upper bound of the cost of all absences of a member, in hundredths of a percent; without it, they add up. */
    absenceCap?: number;
  };
};
/** The facts of the terms that the decision depends on. `licence` is a tag such as `Apache-2.0`. */
export type ConsideredTerms = Pick<
  Terms,
  | 'modelBytes'
  | 'batchSize'
  | 'localEpochs'
  | 'referenceEpochs'
  | 'data'
  | 'loss'
  | 'licence'
  | 'rule'
  | 'novelty'
  | 'privacy'
>;

/** The state of the node when it decides. */
export interface NodeState {
  /** Roles it would hold in the task. */
  roles: readonly Role[];
  /** Its wallet: its own task is not a stranger's. */
  account: Address;
  /** Decimals of the task's token. */
  decimals: number;
  /**
   * Largest stake of one task, and newly put at risk in 24 hours, in whole tokens (`training.maxStake`,
   * `training.stake.perDay`).
   */
  maxStake: string;
  maxStakePerDay: string;
  /** Amount of the task's token put at risk within the last 24 hours, without this task. */
  stakedToday: bigint;
  /**
   * Amount spent within the last 24 hours, and the current price of a unit of gas, in the smallest unit of the
   * chain's coin.
   */
  gas: { spentToday: bigint; price: bigint };
  /** Number of other tasks it works for. */
  tasks: number;
  machine: Machine;
  privacy: PrivacyConfig;
  /** What other tasks have revealed of this node's data, and what running tasks may still reveal. */
  told: readonly PrivateRun[];
  /** Minute of the day, local time. */
  minuteOfDay: number;
  /** What is at risk in other tasks now. */
  staked: readonly { token: string; amount: bigint }[];
  rssBytes: number;
  /** Estimated needs of the accepted tasks, even if they do not use them yet. */
  reservedBytes: number;
  /** Resident memory is near the limit. */
  underPressure: boolean;
  /** The data folder is over its quota although every file that may be dropped has been. */
  diskFull: boolean;
  /** Free space of its file system; null if unknown. */
  diskFreeBytes: number | null;
}

export interface Refusal {
  accept: false;
  /** `E_LIMIT_...`, or `E_TASK_STAKE` for `training.maxStake`. */
  code: ErrorCode;
  /** The reason, with the figures. */
  reason: string;
  /** The setting to change, as a sentence. */
  change: string;
  /** Whether the task may fit later without a change of settings. */
  passing: boolean;
}

export type Consideration = { accept: true; needs: TaskNeeds } | Refusal;

/** Resident memory of an idle node, for projecting future use. */
export const IDLE_BYTES = 200e6;

/**
 * Whether a task is within what the contributor allows. A pure function: the same task, terms and state give the
 * same answer, and loosening a limit never turns an acceptance into a refusal.
 */
export function evaluateTask(
  limits: Limits,
  task: ConsideredTask,
  terms: ConsideredTerms,
  state: NodeState,
): Consideration {
  const needs = taskNeeds(task, terms, state.roles);
  const refused =
    // Permanent reasons come first, so that no one waits in vain.
    considerStake(limits, task, state) ??
    considerKind(limits, task, terms, state) ??
    considerTrust(limits, task, state) ??
    evaluatePrivacy(task, terms, {
      roles: state.roles,
      config: state.privacy,
      samples: state.machine.samples,
      runs: state.told,
    }) ??
    considerPhases(limits, task, terms, state) ??
    // Reasons that may change with other tasks, the day, or the hour.
    considerTotals(limits, task, state) ??
    evaluateRoom(limits, needs, state) ??
    considerHours(limits, task, state);
  return refused ?? { accept: true, needs };
}

/** Checks of stake, token and owner. */
function considerStake({ stake }: Limits, task: ConsideredTask, state: NodeState): Refusal | null {
  const { decimals } = state;
  const [, token] = listed(stake, task.token);
  if (!acceptsToken(stake, task.token)) {
    return refuse(
      'E_LIMIT_TOKEN',
      `it pays and stakes token ${task.token}, and only listed tokens are accepted`,
      'add the token to training.stake.perToken if it is worth something to you, or set training.stake.onlyListed to false',
    );
  }
  if (stake.owners && !isOwn(task, state) && !stake.owners.some((owner) => sameAddress(owner, task.owner))) {
    return refuse(
      'E_LIMIT_OWNER',
      `its owner is ${task.owner}, and only tasks of listed owners are accepted`,
      'add its owner to training.stake.owners, or remove that list',
    );
  }
  if (task.stake > tokenUnits(state.maxStake, decimals)) {
    return refuse(
      'E_TASK_STAKE',
      `it requires a stake of ${formatUnits(task.stake, decimals)} tokens, more than the ${state.maxStake} this node risks in one task`,
      'raise training.maxStake',
    );
  }
  if (token?.task !== undefined && task.stake > BigInt(token.task)) {
    return refuse(
      'E_LIMIT_STAKE_TASK',
      `it requires a stake of ${task.stake} of token ${task.token}, more than ${token.task}`,
      'raise `task` of the token in training.stake.perToken',
    );
  }
  return null;
}

/** Checks of size, loss, licence, length and reward. */
function considerKind(
  { stake, tasks }: Limits,
  task: ConsideredTask,
  terms: ConsideredTerms,
  state: NodeState,
): Refusal | null {
  if (tasks.maxDimension !== undefined && task.dimension > tasks.maxDimension) {
    return refuse(
      'E_LIMIT_DIMENSION',
      `its model has ${task.dimension} parameters, more than ${tasks.maxDimension}`,
      'raise training.tasks.maxDimension',
    );
  }
  if (tasks.maxModelBytes !== undefined && terms.modelBytes > tasks.maxModelBytes) {
    return refuse(
      'E_LIMIT_MODEL_BYTES',
      `its model has ${formatBytes(terms.modelBytes)}, more than ${formatBytes(tasks.maxModelBytes)}`,
      'raise training.tasks.maxModelBytes',
    );
  }
  if (tasks.losses && !tasks.losses.includes(terms.loss.kind)) {
    return refuse(
      'E_LIMIT_LOSS',
      `its loss is ${terms.loss.kind}, and only ${tasks.losses.join(', ') || 'none'} is accepted`,
      'add it to training.tasks.losses',
    );
  }
  if (tasks.licences && (terms.licence === undefined || !tasks.licences.includes(terms.licence))) {
    return refuse(
      'E_LIMIT_LICENCE',
      terms.licence === undefined
        ? 'it names no licence, and one is required'
        : `its licence is ${terms.licence}, and only ${tasks.licences.join(', ') || 'none'} is accepted`,
      'add its licence to training.tasks.licences, or remove that list',
    );
  }
  const locked = longestLockSeconds(task);
  if (locked > tasks.maxSeconds) {
    return refuse('E_LIMIT_DURATION', tooLong(task, tasks.maxSeconds), 'raise training.tasks.maxSeconds');
  }
  const [, token] = listed(stake, task.token);
  if (token?.seconds !== undefined && locked > token.seconds) {
    return refuse(
      'E_LIMIT_DURATION',
      `${tooLong(task, token.seconds)} for token ${task.token}`,
      'raise `seconds` of the token in training.stake.perToken',
    );
  }
  const reward = expectedReward(task, state.roles);
  if (tasks.minReward !== undefined && reward < BigInt(tasks.minReward)) {
    return refuse(
      'E_LIMIT_REWARD',
      `a round is worth about ${reward} to this node, less than ${tasks.minReward}`,
      'lower training.tasks.minReward',
    );
  }
  return null;
}

/**
 * Checks of who decides about this node's stake, who gains by a slash, and how much can be lost without a verdict.
 */
function considerTrust({ tasks }: Limits, task: ConsideredTask, state: NodeState): Refusal | null {
  if (isOwn(task, state)) return null;
  const independent = independentValidators(task);
  if (independent < tasks.minValidators) {
    return refuse(
      'E_LIMIT_VALIDATORS',
      `${counted(independent, 'validator')} other than its owner can decide its rounds, fewer than ${tasks.minValidators}`,
      'lower training.tasks.minValidators if you trust its owner',
    );
  }
  if (task.stake === 0n) return null;
  const reporter = task.slashReporterBps / 100;
  if (reporter > tasks.maxReporterPercent) {
    return refuse(
      'E_LIMIT_SLASH_REPORTER',
      `${reporter} % of slashed stake goes to the reporter, more than ${tasks.maxReporterPercent} %: the reporter gains by it`,
      'raise training.tasks.maxReporterPercent',
    );
  }
  const owner = (10_000 - task.slashReporterBps - task.slashBurnBps) / 100;
  if (owner > tasks.maxOwnerPercent) {
    return refuse(
      'E_LIMIT_SLASH_OWNER',
      `${owner} % of slashed stake goes back to its owner, more than ${tasks.maxOwnerPercent} %: its owner gains by it`,
      'raise training.tasks.maxOwnerPercent',
    );
  }
  const absence = worstAbsencePercent(task, state.roles);
  if (absence > tasks.maxSlashPercent) {
    return refuse(
      'E_LIMIT_SLASH',
      `absence from its ${counted(task.rounds, 'round')} would cost ${absence} % of the stake, more than ${tasks.maxSlashPercent} %`,
      'raise training.tasks.maxSlashPercent',
    );
  }
  return null;
}

/** Whether this machine can do its part before each phase ends: a late member is slashed. */
function considerPhases(
  { tasks }: Limits,
  task: ConsideredTask,
  terms: ConsideredTerms,
  { roles, machine }: NodeState,
): Refusal | null {
  if (tasks.phaseMargin === 0) return null;
  const least = leastPhases(task, terms, roles, machine, tasks.phaseMargin);
  for (const phase of ['commitSeconds', 'referenceSeconds', 'settleSeconds'] as const) {
    if (task[phase] >= least[phase] || Number.isNaN(least[phase])) continue;
    const tried = phase === 'commitSeconds' && machine.stepSeconds !== null ? 'measured' : 'estimated';
    return refuse(
      'E_LIMIT_PHASES',
      `its ${phase} are ${task[phase]}, and this machine needs ${least[phase]} (${tried}: ${tasks.phaseMargin} times the work, and some blocks)`,
      'lower training.tasks.phaseMargin, or use a faster machine or less data',
    );
  }
  return null;
}

/** Checks together with this node's other work, and its spending today. */
function considerTotals(
  { stake, tasks, gas }: Limits,
  task: ConsideredTask,
  state: NodeState,
): Refusal | null {
  if (state.tasks >= tasks.maxTasks) {
    return refuse(
      'E_LIMIT_TASKS',
      `this node works for ${counted(state.tasks, 'task')}, and accepts at most ${tasks.maxTasks}`,
      'raise training.tasks.maxTasks, or leave a task',
      tasks.maxTasks > 0,
    );
  }
  const [, token] = listed(stake, task.token);
  const atRisk = sum(state.staked.filter((s) => sameAddress(s.token, task.token)).map((s) => s.amount));
  if (token?.total !== undefined && atRisk + task.stake > BigInt(token.total)) {
    return refuse(
      'E_LIMIT_STAKE_TOKEN',
      `with it ${atRisk + task.stake} of token ${task.token} would be at risk, more than ${token.total}`,
      'raise the entry of the token in training.stake.perToken',
      task.stake <= BigInt(token.total),
    );
  }
  const total = sum(state.staked.map((s) => s.amount));
  if (stake.total !== undefined && total + task.stake > BigInt(stake.total)) {
    return refuse(
      'E_LIMIT_STAKE_TOTAL',
      `with it ${total + task.stake} would be at risk in all tasks, more than ${stake.total}`,
      'raise training.stake.total',
      task.stake <= BigInt(stake.total),
    );
  }
  const perDay = tokenUnits(state.maxStakePerDay, state.decimals);
  if (task.stake > 0n && state.stakedToday + task.stake > perDay) {
    const today = formatUnits(state.stakedToday + task.stake, state.decimals);
    return refuse(
      'E_LIMIT_STAKE_DAY',
      `with it ${today} tokens would have been put at risk within 24 hours, more than ${state.maxStakePerDay}`,
      'raise training.stake.perDay, or wait',
      task.stake <= perDay,
    );
  }
  const spent = state.gas.spentToday + state.gas.price * likelyGas(task, state.roles);
  if (spent > tokenUnits(gas.perDay, COIN_DECIMALS)) {
    return refuse(
      'E_LIMIT_GAS',
      `with it gas may come to ${formatUnits(spent, COIN_DECIMALS)} coins within 24 hours, more than ${gas.perDay}`,
      'raise limits.gas.perDay, or wait for a lower price',
      true,
    );
  }
  return null;
}

function considerHours(limits: Limits, task: ConsideredTask, state: NodeState): Refusal | null {
  if (!withinWindows(limits.hours, state.minuteOfDay)) {
    return refuse(
      'E_LIMIT_HOURS',
      `this node begins work only at ${limits.hours.join(', ')}`,
      'wait, or change limits.hours',
      true,
    );
  }
  const cost = missedRoundBps(task.slashing, state.roles);
  if (
    cost > 0 &&
    !limits.missRounds &&
    longestSeconds(task) > 60 * minutesLeft(limits.hours, state.minuteOfDay)
  ) {
    return refuse(
      'E_LIMIT_HOURS_STAKE',
      `it may run past your configured hours, and each round missed then costs ${cost / 100} % of the stake`,
      'widen limits.hours, or set training.missRounds',
      true,
    );
  }
  return null;
}

/** The limits for a token by name. */
const listed = (stake: Limits['stake'], token: string) =>
  Object.entries(stake.perToken).find(([t]) => sameAddress(t, token)) ?? [];

/**
 * Whether tasks in a token are considered: if only listed tokens are, the decimals of others are not even requested.
 */
export const acceptsToken = (stake: Limits['stake'], token: string) =>
  !stake.onlyListed || listed(stake, token).length > 0;

const isOwn = (task: ConsideredTask, { account }: NodeState) => sameAddress(task.owner, account);

/**
 * Minimum number of validators other than the task's owner that every settled round depends on. The owner may
 * control other accounts: this is a number of accounts, not of people.
 */
export function independentValidators({
  owner,
  validators,
  minValidators,
}: Pick<ConsideredTask, 'owner' | 'validators' | 'minValidators'>): number {
  const others = new Set(validators.map((each) => each.toLowerCase()));
  const own = others.delete(owner.toLowerCase()) ? 1 : 0;
  return Math.max(0, Math.min(others.size, minValidators - own));
}

/**
 * Percent of the stake that is lost if every round is missed in all of these roles, which the contract counts
 * separately.
 */
function worstAbsencePercent({ rounds, slashing }: ConsideredTask, roles: readonly Role[]): number {
  const { trainerAbsence, validatorAbsence, aggregatorAbsence, absenceCap = 10_000 } = slashing;
  const costs = { trainer: trainerAbsence, validator: validatorAbsence, aggregator: aggregatorAbsence };
  const round = roles.reduce((bps, role) => bps + costs[role], 0);
  return Math.min(10_000, absenceCap, rounds * round) / 100;
}

/** Gas for becoming a member: identity, approval, deposit, joining, request for records. */
const JOIN_GAS = 900_000n;
/**
 * Gas for a round in each role, including ending phases and recording; from packages/contracts/gas.json, with a
 * margin.
 */
const ROUND_GAS: Readonly<Record<Role, bigint>> = {
  trainer: 250_000n,
  validator: 350_000n,
  aggregator: 1_500_000n,
};

/** Gas that a task may cost in a day: all its rounds may fall into one day. */
function likelyGas({ rounds }: Pick<ConsideredTask, 'rounds'>, roles: readonly Role[]): bigint {
  return JOIN_GAS + BigInt(rounds) * roles.reduce((gas, role) => gas + ROUND_GAS[role], 0n);
}

const refuse = (code: ErrorCode, reason: string, change: string, passing = false): Refusal => ({
  accept: false,
  code,
  reason,
  change,
  passing,
});

/** Whether what a task needs fits into memory and onto the disk: for joined tasks and own tasks. */
export function evaluateRoom(
  limits: Pick<Limits, 'memory' | 'disk'>,
  needs: TaskNeeds,
  state: Pick<NodeState, 'rssBytes' | 'reservedBytes' | 'underPressure' | 'diskFull' | 'diskFreeBytes'>,
): Refusal | null {
  if (limits.memory !== undefined) {
    const projected = Math.max(state.rssBytes, IDLE_BYTES + state.reservedBytes) + needs.memoryBytes;
    if (projected > limits.memory) {
      return refuse(
        'E_LIMIT_MEMORY',
        `with about ${formatBytes(needs.memoryBytes)} for it the node would hold ${formatBytes(projected)} of memory, more than ${formatBytes(limits.memory)}`,
        'raise limits.memory, or leave another task',
        IDLE_BYTES + needs.memoryBytes <= limits.memory,
      );
    }
    if (state.underPressure) {
      return refuse(
        'E_LIMIT_MEMORY_PRESSURE',
        `the node holds ${formatBytes(state.rssBytes)} of memory, near its limit of ${formatBytes(limits.memory)}`,
        'raise limits.memory, or leave a task',
        true,
      );
    }
  }
  if (limits.disk !== undefined && needs.diskBytes > limits.disk) {
    return refuse(
      'E_LIMIT_DISK',
      `it needs about ${formatBytes(needs.diskBytes)} of disk, more than ${formatBytes(limits.disk)}`,
      'raise limits.disk',
    );
  }
  if (state.diskFull) {
    return refuse(
      'E_LIMIT_DISK_FULL',
      'the data folder is over its quota, and every remaining file is in use',
      'raise limits.disk, or leave a task',
      true,
    );
  }
  if (state.diskFreeBytes !== null && needs.diskBytes > state.diskFreeBytes) {
    return refuse(
      'E_LIMIT_DISK',
      `it needs about ${formatBytes(needs.diskBytes)} of disk, and ${formatBytes(state.diskFreeBytes)} are free`,
      'free space on the file system of the data folder',
      true,
    );
  }
  return null;
}

/**
 * What a round is worth to a node that holds these roles if all members of a full committee get equal shares and
 * every candidate is drawn equally often, before the fee of the protocol; in the token's smallest unit.
 */
export function expectedReward(task: ConsideredTask, roles: readonly Role[]): bigint {
  if (task.rounds < 1) return 0n;
  const round = task.budget / BigInt(task.rounds);
  const fees = BigInt(task.aggregatorFeeBps + task.validatorFeeBps);
  let reward = 0n;
  if (roles.includes('trainer')) reward += (round * (10_000n - fees)) / 10_000n / divisor(task.maxTrainers);
  if (roles.includes('validator')) {
    reward += (round * BigInt(task.validatorFeeBps)) / 10_000n / divisor(task.validators.length);
  }
  if (roles.includes('aggregator')) {
    reward += (round * BigInt(task.aggregatorFeeBps)) / 10_000n / divisor(task.minAggregators);
  }
  return reward;
}

/** The largest part of the stake, in hundredths of a percent, that missing a round costs in one of these roles. */
export function missedRoundBps(slashing: ConsideredTask['slashing'], roles: readonly Role[]): number {
  const { trainerAbsence, validatorAbsence, aggregatorAbsence } = slashing;
  const costs = { trainer: trainerAbsence, validator: validatorAbsence, aggregator: aggregatorAbsence };
  return Math.max(0, ...roles.map((role) => costs[role]));
}

/**
 * Seconds from joining to the last round's end if every phase of every round takes its full time: each candidate has
 * a window to settle, and then all members have one more. The number of candidates is unknown before a task starts,
 * and anyone can add some.
 */
export function longestSeconds(task: ConsideredTask): number {
  return task.joinSeconds + task.rounds * longestRound(task);
}

/**
 * Seconds until the stake is released: a dispute of the last round has its window, and one more once it is
 * contested.
 */
export function longestLockSeconds(task: ConsideredTask): number {
  return longestSeconds(task) + 2 * task.contestSeconds;
}

function longestRound({ commitSeconds, referenceSeconds, settleSeconds }: ConsideredTask): number {
  return commitSeconds + referenceSeconds + settleSeconds * (MAX_AGGREGATORS + 1);
}

function tooLong(task: ConsideredTask, most: number): string {
  const parts = [
    `${formatSeconds(task.joinSeconds)} to join`,
    `${counted(task.rounds, 'round')} of up to ${formatSeconds(longestRound(task))}`,
    `${formatSeconds(2 * task.contestSeconds)} to dispute`,
  ];
  const locked = longestLockSeconds(task);
  return `it may lock the stake for ${formatSeconds(locked)} (${parts.join(', ')}: ${locked} s), longer than ${formatSeconds(most)} (${most} s)`;
}

const divisor = (count: number) => BigInt(Math.max(1, count));
const sum = (amounts: bigint[]) => amounts.reduce((a, b) => a + b, 0n);
