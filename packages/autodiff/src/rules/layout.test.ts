import { describe, test } from 'vitest';
import { type AttributeInput, float, type GraphBuilder } from '../index.ts';
import { checkGradients, noise } from '../testing/gradient-check.ts';

const count = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
const ints = (g: GraphBuilder, ...values: number[]) =>
  g.constant([values.length], BigInt64Array.from(values, BigInt));

/** One float operand through a function to one output. */
async function check(
  dims: readonly number[],
  out: readonly number[],
  build: (g: GraphBuilder) => string,
  extra: { precision?: 'float32'; opset?: number; shift?: number; step?: number; tolerance?: number } = {},
): Promise<void> {
  const { shift = 0, ...rest } = extra;
  await checkGradients({
    operands: [{ name: 'x', dims, values: noise(count(dims), 7).map((v) => v + shift) }],
    build: (g) => [{ value: build(g), dims: out }],
    ...rest,
  });
}

describe('rearranging agrees with central differences', () => {
  test('Reshape with copied, inferred and empty dimensions', async () => {
    await check([2, 3, 4], [2, 12], (g) => g.op('Reshape', ['x', ints(g, 0, -1)]));
    await check([2, 0, 4], [0, 4], (g) => g.op('Reshape', ['x', ints(g, 0, 4)], { allowzero: 1 }));
  });
  test('Flatten at every axis', async () => {
    for (const [axis, out] of [
      [0, [1, 24]],
      [1, [2, 12]],
      [2, [6, 4]],
      [-1, [6, 4]],
    ] as const) {
      await check([2, 3, 4], out, (g) => g.op('Flatten', ['x'], { axis }));
    }
  });
  test('Transpose with and without a permutation', async () => {
    await check([2, 3, 4], [4, 2, 3], (g) => g.op('Transpose', ['x'], { perm: [2, 0, 1] }));
    await check([2, 3, 4], [4, 3, 2], (g) => g.op('Transpose', ['x']));
  });
  test('Squeeze and Unsqueeze', async () => {
    await check([2, 1, 3, 1], [2, 3, 1], (g) => g.op('Squeeze', ['x', ints(g, 1)]));
    await check([2, 1, 3, 1], [2, 3], (g) => g.op('Squeeze', ['x']));
    await check([2, 3], [1, 2, 3, 1], (g) => g.op('Unsqueeze', ['x', ints(g, 0, -1)]));
  });
  test('Expand and Tile', async () => {
    await check([3, 1], [2, 3, 4], (g) => g.op('Expand', ['x', ints(g, 2, 1, 4)]));
    await check([2, 3], [4, 3], (g) => g.op('Tile', ['x', ints(g, 2, 1)]));
    await check([2, 1, 2], [2, 3, 4], (g) => g.op('Tile', ['x', ints(g, 1, 3, 2)]));
  });
  test('Concat joins, Split cuts, unused pieces count as zero', async () => {
    await checkGradients({
      operands: [
        { name: 'a', dims: [2, 3], values: noise(6, 1) },
        { name: 'b', dims: [2, 1], values: noise(2, 2) },
      ],
      build: (g) => [{ value: g.op('Concat', ['a', 'b'], { axis: 1 }), dims: [2, 4] }],
    });
    await check([2, 6], [2, 2], (g) => g.ops('Split', ['x'], 3, { axis: 1, num_outputs: 3 })[1]!);
    await check([2, 6], [2, 1], (g) => g.ops('Split', ['x', ints(g, 1, 5)], 2, { axis: -1 })[0]!);
    await check([2, 6], [2, 2], (g) => g.ops('Split', ['x'], 3, { axis: 1 })[2]!, { opset: 13 });
  });
  test('DepthToSpace in both orders, SpaceToDepth', async () => {
    for (const mode of ['DCR', 'CRD']) {
      await check([1, 8, 2, 3], [1, 2, 4, 6], (g) => g.op('DepthToSpace', ['x'], { blocksize: 2, mode }));
    }
    await check([1, 2, 4, 6], [1, 8, 2, 3], (g) => g.op('SpaceToDepth', ['x'], { blocksize: 2 }));
  });
});

describe('picking elements agrees with central differences', () => {
  test('Gather: embeddings, repeated, negative and scalar indices, any axis', async () => {
    await check([4, 3], [2, 3, 3], (g) =>
      g.op('Gather', ['x', g.constant([2, 3], BigInt64Array.from([0n, 3n, 3n, -1n, 1n, 0n]))]),
    );
    await check([600, 2], [3, 2], (g) => g.op('Gather', ['x', ints(g, 5, 599, 5)]));
    await check([2, 4, 3], [2, 2, 3], (g) => g.op('Gather', ['x', ints(g, 1, -1)], { axis: 1 }));
    await check([2, 4, 3], [2, 3], (g) =>
      g.op('Gather', ['x', g.constant([], BigInt64Array.of(2n))], { axis: 1 }),
    );
  });
  test('GatherElements, GatherND, ScatterElements, ScatterND', async () => {
    const index = (g: GraphBuilder, dims: number[], ...values: number[]) =>
      g.constant(dims, BigInt64Array.from(values, BigInt));
    await check([3, 3], [2, 3], (g) =>
      g.op('GatherElements', ['x', index(g, [2, 3], 0, 2, 0, 0, 1, 2)], { axis: 0 }),
    );
    await check([2, 3, 2], [2, 2], (g) => g.op('GatherND', ['x', index(g, [2, 2], 0, 1, 1, 1)]));
    for (const reduction of ['none', 'add']) {
      await checkGradients({
        operands: [
          { name: 'a', dims: [3, 3], values: noise(9, 1) },
          { name: 'u', dims: [1, 3], values: noise(3, 2) },
        ],
        build: (g) => [
          {
            value: g.op('ScatterElements', ['a', index(g, [1, 3], 2, 0, 1), 'u'], { axis: 0, reduction }),
            dims: [3, 3],
          },
          { value: g.op('ScatterND', ['a', index(g, [1, 1], 1), 'u'], { reduction }), dims: [3, 3] },
        ],
      });
    }
  });
  test('Slice with steps, negative bounds and axes', async () => {
    await check([4, 5], [2, 3], (g) => g.op('Slice', ['x', ints(g, 1, 1), ints(g, 3, -1)]));
    await check([4, 5], [4, 3], (g) => g.op('Slice', ['x', ints(g, 0), ints(g, 9), ints(g, 1), ints(g, 2)]));
    await check([4, 5], [4, 5], (g) =>
      g.op('Slice', ['x', ints(g, -1), ints(g, -9), ints(g, 1), ints(g, -1)]),
    );
    await check([4, 5], [4, 0], (g) => g.op('Slice', ['x', ints(g, 3), ints(g, 2), ints(g, 1)]));
  });
  test('Pad in every mode, with negative pads and with axes', async () => {
    await check([2, 3], [3, 6], (g) => g.op('Pad', ['x', ints(g, 0, 1, 1, 2)]));
    await check([2, 3], [2, 3], (g) => g.op('Pad', ['x', ints(g, 0, -1, 0, 1)]));
    await check([2, 3], [2, 5], (g) => g.op('Pad', ['x', ints(g, 1, 1), undefined, ints(g, 1)]));
    for (const mode of ['reflect', 'edge', 'wrap']) {
      await check([2, 3], [2, 6], (g) => g.op('Pad', ['x', ints(g, 0, 1, 0, 2)], { mode }), {
        opset: mode === 'wrap' ? 19 : 18,
      });
    }
  });
  test('TopK and Trilu', async () => {
    await check([2, 4], [2, 2], (g) => g.ops('TopK', ['x', ints(g, 2)], 2)[0]!);
    await check([3, 4], [3, 4], (g) => g.op('Trilu', ['x'], { upper: 0 }));
    await check([3, 4], [3, 4], (g) => g.op('Trilu', ['x', g.constant([], BigInt64Array.of(1n))]));
  });
});

describe('reductions agree with central differences', () => {
  const OPS = [
    'ReduceSum',
    'ReduceMean',
    'ReduceMax',
    'ReduceMin',
    'ReduceSumSquare',
    'ReduceL1',
    'ReduceL2',
    'ReduceLogSum',
    'ReduceLogSumExp',
    'ReduceProd',
  ];
  for (const op of OPS) {
    test(`${op} over one, several and all axes, kept or not`, async () => {
      for (const keepdims of [0, 1]) {
        const kept = (dims: number[], axes: number[]) =>
          keepdims
            ? dims.map((d, i) => (axes.includes(i) ? 1 : d))
            : dims.filter((_, i) => !axes.includes(i));
        await check([2, 3, 2], kept([2, 3, 2], [1]), (g) => g.op(op, ['x', ints(g, -2)], { keepdims }), {
          shift: 2,
        });
        await check([2, 3, 2], kept([2, 3, 2], [0, 2]), (g) => g.op(op, ['x', ints(g, 0, 2)], { keepdims }), {
          shift: 2,
        });
        await check([2, 3], kept([2, 3], [0, 1]), (g) => g.op(op, ['x'], { keepdims }), { shift: 2 });
        await check([2, 3], [2, 3], (g) => g.op(op, ['x'], { keepdims, noop_with_empty_axes: 1 }), {
          shift: 2,
        });
      }
    });
  }
  test('reductions with axes as an attribute, as before operator set 18', async () => {
    await check([2, 3, 2], [2, 2], (g) => g.op('ReduceMean', ['x'], { axes: [1], keepdims: 0 }), {
      opset: 13,
    });
  });
  test('Softmax and LogSoftmax along every axis', async () => {
    for (const op of ['Softmax', 'LogSoftmax']) {
      for (const axis of [0, 1, -1]) await check([2, 3, 2], [2, 3, 2], (g) => g.op(op, ['x'], { axis }));
    }
  });
  test('CumSum in both directions, exclusive or not; LpNormalization', async () => {
    for (const reverse of [0, 1]) {
      for (const exclusive of [0, 1]) {
        await check([2, 4], [2, 4], (g) =>
          g.op('CumSum', ['x', g.constant([], BigInt64Array.of(1n))], { reverse, exclusive }),
        );
      }
    }
    await check([2, 4], [2, 4], (g) => g.op('LpNormalization', ['x'], { axis: 1 }));
  });
});

describe('Resize agrees with central differences', () => {
  const modes: Record<string, AttributeInput>[] = [
    { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
    { mode: 'nearest', coordinate_transformation_mode: 'half_pixel', nearest_mode: 'round_prefer_ceil' },
    { mode: 'linear', coordinate_transformation_mode: 'half_pixel' },
    { mode: 'linear', coordinate_transformation_mode: 'align_corners' },
    { mode: 'linear', coordinate_transformation_mode: 'pytorch_half_pixel' },
    { mode: 'cubic', coordinate_transformation_mode: 'half_pixel', cubic_coeff_a: float(-0.75) },
  ];
  const linear = { precision: 'float32', step: 0.5, tolerance: 1e-4 } as const;
  for (const attributes of modes) {
    test(
      Object.values(attributes)
        .filter((value) => typeof value === 'string')
        .join(' '),
      async () => {
        const scaled = (g: GraphBuilder) =>
          g.op('Resize', ['x', undefined, g.constant([4], Float32Array.of(1, 1, 2, 1.5))], attributes);
        await check([1, 2, 3, 4], [1, 2, 6, 6], scaled, linear);
        const sized = (g: GraphBuilder) =>
          g.op('Resize', ['x', undefined, undefined, ints(g, 1, 2, 2, 7)], attributes);
        await check([1, 2, 3, 4], [1, 2, 2, 7], sized, linear);
      },
    );
  }
});

describe('normalisation agrees with central differences', () => {
  const operands = (x: number[], c: number[]) => [
    { name: 'x', dims: x, values: noise(count(x), 1) },
    { name: 's', dims: c, values: noise(count(c), 2) },
    { name: 'b', dims: c, values: noise(count(c), 3) },
  ];
  test('LayerNormalization over one and several axes, in both precisions', async () => {
    for (const precision of ['float64', 'float32'] as const) {
      await checkGradients({
        precision,
        operands: operands([2, 3, 4], [4]),
        build: (g) => [{ value: g.op('LayerNormalization', ['x', 's', 'b']), dims: [2, 3, 4] }],
        ...(precision === 'float64' ? { tolerance: 1e-4 } : {}),
      });
    }
    await checkGradients({
      precision: 'float32',
      operands: operands([2, 3, 4], [3, 4]),
      build: (g) => [{ value: g.op('LayerNormalization', ['x', 's', 'b'], { axis: 1 }), dims: [2, 3, 4] }],
    });
  });
  test('LayerNormalization written as its formula', async () => {
    await checkGradients({
      operands: operands([2, 3, 4], [4]),
      build: (g) => {
        const centred = g.op('Sub', ['x', g.op('ReduceMean', ['x', ints(g, -1)])]);
        const variance = g.op('ReduceMean', [
          g.op('Pow', [centred, g.constant([], Float64Array.of(2))]),
          ints(g, -1),
        ]);
        const deviation = g.op('Sqrt', [g.op('Add', [variance, g.constant([], Float64Array.of(1e-5))])]);
        const xhat = g.op('Div', [centred, deviation]);
        return [{ value: g.op('Add', [g.op('Mul', [xhat, 's']), 'b']), dims: [2, 3, 4] }];
      },
    });
  });
  test('InstanceNormalization and GroupNormalization, scaled by group and by channel', async () => {
    await checkGradients({
      precision: 'float32',
      operands: operands([2, 3, 2, 3], [3]),
      build: (g) => [{ value: g.op('InstanceNormalization', ['x', 's', 'b']), dims: [2, 3, 2, 3] }],
    });
    for (const [opset, scale] of [
      [18, [2]],
      [21, [4]],
    ] as const) {
      await checkGradients({
        precision: 'float32',
        opset,
        operands: operands([2, 4, 3], [...scale]),
        build: (g) => [
          { value: g.op('GroupNormalization', ['x', 's', 'b'], { num_groups: 2 }), dims: [2, 4, 3] },
        ],
      });
    }
  });
  test('BatchNormalization with the statistics of the batch and with stored ones', async () => {
    for (const batchNormalization of ['batch', 'running'] as const) {
      for (const x of [
        [4, 3],
        [3, 3, 2],
        [2, 3, 2, 2],
      ]) {
        await checkGradients({
          operands: operands(x, [3]),
          options: { batchNormalization },
          build: (g) => {
            const mean = g.initializer('mean', [3], Float64Array.from(noise(3, 4)));
            const variance = g.initializer('variance', [3], Float64Array.from([0.5, 1, 2]));
            return [{ value: g.op('BatchNormalization', ['x', 's', 'b', mean, variance]), dims: x }];
          },
        });
      }
    }
  });
  test('Dropout sends the gradient through the mask it drew', async () => {
    await checkGradients({
      operands: [{ name: 'x', dims: [4, 5], values: noise(20, 1) }],
      build: (g) => [{ value: g.op('Dropout', ['x', g.constant([], Float32Array.of(0.4))]), dims: [4, 5] }],
    });
  });
});

describe('recurrent operators agree with central differences', () => {
  const T = 3;
  const [B, I, H] = [2, 2, 2];
  for (const [op, gates] of [
    ['LSTM', 4],
    ['GRU', 3],
    ['RNN', 1],
  ] as const) {
    for (const direction of ['forward', 'reverse', 'bidirectional']) {
      for (const variant of op === 'GRU' ? [0, 1] : [0]) {
        test(`${op} ${direction}${op === 'GRU' ? ` linear_before_reset ${variant}` : ''}`, async () => {
          const D = direction === 'bidirectional' ? 2 : 1;
          const operand = (name: string, dims: number[], seed: number) => ({
            name,
            dims,
            values: noise(count(dims), seed),
          });
          const cell = op === 'LSTM' ? [operand('c0', [D, B, H], 6)] : [];
          await checkGradients({
            precision: 'float32',
            operands: [
              operand('x', [T, B, I], 1),
              operand('w', [D, gates * H, I], 2),
              operand('r', [D, gates * H, H], 3),
              operand('b', [D, 2 * gates * H], 4),
              operand('h0', [D, B, H], 5),
              ...cell,
            ],
            build: (g) => {
              const attributes: Record<string, AttributeInput> = { hidden_size: H, direction };
              if (op === 'GRU') attributes.linear_before_reset = variant;
              const inputs = ['x', 'w', 'r', 'b', undefined, 'h0', ...cell.map(() => 'c0')];
              const outputs = g.ops(op, inputs, op === 'LSTM' ? 3 : 2, attributes);
              const state = [D, B, H];
              return outputs.map((value, i) => ({ value, dims: i === 0 ? [T, ...state] : state }));
            },
          });
        });
      }
    }
  }
  test('LSTM without bias, initial state or use of the sequence', async () => {
    await checkGradients({
      precision: 'float32',
      operands: [
        { name: 'x', dims: [T, B, I], values: noise(12, 1) },
        { name: 'w', dims: [1, 8, I], values: noise(16, 2) },
        { name: 'r', dims: [1, 8, H], values: noise(16, 3) },
      ],
      build: (g) => {
        const [, last] = g.ops('LSTM', ['x', 'w', 'r'], ['', 'last'], { hidden_size: H });
        return [{ value: last!, dims: [1, B, H] }];
      },
    });
  });
});
