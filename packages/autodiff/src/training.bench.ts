import { describe, expect, it } from 'vitest';
import { differentiate, encodeModel, GraphBuilder } from './index.ts';
import { noise } from './testing/gradient-check.ts';
import { type Feeds, initialTensor, session, tensor } from './testing/run.ts';

const STEPS = 60;
const BATCH = 10;

function mlp(): Uint8Array {
  const g = new GraphBuilder();
  const sizes = [784, 200, 200, 10];
  let h = g.input('x', 'float32', ['N', 784]);
  for (const [i, outSize] of sizes.slice(1).entries()) {
    const inSize = sizes[i]!;
    const w = g.initializer(
      `w${i}`,
      [inSize, outSize],
      Float32Array.from(noise(inSize * outSize, i), (v) => v * 0.05),
    );
    const b = g.initializer(`b${i}`, [outSize], new Float32Array(outSize));
    h = g.op('Gemm', [h, w, b]);
    if (i < 2) h = g.op('Relu', [h]);
  }
  g.output(h, 'float32', ['N', 10], 'logits');
  return encodeModel(g.build());
}

/** 100 nodes: a residual network of convolutions, normalisations and activations. */
function deep(): Uint8Array {
  const g = new GraphBuilder();
  let h = g.input('x', 'float32', ['N', 8, 16, 16]);
  for (let i = 0; i < 24; i++) {
    const vector = (name: string, value: number) =>
      g.initializer(`${name}${i}`, [8], new Float32Array(8).fill(value));
    const w = g.initializer(`w${i}`, [8, 8, 3, 3], Float32Array.from(noise(576, i)));
    const c = g.op('Conv', [h, w], { pads: [1, 1, 1, 1] });
    const n = g.op('BatchNormalization', [
      c,
      vector('s', 1),
      vector('b', 0),
      vector('mean', 0),
      vector('var', 1),
    ]);
    h = g.op('Relu', [g.op('Add', [n, h])]);
  }
  const flat = g.op('Flatten', [g.op('GlobalAveragePool', [h])]);
  const out = g.op('Gemm', [flat, g.initializer('fc', [8, 10], new Float32Array(80))]);
  g.output(out, 'float32', ['N', 10], 'logits');
  return encodeModel(g.build());
}

const options = {
  loss: { kind: 'softmax-cross-entropy' },
  optimizer: { kind: 'sgd', momentum: 0.9 },
} as const;

const runs = { time: 500, iterations: 10, warmupTime: 100, warmupIterations: 2 };
/** Goal of the training engine: milliseconds to build the training graph of 100 nodes. */
const BUILD_GOAL = 200;

describe('building the training graph', () => {
  it('parses, differentiates and encodes a model of 100 nodes in under 200 ms', async ({ bench }) => {
    const file = deep();
    const result = await bench('100 nodes: step, epoch and evaluate', () => {
      const graph = differentiate(file, options);
      if (!graph.step || !graph.epoch || !graph.evaluate) throw new Error('a graph is missing');
    }).run(runs);
    expect(result.latency.mean).toBeLessThan(BUILD_GOAL);
  });
});

describe(`MLP 784-200-200-10, batch ${BATCH}, ${STEPS} steps, one thread`, () => {
  it('one run per step, and the whole epoch in one run', { timeout: 120_000 }, async ({ bench }) => {
    const graph = differentiate(mlp(), options);
    const [step, epoch] = await Promise.all([session(graph.step), session(graph.epoch!)]);
    const examples = STEPS * BATCH;
    const x = Float32Array.from(noise(examples * 784, 1));
    const y = BigInt64Array.from({ length: examples }, (_, i) => BigInt(i % 10));
    const carried = (): Feeds =>
      Object.fromEntries(
        [...graph.parameters, ...graph.state].map((spec) => [spec.name, initialTensor(spec)]),
      );

    const repeated = async (): Promise<void> => {
      const feeds: Feeds = { ...carried(), lr: tensor(Float32Array.of(0.1), []) };
      for (let k = 0; k < STEPS; k++) {
        feeds.x = tensor(x.subarray(k * BATCH * 784, (k + 1) * BATCH * 784), [BATCH, 784]);
        feeds.labels = tensor(y.subarray(k * BATCH, (k + 1) * BATCH), [BATCH]);
        const out = await step.run(feeds);
        for (const [name, next] of graph.outputs.next) feeds[name] = out[next]!;
      }
    };
    const whole = async (): Promise<void> => {
      await epoch.run({
        ...carried(),
        x: tensor(x, [examples, 784]),
        labels: tensor(y, [examples]),
        index: tensor(
          BigInt64Array.from({ length: examples }, (_, i) => BigInt(i)),
          [STEPS, BATCH],
        ),
        lr: tensor(new Float32Array(STEPS).fill(0.1), [STEPS]),
      });
    };
    await bench.compare(bench('one run per step', repeated), bench('whole epoch in one run', whole), runs);
  });
});
