/**
 * Child process of `steps.bench.ts`: trains one model for a while, one `run` per step and a whole epoch per
 * `run` in turns, and sends what it measured. A process of its own, so that its peak memory is its own.
 */
import { GraphTraining, Tensor } from './graph-training.ts';
import { leNet, resNet8, transformer, twoNn } from './models.ts';

const BATCH = 32;
/** Steps of one epoch run. */
const STEPS = 16;
const EXAMPLES = BATCH * STEPS;

export interface Measured {
  /** Milliseconds per step. */
  step: { median: number; best: number };
  epoch: { median: number; best: number };
  buildMs: number;
  peakMiB: number;
}

const text = { layers: 2, width: 128, heads: 4, context: 64, vocabulary: 65 };
const cases = {
  mlp: { build: twoNn, sample: [784], classes: 10 },
  lenet: { build: leNet, sample: [1, 28, 28], classes: 10 },
  resnet8: { build: resNet8, sample: [3, 32, 32], classes: 10 },
  transformer: { build: () => transformer(text), sample: [text.context], classes: text.vocabulary },
} as const;

const [name, seconds] = process.argv.slice(2) as [keyof typeof cases, string];
const { build, sample, classes } = cases[name];
const isText = name === 'transformer';
const size = sample.reduce((a: number, b) => a * b, 1);

// Any values do: the time does not depend on them.
const integers = (count: number, below: number) =>
  BigInt64Array.from({ length: count }, (_, i) => BigInt(Math.imul(i, 2654435761) >>> 16) % BigInt(below));
const inputs = (count: number) =>
  isText
    ? new Tensor('int64', integers(count * size, classes), [count, ...sample])
    : new Tensor(
        'float32',
        Float32Array.from({ length: count * size }, (_, i) => (Math.imul(i, 2654435761) >>> 8) / 2 ** 24),
        [count, ...sample],
      );
const labels = (count: number) =>
  isText
    ? new Tensor('int64', integers(count * size, classes), [count, size])
    : new Tensor('int64', integers(count, classes), [count]);

const began = performance.now();
const training = new GraphTraining(build(), {
  loss: { kind: 'softmax-cross-entropy' },
  optimizer: { kind: 'sgd' },
});
const { step: stepModel, epoch: epochModel } = training.graph;
if (!stepModel || !epochModel) throw new Error(`no epoch graph: ${training.graph.epochUnavailable}`);
const buildMs = performance.now() - began;

const [x, y, all, allLabels] = [inputs(BATCH), labels(BATCH), inputs(EXAMPLES), labels(EXAMPLES)];
const index = new Tensor(
  'int64',
  BigInt64Array.from({ length: EXAMPLES }, (_, i) => BigInt(i)),
  [STEPS, BATCH],
);
const byStep: number[] = [];
const byEpoch: number[] = [];
const timed = async (times: number[], steps: number, work: () => Promise<unknown>) => {
  const start = performance.now();
  await work();
  times.push((performance.now() - start) / steps);
};
const oneStep = () => training.step(x, y, 0.01);
const oneEpoch = () => training.epoch(all, allLabels, index, 0.01);
for (let i = 0; i < 3; i++) await oneStep();
await oneEpoch();
const end = performance.now() + Number(seconds) * 1000;
while (performance.now() < end) {
  for (let i = 0; i < STEPS; i++) await timed(byStep, 1, oneStep);
  await timed(byEpoch, STEPS, oneEpoch);
}
await training.release();

const summary = (times: number[]) => {
  const sorted = times.toSorted((a, b) => a - b);
  return { median: sorted[sorted.length >> 1]!, best: sorted[0]! };
};
process.send!({
  step: summary(byStep),
  epoch: summary(byEpoch),
  buildMs,
  peakMiB: process.resourceUsage().maxRSS / 1024,
} satisfies Measured);
