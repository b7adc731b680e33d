import type { Role, TaskParams, Terms } from '@chorus/protocol';

/** Shortest possible step, used before a model was tried. */
export const QUICKEST_STEP_SECONDS = 1e-4;

/**
 * Estimate for an untried step: operations of forward and backward pass for each parameter and sample, in a network
 * that uses each parameter several times, on a slow core.
 */
const OPERATIONS = 6 * 4;
const OPERATIONS_PER_SECOND = 5e8;
const STEP_OVERHEAD_SECONDS = 2e-3;

/**
 * KZG commitment: one second plus 10 µs per entry, several times the measurements in packages/commitment/README.md.
 */
const COMMIT_SECONDS = 1;
const COMMIT_SECONDS_PER_ENTRY = 1e-5;

/** Transfer of all other payloads, over a connection of 1 MB/s each way. */
const BYTES_PER_SECOND = 1e6;

/** The proof: packages/proof/README.md, 16 rows, doubled. */
const PROVE_SECONDS = 10;
const PROVE_SECONDS_PER_ENTRY = 5e-5;

/** Blocks until a transaction sent in a phase is surely mined in it. */
const BLOCKS = 3;

/** Facts that determine the work of a task on this node. */
export interface Machine {
  /** Number of samples of this node's data; null if it has none. */
  samples: number | null;
  /** Seconds of one step of this model on this machine; null if it was not tried. */
  stepSeconds: number | null;
  /** Seconds from block to block. */
  blockSeconds: number;
}

/** Minimum seconds of each phase in which a node can do its part. */
interface PhaseSeconds {
  commitSeconds: number;
  referenceSeconds: number;
  settleSeconds: number;
}

type TaskOfWork = Pick<TaskParams, 'dimension' | 'maxTrainers' | 'validators'>;
type TermsOfWork = Pick<Terms, 'batchSize' | 'localEpochs' | 'referenceEpochs'>;

/** Steps of a round for a node that holds `roles`: the largest number of its roles. */
function stepsOf(terms: TermsOfWork, samples: number, roles: readonly Role[]): number {
  const epochs = Math.max(
    roles.includes('trainer') ? terms.localEpochs : 0,
    roles.includes('validator') ? terms.referenceEpochs : 0,
  );
  return epochs * Math.ceil(samples / terms.batchSize);
}

/** Seconds of a step that was not tried: an estimate on the high side. */
function estimatedStepSeconds(task: TaskOfWork, terms: TermsOfWork): number {
  return STEP_OVERHEAD_SECONDS + (terms.batchSize * task.dimension * OPERATIONS) / OPERATIONS_PER_SECOND;
}

/**
 * Seconds that the work of each phase takes here, `margin` times, and some blocks.
 *
 * Trainers train and commit, and validators compute their reference, before commitments close; then payloads are
 * fetched
 * and references opened; then a candidate proves and settles.
 */
export function leastPhases(
  task: TaskOfWork,
  terms: TermsOfWork,
  roles: readonly Role[],
  { samples, stepSeconds, blockSeconds }: Machine,
  margin: number,
): PhaseSeconds {
  const { dimension, maxTrainers, validators } = task;
  const perStep = stepSeconds ?? estimatedStepSeconds(task, terms);
  const training = stepsOf(terms, samples ?? 0, roles) * perStep;
  const commits = roles.includes('trainer') || roles.includes('validator');
  const committing = commits ? COMMIT_SECONDS + dimension * COMMIT_SECONDS_PER_ENTRY : 0;
  const fetches = roles.includes('validator') || roles.includes('aggregator');
  const payloads = fetches ? maxTrainers + validators.length : 1;
  const fetching = (payloads * 2 * dimension) / BYTES_PER_SECOND;
  const proving = roles.includes('aggregator') ? PROVE_SECONDS + dimension * PROVE_SECONDS_PER_ENTRY : 0;
  const least = (work: number) => Math.ceil(margin * work + BLOCKS * blockSeconds);
  return {
    commitSeconds: least(training + committing),
    referenceSeconds: least(fetching),
    settleSeconds: least(proving),
  };
}
