import { intAttribute, intsAttribute } from '../onnx/attributes.ts';
import { tensorNumbers } from '../onnx/builder.ts';
import { DataType } from '../onnx/model.ts';
import { dimProduct, type InferRule, normalizeAxis, typed, unknownDims } from './types.ts';

const slice: InferRule = (ctx) => {
  const x = ctx.shape(0);
  if (!x) return [typed(ctx, undefined)];
  const starts = ctx.numbers(1);
  const ends = ctx.numbers(2);
  const axes = ctx.node.inputs[3] ? ctx.numbers(3) : starts?.map((_, i) => i);
  const steps = ctx.node.inputs[4] ? ctx.numbers(4) : starts?.map(() => 1);
  if (!axes)
    return [
      typed(
        ctx,
        x.map(() => ctx.fresh()),
      ),
    ];
  const shape = [...x];
  let ints = ctx.input(0)?.ints;
  axes.forEach((raw, i) => {
    const axis = normalizeAxis(raw, x.length);
    const size = x[axis]!;
    const [start, end, step] = [starts?.[i], ends?.[i], steps?.[i]];
    if (start === 0 && step === 1 && end !== undefined && end >= 2 ** 31 - 1) return;
    if (typeof size !== 'number' || start === undefined || end === undefined || step === undefined) {
      // From the front of a named dimension: `x[:, :1]` is the common case with a known result.
      shape[axis] = ctx.fresh();
      ints = undefined;
      return;
    }
    const { first, count } = sliceRange(size, start, end, step);
    shape[axis] = count;
    ints = ints && Array.from({ length: count }, (_, k) => ints![first + k * step]!);
  });
  return [typed(ctx, shape, ints)];
};

/** First position and number of positions that a slice picks from an axis, as numpy clamps them. */
function sliceRange(
  size: number,
  start: number,
  end: number,
  step: number,
): { first: number; count: number } {
  const clamp = (at: number, low: number, high: number): number =>
    Math.min(high, Math.max(low, at < 0 ? at + size : at));
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const first = clamp(start, low, high);
  return { first, count: step === 0 ? 0 : Math.max(0, Math.ceil((clamp(end, low, high) - first) / step)) };
}

const gather: InferRule = (ctx) => {
  const data = ctx.shape(0);
  const indices = ctx.shape(1);
  if (!data || !indices) return [typed(ctx, undefined)];
  const axis = normalizeAxis(intAttribute(ctx.node, 'axis', 0), data.length);
  const values = ctx.input(0)?.ints;
  const at = ctx.numbers(1);
  const ints = values && at ? at.map((i) => values.at(i) ?? ctx.fresh()) : undefined;
  return [typed(ctx, [...data.slice(0, axis), ...indices, ...data.slice(axis + 1)], ints)];
};

const gatherND: InferRule = (ctx) => {
  const data = ctx.shape(0);
  const indices = ctx.shape(1);
  const depth = indices?.at(-1);
  if (!data || !indices || typeof depth !== 'number') return [typed(ctx, undefined)];
  const batch = intAttribute(ctx.node, 'batch_dims', 0);
  return [typed(ctx, [...indices.slice(0, -1), ...data.slice(batch + depth)])];
};

const argReduce: InferRule = (ctx) => {
  const x = ctx.shape(0);
  const axis = x && normalizeAxis(intAttribute(ctx.node, 'axis', 0), x.length);
  const keep = intAttribute(ctx.node, 'keepdims', 1) === 1;
  return [
    {
      dtype: DataType.int64,
      shape: keep ? x?.map((d, i) => (i === axis ? 1 : d)) : x?.filter((_, i) => i !== axis),
    },
  ];
};

const shapeOp: InferRule = (ctx) => {
  const x = ctx.shape(0);
  if (!x) return [{ dtype: DataType.int64, shape: [ctx.fresh()] }];
  const start = intAttribute(ctx.node, 'start', 0);
  const end = intAttribute(ctx.node, 'end', x.length);
  const ints = x.slice(start, end);
  return [{ dtype: DataType.int64, shape: [ints.length], ints }];
};

const size: InferRule = (ctx) => {
  const x = ctx.shape(0);
  return [{ dtype: DataType.int64, shape: [], ints: x && [dimProduct(x, ctx.fresh)] }];
};

const constantOfShape: InferRule = (ctx) => {
  const value = ctx.node.attributes.get('value');
  const dtype = value?.type === 'tensor' ? value.value.dtype : 1;
  const ints = ctx.input(0)?.ints;
  const length = ctx.shape(0)?.[0];
  const shape = ints ?? unknownDims(ctx, length);
  const fill = value?.type === 'tensor' ? tensorNumbers(value.value)[0] : undefined;
  const small =
    dtype === DataType.int64 && shape?.length === 1 && typeof shape[0] === 'number' && shape[0] <= 64;
  return [
    {
      dtype,
      shape,
      ints: small && fill !== undefined ? Array<number>(shape[0] as number).fill(fill) : undefined,
    },
  ];
};

/** Longest range whose contents are tracked: axes and positions. */
const RANGE_TRACKED = 64;

const range: InferRule = (ctx) => {
  const [start, limit, delta] = [ctx.numbers(0)?.[0], ctx.numbers(1)?.[0], ctx.numbers(2)?.[0]];
  const name = ctx.input(1)?.ints?.[0];
  if (start === 0 && delta === 1 && typeof name === 'string') return [typed(ctx, [name])];
  const integral = ctx.input(0)?.dtype === DataType.int64;
  const exact = [start, limit, delta].every((value) => Number.isSafeInteger(value));
  if (start === undefined || limit === undefined || !delta || (integral && !exact))
    return [typed(ctx, [ctx.fresh()])];
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  const ints =
    integral && count <= RANGE_TRACKED
      ? Array.from({ length: count }, (_, i) => start + i * delta)
      : undefined;
  return [typed(ctx, [count], ints)];
};

const oneHot: InferRule = (ctx) => {
  const indices = ctx.shape(0);
  if (!indices) return [undefined];
  const axis = normalizeAxis(intAttribute(ctx.node, 'axis', -1), indices.length + 1);
  const depth = ctx.numbers(1)?.[0] ?? ctx.fresh();
  return [
    { dtype: ctx.input(2)?.dtype ?? 1, shape: [...indices.slice(0, axis), depth, ...indices.slice(axis)] },
  ];
};

const topK: InferRule = (ctx) => {
  const x = ctx.shape(0);
  const axis = x && normalizeAxis(intAttribute(ctx.node, 'axis', -1), x.length);
  const shape = x?.map((d, i) => (i === axis ? (ctx.numbers(1)?.[0] ?? ctx.fresh()) : d));
  return [typed(ctx, shape), { dtype: DataType.int64, shape }];
};

/** Random numbers of a stated shape. */
const ofShape: InferRule = (ctx) => [
  { dtype: intAttribute(ctx.node, 'dtype', DataType.float32), shape: intsAttribute(ctx.node, 'shape') },
];

const multinomial: InferRule = (ctx) => {
  const rows = ctx.shape(0)?.[0];
  const shape = rows === undefined ? undefined : [rows, intAttribute(ctx.node, 'sample_size', 1)];
  return [{ dtype: intAttribute(ctx.node, 'dtype', DataType.int32), shape }];
};

/** Shapes of operators that pick elements, and of those that compute shapes and indices. */
export const indexingShapes: Readonly<Record<string, InferRule>> = {
  Slice: slice,
  Gather: gather,
  GatherElements: (ctx) => [typed(ctx, ctx.shape(1))],
  GatherND: gatherND,
  ArgMax: argReduce,
  ArgMin: argReduce,
  Shape: shapeOp,
  Size: size,
  ConstantOfShape: constantOfShape,
  Range: range,
  OneHot: oneHot,
  TopK: topK,
  RandomNormal: ofShape,
  RandomUniform: ofShape,
  Multinomial: multinomial,
  NonZero: (ctx) => [{ dtype: DataType.int64, shape: [ctx.shape(0)?.length ?? ctx.fresh(), ctx.fresh()] }],
};
