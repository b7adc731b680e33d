import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  adaptWeights,
  differentiate,
  encodeModel,
  float,
  GraphBuilder,
  insertLora,
  mergeLora,
  operatorTable,
  parseModel,
  type TrainingGraph,
  withParameters,
} from './index.ts';
import { noise } from './testing/gradient-check.ts';
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

/** One step from given parameters and labels; returns the new values of everything carried. */
async function once(graph: TrainingGraph, feeds: Feeds) {
  const run = await session(graph.step);
  const all: Feeds = { [graph.inputs.learningRate]: tensor(Float32Array.of(0.1), []), ...feeds };
  for (const spec of [...graph.parameters, ...graph.state]) all[spec.name] ??= initialTensor(spec);
  const out = await run.run(all);
  const next = (name: string): number[] => [...(out[graph.outputs.next.get(name)!]!.data as Float32Array)];
  return { loss: out[graph.outputs.loss]!.data[0] as number, next };
}

/** y = x w with w a free vector, so that losses and optimisers can be checked by hand. */
function scores(classes: number): Uint8Array {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', ['N', 1]);
  const w = g.initializer(
    'w',
    [1, classes],
    Float32Array.from({ length: classes }, (_, i) => i * 0.5 - 0.3),
  );
  g.output(g.op('MatMul', [x, w]), 'float32', ['N', classes], 'y');
  return encodeModel(g.build());
}
const momentum = { kind: 'sgd', momentum: 0.5 } as const;
const close = (actual: number[], expected: number[], digits = 5): void => {
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of actual.entries()) expect(value).toBeCloseTo(expected[i]!, digits);
};

describe('losses', () => {
  const x = tensor(Float32Array.of(1, 2, -1), [3, 1]);
  const w = [-0.3, 0.2, 0.7];

  test('softmax cross-entropy with class weights and an ignored label equals its definition', async () => {
    const classWeights = [1, 2, 0.5];
    const graph = differentiate(scores(3), {
      loss: { kind: 'softmax-cross-entropy', classWeights, ignoreIndex: -100 },
      optimizer: momentum,
    });
    const { loss, next } = await once(graph, { x, labels: tensor(BigInt64Array.of(1n, -100n, 2n), [3]) });
    let expected = 0;
    const gradient = [0, 0, 0];
    const total = classWeights[1]! + classWeights[2]!;
    for (const [scale, label] of [
      [1, 1],
      [-1, 2],
    ] as const) {
      const exps = w.map((v) => Math.exp(v * scale));
      const sum = exps.reduce((a, b) => a + b, 0);
      const share = classWeights[label]! / total;
      expected -= share * Math.log(exps[label]! / sum);
      for (const [c, value] of exps.entries())
        gradient[c]! += share * scale * (value / sum - Number(c === label));
    }
    expect(loss).toBeCloseTo(expected, 5);
    close(next('momentum.w'), gradient);
  });

  test('a batch whose labels are all ignored has loss and gradient zero, not NaN', async () => {
    const graph = differentiate(scores(3), {
      loss: { kind: 'softmax-cross-entropy', ignoreIndex: -1 },
      optimizer: momentum,
    });
    const { loss, next } = await once(graph, { x, labels: tensor(BigInt64Array.of(-1n, -1n, -1n), [3]) });
    expect(loss).toBe(0);
    close(next('momentum.w'), [0, 0, 0]);
  });

  test('huge logits give a finite loss and gradient', async () => {
    const graph = differentiate(scores(3), { loss: { kind: 'softmax-cross-entropy' }, optimizer: momentum });
    const { loss, next } = await once(graph, {
      x: tensor(Float32Array.of(1e4), [1, 1]),
      labels: tensor(BigInt64Array.of(0n), [1]),
    });
    expect(loss).toBeCloseTo(1e4, 0);
    expect(next('momentum.w').every(Number.isFinite)).toBe(true);
  });

  test('binary cross-entropy with logits is stable far from zero', async () => {
    const graph = differentiate(scores(1), { loss: { kind: 'bce-with-logits' }, optimizer: momentum });
    const labels = tensor(Float32Array.of(1, 0), [2, 1]);
    const { loss, next } = await once(graph, { x: tensor(Float32Array.of(1000, 2), [2, 1]), labels });
    const z = [-300, -0.6];
    const expected = (Math.log1p(Math.exp(z[1]!)) + 300) / 2;
    expect(loss).toBeCloseTo(expected, 3);
    close(next('momentum.w'), [(1000 * (0 - 1) + 2 / (1 + Math.exp(0.6))) / 2], 2);
  });

  test('mean squared error averages over every element', async () => {
    const graph = differentiate(scores(2), { loss: { kind: 'mse' }, optimizer: momentum });
    const { loss, next } = await once(graph, {
      x: tensor(Float32Array.of(1), [1, 1]),
      labels: tensor(Float32Array.of(0, 0), [1, 2]),
    });
    expect(loss).toBeCloseTo((0.09 + 0.04) / 2, 6);
    close(next('momentum.w'), [-0.3, 0.2]);
  });

  test('token logits [N, T, C] take labels [N, T]; a map [N, C, H] takes [N, H] along axis 1', () => {
    const model = (dims: number[]) => {
      const g = new GraphBuilder();
      const input = g.input('x', 'float32', ['N', ...dims]);
      const scale = g.initializer('s', [1], Float32Array.of(2));
      g.output(g.op('Mul', [input, scale]), 'float32', ['N', ...dims], 'y');
      return encodeModel(g.build());
    };
    const build = (dims: number[], classAxis?: number) =>
      differentiate(model(dims), {
        loss: { kind: 'softmax-cross-entropy', ...(classAxis === undefined ? {} : { classAxis }) },
        optimizer: momentum,
      }).labelInput!.shape;
    expect(build([5, 7])).toEqual(['N', 5]);
    expect(build([7, 5], 1)).toEqual(['N', 5]);
  });

  test('a model that ends in Softmax trains from its logits', async () => {
    const g = new GraphBuilder();
    const input = g.input('x', 'float32', ['N', 1]);
    const weight = g.initializer('w', [1, 3], Float32Array.from(w));
    g.output(g.op('Softmax', [g.op('MatMul', [input, weight])]), 'float32', ['N', 3], 'p');
    const loss = { kind: 'softmax-cross-entropy' } as const;
    const labels = tensor(BigInt64Array.of(0n, 1n, 2n), [3]);
    const direct = await once(differentiate(scores(3), { loss, optimizer: momentum }), { x, labels });
    const fromSoftmax = await once(differentiate(encodeModel(g.build()), { loss, optimizer: momentum }), {
      x,
      labels,
    });
    expect(fromSoftmax.loss).toBeCloseTo(direct.loss, 6);
  });
});

describe('optimisers', () => {
  const x = tensor(Float32Array.of(1), [1, 1]);
  const labels = tensor(Float32Array.of(0, 0), [1, 2]);
  const loss = { kind: 'mse' } as const;

  test('Adam and AdamW follow their papers over three steps', async () => {
    for (const kind of ['adam', 'adamw'] as const) {
      const graph = differentiate(scores(2), { loss, optimizer: { kind, weightDecay: 0.1 } });
      const run = await session(graph.step);
      const feeds: Feeds = { x, labels, lr: tensor(Float32Array.of(0.1), []) };
      for (const spec of [...graph.parameters, ...graph.state]) feeds[spec.name] = initialTensor(spec);
      let [p, m, v] = [-0.3, 0, 0];
      for (let t = 1; t <= 3; t++) {
        let g = p;
        if (kind === 'adam') g += 0.1 * p;
        else p *= 1 - 0.1 * 0.1;
        m = 0.9 * m + 0.1 * g;
        v = 0.999 * v + 0.001 * g * g;
        p -= (0.1 * (m / (1 - 0.9 ** t))) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8);
        const out = await run.run(feeds);
        for (const [name, next] of graph.outputs.next) feeds[name] = out[next]!;
        expect((feeds.w!.data as Float32Array)[0]).toBeCloseTo(p, 5);
      }
    }
  });

  test('clipping scales all gradients to the norm asked for, and leaves small ones alone', async () => {
    const gradient = [-0.3, 0.2];
    const norm = Math.hypot(...gradient);
    for (const clipNorm of [0.1, 10]) {
      const graph = differentiate(scores(2), { loss, optimizer: momentum, clipNorm });
      const factor = Math.min(1, clipNorm / norm);
      close(
        (await once(graph, { x, labels })).next('momentum.w'),
        gradient.map((v) => v * factor),
      );
    }
  });

  test('FedProx pulls to the anchor and SCAFFOLD adds its control', async () => {
    const graph = differentiate(scores(2), {
      loss,
      optimizer: momentum,
      proximal: true,
      controlVariates: true,
    });
    const { next } = await once(graph, {
      x,
      labels,
      [graph.inputs.mu!]: tensor(Float32Array.of(2), []),
      [graph.inputs.anchors.get('w')!]: tensor(Float32Array.of(0.7, 0.2), [1, 2]),
      [graph.inputs.controls.get('w')!]: tensor(Float32Array.of(0.01, -0.02), [1, 2]),
    });
    close(next('momentum.w'), [-0.3 + 2 * -1 + 0.01, 0.2 - 0.02]);
  });
});

describe('what trains', () => {
  const options = { loss: { kind: 'softmax-cross-entropy' }, optimizer: { kind: 'sgd' } } as const;
  const names = (graph: TrainingGraph): string[] => graph.parameters.map(({ name }) => name);

  test('trained parameters are by default all reached float initialisers, in file order with offsets', () => {
    const graph = differentiate(mlp(), options);
    expect(graph.parameters.map(({ name, offset, size }) => [name, offset, size])).toEqual([
      ['w1', 0, 32],
      ['b1', 32, 8],
      ['w2', 40, 24],
      ['b2', 64, 3],
    ]);
  });

  test('trained parameters can be chosen by list, pattern or test, and the rest stays unchanged', () => {
    expect(names(differentiate(mlp(), { ...options, trainable: ['b2', 'w2'] }))).toEqual(['w2', 'b2']);
    expect(names(differentiate(mlp(), { ...options, trainable: /^b/g }))).toEqual(['b1', 'b2']);
    expect(names(differentiate(mlp(), { ...options, trainable: (name) => name === 'w1' }))).toEqual(['w1']);
  });

  test('frozen tensors in an external data file give the same step', async () => {
    const g = new GraphBuilder();
    const x = g.input('x', 'float32', ['N', 1]);
    const frozen = g.initializer('frozen', [1, 400], Float32Array.from(noise(400, 1)));
    const w = g.initializer('w', [400, 2], Float32Array.from(noise(800, 2)));
    g.output(g.op('MatMul', [g.op('MatMul', [x, frozen]), w]), 'float32', ['N', 2], 'y');
    const file = encodeModel(g.build());
    const choice = { ...options, trainable: ['w'], optimizer: momentum } as const;
    const feeds = { x: tensor(Float32Array.of(1, 2), [2, 1]), labels: tensor(BigInt64Array.of(0n, 1n), [2]) };
    const expected = await once(differentiate(file, choice), feeds);
    const graph = differentiate(file, { ...choice, frozenData: 'frozen.bin' });
    expect(graph.frozen!.parts.map((part) => part.length)).toEqual([1600]);
    const read = () => graph.frozen!.parts[0]!;
    const folder = await mkdtemp(join(tmpdir(), 'autodiff-'));
    try {
      await writeFile(join(folder, 'frozen.bin'), Buffer.concat(graph.frozen!.parts));
      for (const name of ['step', 'epoch', 'evaluate'] as const) {
        expect(parseModel(graph[name]!, { externalData: read }).graph.initializers.has('frozen')).toBe(true);
        await writeFile(join(folder, `${name}.onnx`), graph[name]!);
        await session(join(folder, `${name}.onnx`));
      }
      const run = await session(join(folder, 'step.onnx'));
      const all: Feeds = { ...feeds, lr: tensor(Float32Array.of(0.1), []) };
      for (const spec of [...graph.parameters, ...graph.state]) all[spec.name] = initialTensor(spec);
      const out = await run.run(all);
      expect([...(out[graph.outputs.next.get('w')!]!.data as Float32Array)]).toEqual(expected.next('w'));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('a frozen front is not differentiated: its gradient nodes do not exist', () => {
    const all = parseModel(differentiate(mlp(), options).step).graph.nodes.length;
    const last = parseModel(differentiate(mlp(), { ...options, trainable: /2$/ }).step).graph.nodes.length;
    expect(last).toBeLessThan(all - 4);
  });

  test('trained weights put back give an inference model with the outputs of `evaluate`', async () => {
    const graph = differentiate(mlp(), options);
    const { feeds } = await stepwise(graph, batches, 0.1);
    const values = new Map(graph.parameters.map(({ name }) => [name, feeds[name]!.data as Float32Array]));
    const plain = await session(withParameters(mlp(), values));
    const evaluation = await session(graph.evaluate);
    const parameters = Object.fromEntries(graph.parameters.map(({ name }) => [name, feeds[name]!]));
    const inputs = { x: feeds.x!, labels: feeds.labels! };
    const expected = (await evaluation.run({ ...inputs, ...parameters })).logits!;
    expect((await plain.run({ x: feeds.x! })).logits!.data).toEqual(expected.data);
    expect(() => withParameters(mlp(), new Map([['w1', new Float32Array(3)]]))).toThrow(/32 elements/);
  });

  test('adapters of a graph in memory are those of the file, and share its weights', () => {
    const parsed = parseModel(mlp());
    const { model, trainable } = adaptWeights(parsed, { rank: 2 });
    expect(insertLora(mlp(), { rank: 2 })).toEqual({ model: encodeModel(model), trainable });
    expect(model.graph.initializers.get('w1')).toBe(parsed.graph.initializers.get('w1'));
  });

  test('LoRA starts as the same function, trains the adapters alone, and merges into the plain model', async () => {
    const adapted = insertLora(mlp(), { rank: 2, alpha: 4 });
    expect(adapted.trainable).toEqual(['w1.lora_A', 'w1.lora_B', 'w2.lora_A', 'w2.lora_B']);
    const x = tensor(Float32Array.from(noise(8, 3)), [2, 4]);
    const before = await (await session(mlp())).run({ x });
    expect((await (await session(adapted.model)).run({ x })).logits!.data).toEqual(before.logits!.data);
    const graph = differentiate(adapted.model, { ...options, trainable: adapted.trainable });
    const { losses, feeds } = await stepwise(graph, batches, 0.3);
    expect(losses.at(-1)!).toBeLessThan(losses[0]! * 0.9);
    const values = new Map(graph.parameters.map(({ name }) => [name, feeds[name]!.data as Float32Array]));
    const merged = mergeLora(adapted.model, values);
    expect([...parseModel(merged).graph.initializers.keys()]).toEqual(['w1', 'b1', 'w2', 'b2']);
    expect(parseModel(merged).graph.nodes.length).toBe(parseModel(mlp()).graph.nodes.length);
    const trained = (await (await session(withParameters(adapted.model, values))).run({ x })).logits!;
    const folded = (await (await session(merged)).run({ x })).logits!;
    close([...(folded.data as Float32Array)], [...(trained.data as Float32Array)], 4);
  });
});

describe('layers that differ in training', () => {
  function normalised(): Uint8Array {
    const g = new GraphBuilder();
    const x = g.input('x', 'float32', ['N', 2]);
    const values = (v: number) => Float32Array.of(v, v);
    const inputs = [
      x,
      g.initializer('s', [2], values(1)),
      g.initializer('b', [2], values(0)),
      g.initializer('mean', [2], values(0)),
      g.initializer('var', [2], values(1)),
    ];
    g.output(g.op('BatchNormalization', inputs, { momentum: float(0.9) }), 'float32', ['N', 2], 'y');
    return encodeModel(g.build());
  }

  test('BatchNormalization moves its running statistics, which evaluation then uses', async () => {
    const graph = differentiate(normalised(), { loss: { kind: 'mse' }, optimizer: { kind: 'sgd' } });
    expect(graph.state.map(({ name, initial }) => [name, [...(initial as Float32Array)]])).toEqual([
      ['mean', [0, 0]],
      ['var', [1, 1]],
    ]);
    const x = tensor(Float32Array.of(1, 10, 3, 30), [2, 2]);
    const { next } = await once(graph, { x, labels: tensor(new Float32Array(4), [2, 2]) });
    close(next('mean'), [0.2, 2]);
    close(next('var'), [0.9 + 0.1 * 1, 0.9 + 0.1 * 100]);
    expect(graph.inputs.evaluateState).toEqual(['mean', 'var']);
    const statistics = withParameters(normalised(), new Map([['mean', Float32Array.from(next('mean'))]]));
    expect(parseModel(statistics).graph.initializers.get('mean')).toBeDefined();
  });

  function dropped(): Uint8Array {
    const g = new GraphBuilder();
    const x = g.input('x', 'float32', ['N', 1000]);
    const s = g.initializer('s', [1000], new Float32Array(1000).fill(1));
    const ratio = g.constant([], Float32Array.of(0.3));
    g.output(g.op('Dropout', [g.op('Mul', [x, s]), ratio]), 'float32', ['N', 1000], 'y');
    return encodeModel(g.build());
  }
  const maskOf = async (seed: number, step: number): Promise<number[]> => {
    const graph = differentiate(dropped(), { loss: { kind: 'mse' }, optimizer: momentum, seed });
    const { next } = await once(graph, {
      x: tensor(new Float32Array(1000).fill(1), [1, 1000]),
      labels: tensor(new Float32Array(1000), [1, 1000]),
      [graph.state.find(({ dtype }) => dtype === 'int64')!.name]: tensor(BigInt64Array.of(BigInt(step)), []),
    });
    return next('momentum.s').map((value) => Number(value !== 0));
  };

  test('Dropout keeps the share asked for, repeats for one seed and step, and changes with either', async () => {
    const mask = await maskOf(1, 5);
    const kept = mask.reduce((a, b) => a + b, 0);
    expect(kept).toBeGreaterThan(640);
    expect(kept).toBeLessThan(760);
    expect(await maskOf(1, 5)).toEqual(mask);
    const agreement = (other: number[]) => other.filter((value, i) => value === mask[i]).length;
    // Independent masks agree on 0.7^2 + 0.3^2 = 58 % of the elements.
    for (const other of [await maskOf(2, 5), await maskOf(1, 6)]) {
      expect(agreement(other)).toBeGreaterThan(500);
      expect(agreement(other)).toBeLessThan(660);
    }
  });
});

test('the operator table in the README is the one the code generates', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const [, table] = /<!-- operators -->\n([\s\S]*?)<!-- end of operators -->/.exec(readme) ?? [];
  expect(table?.trim()).toBe(operatorTable().trim());
});

describe('files as exporters write them', () => {
  test('a model exported in training mode trains, and evaluates as in inference', async () => {
    const g = new GraphBuilder({ opset: 15 });
    const x = g.input('x', 'float32', ['N', 2]);
    const vector = (name: string, value: number) => g.initializer(name, [2], Float32Array.of(value, value));
    const inputs = [x, vector('s', 1), vector('b', 0), vector('mean', 0), vector('var', 1)];
    const [y] = g.ops('BatchNormalization', inputs, ['n', 'new_mean', 'new_var'], {
      training_mode: 1,
      epsilon: float(0),
    });
    const training = g.constant([], Uint8Array.of(1));
    const [d] = g.ops('Dropout', [y!, g.constant([], Float32Array.of(0.5)), training], ['d', 'mask']);
    g.output(d!, 'float32', ['N', 2], 'y');
    const graph = differentiate(encodeModel(g.build()), {
      loss: { kind: 'mse' },
      optimizer: { kind: 'sgd' },
    });
    expect(graph.state.map(({ name }) => name)).toEqual(['mean', 'var', 'random.step']);
    const feeds: Feeds = {
      x: tensor(Float32Array.of(1, 10, 3, 30), [2, 2]),
      labels: tensor(new Float32Array(4), [2, 2]),
    };
    close((await once(graph, feeds)).next('mean'), [0.2, 2]);
    for (const spec of graph.parameters) feeds[spec.name] = initialTensor(spec);
    for (const spec of graph.state)
      if (graph.inputs.evaluateState.includes(spec.name)) feeds[spec.name] = initialTensor(spec);
    const out = await (await session(graph.evaluate)).run(feeds);
    expect([...(out.y!.data as Float32Array)]).toEqual([1, 10, 3, 30]);
  });

  test('initialisers that are also listed as inputs, as before IR version 4, are parameters and no data', () => {
    const model = parseModel(mlp());
    const listed = [...model.graph.initializers.values()].map(({ name, dtype, dims }) => ({
      name,
      dtype,
      shape: dims,
    }));
    const old = {
      ...model,
      irVersion: 3,
      graph: { ...model.graph, inputs: [...model.graph.inputs, ...listed] },
    };
    const graph = differentiate(encodeModel(old), {
      loss: { kind: 'softmax-cross-entropy' },
      optimizer: { kind: 'sgd' },
    });
    expect(graph.dataInputs.map(({ name }) => name)).toEqual(['x']);
    expect(graph.parameters.length).toBe(4);
  });

  test('a subgraph before everything trainable is kept, whatever operator set it was written in', async () => {
    const g = new GraphBuilder({ opset: 13 });
    const x = g.input('x', 'float32', ['N', 2]);
    const body = new GraphBuilder({ prefix: 'then/' });
    body.output(body.op('ReduceMean', [x], { axes: [0], keepdims: 1 }), 'float32', undefined);
    const other = new GraphBuilder({ prefix: 'else/' });
    other.output(other.op('ReduceMax', [x], { axes: [0], keepdims: 1 }), 'float32', undefined);
    const chosen = g.op('If', [g.constant([], Uint8Array.of(1))], {
      then_branch: { type: 'graph', value: body.graph() },
      else_branch: { type: 'graph', value: other.graph() },
    });
    const w = g.initializer('w', [2, 1], Float32Array.of(1, 2));
    g.output(g.op('MatMul', [chosen, w]), 'float32', [1, 1], 'y');
    const graph = differentiate(encodeModel(g.build()), { loss: { kind: 'mse' }, optimizer: momentum });
    const feeds = {
      x: tensor(Float32Array.of(1, 2, 3, 4), [2, 2]),
      labels: tensor(Float32Array.of(0), [1, 1]),
    };
    close((await once(graph, feeds)).next('momentum.w'), [2 * 8 * 2, 2 * 8 * 3]);
  });

  test('names that the training graph adds give way to names of the model', () => {
    const g = new GraphBuilder();
    const x = g.input('labels', 'float32', ['N', 2]);
    const w = g.initializer('lr', [2, 1], Float32Array.of(1, 2));
    g.output(g.op('MatMul', [x, w], {}, 'next.lr'), 'float32', ['N', 1], 'loss');
    const graph = differentiate(encodeModel(g.build()), {
      loss: { kind: 'mse' },
      optimizer: { kind: 'sgd' },
    });
    expect(graph.labelInput!.name).toBe('labels_');
    expect(graph.inputs.learningRate).toBe('lr_');
    expect(graph.outputs.loss).toBe('loss_');
    expect(graph.outputs.next.get('lr')).toBe('next.lr_');
    expect(graph.epoch).not.toBeNull();
  });

  test('a model without a batch axis has no epoch graph, and the result gives the reason', () => {
    const g = new GraphBuilder();
    const x = g.input('x', 'float32', []);
    g.output(g.op('Mul', [x, g.initializer('w', [1], Float32Array.of(1))]), 'float32', [1], 'y');
    const graph = differentiate(encodeModel(g.build()), {
      loss: { kind: 'mse' },
      optimizer: { kind: 'sgd' },
    });
    expect(graph.epoch).toBeNull();
    expect(graph.epochUnavailable).toMatch(/"x" is a scalar/);
  });
});
