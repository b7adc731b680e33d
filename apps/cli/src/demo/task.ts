import { ruleId } from '@chorus/chain';
import type { TaskRequest } from '@chorus/node';
import { type Address, OPEN_TO_ALL } from '@chorus/protocol';
import { createTrainer, type Dataset } from '@chorus/training';
import type { DemoOptions } from './options.ts';

const TOKEN = 10n ** 18n;

/** Amounts of the demo, in the token's smallest unit (18 decimals). */
export const DEMO_ECONOMY = {
  /** Escrowed by the requester. */
  budget: 1000n * TOKEN,
  /** Deposited behind each member's identity, free again at the end but for what was slashed. */
  stake: 10n * TOKEN,
  aggregatorFeeBps: 300,
  validatorFeeBps: 200,
} as const;

/** Seconds of the demo's chain: short enough to see a case through to its end. */
export const DEMO_WINDOWS = { contest: 15, unbond: 60 } as const;

/** Windows of the phases in seconds: phases close as soon as everyone has acted, so these are only the fallback. */
const CALM = { referenceSeconds: 30, settleSeconds: 100 };
/** Where nodes are killed on purpose the others wait for these. */
const CHAOS = { commitSeconds: 30, referenceSeconds: 20, settleSeconds: 20 };

/** Seconds of each phase of the demo's rounds. */
export function demoWindows({ commitSeconds, chaos }: DemoOptions) {
  return chaos ? CHAOS : { ...CALM, commitSeconds };
}

/** How each model is trained; found by measuring accuracy after ten rounds against time per round. */
const TRAINING = {
  mlp: { localEpochs: 2, batchSize: 10, learningRate: 0.1, momentum: 0, scale: 2 ** -14 },
  cnn: { localEpochs: 1, batchSize: 10, learningRate: 0.05, momentum: 0, scale: 2 ** -14 },
  '2nn': { localEpochs: 2, batchSize: 10, learningRate: 0.1, momentum: 0, scale: 2 ** -14 },
} as const;

/** Enough for the reference to stay a direction rather than noise once the model is good. */
const REFERENCE_EPOCHS = 20;

export interface DemoTaskOptions {
  options: DemoOptions;
  model: Uint8Array;
  dimension: number;
  data: Dataset;
  token: Address;
  trainers: number;
  validators: Address[];
}

/** The task the demo's requester publishes. */
export function demoTask(demo: DemoTaskOptions): TaskRequest {
  const { localEpochs, batchSize, learningRate, momentum, scale } = TRAINING[demo.options.model];
  return {
    model: demo.model,
    terms: {
      version: 1,
      name: `demo: ${demo.options.model} on ${demo.data.name}`,
      dimension: demo.dimension,
      data: { kind: 'classification', inputShape: demo.data.inputShape, classes: demo.data.classes },
      loss: { kind: 'softmax-cross-entropy' },
      optimizer: { kind: 'sgd', momentum, weightDecay: 0 },
      localEpochs,
      referenceEpochs: REFERENCE_EPOCHS,
      batchSize,
      learningRate,
      scale,
      rule: 'reference-trust',
    },
    params: {
      token: demo.token,
      budget: DEMO_ECONOMY.budget,
      rounds: demo.options.rounds,
      minTrainers: 1,
      maxTrainers: demo.trainers,
      minAggregators: 1,
      stake: DEMO_ECONOMY.stake,
      aggregatorFeeBps: DEMO_ECONOMY.aggregatorFeeBps,
      validatorFeeBps: DEMO_ECONOMY.validatorFeeBps,
      joinSeconds: 60,
      ...demoWindows(demo.options),
      validators: demo.validators,
      minValidators: 1,
      rule: ruleId('reference-trust'),
      ...OPEN_TO_ALL,
      vestingRounds: 2,
      // A round that did not make the model better pays its trainers half; the rest stays for the later ones.
      stagnationBps: 5_000,
    },
  };
}

/** Trainable parameters of a model. */
export async function dimensionOf(model: Uint8Array): Promise<number> {
  const trainer = await createTrainer({
    model,
    loss: { kind: 'softmax-cross-entropy' },
    optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 },
  });
  const { dimension } = trainer;
  await trainer.close();
  return dimension;
}
