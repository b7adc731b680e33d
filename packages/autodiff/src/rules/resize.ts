import { intsAttribute, stringAttribute } from '../onnx/attributes.ts';
import { DataType } from '../onnx/model.ts';
import { normalizeAxis } from '../shapes/types.ts';
import type { GradientRule, RuleContext } from './rule.ts';

/**
 * Resizing is linear and works axis by axis, so along each axis it is a matrix. That matrix is what
 * Resize makes of the identity: no coordinate convention or interpolation is written a second time, and
 * every mode of the runtime is covered.
 *
 * @returns the matrix [in, out] of one axis
 */
function axisMatrix(ctx: RuleContext, axis: number, position: number): string {
  const { e, node } = ctx;
  const size = e.dimOf(ctx.x(), axis);
  const square = e.op('Concat', [size, size], { axis: 0 });
  const ones = e.op('ConstantOfShape', [square], {
    value: {
      type: 'tensor',
      value: {
        name: 'zero',
        dtype: ctx.dtype,
        dims: [1],
        data: new Uint8Array(ctx.dtype === DataType.float64 ? 8 : 4),
      },
    },
  });
  const eye = e.op('Unsqueeze', [e.op('EyeLike', [ones]), e.ints([0, 1])]);
  const attributes = new Map([...node.attributes].filter(([name]) => name !== 'axes'));
  const pick = (input: number): string => e.op('Gather', [ctx.x(input), e.ints([position])]);
  const scales = (): string => {
    const known = e.knownFloats(ctx.x(2))?.[position];
    // As a constant, so that the size of the matrix is known before it runs.
    if (known !== undefined) return e.constant([4], Float32Array.of(1, 1, 1, known));
    return e.op('Concat', [e.constant([3], Float32Array.of(1, 1, 1)), pick(2)], { axis: 0 });
  };
  const inputs = ctx.has(3)
    ? [eye, '', '', e.op('Concat', [e.ints([1, 1]), size, pick(3)], { axis: 0 })]
    : [eye, '', scales()];
  const output = e.fresh('resize_matrix');
  e.push({ name: output, op: 'Resize', domain: '', inputs, outputs: [output], attributes });
  return e.op('Squeeze', [output, e.ints([0, 1])]);
}

const resize: GradientRule = (ctx) => {
  const { e, node } = ctx;
  if (stringAttribute(node, 'coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize') {
    ctx.refuse('coordinate_transformation_mode', 'tf_crop_and_resize is not supported');
  }
  if (stringAttribute(node, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch') {
    ctx.refuse('keep_aspect_ratio_policy', 'must be stretch');
  }
  const shape = ctx.known(0);
  const rank = shape.length;
  const given =
    intsAttribute(node, 'axes')?.map((axis) => normalizeAxis(axis, rank)) ?? shape.map((_, axis) => axis);
  let grad = ctx.dy;
  for (const [position, axis] of given.entries()) {
    // Batch and channels are never resized by exporters; a known equal size needs no work either.
    const same = typeof shape[axis] === 'number' && shape[axis] === ctx.outShape?.[axis];
    if (axis < 2 || same) continue;
    const matrix = axisMatrix(ctx, axis, position);
    if (axis === rank - 2) grad = e.matmul(matrix, grad);
    else {
      const swap = shape.map((_, at) => (at === axis ? rank - 1 : at === rank - 1 ? axis : at));
      const turned = e.transpose(grad, swap);
      grad = e.transpose(e.matmul(turned, e.transpose(matrix, [1, 0])), swap);
    }
  }
  return [grad];
};

/** Gradients of resampling. */
export const resizeRules: Readonly<Record<string, GradientRule>> = { Resize: resize };
