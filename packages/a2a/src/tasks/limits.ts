/** Bounds of what one agent keeps and does for strangers. */
export interface A2aLimits {
  /** A request's body. Larger files travel by CID. */
  maxRequestBytes: number;
  /** Parts of one message. */
  maxParts: number;
  /** Tasks that run at a time; the rest waits. */
  maxRunning: number;
  /** Tasks that run or wait; a further one is refused. */
  maxOpen: number;
  /** The same of one caller. All anonymous callers together are one. */
  maxOpenPerCaller: number;
  /** Time of a task from its start, seconds. A pause for the caller's answer does not count. */
  maxTaskSeconds: number;
  /** What a task may answer in one go: text, data and files. */
  maxAnswerBytes: number;
  /** Event streams open at a time, and of one caller. */
  maxStreams: number;
  maxStreamsPerCaller: number;
  /** What a slow reader of an event stream may be behind; beyond it the stream ends, and the task goes on. */
  maxBehindBytes: number;
  /** What is kept: tasks, tasks of one caller, and bytes. The oldest finished ones make room. */
  maxTasks: number;
  maxTasksPerCaller: number;
  maxStoreBytes: number;
  /** A task with more than this takes no further message. */
  maxTaskBytes: number;
  /** Finished tasks are forgotten after this, seconds. */
  retentionSeconds: number;
  /** Push notification configurations of one task. */
  maxPushConfigs: number;
}

const MEBIBYTE = 1024 * 1024;

export const DEFAULT_LIMITS: A2aLimits = {
  maxRequestBytes: 8 * MEBIBYTE,
  maxParts: 100,
  maxRunning: 8,
  maxOpen: 64,
  maxOpenPerCaller: 16,
  maxTaskSeconds: 600,
  maxAnswerBytes: 8 * MEBIBYTE,
  maxStreams: 256,
  maxStreamsPerCaller: 32,
  maxBehindBytes: 4 * MEBIBYTE,
  maxTasks: 10_000,
  maxTasksPerCaller: 1_000,
  maxStoreBytes: 256 * MEBIBYTE,
  maxTaskBytes: 16 * MEBIBYTE,
  retentionSeconds: 7 * 24 * 3600,
  maxPushConfigs: 50,
};
