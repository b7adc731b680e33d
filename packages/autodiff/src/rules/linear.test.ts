import fc from 'fast-check';
import { describe, test } from 'vitest';
import { type AttributeInput, float } from '../index.ts';
import { checkGradients, noise } from '../testing/gradient-check.ts';

const count = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
const operand = (name: string, dims: readonly number[], seed: number) => ({
  name,
  dims,
  values: noise(count(dims), seed),
});
/** The runtime computes convolutions in float32 only; being linear, they bear large difference steps. */
const LINEAR_32 = { precision: 'float32', step: 0.5, tolerance: 1e-4 } as const;

describe('products agree with central differences', () => {
  test('MatMul of every rank and broadcasting, vectors and empty matrices included', async () => {
    const cases: [number[], number[], number[]][] = [
      [
        [2, 3],
        [3, 4],
        [2, 4],
      ],
      [
        [0, 3],
        [3, 4],
        [0, 4],
      ],
      [
        [2, 0],
        [0, 4],
        [2, 4],
      ],
      [
        [5, 2, 3],
        [3, 4],
        [5, 2, 4],
      ],
      [
        [5, 2, 3],
        [5, 3, 4],
        [5, 2, 4],
      ],
      [
        [2, 3],
        [5, 3, 4],
        [5, 2, 4],
      ],
      [
        [2, 1, 2, 3],
        [3, 3, 2],
        [2, 3, 2, 2],
      ],
      [[3], [3], []],
      [[3], [3, 4], [4]],
      [[2, 3], [3], [2]],
      [[3], [5, 3, 4], [5, 4]],
      [[5, 2, 3], [3], [5, 2]],
    ];
    for (const [a, b, out] of cases) {
      await checkGradients({
        operands: [operand('a', a, 1), operand('b', b, 2)],
        build: (g) => [{ value: g.op('MatMul', ['a', 'b']), dims: out }],
      });
    }
  });

  test('Gemm with every transposition, scale and bias shape', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.boolean(),
        fc.boolean(),
        fc.constantFrom([4], [1], [2, 4], [2, 1], [1, 4], []),
        fc.constantFrom(1, 0.5),
        async (ta, tb, bias, scale) => {
          await checkGradients({
            operands: [
              operand('a', ta ? [3, 2] : [2, 3], 1),
              operand('b', tb ? [4, 3] : [3, 4], 2),
              operand('c', bias, 3),
            ],
            build: (g) => {
              const attributes: Record<string, AttributeInput> = {
                transA: Number(ta),
                transB: Number(tb),
                alpha: float(scale),
                beta: float(scale * 2),
              };
              return [{ value: g.op('Gemm', ['a', 'b', 'c'], attributes), dims: [2, 4] }];
            },
          });
        },
      ),
      { numRuns: 24 },
    );
  });

  test('Einsum: products, batches, outer products and sums of one operand', async () => {
    const cases: [string, number[], number[], number[]][] = [
      ['ij,jk->ik', [2, 3], [3, 4], [2, 4]],
      ['bhqd,bhkd->bhqk', [1, 2, 3, 2], [1, 2, 2, 2], [1, 2, 3, 2]],
      ['i,j->ij', [3], [2], [3, 2]],
      ['ij,k->k', [2, 3], [2], [2]],
    ];
    for (const [equation, a, b, out] of cases) {
      await checkGradients({
        operands: [operand('a', a, 1), operand('b', b, 2)],
        build: (g) => [{ value: g.op('Einsum', ['a', 'b'], { equation }), dims: out }],
      });
    }
  });
});

/** A convolution's geometry: the kernel always fits. */
const geometry = fc
  .record({
    rank: fc.integer({ min: 1, max: 3 }),
    group: fc.constantFrom(1, 1, 2, 3),
    perIn: fc.integer({ min: 1, max: 2 }),
    perOut: fc.integer({ min: 1, max: 2 }),
    batch: fc.integer({ min: 1, max: 3 }),
    axes: fc.array(
      fc.record({
        size: fc.integer({ min: 5, max: 8 }),
        kernel: fc.integer({ min: 1, max: 3 }),
        stride: fc.integer({ min: 1, max: 3 }),
        dilation: fc.integer({ min: 1, max: 2 }),
        begin: fc.integer({ min: 0, max: 2 }),
        end: fc.integer({ min: 0, max: 2 }),
      }),
      { minLength: 3, maxLength: 3 },
    ),
  })
  .map((drawn) => {
    // Three-dimensional cases are kept small, or differences would take minutes.
    const axes = drawn.axes
      .slice(0, drawn.rank)
      .map((axis) => (drawn.rank === 3 ? { ...axis, size: 3, dilation: 1 } : axis));
    return { ...drawn, axes };
  });

describe('convolutions agree with central differences', () => {
  test('Conv over ranks, groups, strides, dilations, and uneven pads, sizes known or free', async () => {
    await fc.assert(
      fc.asyncProperty(geometry, fc.boolean(), async ({ group, perIn, perOut, batch, axes }, dynamic) => {
        const x = [batch, group * perIn, ...axes.map((a) => a.size)];
        const w = [group * perOut, perIn, ...axes.map((a) => a.kernel)];
        const out = axes.map(
          (a) => Math.floor((a.size + a.begin + a.end - (a.kernel - 1) * a.dilation - 1) / a.stride) + 1,
        );
        await checkGradients({
          ...LINEAR_32,
          operands: [operand('x', x, 1), operand('w', w, 2), operand('b', [group * perOut], 3)],
          build: (g) => {
            const attributes = {
              strides: axes.map((a) => a.stride),
              dilations: axes.map((a) => a.dilation),
              pads: [...axes.map((a) => a.begin), ...axes.map((a) => a.end)],
              group,
            };
            const data = dynamic ? hideShape(g, 'x', x) : 'x';
            return [{ value: g.op('Conv', [data, 'w', 'b'], attributes), dims: [batch, w[0]!, ...out] }];
          },
        });
      }),
      { numRuns: 25, endOnFailure: true },
    );
  });

  test('Conv with automatic padding', async () => {
    for (const auto_pad of ['SAME_UPPER', 'SAME_LOWER', 'VALID']) {
      const out = auto_pad === 'VALID' ? [2, 3] : [3, 4];
      await checkGradients({
        ...LINEAR_32,
        operands: [operand('x', [2, 1, 5, 7], 1), operand('w', [2, 1, 2, 3], 2)],
        build: (g) => [
          { value: g.op('Conv', ['x', 'w'], { auto_pad, strides: [2, 2] }), dims: [2, 2, ...out] },
        ],
      });
    }
  });

  test('ConvTranspose over groups, strides, dilations, pads and output padding', async () => {
    await fc.assert(
      fc.asyncProperty(
        geometry,
        fc.integer({ min: 0, max: 1 }),
        async ({ group, perIn, perOut, batch, axes: drawn }, extra) => {
          const axes = drawn.map((a) => ({
            ...a,
            size: 3,
            begin: Math.min(1, a.begin),
            end: Math.min(1, a.end),
            extra: a.stride > extra ? extra : 0,
          }));
          const x = [batch, group * perIn, ...axes.map((a) => a.size)];
          const w = [group * perIn, perOut, ...axes.map((a) => a.kernel)];
          const out = axes.map(
            (a) => a.stride * (a.size - 1) + a.extra + (a.kernel - 1) * a.dilation + 1 - a.begin - a.end,
          );
          await checkGradients({
            ...LINEAR_32,
            operands: [operand('x', x, 1), operand('w', w, 2), operand('b', [group * perOut], 3)],
            build: (g) => {
              const attributes = {
                strides: axes.map((a) => a.stride),
                dilations: axes.map((a) => a.dilation),
                pads: [...axes.map((a) => a.begin), ...axes.map((a) => a.end)],
                output_padding: axes.map((a) => a.extra),
                group,
              };
              return [
                {
                  value: g.op('ConvTranspose', ['x', 'w', 'b'], attributes),
                  dims: [batch, group * perOut, ...out],
                },
              ];
            },
          });
        },
      ),
      { numRuns: 20, endOnFailure: true },
    );
  });
});

/** Makes dimensions unknown to inference, as in a model whose sizes are free. */
function hideShape(g: import('../index.ts').GraphBuilder, value: string, dims: readonly number[]): string {
  const shape = g.constant([dims.length], BigInt64Array.from(dims, BigInt));
  const twice = g.op('Mul', [g.op('Cast', [shape], { to: 1 }), g.constant([], Float32Array.of(1))]);
  return g.op('Reshape', [value, g.op('Cast', [twice], { to: 7 })], { allowzero: 1 });
}

describe('pooling agrees with central differences', () => {
  const window = fc.record({
    kernel: fc.integer({ min: 1, max: 3 }),
    stride: fc.integer({ min: 1, max: 3 }),
    begin: fc.integer({ min: 0, max: 1 }),
    end: fc.integer({ min: 0, max: 1 }),
    size: fc.integer({ min: 4, max: 7 }),
  });
  const windows = fc.array(window, { minLength: 1, maxLength: 2 }).map((axes) =>
    // Pads must stay below the kernel size.
    axes.map((a) => ({ ...a, begin: Math.min(a.begin, a.kernel - 1), end: Math.min(a.end, a.kernel - 1) })),
  );
  const outSize = (
    a: { size: number; begin: number; end: number; kernel: number; stride: number },
    ceil: boolean,
  ) => {
    const span = a.size + a.begin + a.end - a.kernel;
    if (!ceil) return Math.floor(span / a.stride) + 1;
    const out = Math.ceil(span / a.stride) + 1;
    return (out - 1) * a.stride >= a.size + a.begin ? out - 1 : out;
  };

  for (const op of ['MaxPool', 'AveragePool', 'LpPool']) {
    for (const hidden of [false, true]) {
      test(`${op} over kernels, strides, pads and rounding, sizes ${hidden ? 'free' : 'known'}`, async () => {
        await fc.assert(
          fc.asyncProperty(windows, fc.boolean(), fc.boolean(), async (axes, ceil, includePad) => {
            if (hidden && ceil && op === 'AveragePool') return;
            if (op === 'LpPool' && ceil) return;
            // The runtime's shape inference counts windows that lie wholly in the padding; its kernels do not.
            if (
              ceil &&
              axes.some(
                (a) => outSize(a, true) !== Math.ceil((a.size + a.begin + a.end - a.kernel) / a.stride) + 1,
              )
            )
              return;
            const x = [2, 2, ...axes.map((a) => a.size)];
            const out = axes.map((a) => outSize(a, ceil));
            await checkGradients({
              // Maxima change hands within large steps; averages are linear.
              ...(op === 'AveragePool' ? LINEAR_32 : { precision: 'float32', step: 1e-3, tolerance: 2e-2 }),
              operands: [{ name: 'x', dims: x, values: permutation(count(x)) }],
              build: (g) => {
                const attributes: Record<string, AttributeInput> = {
                  kernel_shape: axes.map((a) => a.kernel),
                  strides: axes.map((a) => a.stride),
                  pads: [...axes.map((a) => a.begin), ...axes.map((a) => a.end)],
                };
                if (op !== 'LpPool') attributes.ceil_mode = Number(ceil);
                if (op === 'AveragePool') attributes.count_include_pad = Number(includePad);
                const data = hidden ? hideShape(g, 'x', x) : 'x';
                return [{ value: g.op(op, [data], attributes), dims: [2, 2, ...out] }];
              },
            });
          }),
          { numRuns: 20, endOnFailure: true },
        );
      });
    }
  }

  test('global pooling, over one to three axes', async () => {
    for (const op of ['GlobalAveragePool', 'GlobalMaxPool', 'GlobalLpPool']) {
      for (const spatial of [[3], [2, 3], [2, 2, 2]]) {
        const dims = [2, 3, ...spatial];
        await checkGradients({
          precision: 'float32',
          operands: [{ name: 'x', dims, values: permutation(count(dims)) }],
          build: (g) => [{ value: g.op(op, ['x']), dims: [2, 3, ...spatial.map(() => 1)] }],
        });
      }
    }
  });
});

/** Distinct values of both signs in a scrambled order, so that maxima are unique and far apart. */
function permutation(length: number): number[] {
  const order = noise(length, 11)
    .map((value, i) => [value, i] as const)
    .sort((a, b) => a[0] - b[0]);
  const values = Array<number>(length);
  for (const [rank, [, i]] of order.entries())
    values[i] = (rank - length / 2 + 0.25) / Math.max(8, length / 4);
  return values;
}
