/** Child process of `webgpu.soak.ts`: a few steps of each model on one device; sends the losses. */
import { buildModel, createTrainer, type DeviceReport, devices, syntheticDigits } from '@chorus/training';
import { executionProvider } from '../../packages/training/src/device/provider.ts';
import { GraphTraining, Tensor } from '../../packages/training/src/testing/graph-training.ts';
import { leNet, transformer, twoNn } from '../../packages/training/src/testing/models.ts';

const BATCH = 16;
const STEPS = 6;
const device = process.argv[2] as 'cpu' | 'webgpu';
const digits = syntheticDigits({ seed: 1, count: BATCH * STEPS });
const text = { layers: 2, width: 32, heads: 2, context: 16, vocabulary: 32 };
const wave = (i: number) => BigInt(Math.round(15.5 + 15.5 * Math.sin(i / 3)));

const images = (shape: number[]) => (k: number) => {
  const size = 784;
  const pixels = digits.inputs.slice(k * BATCH * size, (k + 1) * BATCH * size);
  const wanted = shape.reduce((a, b) => a * b, 1);
  // Other image sizes see the digits' pixels repeated.
  const values = Float32Array.from({ length: BATCH * wanted }, (_, i) => pixels[i % pixels.length]!);
  const labels = BigInt64Array.from(digits.labels.slice(k * BATCH, (k + 1) * BATCH), BigInt);
  return [new Tensor('float32', values, [BATCH, ...shape]), new Tensor('int64', labels, [BATCH])] as const;
};
const tokens = (k: number) => {
  const { context } = text;
  const row = (shift: number) =>
    BigInt64Array.from({ length: BATCH * context }, (_, i) =>
      wave(k * 7 + 5 * Math.floor(i / context) + (i % context) + shift),
    );
  const dims = [BATCH, context];
  return [new Tensor('int64', row(0), dims), new Tensor('int64', row(1), dims)] as const;
};

const cases = {
  mlp: [twoNn(1), images([784]), 0.1],
  cnn: [leNet(1), images([1, 28, 28]), 0.05],
  transformer: [transformer(text, 1), tokens, 0.1],
} as const;

export interface OnDevice {
  /** Loss of every step by model; `trainer` is the CNN of `buildModel` in a Trainer. */
  losses: Record<keyof typeof cases | 'trainer', number[]>;
  devices: DeviceReport[];
}

const losses: OnDevice['losses'] = { mlp: [], cnn: [], transformer: [], trainer: [] };
for (const [name, [model, batch, rate]] of Object.entries(cases)) {
  const training = new GraphTraining(
    model,
    { loss: { kind: 'softmax-cross-entropy' }, optimizer: { kind: 'sgd', momentum: 0.9 } },
    { executionProviders: [executionProvider(device)], logSeverityLevel: 3 },
  );
  const own = losses[name as keyof typeof cases];
  for (let k = 0; k < STEPS; k++) {
    const [inputs, labels] = batch(k);
    own.push(await training.step(inputs, labels, rate));
  }
  await training.release();
}
const trainer = await createTrainer({
  model: buildModel('cnn', { inputShape: digits.inputShape, classes: 10, seed: 1 }),
  loss: { kind: 'softmax-cross-entropy' },
  optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 0 },
  device,
});
const settings = { epochs: 1, batchSize: BATCH, learningRate: 0.05, seed: 1 };
losses.trainer = (await trainer.train({ parameters: trainer.initial, dataset: digits, ...settings })).losses;
await trainer.close();
process.send!({ losses, devices: await devices() } satisfies OnDevice, () => process.exit());
