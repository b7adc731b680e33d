/**
 * What a node does that others can see or that took work, in the order of a task's life. Each is recorded before
 * it is done, and again when it is.
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

/** `begun`: about to be done, the outcome unknown until looked up. `refused`: the chain said no. */
export type StepState = 'begun' | 'done' | 'refused';

/** Which step: of a task as a whole, round is 0. */
export interface StepKey {
  taskId: bigint;
  round: number;
  step: StepName;
}

/** A step as recorded. `detail` is what doing it again, or looking up its outcome, takes. */
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
 * Asked around each write: the node waits until it resolves. The crash tests kill the process there; nothing else
 * sets it.
 */
export type StepGate = (point: StepPoint) => Promise<void>;
