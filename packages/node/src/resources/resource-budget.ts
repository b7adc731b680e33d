import { totalmem } from 'node:os';
import type { ErrorCode } from '@chorus/protocol';
import type { EventSink } from '../events/events.ts';
import { formatBytes, minuteOfDay, withinWindows } from '../utils/quantities.ts';

/** Interval for checking memory and the clock. */
const WATCH_MILLISECONDS = 2_000;

/** Parts of the memory limit: above the first the node accepts nothing new, until it is below the second again. */
const PRESSURE = { from: 0.9, until: 0.8 };

/** Why the node accepts nothing new. */
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

export interface ResourceBudgetOptions {
  limits: {
    /** Resident memory of the node and of the processes of its services; by default half of this machine's. */
    memory?: number | undefined;
    /** Local times of day at which new work may begin; empty: always. */
    hours: readonly string[];
  };
  emit: EventSink;
  /** Default: this machine's. */
  clock?: () => Date;
  /** Resident memory of this process; default: this machine's. */
  rss?: () => number;
}

/** Default of `limits.memory`: half of the memory of this machine or container. */
function defaultMemory(): number {
  // 0 or absurdly large without a container.
  const constrained = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  return Math.floor(Math.min(totalmem(), constrained) / 2);
}

/**
 * What the owner of a node lets all its services have together: memory, disk, hours. A service reserves what a piece
 * of work needs before it accepts it, so that services do not each promise the same memory.
 */
export class ResourceBudget {
  readonly disk: DiskState = { usedBytes: null, freeBytes: null, full: false };
  /** Memory that the node and the processes of its services may take, bytes. */
  readonly memoryBytes: number;
  readonly #options: ResourceBudgetOptions;
  readonly #reserved = new Map<string, number>();
  readonly #processes: (() => number)[] = [];
  readonly #pauses = new Map<string, Pause>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ResourceBudgetOptions) {
    this.#options = options;
    this.memoryBytes = options.limits.memory ?? defaultMemory();
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

  /** Count the memory of processes that a service runs; `bytes` returns what they hold now. */
  countProcesses(bytes: () => number): void {
    this.#processes.push(bytes);
  }

  /** Reserve memory for a piece of work, such as `training/12`; again with another size: that size counts. */
  reserve(work: string, memoryBytes: number): void {
    this.#reserved.set(work, memoryBytes);
  }

  release(work: string): void {
    this.#reserved.delete(work);
  }

  /** Memory reserved by all services, without the work `except`, bytes. */
  reservedBytes(except?: string): number {
    return [...this.#reserved].reduce((sum, [work, bytes]) => sum + (work === except ? 0 : bytes), 0);
  }

  /** Resident memory of this process and of those of its services, bytes. */
  rssBytes(): number {
    const own = this.#options.rss?.() ?? process.memoryUsage.rss();
    return this.#processes.reduce((sum, bytes) => sum + bytes(), own);
  }

  /** Resident memory is near the limit. */
  get underPressure(): boolean {
    return this.#pauses.has('E_LIMIT_MEMORY_PRESSURE');
  }

  /** Why nothing new is accepted now; empty if it is. */
  pauses(): Pause[] {
    return [...this.#pauses.values()];
  }

  /** Whether new work may begin at this time of the day. */
  withinHours(): boolean {
    return withinWindows(this.#options.limits.hours, this.minuteOfDay());
  }

  /** Minute of the day, local time. */
  minuteOfDay(): number {
    return minuteOfDay(this.#options.clock?.() ?? new Date());
  }

  /** Compare the machine with the limits, and report if that changes whether the node accepts work. */
  #look(quietly: boolean): void {
    const { hours } = this.#options.limits;
    this.#pause(
      'E_LIMIT_HOURS',
      !this.withinHours(),
      () => `this node begins work only at ${hours.join(', ')}`,
      'wait, or change limits.hours',
      quietly,
    );
    const rss = this.rssBytes();
    this.#pause(
      'E_LIMIT_MEMORY_PRESSURE',
      rss > this.memoryBytes * (this.underPressure ? PRESSURE.until : PRESSURE.from),
      () =>
        `the node holds ${formatBytes(rss)} of memory, near its limit of ${formatBytes(this.memoryBytes)}`,
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
}
