import type { TaskRequest } from '@chorus/node';
import { defaultReferenceEpochs } from '@chorus/protocol';
import type { ModelName } from '@chorus/training';

type Terms = TaskRequest['terms'];
type Params = TaskRequest['params'];

/** How each model is trained; found by measuring accuracy after ten rounds against time per round. */
export const TRAINING: Readonly<
  Record<ModelName, Pick<Terms, 'localEpochs' | 'batchSize' | 'learningRate'>>
> = {
  mlp: { localEpochs: 2, batchSize: 10, learningRate: 0.1 },
  cnn: { localEpochs: 1, batchSize: 10, learningRate: 0.05 },
  '2nn': { localEpochs: 2, batchSize: 10, learningRate: 0.1 },
};

/**
 * How each model is trained privately: large batches, in which noise counts less, for many epochs at a high rate, since
 * clipped gradients are short. Found for the mlp as above (packages/training/README.md).
 */
export const PRIVATE_TRAINING: typeof TRAINING = {
  mlp: { localEpochs: 12, batchSize: 256, learningRate: 2 },
  cnn: { localEpochs: 4, batchSize: 256, learningRate: 0.5 },
  '2nn': { localEpochs: 12, batchSize: 256, learningRate: 2 },
};

/** What a task is like where its requester says nothing else. */
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
  // A round that did not make the model better pays its trainers half; the rest stays for the later ones.
  stagnationBps: 5_000,
  // Several names with a part of one trainer's data each earn nothing.
  minShareBps: 2_500,
  minReputation: 0,
  // Nobody gains by a slash: what is not burned pays for the transaction that reports it.
  slashReporterBps: 200,
  slashBurnBps: 9_800,
} as const satisfies Partial<Params>;

type Phases = Pick<Params, 'joinSeconds' | 'commitSeconds' | 'referenceSeconds' | 'settleSeconds'>;

/** Phases end as soon as everyone has acted: these are only the fallback. */
const PHASES: Phases = { joinSeconds: 60, commitSeconds: 120, referenceSeconds: 30, settleSeconds: 100 };

/**
 * How long phases last at most where all members share a machine that is `factor` times slower than a quiet one
 * (see `machineFactor`), whole seconds: nobody loses stake because the machine is slow or busy.
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

/** Fewer validators than this decide nothing that a stranger's node would stake on (`limits.tasks.minValidators`). */
const LEAST_VALIDATORS = 3;

/**
 * References that a round needs, of so many validators: a majority, and three where there are as many. Of two or one it
 * is one, so that a task among friends goes on without the other.
 */
function usualMinValidators(validators: number): number {
  return validators < LEAST_VALIDATORS ? 1 : Math.max(LEAST_VALIDATORS, Math.floor(validators / 2) + 1);
}

/** What has to be decided about every task. */
type Decided<T, K extends keyof T> = Pick<T, K> & Partial<T>;

export interface TaskPlan {
  /** The ONNX model to begin from. */
  model: Uint8Array;
  terms: Decided<Terms, 'name' | 'data' | 'localEpochs' | 'batchSize' | 'learningRate'>;
  /** Whether payloads are encrypted to those that must check them; by default they are. */
  sealed?: boolean;
  params: Decided<Params, 'token' | 'validators' | 'budget' | 'stake' | 'rounds' | 'maxTrainers'>;
}

/** A task as it is published: what was decided about it, and the usual for the rest. */
export function plannedTask({ model, terms, params, sealed = true }: TaskPlan): TaskRequest {
  const minValidators = usualMinValidators(params.validators.length);
  const referenceEpochs = defaultReferenceEpochs(terms.localEpochs);
  return {
    model,
    terms: { ...TERMS, ...(sealed ? { payloads: 'sealed' } : {}), referenceEpochs, ...terms },
    params: { ...PARAMS, ...PHASES, minValidators, ...params },
  };
}
