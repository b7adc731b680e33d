/** What the process of one model may take. What is left out is not bounded. */
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

/** A call may take so many times its CPU time on a machine that is busy with other things. */
export const PATIENCE = 10;

/** How often a process that computes is looked at. */
export const WATCH_MILLISECONDS = 50;
