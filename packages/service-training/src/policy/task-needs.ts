import { MAX_DIRECTIONS, SPAN_ROUNDS } from '@chorus/aggregation';
import { hasGroups, type Role, type TaskParams, type Terms } from '@chorus/protocol';

/**
 * What a task will need of this machine, in bytes; the estimates are too high rather than too low for small models.
 */
export interface TaskNeeds {
  memoryBytes: number;
  diskBytes: number;
}

const MB = 1e6;

/** onnxruntime with a small model, measured in packages/training/README.md, minus an empty process. */
const TRAINING_BASE = 120 * MB;
/** Copies of the model that training holds: file, graph, parameters, gradients, momentum. */
const MODEL_COPIES = 6;
/**
 * The same of a model that is trained by adapters: its weights, of about 5 bits in a file, are float32 in two graphs, and
 * once more while these are opened.
 */
const ADAPTED_COPIES = 24;
/** Tensors of logits that the loss of a language model and its gradient hold at once. */
const LOSS_COPIES = 4;
/** Activations per input number, forward and backward; a guess between an MLP and a transformer. */
const ACTIVATION_BYTES = 2048;

/** The circuit's key and witness, and what the argument needs per power: packages/proof/README.md, 16 rows. */
const PROVING_BASE = 190 * MB;
const PROVING_BYTES_PER_POWER = 850;

/** Reference string and working space of a committer, per power. */
const COMMITTING_BYTES_PER_POWER = 130;
/** The settled model in integers, its sum, a copy under check, and float parameters, per dimension. */
const MODEL_STATE_BYTES = 24;
/** A payload decoded (int16) and as the blocks it came in, per dimension. */
const PAYLOAD_BYTES = 4;
/** Number of rounds whose payloads are on disk at the same time: the current one, and those of its public span. */
const ROUNDS_KEPT = 1 + SPAN_ROUNDS;
/** The public span, in two threads at once: int16 directions, and their inputs. */
const SPAN_BYTES = 6;
/** Parts of the span that are neither updates nor references: aggregates, progress, model and pieces. */
const FIXED_DIRECTIONS = 21;

/** What a task needs from a node that holds `roles` in it. */
export function taskNeeds(
  task: Pick<TaskParams, 'dimension' | 'maxTrainers' | 'validators'>,
  terms: Pick<Terms, 'modelBytes' | 'batchSize' | 'data' | 'rule' | 'novelty' | 'adapter'>,
  roles: readonly Role[],
): TaskNeeds {
  const d = task.dimension;
  const powers = 2 ** Math.ceil(Math.log2(Math.max(2, d)));
  const vectors = task.maxTrainers + task.validators.length;
  let memoryBytes = d * (MODEL_STATE_BYTES + PAYLOAD_BYTES * vectors) + powers * COMMITTING_BYTES_PER_POWER;
  if (roles.includes('trainer') || roles.includes('validator')) {
    const elements = terms.data.inputShape.reduce((product, size) => product * size, 1);
    const copies = terms.adapter ? ADAPTED_COPIES : MODEL_COPIES;
    // The loss of a language model holds some numbers for each position and token of the vocabulary.
    const perElement =
      ACTIVATION_BYTES + (terms.data.kind === 'tokens' ? LOSS_COPIES * 4 * terms.data.classes : 0);
    memoryBytes += TRAINING_BASE + copies * terms.modelBytes + terms.batchSize * elements * perElement;
  }
  const scores = roles.includes('validator') || roles.includes('aggregator');
  if (scores && hasGroups(terms.rule) && terms.novelty !== 'off') {
    const directions = Math.min(
      MAX_DIRECTIONS,
      FIXED_DIRECTIONS + SPAN_ROUNDS * task.validators.length + task.maxTrainers,
    );
    memoryBytes += d * SPAN_BYTES * directions;
  }
  if (roles.includes('aggregator')) memoryBytes += PROVING_BASE + powers * PROVING_BYTES_PER_POWER;
  const diskBytes = terms.modelBytes + ROUNDS_KEPT * vectors * 2 * d + powers * 64;
  return { memoryBytes: Math.ceil(memoryBytes), diskBytes };
}
