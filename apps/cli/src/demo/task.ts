import type { TaskRequest } from '@chorus/node';
import type { Address } from '@chorus/protocol';
import type { Dataset } from '@chorus/training';
import type { DemoOptions } from './options.ts';

const TOKEN = 10n ** 18n;

/** Amounts of the demo, in the token's smallest unit (18 decimals). */
export const DEMO_ECONOMY = {
  /** Escrowed by the requester. */
  budget: 1000n * TOKEN,
  /** Deposited by each member, returned at the end. */
  stake: 10n * TOKEN,
  aggregatorFeeBps: 300,
  validatorFeeBps: 200,
} as const;

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
      // Phases close as soon as everyone has acted; these are only the fallback.
      joinSeconds: 60,
      commitSeconds: demo.options.commitSeconds,
      referenceSeconds: 30,
      settleSeconds: 100,
      validators: demo.validators,
    },
  };
}
