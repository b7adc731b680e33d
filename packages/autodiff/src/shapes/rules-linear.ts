import { intAttribute, intsAttribute, stringAttribute } from '../onnx/attributes.ts';
import type { Dim, Shape } from '../onnx/model.ts';
import {
  broadcast,
  type InferContext,
  type InferRule,
  normalizeAxis,
  staticShape,
  type ValueType,
} from './types.ts';
import { slideSizes, windowOf } from './windows.ts';

const firstType = (ctx: InferContext, shape: Shape | undefined): ValueType => ({
  dtype: ctx.input(0)?.dtype ?? 1,
  shape,
});

const matmul: InferRule = (ctx) => {
  const a = ctx.shape(0);
  const b = ctx.shape(1);
  if (!a || !b || a.length === 0 || b.length === 0) return [firstType(ctx, undefined)];
  const batch = broadcast([a.slice(0, -2), b.slice(0, -2)], ctx.fresh)!;
  const rows = a.length > 1 ? [a.at(-2)!] : [];
  const columns = b.length > 1 ? [b.at(-1)!] : [];
  return [firstType(ctx, [...batch, ...rows, ...columns])];
};

const gemm: InferRule = (ctx) => {
  const a = ctx.shape(0);
  const b = ctx.shape(1);
  if (!a || !b) return [firstType(ctx, undefined)];
  const rows = a[intAttribute(ctx.node, 'transA', 0)]!;
  const columns = b[1 - intAttribute(ctx.node, 'transB', 0)]!;
  return [firstType(ctx, [rows, columns])];
};

const conv: InferRule = (ctx) => {
  const x = ctx.shape(0);
  const w = ctx.shape(1);
  const kernel = staticShape(w?.slice(2)) ?? intsAttribute(ctx.node, 'kernel_shape');
  if (!x || !w || !kernel) return [firstType(ctx, undefined)];
  const window = windowOf(ctx.node, kernel, x);
  const spatial = window ? slideSizes(window, x.slice(2), ctx.fresh) : x.slice(2).map(() => ctx.fresh());
  return [firstType(ctx, [x[0]!, w[0]!, ...spatial])];
};

const convTranspose: InferRule = (ctx) => {
  const x = ctx.shape(0);
  const w = ctx.shape(1);
  const kernel = staticShape(w?.slice(2)) ?? intsAttribute(ctx.node, 'kernel_shape');
  if (!x || !w || !kernel) return [firstType(ctx, undefined)];
  const perGroup = w[1]!;
  const group = intAttribute(ctx.node, 'group', 1);
  const channels = typeof perGroup === 'number' ? perGroup * group : ctx.fresh();
  const given = intsAttribute(ctx.node, 'output_shape');
  const padding = intsAttribute(ctx.node, 'output_padding');
  const window = windowOf(ctx.node, kernel, undefined);
  const same = stringAttribute(ctx.node, 'auto_pad', 'NOTSET').startsWith('SAME');
  const spatial = x.slice(2).map((size, axis): Dim => {
    if (given) return given[axis]!;
    if (typeof size !== 'number' || (!window && !same)) return ctx.fresh();
    if (same) return size * (intsAttribute(ctx.node, 'strides')?.[axis] ?? 1);
    const span = (kernel[axis]! - 1) * window!.dilations[axis]! + 1;
    const pads = window!.padsBegin[axis]! + window!.padsEnd[axis]!;
    return window!.strides[axis]! * (size - 1) + (padding?.[axis] ?? 0) + span - pads;
  });
  return [firstType(ctx, [x[0]!, channels, ...spatial])];
};

const pool: InferRule = (ctx) => {
  const x = ctx.shape(0);
  const kernel = intsAttribute(ctx.node, 'kernel_shape');
  if (!x || !kernel) return [firstType(ctx, undefined)];
  const window = windowOf(ctx.node, kernel, x);
  const spatial = window ? slideSizes(window, x.slice(2), ctx.fresh) : x.slice(2).map(() => ctx.fresh());
  const shape = [...x.slice(0, 2), ...spatial];
  return [firstType(ctx, shape), { dtype: 7, shape }];
};

const globalPool: InferRule = (ctx) => {
  const x = ctx.shape(0);
  return [
    firstType(
      ctx,
      x?.map((dim, axis) => (axis < 2 ? dim : 1)),
    ),
  ];
};

const layerNorm: InferRule = (ctx) => {
  const x = ctx.shape(0);
  const axis = x && normalizeAxis(intAttribute(ctx.node, 'axis', -1), x.length);
  const stats = x?.map((dim, at) => (at < axis! ? dim : 1));
  return [firstType(ctx, x), firstType(ctx, stats), firstType(ctx, stats)];
};

const batchNorm: InferRule = (ctx) => [
  firstType(ctx, ctx.shape(0)),
  firstType(ctx, ctx.shape(3)),
  firstType(ctx, ctx.shape(4)),
];

/** LSTM, GRU and RNN: Y [T, D, B, H], Y_h and Y_c [D, B, H]. */
const recurrent: InferRule = (ctx) => {
  const x = ctx.shape(0);
  const r = ctx.shape(2);
  if (!x || !r) return [firstType(ctx, undefined), firstType(ctx, undefined), firstType(ctx, undefined)];
  const [time, batch] = x as [Dim, Dim];
  const state = [r[0]!, batch, r[2]!];
  return [firstType(ctx, [time, ...state]), firstType(ctx, state), firstType(ctx, state)];
};

const einsum: InferRule = (ctx) => {
  const equation = stringAttribute(ctx.node, 'equation', '').replaceAll(' ', '');
  const [left, right] = equation.split('->');
  if (right === undefined || equation.includes('.')) return [firstType(ctx, undefined)];
  const sizes = new Map<string, Dim>();
  left!.split(',').forEach((term, i) => {
    const shape = ctx.shape(i);
    [...term].forEach((letter, axis) => {
      const dim = shape?.[axis];
      const known = sizes.get(letter);
      // A size of 1 is repeated to that of the other operand.
      if (typeof dim === 'number' && (typeof known !== 'number' || dim > known)) sizes.set(letter, dim);
      else if (dim !== undefined && known === undefined) sizes.set(letter, dim);
    });
  });
  return [
    firstType(
      ctx,
      [...right].map((letter) => sizes.get(letter) ?? ctx.fresh()),
    ),
  ];
};

/** Shapes of products, convolutions, pooling, normalisation and recurrent operators. */
export const linearShapes: Readonly<Record<string, InferRule>> = {
  MatMul: matmul,
  Gemm: gemm,
  Conv: conv,
  ConvTranspose: convTranspose,
  MaxPool: pool,
  AveragePool: pool,
  LpPool: pool,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  GlobalLpPool: globalPool,
  LayerNormalization: layerNorm,
  BatchNormalization: batchNorm,
  LSTM: recurrent,
  GRU: recurrent,
  RNN: recurrent,
  Einsum: einsum,
};
