import { intAttribute, intsAttribute } from '../onnx/attributes.ts';
import { DataType } from '../onnx/model.ts';
import { staticShape } from '../shapes/types.ts';
import { type Window, windowOf } from '../shapes/windows.ts';
import { spreadBack } from './conv.ts';
import type { GradientRule, RuleContext } from './rule.ts';

function poolWindow(ctx: RuleContext): Window {
  const window = windowOf(ctx.node, intsAttribute(ctx.node, 'kernel_shape') ?? [], ctx.shape(0));
  if (!window) ctx.refuse('auto_pad', 'needs known spatial sizes', 'export with explicit pads');
  return window!;
}

/**
 * The runtime reports the flat index of every maximum; the gradient is scattered there. Windows that do
 * not overlap never hit one element twice, so MaxUnpool can place it, in half the time.
 */
const maxPool: GradientRule = (ctx) => {
  const { e } = ctx;
  if (intAttribute(ctx.node, 'storage_order', 0) !== 0) ctx.refuse('storage_order', 'must be 0');
  const window = poolWindow(ctx);
  const overlap = window.kernel.some(
    (taps, axis) => (taps - 1) * window.dilations[axis]! + 1 > window.strides[axis]!,
  );
  // MaxUnpool insists on room for whole windows, which padding and rounding up do not leave.
  const inside = !window.ceil && [...window.padsBegin, ...window.padsEnd].every((pad) => pad === 0);
  if (!overlap && inside && ctx.dtype === DataType.float32) {
    const { kernel, strides } = window;
    return [e.op('MaxUnpool', [ctx.dy, ctx.y(1), e.shapeOf(ctx.x())], { kernel_shape: kernel, strides })];
  }
  const flat = e.ints([-1]);
  const indices = e.op('Reshape', [ctx.y(1), flat]);
  const updates = e.op('Reshape', [ctx.dy, flat]);
  const size = e.op('ReduceProd', [e.shapeOf(ctx.x())], { keepdims: 1 });
  const zero = new Uint8Array(ctx.dtype === DataType.float64 ? 8 : 4);
  const zeros = e.op('ConstantOfShape', [size], {
    value: { type: 'tensor', value: { name: 'zero', dtype: ctx.dtype, dims: [1], data: zero } },
  });
  const scattered = e.op('ScatterElements', [zeros, indices, updates], {
    axis: 0,
    ...(overlap ? { reduction: 'add' } : {}),
  });
  return [e.reshapeLike(scattered, ctx.x())];
};

/** How many elements each window averages: its taps, less those in the padding when those do not count. */
function divisor(ctx: RuleContext, window: Window): string {
  const { e } = ctx;
  const includePad = intAttribute(ctx.node, 'count_include_pad', 0) === 1;
  const taps = window.kernel.reduce((a, b) => a * b, 1);
  const noPads = [...window.padsBegin, ...window.padsEnd].every((pad) => pad === 0);
  if (!window.ceil && (includePad || noPads)) return ctx.c(taps);
  const input = staticShape(ctx.shape(0)?.slice(2));
  const output = staticShape(ctx.outShape?.slice(2));
  if (!input || !output) {
    if (window.ceil) ctx.refuse('ceil_mode', 'needs known spatial sizes');
    const ones = e.op('Expand', [
      ctx.c(1),
      e.op('Concat', [e.ints([1, 1]), spatialSizes(ctx, window)], { axis: 0 }),
    ]);
    const kernel = e.op('Expand', [ctx.c(1), e.ints([1, 1, ...window.kernel])]);
    return e.op('Conv', [ones, kernel], {
      strides: window.strides,
      dilations: window.dilations,
      pads: [...window.padsBegin, ...window.padsEnd],
    });
  }
  const perAxis = output.map((count, axis) =>
    Array.from({ length: count }, (_, at) => tapsInside(window, axis, at, input[axis]!, includePad)),
  );
  const counts = perAxis.reduce<number[]>((all, axis) => all.flatMap((a) => axis.map((b) => a * b)), [1]);
  const values = ctx.dtype === DataType.float64 ? Float64Array.from(counts) : Float32Array.from(counts);
  return e.constant([1, 1, ...output], values);
}

/** Taps of the window at position `at` that lie on data (or on padding too, if that counts). */
function tapsInside(window: Window, axis: number, at: number, size: number, includePad: boolean): number {
  const low = includePad ? -window.padsBegin[axis]! : 0;
  const high = includePad ? size + window.padsEnd[axis]! : size;
  const start = at * window.strides[axis]! - window.padsBegin[axis]!;
  let inside = 0;
  for (let tap = 0; tap < window.kernel[axis]!; tap++) {
    const position = start + tap * window.dilations[axis]!;
    if (position >= low && position < high) inside++;
  }
  return inside;
}

function spatialSizes(ctx: RuleContext, window: Window): string {
  const axes = window.kernel.map((_, axis) => axis + 2);
  return ctx.e.op('Gather', [ctx.e.shapeOf(ctx.x()), ctx.e.ints(axes)]);
}

/** Spreads a gradient evenly over the windows, every channel for itself (as if each were an image). */
function spreadOnes(ctx: RuleContext, grad: string, window: Window): string {
  const { e } = ctx;
  const sizes = window.kernel.map((_, axis) => ({ of: ctx.y(), axis: axis + 2 }));
  const unknown = sizes.filter(({ of, axis }) => typeof e.shape(of)?.[axis] !== 'number').length;
  const shape =
    unknown === 0
      ? e.ints([-1, 1, ...sizes.map(({ of, axis }) => e.shape(of)![axis] as number)])
      : e.op('Concat', [e.ints([-1, 1]), ...sizes.map(({ of, axis }) => e.dimOf(of, axis))], { axis: 0 });
  const taps = window.kernel.reduce((a, b) => a * b, 1);
  const ones =
    ctx.dtype === DataType.float64 ? new Float64Array(taps).fill(1) : new Float32Array(taps).fill(1);
  const kernel = e.constant([1, 1, ...window.kernel], ones);
  const spread = spreadBack(ctx, e.op('Reshape', [grad, shape]), kernel, window, ctx.x(), 1);
  return e.reshapeLike(spread, ctx.x());
}

const averagePool: GradientRule = (ctx) => {
  const window = poolWindow(ctx);
  return [spreadOnes(ctx, ctx.e.div(ctx.dy, divisor(ctx, window)), window)];
};

/** y = (sum |x|^p)^(1/p): dx = sign(x) |x|^(p-1) y^(1-p) dy, and 0 where y is 0. */
function lpSlope(ctx: RuleContext, spread: (grad: string) => string): string {
  const { e } = ctx;
  const p = intAttribute(ctx.node, 'p', 2);
  const isZero = e.op('Equal', [ctx.y(), ctx.c(0)]);
  const root = e.op('Pow', [e.op('Where', [isZero, ctx.c(1), ctx.y()]), ctx.c(1 - p)]);
  const sent = spread(e.op('Where', [isZero, ctx.c(0), e.mul(ctx.dy, root)]));
  if (p === 2) return e.mul(ctx.x(), sent);
  const size = p === 1 ? undefined : e.op('Pow', [e.unary('Abs', ctx.x()), ctx.c(p - 1)]);
  const signed = e.unary('Sign', ctx.x());
  return e.mul(size ? e.mul(signed, size) : signed, sent);
}

const lpPool: GradientRule = (ctx) => {
  const window = poolWindow(ctx);
  return [lpSlope(ctx, (grad) => spreadOnes(ctx, grad, window))];
};

const globalAverage: GradientRule = (ctx) => {
  const { e } = ctx;
  const axes = Array.from({ length: ctx.rank(0) - 2 }, (_, axis) => axis + 2);
  return [e.expandLike(e.div(ctx.dy, e.countOf(ctx.x(), axes, ctx.dtype)), ctx.x())];
};

/** Equal maxima share the gradient. */
const globalMax: GradientRule = (ctx) => {
  const { e } = ctx;
  const axes = Array.from({ length: ctx.rank(0) - 2 }, (_, axis) => axis + 2);
  const mask = e.cast(e.op('Equal', [ctx.x(), ctx.y()]), ctx.dtype);
  return [e.mul(mask, e.div(ctx.dy, e.sum(mask, axes, true)))];
};

/** Gradients of pooling. */
export const poolingRules: Readonly<Record<string, GradientRule>> = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  LpPool: lpPool,
  GlobalAveragePool: globalAverage,
  GlobalMaxPool: globalMax,
  GlobalLpPool: (ctx) => [lpSlope(ctx, (grad) => grad)],
};
