import { intAttribute, intsAttribute, stringAttribute } from '../onnx/attributes.ts';
import type { Dim, Shape } from '../onnx/model.ts';
import {
  broadcast,
  dimProduct,
  type InferContext,
  type InferRule,
  normalizeAxis,
  typed,
  unknownDims,
} from './types.ts';

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
    return [typed(ctx, unknownDims(ctx, length))];
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

const expand: InferRule = (ctx) => {
  const wanted = ctx.input(1)?.ints;
  const length = ctx.shape(1)?.[0];
  const x = ctx.shape(0);
  if (!wanted || !x) {
    const rank = typeof length === 'number' && x ? Math.max(length, x.length) : undefined;
    return [typed(ctx, unknownDims(ctx, rank))];
  }
  const shape = broadcast([x, wanted], ctx.fresh)!;
  const values = ctx.input(0)?.ints;
  const [count, ...more] = shape;
  const repeats = values?.length === 1 && typeof count === 'number' && count <= 128 && more.length === 0;
  // What is repeated once stays as it is; `checked` refuses contents that do not fit the shape.
  return [typed(ctx, shape, repeats ? Array<Dim>(count).fill(values[0]!) : values)];
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

const resize: InferRule = (ctx) => {
  const x = ctx.shape(0);
  const stretch = stringAttribute(ctx.node, 'keep_aspect_ratio_policy', 'stretch') === 'stretch';
  const crop = stringAttribute(ctx.node, 'coordinate_transformation_mode', '') === 'tf_crop_and_resize';
  if (!stretch || crop) return [typed(ctx, unknownDims(ctx, x?.length))];
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

const REDUCTIONS = `ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd
  ReduceSum ReduceSumSquare`.split(/\s+/);

/** Shapes of operators that move, repeat or reduce elements. */
export const layoutShapes: Readonly<Record<string, InferRule>> = {
  ...Object.fromEntries(REDUCTIONS.map((op) => [op, reduce])),
  Reshape: reshape,
  Flatten: flatten,
  Transpose: transpose,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Concat: concat,
  Split: split,
  Expand: expand,
  Tile: tile,
  Pad: pad,
  Resize: resize,
  DepthToSpace: blocks(true),
  SpaceToDepth: blocks(false),
};
