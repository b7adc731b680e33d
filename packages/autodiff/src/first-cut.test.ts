import { expect, test } from 'vitest';
import { differentiate, encodeModel, GraphBuilder, type TrainingGraph } from './index.ts';
import { checkGradients, noise } from './testing/gradient-check.ts';
import { type Feeds, initialTensor, session, tensor } from './testing/run.ts';

function mlp(): Uint8Array {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', ['N', 4]);
  const w1 = g.initializer('w1', [4, 8], Float32Array.from(noise(32, 1)));
  const b1 = g.initializer('b1', [8], new Float32Array(8));
  const w2 = g.initializer('w2', [8, 3], Float32Array.from(noise(24, 2)));
  const b2 = g.initializer('b2', [3], new Float32Array(3));
  const h = g.op('Relu', [g.op('Gemm', [x, w1, b1])]);
  g.output(g.op('Gemm', [h, w2, b2]), 'float32', ['N', 3], 'logits');
  return encodeModel(g.build());
}

function blobs(count: number): { x: Float32Array; y: BigInt64Array } {
  const x = Float32Array.from(noise(count * 4, 5));
  const y = BigInt64Array.from({ length: count }, (_, i) => BigInt(i % 3));
  for (let i = 0; i < count; i++) x[i * 4 + (i % 3)]! += 1.5;
  return { x, y };
}

async function stepwise(graph: TrainingGraph, index: number[][], lr: number) {
  const { x, y } = blobs(30);
  const run = await session(graph.step);
  const feeds: Feeds = {};
  for (const spec of [...graph.parameters, ...graph.state]) feeds[spec.name] = initialTensor(spec);
  feeds.lr = tensor(Float32Array.of(lr), []);
  const losses: number[] = [];
  for (const rows of index) {
    feeds.x = tensor(Float32Array.from(rows.flatMap((r) => [...x.subarray(r * 4, r * 4 + 4)])), [
      rows.length,
      4,
    ]);
    feeds.labels = tensor(
      BigInt64Array.from(rows, (r) => y[r]!),
      [rows.length],
    );
    const out = await run.run(feeds);
    losses.push(out.loss!.data[0] as number);
    for (const [name, next] of graph.outputs.next) feeds[name] = out[next]!;
  }
  return { losses, feeds };
}

const batches = Array.from({ length: 20 }, (_, k) =>
  Array.from({ length: 10 }, (_, i) => (k * 10 + i * 7) % 30),
);

for (const optimizer of [
  { kind: 'sgd' },
  { kind: 'sgd', momentum: 0.9 },
  { kind: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 0.01 },
  { kind: 'adam' },
  { kind: 'adamw', weightDecay: 0.1 },
] as const) {
  test(`${JSON.stringify(optimizer)}: loss falls, and the epoch graph equals the repeated step bit for bit`, async () => {
    const graph = differentiate(mlp(), { loss: { kind: 'softmax-cross-entropy' }, optimizer });
    const lr = optimizer.kind === 'sgd' ? 0.1 : 0.03;
    const { losses, feeds } = await stepwise(graph, batches, lr);
    expect(losses.at(-1)!).toBeLessThan(losses[0]! * 0.6);

    const { x, y } = blobs(30);
    const epoch = await session(graph.epoch!);
    const epochFeeds: Feeds = {
      x: tensor(x, [30, 4]),
      labels: tensor(y, [30]),
      index: tensor(BigInt64Array.from(batches.flat(), BigInt), [20, 10]),
      lr: tensor(new Float32Array(20).fill(lr), [20]),
    };
    for (const spec of [...graph.parameters, ...graph.state]) epochFeeds[spec.name] = initialTensor(spec);
    const out = await epoch.run(epochFeeds);
    expect([...(out.losses!.data as Float32Array)]).toEqual(losses);
    for (const [name, next] of graph.outputs.next) expect(out[next]!.data).toEqual(feeds[name]!.data);
  });
}

test('Gemm, Relu and broadcasting Add agree with differences', async () => {
  await checkGradients({
    operands: [
      { name: 'a', dims: [3, 4], values: noise(12, 1) },
      { name: 'w', dims: [5, 4], values: noise(20, 2) },
      { name: 'b', dims: [5], values: noise(5, 3) },
    ],
    build: (g) => [{ value: g.op('Relu', [g.op('Gemm', ['a', 'w', 'b'], { transB: 1 })]), dims: [3, 5] }],
  });
});
