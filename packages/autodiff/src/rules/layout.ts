import { intAttribute, intsAttribute } from '../onnx/attributes.ts';
import type { GradientRule } from './rule.ts';

/** The elements keep their order, so the gradient only takes the input's shape back. */
const sameOrder: GradientRule = (ctx) => [ctx.e.reshapeLike(ctx.dy, ctx.x())];

const transpose: GradientRule = (ctx) => {
  const perm = intsAttribute(ctx.node, 'perm');
  if (!perm) return [ctx.e.unary('Transpose', ctx.dy)];
  return [
    ctx.e.transpose(
      ctx.dy,
      perm.map((_, axis) => perm.indexOf(axis)),
    ),
  ];
};

const expand: GradientRule = (ctx) => [ctx.e.unbroadcast(ctx.dy, ctx.outShape, ctx.x())];

/** The gradient is cut where the inputs were joined. */
const concat: GradientRule = (ctx) => {
  const { e, node } = ctx;
  const axis = intAttribute(node, 'axis', 0);
  if (node.inputs.length === 1) return [ctx.dy];
  const sizes = node.inputs.map((_, i) => ctx.shape(i)?.at(axis));
  const cuts = sizes.every((size) => typeof size === 'number')
    ? e.ints(sizes)
    : e.op(
        'Concat',
        node.inputs.map((name) => e.dimOf(name, axis)),
        { axis: 0 },
      );
  return e.ops('Split', [ctx.dy, cuts], node.inputs.length, { axis });
};

const split: GradientRule = (ctx) => {
  const axis = intAttribute(ctx.node, 'axis', 0);
  const grads = ctx.node.outputs.map((_, i) => ctx.dyOf(i));
  return [grads.length === 1 ? grads[0] : ctx.e.op('Concat', grads, { axis })];
};

/** Gradients of operators that rearrange elements without dropping any. */
export const layoutRules: Readonly<Record<string, GradientRule>> = {
  Reshape: sameOrder,
  Flatten: sameOrder,
  Squeeze: sameOrder,
  Unsqueeze: sameOrder,
  Transpose: transpose,
  Expand: expand,
  Concat: concat,
  Split: split,
};
