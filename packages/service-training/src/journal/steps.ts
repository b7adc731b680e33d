/**
 * The steps of a node that others can see or that take work, in the order of a task's life. Each is recorded before
 * it begins, and again when it is done.
 */
export const STEPS = [
  'join',
  'train',
  'commit',
  'provide',
  'reference',
  'seal',
  'open',
  'vote',
  'aggregate',
  'prove',
  'settle',
  'model',
  'claim',
  'release',
] as const;
export type StepName = (typeof STEPS)[number];

/** `begun`: about to be done; the outcome is unknown until looked up. `refused`: the chain refused it. */
export type StepState = 'begun' | 'done' | 'refused';

/** The key of a step; for a step of the whole task, round is 0. */
export interface StepKey {
  taskId: bigint;
  round: number;
  step: StepName;
}

/** A recorded step. `detail` holds what is needed to repeat it, or to look up its outcome. */
export interface RecordedStep extends StepKey {
  state: StepState;
  detail: Readonly<Record<string, unknown>>;
  /** Unix milliseconds. */
  at: number;
}

/** One write to the journal, just before it or just after it. */
export interface StepPoint extends StepKey {
  state: StepState;
  when: 'before' | 'after';
}

/**
 * Called before and after each write: the node waits until it resolves. Crash tests kill the process there; no other
 * code sets it.
 */
export type StepGate = (point: StepPoint) => Promise<void>;
