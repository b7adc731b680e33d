import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import {
  boundTensors,
  DataType,
  differentiate,
  encodeModel,
  GraphBuilder,
  parseModel,
  type ValueType,
} from './index.ts';
import { deriveTypes } from './shapes/infer.ts';
import { cnn, recurrent, transformer } from './testing/models.ts';
import { type Feeds, initialTensor, session, tensor } from './testing/run.ts';

interface Packed {
  shape: number[];
  data: number[];
}
interface Case {
  x: Packed;
  labels: Packed;
  loss: number;
  params: Record<string, Packed>;
  grads: Record<string, Packed>;
}

const file = new URL('../../../test/vectors/autodiff/vectors.json', import.meta.url);
const { cases, versions } = JSON.parse(await readFile(file, 'utf8')) as {
  cases: Record<string, Case>;
  versions: { jax: string };
};

const BUILDERS: Record<string, (g: GraphBuilder) => void> = {
  cnn: (g) => cnn(g, 4, 3, 7),
  'cnn of any size': (g) => cnn(g, 4, 3, 'S'),
  transformer: (g) => transformer(g, 2, 8, 5, 7),
  'transformer of any length': (g) => transformer(g, 2, 8, 'T', 7),
  recurrent: (g) => recurrent(g, 4, 3, 4),
};

describe(`gradients of whole models equal those of JAX ${versions.jax}`, () => {
  for (const [name, build] of Object.entries(BUILDERS)) {
    // Operator sets 13 and 17 are what PyTorch's exporters write by default; the last one is the newest.
    for (const opset of name.startsWith('transformer') ? [13, 17] : [14, 17, 20, 21, 23]) {
      test(`${name}, operator set ${opset}`, async () => {
        const vector = cases[name.split(' ')[0]!]!;
        const g = new GraphBuilder({ opset });
        for (const [key, { shape, data }] of Object.entries(vector.params)) {
          g.initializer(key, shape, Float32Array.from(data));
        }
        build(g);
        const graph = differentiate(encodeModel(g.build()), {
          loss: { kind: 'softmax-cross-entropy' },
          optimizer: { kind: 'sgd', momentum: 0.5 },
        });
        expect(graph.parameters.map((parameter) => parameter.name)).toEqual(Object.keys(vector.params));
        const integral = name !== 'cnn' && !name.startsWith('cnn');
        const x = integral ? BigInt64Array.from(vector.x.data, BigInt) : Float32Array.from(vector.x.data);
        const feeds: Feeds = {
          x: tensor(x, vector.x.shape),
          labels: tensor(BigInt64Array.from(vector.labels.data, BigInt), vector.labels.shape),
          lr: tensor(Float32Array.of(0), []),
        };
        for (const spec of [...graph.parameters, ...graph.state]) feeds[spec.name] = initialTensor(spec);
        const out = await (await session(graph.step)).run(feeds);
        expect(out.loss!.data[0]).toBeCloseTo(vector.loss, 5);
        for (const [key, { data }] of Object.entries(vector.grads)) {
          const actual = out[graph.outputs.next.get(`momentum.${key}`)!]!.data as Float32Array;
          const scale = Math.max(1e-2, ...data.map(Math.abs));
          const worst = Math.max(...data.map((value, i) => Math.abs(value - actual[i]!) / scale));
          expect(worst, `gradient of ${key}`).toBeLessThan(2e-5);
        }
        await session(graph.evaluate);
      });
    }
  }
});

describe('the epoch graph equals the repeated step bit for bit', () => {
  for (const name of ['cnn', 'transformer of any length', 'recurrent', 'cnn with dropout']) {
    test(name, async () => {
      const vector = cases[name.split(' ')[0]!]!;
      const g = new GraphBuilder({ opset: 17 });
      for (const [key, { shape, data }] of Object.entries(vector.params)) {
        g.initializer(key, shape, Float32Array.from(data));
      }
      if (name.endsWith('dropout')) cnn(g, 4, 3, 7, 0.4);
      else BUILDERS[name]!(g);
      const graph = differentiate(encodeModel(g.build()), {
        loss: { kind: 'softmax-cross-entropy' },
        optimizer: { kind: 'adamw' },
        clipNorm: 1,
      });
      const [examples, ...rest] = vector.x.shape as [number, ...number[]];
      const row = vector.x.data.length / examples;
      const labelRow = vector.labels.data.length / examples;
      const values = (data: number[]) =>
        name.startsWith('cnn') ? Float32Array.from(data) : BigInt64Array.from(data, BigInt);
      const index = [
        [0, 1],
        [1, 0],
        [1, 1],
        [0, 0],
      ];
      const pick = (data: number[], width: number, rows: number[]) =>
        rows.flatMap((r) => data.slice(r * width, (r + 1) * width));

      const initial = (): Feeds =>
        Object.fromEntries(
          [...graph.parameters, ...graph.state].map((spec) => [spec.name, initialTensor(spec)]),
        );
      const step = await session(graph.step);
      const feeds = { ...initial(), lr: tensor(Float32Array.of(0.01), []) } as Feeds;
      const losses: number[] = [];
      for (const rows of index) {
        feeds.x = tensor(values(pick(vector.x.data, row, rows)), [2, ...rest]);
        const labels = BigInt64Array.from(pick(vector.labels.data, labelRow, rows), BigInt);
        feeds.labels = tensor(labels, [2, ...vector.labels.shape.slice(1)]);
        const out = await step.run(feeds);
        losses.push(out.loss!.data[0] as number);
        for (const [key, next] of graph.outputs.next) feeds[key] = out[next]!;
      }
      const out = await (await session(graph.epoch!)).run({
        ...initial(),
        x: tensor(values(vector.x.data), vector.x.shape),
        labels: tensor(BigInt64Array.from(vector.labels.data, BigInt), vector.labels.shape),
        index: tensor(BigInt64Array.from(index.flat(), BigInt), [4, 2]),
        lr: tensor(new Float32Array(4).fill(0.01), [4]),
      });
      expect([...(out.losses!.data as Float32Array)]).toEqual(losses);
      for (const [key, next] of graph.outputs.next) expect(out[next]!.data, key).toEqual(feeds[key]!.data);
    });
  }
});

describe('bounds of tensors', () => {
  for (const [name, build] of Object.entries(BUILDERS)) {
    test(`bounds of tensors hold for every tensor of a step: ${name}`, async () => {
      const vector = cases[name.split(' ')[0]!]!;
      const g = new GraphBuilder({ opset: 17 });
      for (const [key, { shape, data }] of Object.entries(vector.params)) {
        g.initializer(key, shape, Float32Array.from(data));
      }
      build(g);
      const graph = differentiate(encodeModel(g.build()), {
        loss: { kind: 'softmax-cross-entropy' },
        optimizer: { kind: 'adam' },
      });
      const x = name.startsWith('cnn')
        ? Float32Array.from(vector.x.data)
        : BigInt64Array.from(vector.x.data, BigInt);
      const feeds: Feeds = {
        x: tensor(x, vector.x.shape),
        labels: tensor(BigInt64Array.from(vector.labels.data, BigInt), vector.labels.shape),
        lr: tensor(Float32Array.of(0), []),
      };
      for (const spec of [...graph.parameters, ...graph.state]) feeds[spec.name] = initialTensor(spec);
      const step = parseModel(graph.step);
      const given = new Map<string, ValueType>(
        Object.entries(feeds).map(([key, { type, dims }]) => [
          key,
          { dtype: DataType[type as keyof typeof DataType], shape: dims },
        ]),
      );
      const bounds = boundTensors(step.graph, given);
      // The same graph with every tensor as an output.
      const types = deriveTypes(step.graph, given);
      const names = step.graph.nodes.flatMap(({ outputs }) => outputs.filter((each) => each !== ''));
      const outputs = names.map((each) => ({ name: each, dtype: types.get(each)!.dtype, shape: undefined }));
      const all = encodeModel({ ...step, graph: { ...step.graph, outputs } });
      const out = await (await session(all)).run(feeds);
      let total = 0;
      for (const each of names) {
        const actual = out[each]!;
        total += actual.size;
        expect(actual.size, each).toBeLessThanOrEqual(bounds.elements.get(each)!);
      }
      // And they are no wild guesses.
      const bounded = names.reduce((sum, each) => sum + bounds.elements.get(each)!, 0);
      expect(bounded).toBeLessThanOrEqual(total * 1.1 + 100);
      expect(bounds.peakBytes).toBeGreaterThan(bounds.largest.bytes);
    });
  }

  test('bounds of tensors are refused if the data decides them, or an operator is unknown', () => {
    const graphOf = (op: (g: GraphBuilder, x: string) => string) => {
      const g = new GraphBuilder();
      g.output(op(g, g.input('x', 'float32', ['N'])), 'float32', undefined, 'y');
      return g.build().graph;
    };
    const given = new Map([['x', { dtype: 1, shape: [4] }]]);
    const size = (g: GraphBuilder, x: string) =>
      g.op('Reshape', [g.op('Cast', [g.op('ReduceSum', [x])], { to: 7 }), g.ints([1])]);
    for (const harm of [
      (g: GraphBuilder, x: string) => g.op('ConstantOfShape', [size(g, x)]),
      (g: GraphBuilder, x: string) => g.op('Expand', [x, size(g, x)]),
      (g: GraphBuilder, x: string) => g.op('Tile', [x, size(g, x)]),
      (g: GraphBuilder, x: string) => g.op('NotYetKnown', [x]),
      // A product that wraps to something small in 64 bits is not small here.
      (g: GraphBuilder, x: string) =>
        g.op('Expand', [x, g.op('Mul', [g.ints([2 ** 40]), g.ints([2 ** 40])])]),
    ]) {
      expect(() => boundTensors(graphOf(harm), given)).toThrow(
        expect.objectContaining({ code: 'UNBOUNDED_TENSOR' }),
      );
    }
  });

  test('bounds of tensors follow arithmetic that leaves the range of its type', () => {
    // In 32 bits -2^31 - 1 is 2^31 - 1: what follows from the exact number would be too small.
    const g = new GraphBuilder();
    const x = g.input('x', 'float32', ['N']);
    const int32 = (value: number) => g.constant([1], Int32Array.of(value));
    const wrapped = g.op('Cast', [g.op('Sub', [int32(-(2 ** 31)), int32(1)])], { to: 7 });
    g.output(g.op('Expand', [x, g.op('Add', [wrapped, g.ints([2 ** 31 + 2])])]), 'float32', undefined, 'y');
    expect(() => boundTensors(g.build().graph, new Map([['x', { dtype: 1, shape: [1] }]]))).toThrow(
      expect.objectContaining({ code: 'UNBOUNDED_TENSOR' }),
    );
  });
});
