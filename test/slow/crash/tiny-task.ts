import { type Address, OPEN_TO_ALL } from '@chorus/protocol';
import type { TaskRequest } from '@chorus/service-training';
import { buildModel, createDataset, createTrainer, type Dataset } from '@chorus/training';
import { patientSeconds } from '../../patience.ts';

/** What each member has, and puts behind its identity. */
export const STAKE = 100n;

const INPUT_SHAPE = [16];
const CLASSES = 3;
const SAMPLES = 48;

/** What a step of training on a few hundred numbers costs is nothing compared with the rest of a round. */
export interface TinyTask {
  /** One for each trainer, and the last for the validators. */
  shards: Dataset[];
  model: Uint8Array;
  terms: TaskRequest['terms'] & { dimension: number };
}

/** Three blobs in 16 dimensions, the same for everyone but for the noise. */
export async function tinyTask(trainers: number): Promise<TinyTask> {
  const model = buildModel('mlp', { inputShape: INPUT_SHAPE, classes: CLASSES, seed: 1 });
  const loss = { kind: 'softmax-cross-entropy' } as const;
  const optimizer = { kind: 'sgd', momentum: 0, weightDecay: 0 } as const;
  const trainer = await createTrainer({ model, loss, optimizer });
  const { dimension } = trainer;
  await trainer.close();
  return {
    shards: Array.from({ length: trainers + 1 }, (_, i) => blobs(i + 1)),
    model,
    terms: {
      version: 1,
      name: 'blobs',
      dimension,
      data: { kind: 'classification', inputShape: INPUT_SHAPE, classes: CLASSES },
      loss,
      optimizer,
      localEpochs: 1,
      referenceEpochs: 2,
      batchSize: 8,
      learningRate: 0.02,
      scale: 2 ** -14,
      rule: 'reference-trust',
    },
  };
}

/** What the tests ask of every task on chain; phases end early where everyone has acted. */
export function tinyParams(token: Address, trainers: number, rounds: number, validators: Address[]) {
  return {
    token,
    budget: 1_000_000n * BigInt(rounds),
    rounds,
    minTrainers: 1,
    maxTrainers: trainers,
    minAggregators: 1,
    stake: STAKE,
    aggregatorFeeBps: 300,
    validatorFeeBps: 200,
    joinSeconds: patientSeconds(120),
    commitSeconds: patientSeconds(120),
    referenceSeconds: patientSeconds(60),
    settleSeconds: patientSeconds(120),
    validators,
    minValidators: 1,
    ...OPEN_TO_ALL,
  } satisfies TaskRequest['params'];
}

function blobs(seed: number): Dataset {
  let state = seed * 2_654_435_761;
  const noise = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const labels = Int32Array.from({ length: SAMPLES }, (_, i) => i % CLASSES);
  const width = INPUT_SHAPE[0]!;
  const inputs = new Float32Array(SAMPLES * width);
  for (let i = 0; i < SAMPLES; i++) {
    for (let j = 0; j < width; j++) {
      inputs[i * width + j] = (j % CLASSES === labels[i] ? 1 : 0) + noise();
    }
  }
  return createDataset({ inputs, labels, inputShape: INPUT_SHAPE, classes: CLASSES, name: 'blobs' });
}
