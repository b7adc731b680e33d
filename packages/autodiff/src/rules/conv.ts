import { intAttribute, intsAttribute, stringAttribute } from '../onnx/attributes.ts';
import type { Dim, Shape } from '../onnx/model.ts';
import { staticShape } from '../shapes/types.ts';
import { type Window, windowOf } from '../shapes/windows.ts';
import type { GradientRule, RuleContext } from './rule.ts';

/** The window of a convolution; its kernel size comes from the weight's shape. */
function kernelWindow(ctx: RuleContext, data: Shape | undefined): Window {
  const weight = staticShape(ctx.shape(1)?.slice(2)) ?? intsAttribute(ctx.node, 'kernel_shape');
  if (!weight) ctx.refuse('the kernel size', 'is not known before running', 'use an initialiser as weight');
  const window = windowOf(ctx.node, weight!, data);
  if (!window) ctx.refuse('auto_pad', 'needs known spatial sizes', 'export with explicit pads');
  return window!;
}

/**
 * Adjoint of sliding a window over data: spreads `dy` back by ConvTranspose and fits the result to the
 * data's spatial size. Where sizes are known the fit is done by output_padding and pads.
 */
export function spreadBack(
  ctx: RuleContext,
  dy: string,
  kernel: string,
  window: Window,
  data: string,
  group: number,
): string {
  const { e } = ctx;
  const attributes = { strides: window.strides, dilations: window.dilations, group };
  const turned = group === 1 ? turnedConvolution(ctx, dy, kernel, window) : undefined;
  if (turned !== undefined) return turned;
  const input = staticShape(e.shape(data)?.slice(2));
  const output = staticShape(ctx.outShape?.slice(2));
  if (input && output && input.every((size) => size > 0) && output.every((size) => size > 0)) {
    const extra = input.map((size, axis) => {
      const span = (window.kernel[axis]! - 1) * window.dilations[axis]! + 1;
      const reach = window.strides[axis]! * (output[axis]! - 1) + span;
      return size - (reach - window.padsBegin[axis]! - window.padsEnd[axis]!);
    });
    // Beyond the last window lies data no output saw (extra > 0), or the window reached past it (< 0).
    const ends = window.padsEnd.map((pad, axis) => pad + Math.max(0, -extra[axis]!));
    // The runtime accepts output_padding below the stride only; rows beyond are padded with zeros instead.
    const fits = extra.every((rows, axis) => rows < Math.max(window.strides[axis]!, window.dilations[axis]!));
    if (fits) {
      return e.op('ConvTranspose', [dy, kernel], {
        ...attributes,
        pads: [...window.padsBegin, ...ends],
        output_padding: extra.map((rows) => Math.max(0, rows)),
      });
    }
  }
  const full = e.op('ConvTranspose', [dy, kernel], attributes);
  const axes = window.kernel.map((_, axis) => axis + 2);
  const wanted = e.op('Gather', [e.shapeOf(data), e.ints(axes)]);
  const ends = e.add(wanted, e.ints(window.padsBegin));
  const have = e.op('Gather', [e.op('Shape', [full]), e.ints(axes)]);
  const missing = e.op('Max', [e.sub(ends, have), e.ints(axes.map(() => 0))]);
  const pads = e.op('Concat', [e.ints([0, 0, ...axes.map(() => 0), 0, 0]), missing], { axis: 0 });
  const padded = e.op('Pad', [full, pads]);
  return e.op('Slice', [padded, e.ints(window.padsBegin), ends, e.ints(axes)]);
}

/**
 * With stride 1 the adjoint of a convolution is the convolution with the kernel turned round and its
 * channels exchanged. It unrolls the output's gradient, whereas ConvTranspose adds up unrolled results, which
 * pays when there are at least as many input channels as output channels.
 */
function turnedConvolution(ctx: RuleContext, dy: string, kernel: string, window: Window): string | undefined {
  const { e } = ctx;
  const dims = staticShape(e.shape(kernel));
  const stride1 = window.strides.every((stride) => stride === 1);
  if (!dims || !stride1 || dims[1]! < Math.max(FEW_CHANNELS, dims[0]!)) return undefined;
  const reach = window.kernel.map((taps, axis) => (taps - 1) * window.dilations[axis]!);
  const begin = reach.map((span, axis) => span - window.padsBegin[axis]!);
  const end = reach.map((span, axis) => span - window.padsEnd[axis]!);
  if ([...begin, ...end].some((pad) => pad < 0)) return undefined;
  const spatial = window.kernel.map((_, axis) => axis + 2);
  const reversed = spatial.filter((_, axis) => window.kernel[axis]! > 1);
  const backward = reversed.map(() => -1);
  const flipped =
    reversed.length === 0
      ? kernel
      : e.op('Slice', [
          kernel,
          e.ints(backward),
          e.ints(backward.map(() => -(2 ** 31))),
          e.ints(reversed),
          e.ints(backward),
        ]);
  return e.op('Conv', [dy, e.transpose(flipped, [1, 0, ...spatial])], {
    dilations: window.dilations,
    pads: [...begin, ...end],
  });
}

/** Below this, the products of ConvTranspose are cheap enough. */
const FEW_CHANNELS = 8;

/**
 * Gradient of a convolution's kernel: a convolution of the data with the output's gradient as kernel,
 * strides and dilations exchanged. Batch and channel axes change places; with groups, the group axis
 * stays in front of the (new) channels.
 */
function kernelGradient(
  ctx: RuleContext,
  data: string,
  dy: string,
  window: Window,
  group: number,
  perGroup: Dim,
): string {
  const { e } = ctx;
  const wide = wideKernelGradient(ctx, data, dy, window, group, perGroup);
  if (wide !== undefined) return wide;
  const rank = window.kernel.length;
  const spatial = Array.from({ length: rank }, (_, axis) => axis);
  const swap = [1, 0, ...spatial.map((axis) => axis + 2)];
  let x: string;
  if (group === 1) x = e.transpose(data, swap);
  else {
    if (typeof perGroup !== 'number') ctx.refuse('group', 'needs a known number of channels');
    const sizes = spatial.map((axis) => ({ of: data, axis: axis + 2 }));
    const split = e.reshape(data, [{ of: data, axis: 0 }, group, perGroup as number, ...sizes]);
    const turned = e.transpose(split, [2, 1, 0, ...spatial.map((axis) => axis + 3)]);
    const merged = e.op('Mul', [e.dimOf(data, 0), e.ints([group])]);
    const shape = e.op(
      'Concat',
      [e.ints([perGroup as number]), merged, ...spatial.map((axis) => e.dimOf(data, axis + 2))],
      { axis: 0 },
    );
    x = e.op('Reshape', [turned, shape], { allowzero: 1 });
  }
  const correlated = e.op('Conv', [x, e.transpose(dy, swap)], {
    strides: window.dilations,
    dilations: window.strides,
    pads: [...window.padsBegin, ...window.padsEnd],
    group,
  });
  // When the last window did not end at the data's edge, rows remain that belong to no kernel tap.
  const exact = isExact(window, e.shape(data)?.slice(2), e.shape(dy)?.slice(2) ?? ctx.outShape?.slice(2));
  const cropped = exact
    ? correlated
    : e.op('Slice', [
        correlated,
        e.ints(spatial.map(() => 0)),
        e.ints(window.kernel),
        e.ints(spatial.map((a) => a + 2)),
      ]);
  return e.transpose(cropped, swap);
}

/**
 * The same convolution with the channels laid out along the last axis: data [1, group N, ..., W C] and dilation C, so
 * that one output row holds the taps of all channels. The runtime unrolls images row by row; rows of 3 taps times C
 * channels make it three times as fast as rows of 3. `undefined` if the forward window is dilated along the last axis
 * (the taps would not be neighbours) or sizes are unknown.
 */
function wideKernelGradient(
  ctx: RuleContext,
  data: string,
  dy: string,
  window: Window,
  group: number,
  perGroup: Dim,
): string | undefined {
  const { e } = ctx;
  const sizes = staticShape(e.shape(data)?.slice(2));
  const last = window.kernel.length - 1;
  if (!sizes || sizes.includes(0) || typeof perGroup !== 'number' || perGroup === 0) return undefined;
  if (window.dilations[last] !== 1) return undefined;
  const spatial = sizes.map((_, axis) => axis);
  const widen = (values: readonly number[]): number[] =>
    values.map((value, axis) => (axis === last ? value * perGroup : value));
  const split = group === 1 ? data : e.op('Reshape', [data, e.ints([-1, group, perGroup, ...sizes])]);
  const first = group === 1 ? 2 : 3;
  const channelsLast = [...spatial.map((axis) => axis + first), first - 1];
  const turned = e.transpose(split, group === 1 ? [0, ...channelsLast] : [1, 0, ...channelsLast]);
  const x = e.op('Reshape', [turned, e.ints([1, -1, ...widen(sizes)])]);
  const correlated = e.op('Conv', [x, e.transpose(dy, [1, 0, ...spatial.map((axis) => axis + 2)])], {
    strides: window.dilations,
    dilations: widen(window.strides),
    pads: [...widen(window.padsBegin), ...widen(window.padsEnd)],
    group,
  });
  const exact = isExact(window, sizes, e.shape(dy)?.slice(2) ?? ctx.outShape?.slice(2));
  const cropped = exact
    ? correlated
    : e.op('Slice', [
        correlated,
        e.ints(spatial.map(() => 0)),
        e.ints(widen(window.kernel)),
        e.ints(spatial.map((axis) => axis + 2)),
      ]);
  // [1, out, ..., taps C] as [out, ..., taps, C]. The number of kernels may be known at run time only.
  const taps = e.op('Reshape', [cropped, e.ints([-1, ...window.kernel, perGroup])]);
  return e.transpose(taps, [0, last + 2, ...spatial.map((axis) => axis + 1)]);
}

function isExact(window: Window, input: Shape | undefined, output: Shape | undefined): boolean {
  return window.kernel.every((taps, axis) => {
    // With stride 1 every row begins a window, so nothing can remain.
    if (window.strides[axis] === 1) return true;
    const size = input?.[axis];
    const out = output?.[axis];
    if (typeof size !== 'number' || typeof out !== 'number') return false;
    const span = (taps - 1) * window.dilations[axis]! + 1;
    return (
      (out - 1) * window.strides[axis]! + span === size + window.padsBegin[axis]! + window.padsEnd[axis]!
    );
  });
}

/** Sum over everything but channels. */
function biasGradient(ctx: RuleContext, rank: number): string {
  return ctx.e.sum(ctx.dy, [0, ...Array.from({ length: rank }, (_, axis) => axis + 2)], false);
}

const conv: GradientRule = (ctx) => {
  const group = intAttribute(ctx.node, 'group', 1);
  const window = kernelWindow(ctx, ctx.shape(0));
  return [
    ctx.needs(0) ? spreadBack(ctx, ctx.dy, ctx.x(1), window, ctx.x(0), group) : undefined,
    ctx.needs(1) ? kernelGradient(ctx, ctx.x(0), ctx.dy, window, group, ctx.known(1)[1]!) : undefined,
    ctx.needs(2) ? biasGradient(ctx, window.kernel.length) : undefined,
  ];
};

/**
 * ConvTranspose is the adjoint of Conv with the same kernel, so its data gradient is that Conv, and its
 * kernel gradient is Conv's with data and output gradient exchanged.
 */
const convTranspose: GradientRule = (ctx) => {
  const { e, node } = ctx;
  if (node.attributes.has('output_shape'))
    ctx.refuse('output_shape', 'is not supported', 'export with explicit pads');
  if (stringAttribute(node, 'auto_pad', 'NOTSET').startsWith('SAME')) {
    ctx.refuse('auto_pad', 'is not supported here', 'export with explicit pads');
  }
  const group = intAttribute(node, 'group', 1);
  const window = kernelWindow(ctx, undefined);
  const dx = (): string => {
    const grad = e.op('Conv', [ctx.dy, ctx.x(1)], {
      strides: window.strides,
      dilations: window.dilations,
      pads: [...window.padsBegin, ...window.padsEnd],
      group,
    });
    // Output padding may leave room for one window more than the data had.
    const padded = intsAttribute(node, 'output_padding')?.some((rows) => rows > 0);
    if (!padded) return grad;
    const axes = window.kernel.map((_, axis) => axis + 2);
    const sizes = e.op('Gather', [e.shapeOf(ctx.x(0)), e.ints(axes)]);
    return e.op('Slice', [grad, e.ints(axes.map(() => 0)), sizes, e.ints(axes)]);
  };
  const dw = (): string => {
    const perGroup = ctx.known(1)[1]!;
    e.declare(ctx.dy, { dtype: ctx.dtype, shape: ctx.outShape });
    return kernelGradient(ctx, ctx.dy, ctx.x(0), window, group, perGroup);
  };
  return [
    ctx.needs(0) ? dx() : undefined,
    ctx.needs(1) ? dw() : undefined,
    ctx.needs(2) ? biasGradient(ctx, window.kernel.length) : undefined,
  ];
};

/** Gradients of convolutions. */
export const convRules: Readonly<Record<string, GradientRule>> = { Conv: conv, ConvTranspose: convTranspose };
