import { intAttribute, intsAttribute } from '../attributes.ts';
import { tensorNumbers } from '../builder.ts';
import { DataType, type Dim, type Shape } from '../model.ts';
import {
  broadcast,
  dimProduct,
  type InferContext,
  type InferRule,
  normalizeAxis,
  type ValueType,
} from './types.ts';

const typed = (ctx: InferContext, shape: Shape | undefined, ints?: readonly Dim[]): ValueType => ({
  dtype: ctx.input(0)?.dtype ?? 1,
  shape,
  ints,
});

/** Axes from an input (newer opsets) or an attribute (older); `undefined` when known only at run time. */
function axesOf(ctx: InferContext, rank: number): readonly number[] | undefined {
  const axes = ctx.node.inputs[1] ? ctx.numbers(1) : intsAttribute(ctx.node, 'axes');
  return axes?.map((axis) => normalizeAxis(axis, rank));
}

const reshape: InferRule = (ctx) => {
  const x = ctx.shape(0);
  const wanted = ctx.input(1)?.ints;
  const length = ctx.shape(1)?.[0];
  if (!wanted) {
    return [typed(ctx, typeof length === 'number' ? Array.from({ length }, () => ctx.fresh()) : undefined)];
  }
  const keepZero = intAttribute(ctx.node, 'allowzero', 0) === 1;
  const dims = wanted.map((dim, axis): Dim => (dim === 0 && !keepZero ? (x?.[axis] ?? ctx.fresh()) : dim));
  const hole = dims.indexOf(-1);
  if (hole >= 0)
    dims[hole] = holeSize(
      x,
      dims.filter((_, axis) => axis !== hole),
      ctx.fresh,
    );
  return [typed(ctx, dims, ctx.input(0)?.ints)];
};

/** Size of the `-1` of a reshape: names on both sides cancel, the rest must divide. */
function holeSize(x: Shape | undefined, others: readonly Dim[], fresh: () => string): Dim {
  if (!x) return fresh();
  const left = [...x];
  const right = others.filter((dim) => {
    const at = typeof dim === 'string' ? left.indexOf(dim) : -1;
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  if (right.some((dim) => typeof dim === 'string')) return fresh();
  const divisor = right.reduce<number>((product, dim) => product * (dim as number), 1);
  const names = left.filter((dim) => typeof dim === 'string');
  const numbers = left.reduce<number>((product, dim) => product * (typeof dim === 'number' ? dim : 1), 1);
  if (divisor === 0) return 0;
  if (names.length === 0) return numbers / divisor;
  return names.length === 1 && numbers === divisor ? names[0]! : fresh();
}

const flatten: InferRule = (ctx) => {
  const x = ctx.shape(0);
  if (!x) return [typed(ctx, [ctx.fresh(), ctx.fresh()])];
  const axis = normalizeAxis(intAttribute(ctx.node, 'axis', 1), x.length);
  return [typed(ctx, [dimProduct(x.slice(0, axis), ctx.fresh), dimProduct(x.slice(axis), ctx.fresh)])];
};

const transpose: InferRule = (ctx) => {
  const x = ctx.shape(0);
  const perm = intsAttribute(ctx.node, 'perm') ?? x?.map((_, axis) => x.length - 1 - axis);
  return [typed(ctx, x && perm?.map((axis) => x[axis]!))];
};

const squeeze: InferRule = (ctx) => {
  const x = ctx.shape(0);
  const axes =
    x && (ctx.node.inputs[1] || ctx.node.attributes.has('axes') ? axesOf(ctx, x.length) : undefined);
  if (!x) return [typed(ctx, undefined, ctx.input(0)?.ints)];
  if (axes)
    return [
      typed(
        ctx,
        x.filter((_, axis) => !axes.includes(axis)),
        ctx.input(0)?.ints,
      ),
    ];
  const known = !ctx.node.inputs[1] && x.every((dim) => typeof dim === 'number');
  return [typed(ctx, known ? x.filter((dim) => dim !== 1) : undefined, ctx.input(0)?.ints)];
};

const unsqueeze: InferRule = (ctx) => {
  const x = ctx.shape(0);
  const count = ctx.numbers(1)?.length ?? intsAttribute(ctx.node, 'axes')?.length;
  if (!x || count === undefined) return [typed(ctx, undefined, ctx.input(0)?.ints)];
  const axes = axesOf(ctx, x.length + count);
  const rest = [...x];
  const shape = Array.from({ length: x.length + count }, (_, axis) =>
    axes?.includes(axis) ? 1 : rest.shift()!,
  );
  return [typed(ctx, shape, ctx.input(0)?.ints)];
};

const concat: InferRule = (ctx) => {
  const shapes = ctx.node.inputs.map((_, i) => ctx.shape(i));
  const first = shapes.find((shape) => shape);
  if (!first || shapes.some((shape) => !shape))
    return [
      typed(
        ctx,
        first?.map(() => ctx.fresh()),
      ),
    ];
  const axis = normalizeAxis(intAttribute(ctx.node, 'axis', 0), first.length);
  const along = shapes.map((shape) => shape![axis]!);
  const total = along.every((dim) => typeof dim === 'number')
    ? along.reduce((a, b) => a + b, 0)
    : ctx.fresh();
  const parts = ctx.node.inputs.map((_, i) => ctx.input(i)?.ints);
  const ints =
    parts.every((part) => part) && first.length === 1 ? parts.flatMap((part) => [...part!]) : undefined;
  return [
    typed(
      ctx,
      first.map((dim, at) => (at === axis ? total : dim)),
      ints,
    ),
  ];
};

const split: InferRule = (ctx) => {
  const x = ctx.shape(0);
  const count = ctx.node.outputs.length;
  if (!x) return ctx.node.outputs.map(() => typed(ctx, undefined));
  const axis = normalizeAxis(intAttribute(ctx.node, 'axis', 0), x.length);
  const sizes = ctx.node.inputs[1] ? ctx.numbers(1) : intsAttribute(ctx.node, 'split');
  const dim = x[axis]!;
  return ctx.node.outputs.map((_, i) => {
    let size: Dim | undefined = sizes?.[i];
    if (!sizes && !ctx.node.inputs[1] && typeof dim === 'number') {
      const chunk = Math.ceil(dim / count);
      size = Math.max(0, Math.min(chunk, dim - i * chunk));
    }
    return typed(
      ctx,
      x.map((d, at) => (at === axis ? (size ?? ctx.fresh()) : d)),
    );
  });
};

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
    const picked = sliceIndices(size, start, end, step);
    shape[axis] = picked.length;
    ints = ints && picked.map((at) => ints![at]!);
  });
  return [typed(ctx, shape, ints)];
};

/** Positions a slice picks from an axis, as numpy clamps them. */
function sliceIndices(size: number, start: number, end: number, step: number): number[] {
  const clamp = (at: number, low: number, high: number): number =>
    Math.min(high, Math.max(low, at < 0 ? at + size : at));
  const picked: number[] = [];
  if (step > 0) for (let at = clamp(start, 0, size); at < clamp(end, 0, size); at += step) picked.push(at);
  else for (let at = clamp(start, -1, size - 1); at > clamp(end, -1, size - 1); at += step) picked.push(at);
  return picked;
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

const expand: InferRule = (ctx) => {
  const wanted = ctx.input(1)?.ints;
  const length = ctx.shape(1)?.[0];
  const x = ctx.shape(0);
  if (!wanted || !x) {
    const rank = typeof length === 'number' && x ? Math.max(length, x.length) : undefined;
    return [typed(ctx, rank === undefined ? undefined : Array.from({ length: rank }, () => ctx.fresh()))];
  }
  return [typed(ctx, broadcast([x, wanted], ctx.fresh))];
};

const tile: InferRule = (ctx) => {
  const x = ctx.shape(0);
  const repeats = ctx.numbers(1);
  const dims = x?.map((dim, axis): Dim => {
    const times = repeats?.[axis];
    if (times === 1) return dim;
    return typeof dim === 'number' && times !== undefined ? dim * times : ctx.fresh();
  });
  return [typed(ctx, dims)];
};

const pad: InferRule = (ctx) => {
  const x = ctx.shape(0);
  const pads = ctx.node.inputs[1] ? ctx.numbers(1) : intsAttribute(ctx.node, 'pads');
  if (!x || !pads)
    return [
      typed(
        ctx,
        x?.map(() => ctx.fresh()),
      ),
    ];
  const axes = ctx.node.inputs[3]
    ? ctx.numbers(3)?.map((axis) => normalizeAxis(axis, x.length))
    : x.map((_, i) => i);
  if (!axes)
    return [
      typed(
        ctx,
        x.map(() => ctx.fresh()),
      ),
    ];
  const shape = x.map((dim, axis): Dim => {
    const at = axes.indexOf(axis);
    const extra = at < 0 ? 0 : pads[at]! + pads[at + axes.length]!;
    if (extra === 0) return dim;
    return typeof dim === 'number' ? dim + extra : ctx.fresh();
  });
  return [typed(ctx, shape)];
};

const reduce: InferRule = (ctx) => {
  const x = ctx.shape(0);
  if (!x) return [typed(ctx, undefined)];
  const given = ctx.node.inputs[1] || ctx.node.attributes.has('axes');
  let axes = given ? axesOf(ctx, x.length) : undefined;
  if (given && !axes) return [typed(ctx, undefined)];
  if (!axes || axes.length === 0) {
    if (intAttribute(ctx.node, 'noop_with_empty_axes', 0) === 1) return [typed(ctx, x)];
    axes = x.map((_, axis) => axis);
  }
  const keep = intAttribute(ctx.node, 'keepdims', 1) === 1;
  const shape = keep
    ? x.map((d, at) => (axes.includes(at) ? 1 : d))
    : x.filter((_, at) => !axes.includes(at));
  const values = ctx.input(0)?.ints;
  const numbers = values?.every((value) => typeof value === 'number') ? values : undefined;
  const ints =
    ctx.node.op === 'ReduceProd' && values
      ? [numbers ? numbers.reduce((a, b) => a * b, 1) : dimProduct(values, ctx.fresh)]
      : undefined;
  return [typed(ctx, shape, ints)];
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
  const shape = ints ?? (typeof length === 'number' ? Array.from({ length }, () => ctx.fresh()) : undefined);
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

const range: InferRule = (ctx) => {
  const [start, limit, delta] = [ctx.numbers(0)?.[0], ctx.numbers(1)?.[0], ctx.numbers(2)?.[0]];
  const known = start !== undefined && limit !== undefined && delta;
  return [typed(ctx, [known ? Math.max(0, Math.ceil((limit - start) / delta)) : ctx.fresh()])];
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

const resize: InferRule = (ctx) => {
  const x = ctx.shape(0);
  const sizes = ctx.node.inputs[3] ? ctx.input(3)?.ints : undefined;
  if (sizes && sizes.length === x?.length) return [typed(ctx, sizes)];
  const scales = ctx.node.inputs[2] ? ctx.numbers(2) : undefined;
  const dims = x?.map((dim, axis): Dim => {
    const scale = scales?.length === x.length ? scales[axis] : undefined;
    if (scale === 1) return dim;
    return scale !== undefined && typeof dim === 'number' ? Math.floor(dim * scale) : ctx.fresh();
  });
  return [typed(ctx, dims)];
};

const blocks =
  (grow: boolean): InferRule =>
  (ctx) => {
    const b = intAttribute(ctx.node, 'blocksize', 1);
    const scale = [1, grow ? 1 / (b * b) : b * b, grow ? b : 1 / b, grow ? b : 1 / b];
    return [
      typed(
        ctx,
        ctx.shape(0)?.map((d, i) => (i === 0 ? d : typeof d === 'number' ? d * scale[i]! : ctx.fresh())),
      ),
    ];
  };

const topK: InferRule = (ctx) => {
  const x = ctx.shape(0);
  const axis = x && normalizeAxis(intAttribute(ctx.node, 'axis', -1), x.length);
  const shape = x?.map((d, i) => (i === axis ? (ctx.numbers(1)?.[0] ?? ctx.fresh()) : d));
  return [typed(ctx, shape), { dtype: DataType.int64, shape }];
};

const REDUCTIONS = `ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd
  ReduceSum ReduceSumSquare`.split(/\s+/);

/** Shapes of operators that move, pick, repeat or reduce elements, and of shape arithmetic itself. */
export const layoutShapes: Readonly<Record<string, InferRule>> = {
  ...Object.fromEntries(REDUCTIONS.map((op) => [op, reduce])),
  Reshape: reshape,
  Flatten: flatten,
  Transpose: transpose,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Concat: concat,
  Split: split,
  Slice: slice,
  Gather: gather,
  GatherElements: (ctx) => [typed(ctx, ctx.shape(1))],
  GatherND: gatherND,
  Expand: expand,
  Tile: tile,
  Pad: pad,
  ArgMax: argReduce,
  ArgMin: argReduce,
  Shape: shapeOp,
  Size: size,
  ConstantOfShape: constantOfShape,
  Range: range,
  OneHot: oneHot,
  Resize: resize,
  DepthToSpace: blocks(true),
  SpaceToDepth: blocks(false),
  TopK: topK,
  NonZero: (ctx) => [{ dtype: DataType.int64, shape: [ctx.shape(0)?.length ?? ctx.fresh(), ctx.fresh()] }],
};
