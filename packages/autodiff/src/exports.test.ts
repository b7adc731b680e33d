import { describe, expect, test } from 'vitest';
import { boundTensors, DataType, differentiate, GraphBuilder, type Node, parseModel } from './index.ts';
import { inferTypes } from './shapes/infer.ts';
import { checkGradients, noise } from './testing/gradient-check.ts';
import { tensor } from './testing/run.ts';

const ints = (g: GraphBuilder, ...values: number[]) =>
  g.constant([values.length], BigInt64Array.from(values, BigInt));
const int = (g: GraphBuilder, value: number) => g.constant([], BigInt64Array.of(BigInt(value)));

/** A Constant node whose value is a list attribute, which no builder writes but some exporters do. */
const listConstant = (name: string, type: 'ints' | 'floats', value: number[]): Node => ({
  name,
  op: 'Constant',
  domain: '',
  inputs: [],
  outputs: [name],
  attributes: new Map([[`value_${type}`, { type, value }]]),
});

/** The value of a ConstantOfShape. */
const one = {
  type: 'tensor',
  value: { name: 'one', dtype: DataType.int64, dims: [1], data: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0) },
} as const;

/**
 * nn.MultiheadAttention as the TorchScript exporter writes it for a dynamic batch: sizes by Shape and Gather, and the
 * packed projection divided by a shape that is computed with Mod.
 */
function packedAttention(g: GraphBuilder, x: string, heads: number, width: number, time: number): string {
  const size = (of: string, axis: number) => g.op('Gather', [g.op('Shape', [of]), int(g, axis)], { axis: 0 });
  const dim = (value: string) => g.op('Unsqueeze', [value, ints(g, 0)]);
  const sizes = (...parts: string[]) => g.op('Concat', parts, { axis: 0 });
  const h = g.op('Transpose', [x], { perm: [1, 0, 2] });
  const batch = size(h, 1);
  const headWidth = g.op('Cast', [g.op('Div', [size(h, 2), int(g, heads)])], { to: DataType.int64 });
  const last = g.op('Slice', [g.op('Shape', [h]), ints(g, -1), ints(g, Number.MAX_SAFE_INTEGER), ints(g, 0)]);
  const packed = g.op('Add', ['in.bias', g.op('MatMul', [h, 'in.weight'])]);
  const shape = g.op('Shape', [packed]);
  const axis = g.op('Mod', [ints(g, 2), ints(g, 3)]);
  const before = g.op('Slice', [shape, ints(g, 0), g.op('Reshape', [axis, ints(g, 1)])]);
  const after = g.op('Slice', [
    shape,
    g.op('Reshape', [g.op('Add', [axis, ints(g, 1)]), ints(g, 1)]),
    ints(g, Number.MAX_SAFE_INTEGER),
  ]);
  const middle = sizes(ints(g, 3), dim(g.op('Squeeze', [last, ints(g, 0)])));
  const divided = g.op('Unsqueeze', [g.op('Reshape', [packed, sizes(before, middle, after)]), ints(g, 0)]);
  const parts = g.op('Squeeze', [g.op('Transpose', [divided], { perm: [3, 1, 2, 0, 4] }), ints(g, 3)]);
  const rows = g.op('Mul', [batch, int(g, heads)]);
  const [q, k, v] = [0, 1, 2].map((i) => {
    const part = g.op('Gather', [parts, int(g, i)], { axis: 0 });
    const flat = g.op('Reshape', [part, sizes(ints(g, time), dim(rows), dim(headWidth))]);
    return g.op('Transpose', [flat], { perm: [1, 0, 2] });
  }) as [string, string, string];
  const scores = g.op('Softmax', [g.op('MatMul', [q, g.op('Transpose', [k], { perm: [0, 2, 1] })])], {
    axis: -1,
  });
  const mixed = g.op('Transpose', [g.op('MatMul', [scores, v])], { perm: [1, 0, 2] });
  return g.op('Reshape', [mixed, sizes(dim(g.op('Mul', [batch, int(g, time)])), ints(g, width))]);
}

describe('graphs as exporters write them', () => {
  test('attention with a packed projection and a dynamic batch', async () => {
    const [heads, width, time, batch] = [2, 4, 3, 2];
    await checkGradients({
      operands: [
        { name: 'in.weight', dims: [width, 3 * width], values: noise(3 * width * width, 1) },
        { name: 'in.bias', dims: [3 * width], values: noise(3 * width, 2) },
      ],
      feeds: { x: tensor(Float64Array.from(noise(batch * time * width, 3)), [batch, time, width]) },
      build: (g) => {
        const x = g.input('x', 'float64', ['batch', time, width]);
        return [{ value: packedAttention(g, x, heads, width, time), dims: [batch * time, width] }];
      },
    });
  });

  test('Gather of a tensor whose rank is not known', async () => {
    await checkGradients({
      operands: [{ name: 'w', dims: [1, 3, 4], values: noise(12, 1) }],
      feeds: { axes: tensor(BigInt64Array.of(0n), [1]) },
      build: (g) => {
        g.input('axes', 'int64', ['A']);
        const rows = g.op('Squeeze', ['w', 'axes']);
        return [{ value: g.op('Gather', [rows, ints(g, 2, 0, 2)]), dims: [3, 4] }];
      },
    });
  });

  test('a shape that Where takes from another where it is -1 is known before running', () => {
    const g = new GraphBuilder();
    g.input('x', 'float32', ['N', 3]);
    g.initializer('w', [1, 3], Float32Array.from(noise(3, 1)));
    const batch = g.op('Unsqueeze', [g.op('Gather', [g.op('Shape', ['x']), int(g, 0)]), ints(g, 0)]);
    const wanted = g.op('Concat', [batch, ints(g, -1)], { axis: 0 });
    const ones = g.op('ConstantOfShape', [g.op('Shape', [wanted])], { value: one });
    const free = g.op('Equal', [wanted, g.op('Mul', [ones, int(g, -1)])]);
    const repeated = g.op('Expand', ['w', g.op('Where', [free, ones, wanted])]);
    g.output(g.op('Add', [repeated, 'x']), 'float32', undefined, 'y');
    const training = differentiate(g.build(), { loss: { kind: 'mse' }, optimizer: { kind: 'sgd' } });
    expect(training.outputs.model[0]!.shape).toEqual(['N', 3]);
  });

  test('sizes are known through casts, ranges and repeated vectors, and to the end of an axis', () => {
    const g = new GraphBuilder();
    g.input('x', 'float32', ['N', 'T', 4]);
    const int64 = { to: DataType.int64 };
    g.initializer('w', [4, 4], Float32Array.from(noise(16, 1)));
    g.initializer('end', [], BigInt64Array.of(2n ** 63n - 1n));
    g.initializer('zero', [], Float32Array.of(0));
    // x[:, 1:], with a bound that PyTorch casts and reshapes.
    const end = g.op('Reshape', [g.op('Cast', ['end'], int64), ints(g, -1)]);
    const first = g.op('Slice', [
      g.op('MatMul', ['x', 'w']),
      ints(g, 0),
      end,
      g.op('Expand', [ints(g, 1), ints(g, 1)]),
    ]);
    const length = g.op('Gather', [g.op('Shape', ['x']), int(g, 1)]);
    const steps = g.op('Range', [g.op('CastLike', ['zero', length]), length, int(g, 1)]);
    const axes = g.op('Range', [int(g, 1), int(g, 2), int(g, 1)]);
    const counts = g.op('Unsqueeze', [
      g.op('Unsqueeze', [g.op('Cast', [steps], { to: 1 }), axes]),
      int(g, 0),
    ]);
    g.output(g.op('Add', [first, counts]), 'float32', undefined, 'y');
    const training = differentiate(g.build(), { loss: { kind: 'mse' }, optimizer: { kind: 'sgd' } });
    expect(training.outputs.model[0]!.shape).toEqual(['N', 'T', 4]);
  });

  test('nothing is computed of bounds that are not exact, and no computed size is taken for a positive one', () => {
    const g = new GraphBuilder();
    g.input('x', 'float32', ['N', 4]);
    g.initializer('end', [1], BigInt64Array.of(2n ** 63n - 1n));
    g.initializer('almost', [1], BigInt64Array.of(2n ** 63n - 2n));
    const sizes = g.op('Gather', [g.op('Shape', ['x']), ints(g, 0)]);
    const computed = g.op('Sub', [sizes, ints(g, 3)]);
    const choose = (equal: string) => g.op('Where', [equal, ints(g, 1), ints(g, 2)]);
    const unknown = [
      g.op('Sub', ['end', 'almost']),
      choose(g.op('Equal', ['end', 'almost'])),
      choose(g.op('Equal', [computed, ints(g, -1)])),
    ];
    const known = choose(g.op('Equal', [sizes, ints(g, -1)]));
    for (const [i, size] of [...unknown, known].entries()) {
      g.output(g.op('ConstantOfShape', [size]), 'float32', undefined, `y${i}`);
    }
    const types = inferTypes(g.build().graph);
    expect([0, 1, 2].map((i) => typeof types.get(`y${i}`)!.shape?.[0])).toEqual([
      'string',
      'string',
      'string',
    ]);
    expect(types.get('y3')!.shape).toEqual([2]);
  });

  test('the shape of an output that the file declares with another rank is the inferred one', () => {
    const g = new GraphBuilder();
    g.input('x', 'float32', ['N', 4]);
    g.initializer('w', [4, 2], Float32Array.from(noise(8, 1)));
    g.output(g.op('MatMul', ['x', 'w']), 'float32', [1, 'N', 2], 'y');
    const training = differentiate(g.build(), {
      loss: { kind: 'softmax-cross-entropy' },
      optimizer: { kind: 'sgd' },
    });
    expect(training.outputs.model[0]!.shape).toEqual(['N', 2]);
  });

  test('parts of a sequence that a tensor was split into', async () => {
    for (const sizes of [int, (g: GraphBuilder) => ints(g, 2, 2, 2)]) {
      await checkGradients({
        operands: [{ name: 'w', dims: [2, 6], values: noise(12, 1) }],
        build: (g) => {
          const sequence = g.op('SplitToSequence', ['w', sizes(g, 2)], { axis: 1 });
          const [a, b] = [0, 2].map((i) => g.op('SequenceAt', [sequence, int(g, i)])) as [string, string];
          return [{ value: g.op('Mul', [a, b]), dims: [2, 2] }];
        },
      });
    }
  });

  test('the end of a slice as a list attribute is the largest int64, not the least', () => {
    const g = new GraphBuilder();
    g.input('x', 'float32', ['N', 3]);
    g.initializer('w', [3, 3], new Float32Array(9));
    g.output(g.op('Slice', [g.op('MatMul', ['x', 'w']), 's', 'e']), 'float32', undefined, 'y');
    const graph = g.graph();
    const nodes = [listConstant('s', 'ints', [0]), listConstant('e', 'ints', [2 ** 63]), ...graph.nodes];
    const model = { irVersion: 8, opset: 18, domains: new Map(), producer: '', metadata: new Map() };
    const training = differentiate(
      { ...model, graph: { ...graph, nodes } },
      { loss: { kind: 'mse' }, optimizer: { kind: 'sgd' } },
    );
    expect(training.outputs.model[0]!.shape).toEqual(['N', 3]);
    expect(Buffer.from(training.step).includes(Buffer.from('ffffffffffffff7f', 'hex'))).toBe(true);
  });

  test('a Resize by scales that are joined from constants is bounded, and so is its gradient', () => {
    const g = new GraphBuilder();
    g.input('x', 'float32', ['N', 1, 3, 3]);
    g.initializer('w', [1, 1, 1, 1], Float32Array.of(0.5));
    const scales = g.op('Concat', ['ones', 'twos'], { axis: 0 });
    g.output(g.op('Resize', [g.op('Conv', ['x', 'w']), undefined, scales]), 'float32', undefined, 'y');
    const graph = g.graph();
    const model = { irVersion: 8, opset: 18, domains: new Map(), producer: '', metadata: new Map() };
    const nodes = [
      listConstant('ones', 'floats', [1, 1]),
      listConstant('twos', 'floats', [2, 2]),
      ...graph.nodes,
    ];
    const { step } = differentiate(
      { ...model, graph: { ...graph, nodes } },
      { loss: { kind: 'mse' }, optimizer: { kind: 'sgd' } },
    );
    const training = parseModel(step).graph;
    const fed = training.inputs.map(({ name, dtype, shape }) => {
      const known = shape!.map((dim) => (typeof dim === 'number' ? dim : 2));
      return [name, { dtype, shape: known }] as const;
    });
    expect(boundTensors(training, new Map(fed)).elements.get('y')).toBe(2 * 6 * 6);
  });

  test('masks and numbered constants of one element do not train, numbered weights do', () => {
    const g = new GraphBuilder();
    g.input('x', 'float32', ['N', 3]);
    g.initializer('val_1', [3, 3], Float32Array.from(noise(9, 1)));
    g.initializer('val_2', [1], Float32Array.of(0.5));
    g.initializer('mask', [3], Float32Array.of(0, 0, Number.NEGATIVE_INFINITY));
    g.initializer('least', [3], Float32Array.of(0, -3.4e38, 0));
    g.initializer('gain', [1], Float32Array.of(1));
    const y = ['val_2', 'mask', 'least', 'gain'].reduce(
      (value, name) => g.op(name === 'val_2' || name === 'gain' ? 'Mul' : 'Add', [value, name]),
      g.op('MatMul', ['x', 'val_1']),
    );
    g.output(g.op('Softmax', [y]), 'float32', ['N', 3], 'y');
    const { parameters } = differentiate(g.build(), { loss: { kind: 'mse' }, optimizer: { kind: 'sgd' } });
    expect(parameters.map(({ name }) => name)).toEqual(['val_1', 'gain']);
  });
});
