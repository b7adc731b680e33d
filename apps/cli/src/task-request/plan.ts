import { defaultReferenceEpochs } from '@chorus/protocol';
import type { TaskRequest } from '@chorus/service-training';
import type { ModelName } from '@chorus/training';

type Terms = TaskRequest['terms'];
type Params = TaskRequest['params'];

/** How each model is trained; chosen by measuring accuracy after ten rounds against time per round. */
export const TRAINING: Readonly<
  Record<ModelName, Pick<Terms, 'localEpochs' | 'batchSize' | 'learningRate'>>
> = {
  mlp: { localEpochs: 2, batchSize: 10, learningRate: 0.1 },
  cnn: { localEpochs: 1, batchSize: 10, learningRate: 0.05 },
  '2nn': { localEpochs: 2, batchSize: 10, learningRate: 0.1 },
};

/**
 * How each model is trained privately: large batches, in which noise matters less, for many epochs at a high rate,
 * because clipped gradients are short. Chosen for the mlp as above (packages/training/README.md).
 */
export const PRIVATE_TRAINING: typeof TRAINING = {
  mlp: { localEpochs: 12, batchSize: 256, learningRate: 2 },
  cnn: { localEpochs: 4, batchSize: 256, learningRate: 0.5 },
  '2nn': { localEpochs: 12, batchSize: 256, learningRate: 2 },
};

/** The defaults of a task. */
export const TERMS = {
  version: 1,
  loss: { kind: 'softmax-cross-entropy' },
  optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 },
  scale: 2 ** -14,
  rule: 'reference-projection',
} as const satisfies Partial<Terms>;

const PARAMS = {
  minTrainers: 1,
  minAggregators: 1,
  aggregatorFeeBps: 300,
  validatorFeeBps: 200,
  vestingRounds: 2,
  // A round that did not improve the model pays its trainers half; the rest stays for later rounds.
  stagnationBps: 5_000,
  // Several names that each hold a part of one trainer's data earn nothing.
  minShareBps: 2_500,
  minReputation: 0,
  // No one gains by a slash: the part that is not burned pays for the transaction that reports it.
  slashReporterBps: 200,
  slashBurnBps: 9_800,
} as const satisfies Partial<Params>;

type Phases = Pick<Params, 'joinSeconds' | 'commitSeconds' | 'referenceSeconds' | 'settleSeconds'>;

/** Phases end as soon as every member has acted: these are only the latest ends. */
const PHASES: Phases = { joinSeconds: 60, commitSeconds: 120, referenceSeconds: 30, settleSeconds: 100 };

/**
 * How long phases last at most if all members share a machine that is `factor` times slower than a quiet one (see
 * `machineFactor`), whole seconds: no member loses stake because the machine is slow or busy.
 */
export function phasesAt(factor: number, changes: Partial<Phases> = {}): Phases {
  const { joinSeconds, commitSeconds, referenceSeconds, settleSeconds } = { ...PHASES, ...changes };
  return {
    joinSeconds: Math.ceil(factor * joinSeconds),
    commitSeconds: Math.ceil(factor * commitSeconds),
    referenceSeconds: Math.ceil(factor * referenceSeconds),
    settleSeconds: Math.ceil(factor * settleSeconds),
  };
}

/** With fewer validators than this, a stranger's node stakes nothing (`training.tasks.minValidators`). */
const LEAST_VALIDATORS = 3;

/**
 * Number of references that a round needs for a number of validators: a majority, and at least three if there are
 * three or more. For one or two validators it is one, so that a task among friends goes on without the other.
 */
function usualMinValidators(validators: number): number {
  return validators < LEAST_VALIDATORS ? 1 : Math.max(LEAST_VALIDATORS, Math.floor(validators / 2) + 1);
}

/** What every requester has to decide. */
type Decided<T, K extends keyof T> = Pick<T, K> & Partial<T>;

export interface TaskPlan {
  /** The initial ONNX model. */
  model: Uint8Array;
  terms: Decided<Terms, 'name' | 'data' | 'localEpochs' | 'batchSize' | 'learningRate'>;
  /** Whether payloads are encrypted to those that must check them; by default they are. */
  sealed?: boolean;
  params: Decided<Params, 'token' | 'validators' | 'budget' | 'stake' | 'rounds' | 'maxTrainers'>;
}

/** A task as it is published: the requester's decisions, and defaults for the rest. */
export function plannedTask({ model, terms, params, sealed = true }: TaskPlan): TaskRequest {
  const minValidators = usualMinValidators(params.validators.length);
  const referenceEpochs = defaultReferenceEpochs(terms.localEpochs);
  return {
    model,
    terms: { ...TERMS, ...(sealed ? { payloads: 'sealed' } : {}), referenceEpochs, ...terms },
    params: { ...PARAMS, ...PHASES, minValidators, ...params },
  };
}
