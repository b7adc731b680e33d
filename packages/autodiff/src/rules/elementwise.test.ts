import fc from 'fast-check';
import { describe, test } from 'vitest';
import { type AttributeInput, float } from '../index.ts';
import { checkGradients, noise } from '../testing/gradient-check.ts';

/** Values at least `gap` away from every kink, where one-sided slopes differ. */
function away(values: number[], kinks: readonly number[], gap = 0.05): number[] {
  return values.map((value) => {
    const near = kinks.find((kink) => Math.abs(value - kink) < gap);
    return near === undefined ? value : near + (value >= near ? gap : -gap);
  });
}

interface Case {
  op: string;
  attributes?: Record<string, AttributeInput>;
  scale?: number;
  shift?: number;
  kinks?: readonly number[];
  precision?: 'float32';
  opset?: number;
}

const CASES: Case[] = [
  { op: 'Identity' },
  { op: 'Neg' },
  { op: 'Abs', kinks: [0] },
  { op: 'Reciprocal', shift: 2 },
  { op: 'Sqrt', shift: 2 },
  { op: 'Exp' },
  { op: 'Log', shift: 2 },
  { op: 'Sin', scale: 3 },
  { op: 'Cos', scale: 3 },
  { op: 'Tan', precision: 'float32' },
  { op: 'Atan', precision: 'float32' },
  { op: 'Sinh', precision: 'float32' },
  { op: 'Cosh', precision: 'float32' },
  { op: 'Relu', kinks: [0] },
  { op: 'LeakyRelu', attributes: { alpha: float(0.2) }, kinks: [0], precision: 'float32' },
  { op: 'Sigmoid', scale: 4 },
  { op: 'Tanh', scale: 2 },
  { op: 'Erf', precision: 'float32' },
  { op: 'Gelu', opset: 20, scale: 3, precision: 'float32' },
  { op: 'Gelu', opset: 20, attributes: { approximate: 'tanh' }, scale: 3, precision: 'float32' },
  { op: 'HardSigmoid', scale: 5, kinks: [-2.5, 2.5], precision: 'float32' },
  {
    op: 'HardSigmoid',
    attributes: { alpha: float(0.5), beta: float(0.3) },
    scale: 3,
    kinks: [-0.6, 1.4],
    precision: 'float32',
  },
  { op: 'HardSwish', scale: 5, kinks: [-3, 3], precision: 'float32' },
  { op: 'Elu', attributes: { alpha: float(0.7) }, kinks: [0], precision: 'float32' },
  { op: 'Selu', kinks: [0], precision: 'float32' },
  { op: 'Celu', attributes: { alpha: float(1.5) }, kinks: [0], precision: 'float32' },
  { op: 'Mish', scale: 3, precision: 'float32' },
  { op: 'Softplus', scale: 3, precision: 'float32' },
  { op: 'Softsign', kinks: [0], precision: 'float32' },
  { op: 'ThresholdedRelu', attributes: { alpha: float(0.2) }, kinks: [0.2], precision: 'float32' },
  {
    op: 'Shrink',
    attributes: { lambd: float(0.3), bias: float(0.1) },
    kinks: [-0.3, 0.3],
    precision: 'float32',
  },
];

const shapes = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 0, maxLength: 3 });
const count = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

describe('functions of one element agree with central differences', () => {
  for (const { op, attributes = {}, scale = 1, shift = 0, kinks = [], precision, opset } of CASES) {
    test(`${op} ${Object.keys(attributes).join(' ')}`, async () => {
      await fc.assert(
        fc.asyncProperty(shapes, fc.nat(), async (dims, seed) => {
          const values = away(
            noise(count(dims), seed).map((v) => v * scale + shift),
            kinks,
          );
          await checkGradients({
            operands: [{ name: 'x', dims, values }],
            build: (g) => [{ value: g.op(op, ['x'], attributes), dims }],
            ...(precision ? { precision } : {}),
            ...(opset ? { opset } : {}),
          });
        }),
        { numRuns: 6 },
      );
    });
  }

  test('Clip with both, one and no bounds', async () => {
    for (const [low, high] of [
      [-0.4, 0.5],
      [-0.4, undefined],
      [undefined, 0.5],
      [undefined, undefined],
    ] as const) {
      await checkGradients({
        operands: [{ name: 'x', dims: [3, 4], values: away(noise(12, 3), [-0.4, 0.5]) }],
        build: (g) => {
          const bound = (value: number | undefined) =>
            value === undefined ? undefined : g.constant([], Float64Array.of(value));
          return [{ value: g.op('Clip', ['x', bound(low), bound(high)]), dims: [3, 4] }];
        },
      });
    }
  });

  test('PRelu for data and slope', async () => {
    await checkGradients({
      operands: [
        { name: 'x', dims: [2, 3, 2], values: away(noise(12, 4), [0]) },
        { name: 'slope', dims: [3, 1], values: noise(3, 5) },
      ],
      build: (g) => [{ value: g.op('PRelu', ['x', 'slope']), dims: [2, 3, 2] }],
    });
  });

  test('Cast between float types passes the gradient through', async () => {
    await checkGradients({
      operands: [{ name: 'x', dims: [5], values: noise(5, 6) }],
      build: (g) => [{ value: g.op('Cast', [g.op('Cast', ['x'], { to: 1 })], { to: 11 }), dims: [5] }],
      step: 1e-2,
      tolerance: 1e-4,
    });
  });
});

/** Two shapes that broadcast together, and their result. */
const broadcastable = fc
  .tuple(
    fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.constantFrom('both', 'left', 'right')), {
      maxLength: 3,
    }),
    fc.integer({ min: 0, max: 3 }),
    fc.boolean(),
  )
  .map(([axes, drop, dropLeft]) => {
    const result = axes.map(([size]) => size);
    const left = axes.map(([size, who]) => (who === 'right' ? 1 : size));
    const right = axes.map(([size, who]) => (who === 'left' ? 1 : size));
    // Leading axes may be absent altogether, provided the other operand has them.
    let lead = 0;
    while (lead < Math.min(drop, axes.length) && (dropLeft ? right : left)[lead] === result[lead]) lead++;
    return { result, left: dropLeft ? left.slice(lead) : left, right: dropLeft ? right : right.slice(lead) };
  });

describe('operators of two operands agree with central differences under every broadcasting', () => {
  for (const op of ['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Max', 'Min', 'Sum', 'Mean']) {
    test(op, async () => {
      await fc.assert(
        fc.asyncProperty(broadcastable, fc.nat(), async ({ left, right, result }, seed) => {
          const positive = op === 'Pow' || op === 'Div' ? 2 : 0;
          await checkGradients({
            operands: [
              { name: 'a', dims: left, values: noise(count(left), seed).map((v) => v + positive) },
              { name: 'b', dims: right, values: noise(count(right), seed + 1).map((v) => v + positive) },
            ],
            build: (g) => [{ value: g.op(op, ['a', 'b']), dims: result }],
            ...(op === 'Mean' ? { precision: 'float32' } : {}),
          });
        }),
        { numRuns: 12 },
      );
    });
  }

  test('Where sends the gradient to the side it took', async () => {
    await checkGradients({
      operands: [
        { name: 'a', dims: [2, 3], values: noise(6, 1) },
        { name: 'b', dims: [3], values: noise(3, 2) },
      ],
      build: (g) => {
        const mask = g.constant([2, 1], Uint8Array.of(1, 0));
        return [{ value: g.op('Where', [mask, 'a', 'b']), dims: [2, 3] }];
      },
    });
  });

  test('a value read several times gets the sum of what its readers contribute', async () => {
    await checkGradients({
      operands: [{ name: 'x', dims: [4], values: noise(4, 9) }],
      build: (g) => {
        const s = g.op('Sigmoid', ['x']);
        return [{ value: g.op('Add', [g.op('Mul', [s, 'x']), g.op('Mul', [s, s])]), dims: [4] }];
      },
    });
  });
});
