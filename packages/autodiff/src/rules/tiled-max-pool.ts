import { intAttribute, intsAttribute } from '../onnx/attributes.ts';
import { DataType } from '../onnx/model.ts';
import { staticShape } from '../shapes/types.ts';
import { windowOf } from '../shapes/windows.ts';
import type { TrainingForm } from './training-forms.ts';

/** Windows wider than this would take more comparisons than the runtime's own search. */
const WIDEST = 4;

/**
 * MaxPool whose windows tile the data exactly (2x2 with stride 2, say), as comparisons of slices, one axis
 * after the other. The runtime's MaxPool with indices is ten times slower than without, and GPU providers
 * lack it; this form takes about a third of its time, gradient included.
 *
 * The last axis is halved by a transpose of [rows, taps], the others by contiguous splits. Going from the
 * last axis to the first, earlier taps winning ties, finds the first maximum in row-major order: the one
 * that MaxPool reports.
 */
export const tiledMaxPoolForm: TrainingForm = (node, e) => {
  const x = node.inputs[0]!;
  const dtype = e.dtype(x);
  const sizes = staticShape(e.shape(x)?.slice(2));
  const window = windowOf(node, intsAttribute(node, 'kernel_shape') ?? [], e.shape(x));
  if (!sizes || sizes.length === 0 || !window || node.outputs[1]) return undefined;
  if (dtype !== DataType.float32 && dtype !== DataType.float64) return undefined;
  if (intAttribute(node, 'storage_order', 0) !== 0) return undefined;
  const tiles = sizes.every(
    (size, axis) =>
      size > 0 &&
      window.kernel[axis] === window.strides[axis] &&
      window.kernel[axis]! <= WIDEST &&
      window.dilations[axis] === 1 &&
      size % window.kernel[axis]! === 0 &&
      window.padsBegin[axis] === 0 &&
      window.padsEnd[axis] === 0,
  );
  if (!tiles) return undefined;

  const last = sizes.length - 1;
  const undo: ((gradient: string) => string)[] = [];
  let value = x;
  let inner = 1;
  for (let axis = last; axis >= 0; axis--) {
    const taps = window.kernel[axis]!;
    if (taps > 1) {
      const isLast = axis === last;
      const rows = e.op('Reshape', [value, e.ints(isLast ? [-1, taps] : [-1, taps, inner])]);
      const split = isLast ? e.transpose(rows, [1, 0]) : rows;
      const along = isLast ? 0 : 1;
      const slices = e.ops('Split', [split], taps, { axis: along, num_outputs: taps });
      const [best, spread] = firstMaximum(slices, along);
      value = best;
      const [whole, part] = isLast
        ? [
            [taps, -1],
            [1, -1],
          ]
        : [
            [-1, taps, inner],
            [-1, 1, inner],
          ];
      undo.push((gradient) => {
        const grad = e.op('Reshape', [gradient, e.ints(part!)]);
        const joined = e.op('Reshape', [spread(grad), e.ints(whole!)]);
        return isLast ? e.transpose(joined, [1, 0]) : joined;
      });
    }
    inner *= sizes[axis]! / taps;
  }
  const channels = e.shape(x)![1]!;
  const pooled = sizes.map((size, axis) => size / window.kernel[axis]!);
  e.op('Reshape', [value, target(channels, pooled)], { allowzero: 0 }, node.outputs[0]!);
  return (ctx) => {
    const gradient = undo.reduceRight((grad, step) => step(grad), ctx.dy);
    return [e.reshapeLike(gradient, x)];
  };

  /** [N, C, ...] where one of N and C may be free. */
  function target(channels: number | string, pooled: readonly number[]): string {
    if (typeof channels === 'number') return e.ints([-1, channels, ...pooled]);
    const lead = e.op('Concat', [e.dimOf(x, 0), e.dimOf(x, 1)], { axis: 0 });
    return e.op('Concat', [lead, e.ints(pooled)], { axis: 0 });
  }

  /** The largest of several values, and how a gradient goes back to the first that is it. */
  function firstMaximum(slices: readonly string[], along: number): [string, (gradient: string) => string] {
    let best = slices[0]!;
    const kept: string[] = [];
    for (const slice of slices.slice(1)) {
      kept.push(e.op('GreaterOrEqual', [best, slice]));
      best = e.op('Max', [best, slice]);
    }
    const spread = (gradient: string): string => {
      const parts: string[] = [];
      let rest = gradient;
      for (const mask of kept.toReversed()) {
        const onward = e.mul(rest, e.cast(mask, dtype));
        parts.unshift(e.sub(rest, onward));
        rest = onward;
      }
      return e.op('Concat', [rest, ...parts], { axis: along });
    };
    return [best, spread];
  }
};
