/** Child process of `sandbox.test.ts`: a model in it computes without end. Reports the id of the model's process. */
import { createDataset } from '../data/dataset.ts';
import { createTrainer } from '../train/trainer.ts';
import { modelProcesses } from './children.ts';
import { endlessLoop } from './hostile-models.ts';

const trainer = await createTrainer({
  model: endlessLoop(4, 2n ** 62n),
  loss: { kind: 'softmax-cross-entropy' },
  optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 },
});
process.send!(modelProcesses());
await trainer.train({
  parameters: trainer.initial,
  dataset: createDataset({
    inputs: new Float32Array(8),
    labels: new Int32Array(2),
    inputShape: [4],
    classes: 10,
    name: 'none',
  }),
  epochs: 1,
  batchSize: 2,
  learningRate: 0.1,
  seed: 1,
});
