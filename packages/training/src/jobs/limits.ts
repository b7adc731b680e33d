/** Limits of the process of one model. An absent one means no limit. */
export interface ProcessLimits {
  /** Resident memory, bytes: the runtime, the model, its tensors and the data sets it was given. */
  memoryBytes?: number;
  /**
   * Seconds of CPU time on each of its threads from one sign of progress to the next: opening the model is one such
   * stretch, each call of the runtime another. Wall-clock time is bounded by {@link PATIENCE} times as much, for a
   * process that waits instead of computing.
   */
  callSeconds?: number;
}

/** A call may take this multiple of its CPU time on a busy machine. */
export const PATIENCE = 10;

/** Interval at which a computing process is checked. */
export const WATCH_MILLISECONDS = 50;
