import { totalmem } from 'node:os';
import {
  ChorusError,
  type Duty,
  type ErrorCode,
  type Role,
  type TaskParams,
  type TaskState,
  type Terms,
} from '@chorus/protocol';
import { modelMemory, type PrivateRun } from '@chorus/training';
import type { NodeConfig } from '../config/config.ts';
import type { EventSink } from '../events/events.ts';
import type { DataUse } from '../journal/data-uses.ts';
import type { LeftTasks } from '../policy/left-tasks.ts';
import { type TaskNeeds, taskNeeds } from '../policy/task-needs.ts';
import {
  type Consideration,
  evaluateRoom,
  evaluateTask,
  IDLE_BYTES,
  type NodeState,
} from '../policy/task-policy.ts';
import { plannedRuns } from '../privacy/settings.ts';
import { formatBytes, formatUnits, minuteOfDay, tokenUnits, withinWindows } from '../utils/quantities.ts';

/** Interval for checking memory and the clock. */
const WATCH_MILLISECONDS = 2_000;

/** Parts of the memory limit: above the first the node accepts no new task, until it is below the second again. */
const PRESSURE = { from: 0.9, until: 0.8 };

/** Duties of a round that no other node depends on yet: postponing them leaves nothing half done. */
const BEGINNINGS: readonly Duty['kind'][] = ['train', 'seal-reference'];

/** Duties that a contributor has even after it has left: others depend on what it committed. */
const OWED: readonly Duty['kind'][] = ['provide-update', 'open-reference', 'post-verdict'];

/** Why the node accepts no new task. */
export interface Pause {
  code: ErrorCode;
  reason: string;
  change: string;
}

/** The state of the disk, updated by the disk watch. */
export interface DiskState {
  usedBytes: number | null;
  freeBytes: number | null;
  /** Whether the folder is over its quota although every file that may be dropped has been. */
  full: boolean;
}

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

export interface ResourceBudgetOptions {
  config: Pick<NodeConfig, 'limits' | 'maxStake' | 'privacy'>;
  left: LeftTasks;
  emit: EventSink;
  /** Number of samples of this node's data; null if it has none. */
  samples: number | null;
  /** Default: this machine's. */
  clock?: () => Date;
  /** Resident memory of the node and of the processes of its models; default: this machine's. */
  rss?: () => number;
}

/** Default of `limits.memory`: half of the memory of this machine or container. */
function defaultMemory(): number {
  // 0 or absurdly large without a container.
  const constrained = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  return Math.floor(Math.min(totalmem(), constrained) / 2);
}

/** Default limit of 24 hours, as a multiple of `maxStake`. */
const STAKES_PER_DAY = 3;

/** Whole tokens that may be put at risk within 24 hours, for each token. */
export function stakePerDay({ limits, maxStake }: Pick<NodeConfig, 'limits' | 'maxStake'>): string {
  return limits.stake.perDay ?? formatUnits(BigInt(STAKES_PER_DAY) * tokenUnits(maxStake, 18), 18);
}

/**
 * Enforces the contributor's limits: checked before the node joins a task or begins a round. The node always
 * finishes what has begun.
 */
export class ResourceBudget {
  readonly disk: DiskState = { usedBytes: null, freeBytes: null, full: false };
  readonly #options: ResourceBudgetOptions;
  readonly #limits: ResourceBudgetOptions['config']['limits'] & { memory: number };
  readonly #taken = new Map<bigint, Taken>();
  readonly #pauses = new Map<string, Pause>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ResourceBudgetOptions) {
    this.#options = options;
    const { limits } = options.config;
    this.#limits = { ...limits, memory: limits.memory ?? defaultMemory() };
    this.#look(true);
  }

  /** Begin to watch memory and the clock. */
  start(): void {
    this.#timer ??= setInterval(() => this.#look(false), WATCH_MILLISECONDS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
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
      this.#taken.set(task.id, {
        token,
        stake,
        needs: verdict.needs,
        runs: this.#runsOf(task, terms, roles),
      });
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
   * Memory the process of a task's model may use, bytes: what the node itself and its other tasks leave, and at
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
    if (taken) taken.needs = { ...taken.needs, memoryBytes: Math.max(taken.needs.memoryBytes, peakBytes) };
  }

  /**
   * Reserve for a task of an earlier run, or this node's own: it is followed regardless of the limits. Without
   * terms the node does no work for it.
   */
  resume(task: TaskState, terms: Terms | null, roles: readonly Role[], member: boolean): void {
    this.#taken.set(task.id, {
      token: task.token,
      stake: member ? task.stake : 0n,
      needs: terms ? taskNeeds(task, terms, roles) : { memoryBytes: 0, diskBytes: 0 },
      runs: terms && member ? this.#runsOf(task, terms, roles) : [],
    });
  }

  /** Release everything that is reserved for the task. */
  release(taskId: bigint): void {
    this.#taken.delete(taskId);
  }

  /** Release the task's work; its stake stays locked. */
  idle(taskId: bigint): void {
    const taken = this.#taken.get(taskId);
    if (!taken) return;
    taken.needs = { memoryBytes: 0, diskBytes: 0 };
    taken.runs = [];
  }

  /** Whether this node acts on a duty of a task it follows. `begun`: whether it has already begun it. */
  mayBegin(taskId: bigint, duty: Duty, begun: () => boolean): boolean {
    if (OWED.includes(duty.kind)) return true;
    if (this.#options.left.has(taskId)) return false;
    return !BEGINNINGS.includes(duty.kind) || this.#withinHours() || begun();
  }

  isLeft(taskId: bigint): boolean {
    return this.#options.left.has(taskId);
  }

  pauses(): Pause[] {
    return [...this.#pauses.values()];
  }

  withinHours(): boolean {
    return this.#withinHours();
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
    const others = [...this.#taken].filter(([id]) => id !== taskId).map(([, taken]) => taken);
    return {
      minuteOfDay: minuteOfDay(this.#now()),
      staked: others.map(({ token, stake }) => ({ token, amount: stake })),
      rssBytes: this.#rss(),
      tasks: others.filter(({ needs }) => needs.memoryBytes > 0).length,
      reservedBytes: others.reduce((sum, { needs }) => sum + needs.memoryBytes, 0),
      underPressure: this.#pauses.has('E_LIMIT_MEMORY_PRESSURE'),
      diskFull: this.disk.full,
      diskFreeBytes: this.disk.freeBytes,
    };
  }

  /** Compare the machine with the limits, and report if that changes whether the node accepts tasks. */
  #look(quietly: boolean): void {
    const limits = this.#limits;
    this.#pause(
      'E_LIMIT_HOURS',
      !this.#withinHours(),
      () => `this node begins work only at ${limits.hours.join(', ')}`,
      'wait, or change limits.hours',
      quietly,
    );
    const rss = this.#rss();
    const paused = this.#pauses.has('E_LIMIT_MEMORY_PRESSURE');
    this.#pause(
      'E_LIMIT_MEMORY_PRESSURE',
      rss > limits.memory * (paused ? PRESSURE.until : PRESSURE.from),
      () => `the node holds ${formatBytes(rss)} of memory, near its limit of ${formatBytes(limits.memory)}`,
      'raise limits.memory, or leave a task',
      quietly,
    );
    this.#pause(
      'E_LIMIT_DISK_FULL',
      this.disk.full,
      () => 'the data folder is over its quota, and every remaining file is in use',
      'raise limits.disk, or leave a task',
      quietly,
    );
  }

  #pause(code: ErrorCode, holds: boolean, reason: () => string, change: string, quietly: boolean): void {
    const { emit } = this.#options;
    if (holds && !this.#pauses.has(code)) {
      const pause = { code, reason: reason(), change };
      this.#pauses.set(code, pause);
      if (!quietly) emit({ type: 'paused', code, message: pause.reason, hint: change });
    } else if (!holds && this.#pauses.delete(code) && !quietly) {
      emit({ type: 'resumed', code });
    }
  }

  #withinHours(): boolean {
    return withinWindows(this.#limits.hours, minuteOfDay(this.#now()));
  }

  #now(): Date {
    return this.#options.clock?.() ?? new Date();
  }

  #rss(): number {
    return this.#options.rss?.() ?? process.memoryUsage.rss() + modelMemory();
  }
}
