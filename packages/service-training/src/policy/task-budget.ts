import { formatUnits, type ResourceBudget, tokenUnits } from '@chorus/node';
import {
  ChorusError,
  type Duty,
  type Role,
  type TaskParams,
  type TaskState,
  type Terms,
} from '@chorus/protocol';
import type { PrivateRun } from '@chorus/training';
import type { TrainingSettings } from '../config/settings.ts';
import type { DataUse } from '../journal/data-uses.ts';
import { plannedRuns } from '../privacy/settings.ts';
import type { Consideration, NodeState } from './considered-task.ts';
import type { LeftTasks } from './left-tasks.ts';
import { evaluateRoom, IDLE_BYTES } from './room-policy.ts';
import { type TaskNeeds, taskNeeds } from './task-needs.ts';
import { evaluateTask } from './task-policy.ts';

/** Duties of a round that no other node depends on yet: postponing them leaves nothing half done. */
const BEGINNINGS: readonly Duty['kind'][] = ['train', 'seal-reference'];

/** Duties that a contributor has even after it has left: others depend on what it committed. */
const OWED: readonly Duty['kind'][] = ['provide-update', 'open-reference', 'post-verdict'];

/** Facts about a task that must be looked up: its token, the chain, this machine and the day. */
export interface TaskFacts
  extends Pick<NodeState, 'account' | 'decimals' | 'stakedToday' | 'gas' | 'machine'> {
  /** What was revealed of this node's data so far. */
  told: readonly DataUse[];
}

interface Taken {
  token: string;
  stake: bigint;
  needs: TaskNeeds;
  /** What all its rounds may reveal of this node's data; empty if it needs no more trainings. */
  runs: readonly PrivateRun[];
}

export interface TaskBudgetOptions {
  config: Pick<TrainingSettings, 'limits' | 'maxStake' | 'privacy'>;
  /** Memory, disk and hours, which training shares with other services. */
  machine: ResourceBudget;
  left: LeftTasks;
  /** Number of samples of this node's data; null if it has none. */
  samples: number | null;
}

/** Default limit of 24 hours, as a multiple of `maxStake`. */
const STAKES_PER_DAY = 3;

/** Whole tokens that may be put at risk within 24 hours, for each token. */
export function stakePerDay({ limits, maxStake }: Pick<TrainingSettings, 'limits' | 'maxStake'>): string {
  return limits.stake.perDay ?? formatUnits(BigInt(STAKES_PER_DAY) * tokenUnits(maxStake, 18), 18);
}

const workOf = (taskId: bigint) => `training/${taskId}`;

/**
 * Enforces the contributor's limits for training tasks: checked before the node joins a task or begins a round. The
 * node always finishes what has begun.
 */
export class TaskBudget {
  readonly #options: TaskBudgetOptions;
  readonly #limits: TaskBudgetOptions['config']['limits'] & { memory: number };
  readonly #taken = new Map<bigint, Taken>();

  constructor(options: TaskBudgetOptions) {
    this.#options = options;
    this.#limits = { ...options.config.limits, memory: options.machine.memoryBytes };
  }

  /** Memory, disk and hours, which training shares with other services. */
  get machine(): ResourceBudget {
    return this.#options.machine;
  }

  /** Whether the task fits; if it does, its needs are reserved until `release`. */
  take(task: TaskState, terms: Terms, roles: readonly Role[], facts: TaskFacts): Consideration {
    const { limits, maxStake, privacy } = this.#options.config;
    const verdict = evaluateTask(this.#limits, task, terms, {
      ...this.#room(task.id),
      ...facts,
      told: this.#told(task.id, facts.told),
      privacy,
      roles,
      maxStake,
      maxStakePerDay: stakePerDay({ limits, maxStake }),
    });
    if (verdict.accept) {
      const { token, stake } = task;
      const runs = this.#runsOf(task, terms, roles);
      this.#hold(task.id, { token, stake, needs: verdict.needs, runs });
    }
    return verdict;
  }

  /**
   * Check that this node can follow its own task in addition to the running ones.
   * @throws ChorusError `E_LIMIT_MEMORY`, `E_LIMIT_MEMORY_PRESSURE`, `E_LIMIT_DISK`, `E_LIMIT_DISK_FULL`
   */
  checkRoom(task: TaskParams, terms: Terms): void {
    const refused = evaluateRoom(this.#limits, taskNeeds(task, terms, []), this.#room(null));
    if (refused) throw new ChorusError(refused.code, refused.reason, { hint: refused.change });
  }

  /** Memory the node may take, with the processes of its models, bytes. */
  get memoryBytes(): number {
    return this.#limits.memory;
  }

  /**
   * Memory the process of a task's model may use, bytes: what the node itself and its other work leave, and at
   * least what was reserved for the task.
   */
  modelBytes(taskId: bigint): number {
    const { reservedBytes } = this.#room(taskId);
    const needs = this.#taken.get(taskId)?.needs.memoryBytes ?? 0;
    return Math.max(needs, this.#limits.memory - IDLE_BYTES - reservedBytes);
  }

  /** Record the measured memory of the task's model: a better estimate than its size gives. */
  measured(taskId: bigint, peakBytes: number): void {
    const taken = this.#taken.get(taskId);
    if (!taken) return;
    const memoryBytes = Math.max(taken.needs.memoryBytes, peakBytes);
    this.#hold(taskId, { ...taken, needs: { ...taken.needs, memoryBytes } });
  }

  /**
   * Reserve for a task of an earlier run, or this node's own: it is followed regardless of the limits. Without
   * terms the node does no work for it.
   */
  resume(task: TaskState, terms: Terms | null, roles: readonly Role[], member: boolean): void {
    this.#hold(task.id, {
      token: task.token,
      stake: member ? task.stake : 0n,
      needs: terms ? taskNeeds(task, terms, roles) : { memoryBytes: 0, diskBytes: 0 },
      runs: terms && member ? this.#runsOf(task, terms, roles) : [],
    });
  }

  /** Release everything that is reserved for the task. */
  release(taskId: bigint): void {
    this.#taken.delete(taskId);
    this.#options.machine.release(workOf(taskId));
  }

  /** Release the task's work; its stake stays locked. */
  idle(taskId: bigint): void {
    const taken = this.#taken.get(taskId);
    if (taken) this.#hold(taskId, { ...taken, needs: { memoryBytes: 0, diskBytes: 0 }, runs: [] });
  }

  /** Whether this node acts on a duty of a task it follows. `begun`: whether it has already begun it. */
  mayBegin(taskId: bigint, duty: Duty, begun: () => boolean): boolean {
    if (OWED.includes(duty.kind)) return true;
    if (this.#options.left.has(taskId)) return false;
    return !BEGINNINGS.includes(duty.kind) || this.#options.machine.withinHours() || begun();
  }

  isLeft(taskId: bigint): boolean {
    return this.#options.left.has(taskId);
  }

  /** Stake locked in tasks, by token in lower case. */
  staked(): Map<string, bigint> {
    const sums = new Map<string, bigint>();
    for (const { token, stake } of this.#taken.values()) {
      if (stake > 0n) sums.set(token.toLowerCase(), (sums.get(token.toLowerCase()) ?? 0n) + stake);
    }
    return sums;
  }

  stakeIn(taskId: bigint): bigint {
    return this.#taken.get(taskId)?.stake ?? 0n;
  }

  #hold(taskId: bigint, taken: Taken): void {
    this.#taken.set(taskId, taken);
    this.#options.machine.reserve(workOf(taskId), taken.needs.memoryBytes);
  }

  #runsOf(task: TaskParams, terms: Terms, roles: readonly Role[]): PrivateRun[] {
    const { config, samples } = this.#options;
    return plannedRuns(terms, config.privacy, { roles, samples, rounds: task.rounds });
  }

  /** What ended tasks have revealed, and what all rounds of running ones may reveal; without the task `except`. */
  #told(except: bigint, told: readonly DataUse[]): PrivateRun[] {
    const others = [...this.#taken].filter(([id, { runs }]) => id !== except && runs.length > 0);
    const underWay = new Set(others.map(([id]) => id));
    return [...told.filter(({ taskId }) => !underWay.has(taskId)), ...others.flatMap(([, { runs }]) => runs)];
  }

  #room(
    taskId: bigint | null,
  ): Omit<NodeState, keyof TaskFacts | 'roles' | 'privacy' | 'maxStake' | 'maxStakePerDay'> {
    const { machine } = this.#options;
    const others = [...this.#taken].filter(([id]) => id !== taskId).map(([, taken]) => taken);
    return {
      minuteOfDay: machine.minuteOfDay(),
      staked: others.map(({ token, stake }) => ({ token, amount: stake })),
      rssBytes: machine.rssBytes(),
      tasks: others.filter(({ needs }) => needs.memoryBytes > 0).length,
      reservedBytes: machine.reservedBytes(taskId === null ? undefined : workOf(taskId)),
      underPressure: machine.underPressure,
      diskFull: machine.disk.full,
      diskFreeBytes: machine.disk.freeBytes,
    };
  }
}
