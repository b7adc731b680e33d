import {
  type Address,
  type ErrorCode,
  type Role,
  type Slashing,
  sameAddress,
  type TaskParams,
  type Terms,
} from '@chorus/protocol';
import type { PrivateRun } from '@chorus/training';
import type { PrivacyConfig } from '../config/privacy-config.ts';
import type { TaskNeeds } from './task-needs.ts';
import type { Machine } from './work.ts';

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

/** @param passing the task may fit later without a change of settings */
export const refuse = (code: ErrorCode, reason: string, change: string, passing = false): Refusal => ({
  accept: false,
  code,
  reason,
  change,
  passing,
});

/** Whether the task is of this node's own wallet. */
export const isOwn = (task: ConsideredTask, { account }: NodeState) => sameAddress(task.owner, account);
