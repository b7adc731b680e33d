import { intAttribute, intsAttribute } from '../onnx/attributes.ts';
import { normalizeAxis } from '../shapes/types.ts';
import type { GradientRule, RuleContext } from './rule.ts';

/** Whether the node reduces nothing (no axes given, and told to do nothing then). */
function isNoop(ctx: RuleContext): boolean {
  return !ctx.has(1) && intAttribute(ctx.node, 'noop_with_empty_axes', 0) === 1;
}

/** Puts reduced axes back with size 1, so that a value of the output broadcasts against the input. */
function restore(ctx: RuleContext, value: string): string {
  if (intAttribute(ctx.node, 'keepdims', 1) === 1 || isNoop(ctx)) return value;
  return ctx.has(1) ? ctx.e.op('Unsqueeze', [value, ctx.x(1)]) : value;
}

const sum: GradientRule = (ctx) => [isNoop(ctx) ? ctx.dy : ctx.e.expandLike(restore(ctx, ctx.dy), ctx.x())];

const mean: GradientRule = (ctx) => {
  const { e } = ctx;
  if (isNoop(ctx)) return [ctx.dy];
  const axes = ctx.has(1) ? e.knownInts(ctx.x(1)) : undefined;
  const rank = ctx.shape(0)?.length;
  const known = axes?.every((axis) => typeof axis === 'number') && rank !== undefined;
  const count =
    known || !ctx.has(1)
      ? e.countOf(
          ctx.x(),
          known ? axes!.map((axis) => normalizeAxis(axis as number, rank!)) : undefined,
          ctx.dtype,
        )
      : e.div(e.countOf(ctx.x(), undefined, ctx.dtype), e.countOf(ctx.y(), undefined, ctx.dtype));
  return [e.expandLike(e.div(restore(ctx, ctx.dy), count), ctx.x())];
};

/** Equal extremes share the gradient. */
const extremum: GradientRule = (ctx) => {
  const { e } = ctx;
  if (isNoop(ctx)) return [ctx.dy];
  const mask = e.cast(e.op('Equal', [ctx.x(), restore(ctx, ctx.y())]), ctx.dtype);
  const ties = e.op('ReduceSum', [mask, ctx.has(1) ? ctx.x(1) : undefined], { keepdims: 1 });
  return [e.mul(mask, e.div(restore(ctx, ctx.dy), ties))];
};

const sumSquare: GradientRule = (ctx) => [ctx.e.mul(ctx.e.mul(ctx.x(), ctx.c(2)), restore(ctx, ctx.dy))];

const l1: GradientRule = (ctx) => [ctx.e.mul(ctx.e.unary('Sign', ctx.x()), restore(ctx, ctx.dy))];

/** x / ||x||, and 0 at the origin. */
const l2: GradientRule = (ctx) => {
  const { e } = ctx;
  const norm = restore(ctx, ctx.y());
  const safe = e.op('Where', [e.op('Equal', [norm, ctx.c(0)]), ctx.c(1), norm]);
  return [e.mul(ctx.x(), e.div(restore(ctx, ctx.dy), safe))];
};

const logSum: GradientRule = (ctx) => [
  ctx.e.expandLike(ctx.e.div(restore(ctx, ctx.dy), ctx.e.unary('Exp', restore(ctx, ctx.y()))), ctx.x()),
];

const logSumExp: GradientRule = (ctx) => [
  ctx.e.mul(restore(ctx, ctx.dy), ctx.e.unary('Exp', ctx.e.sub(ctx.x(), restore(ctx, ctx.y())))),
];

/** Product of the others as y / x: elements that are exactly 0 give no finite gradient. */
const prod: GradientRule = (ctx) => [
  ctx.e.div(ctx.e.mul(restore(ctx, ctx.dy), restore(ctx, ctx.y())), ctx.x()),
];

const softmax: GradientRule = (ctx) => {
  const { e } = ctx;
  const axis = intAttribute(ctx.node, 'axis', -1);
  const weighted = e.mul(ctx.dy, ctx.y());
  return [e.sub(weighted, e.mul(ctx.y(), e.sum(weighted, [axis], true)))];
};

const logSoftmax: GradientRule = (ctx) => {
  const { e } = ctx;
  const axis = intAttribute(ctx.node, 'axis', -1);
  return [e.sub(ctx.dy, e.mul(e.unary('Exp', ctx.y()), e.sum(ctx.dy, [axis], true)))];
};

/** The adjoint of a running sum is the running sum from the other end. */
const cumSum: GradientRule = (ctx) => [
  ctx.e.op('CumSum', [ctx.dy, ctx.x(1)], {
    reverse: 1 - intAttribute(ctx.node, 'reverse', 0),
    exclusive: intAttribute(ctx.node, 'exclusive', 0),
  }),
];

/** y = x / ||x||_2 along the axis. */
const lpNormalization: GradientRule = (ctx) => {
  const { e } = ctx;
  if (intAttribute(ctx.node, 'p', 2) !== 2) ctx.refuse('p', 'must be 2');
  const axis = intsAttribute(ctx.node, 'axis') ?? [intAttribute(ctx.node, 'axis', -1)];
  const norm = e.op('ReduceL2', [ctx.x(), e.ints(axis)], { keepdims: 1 });
  const radial = e.sum(e.mul(ctx.dy, ctx.y()), axis, true);
  return [e.div(e.sub(ctx.dy, e.mul(ctx.y(), radial)), norm)];
};

/** Gradients of reductions and of normalised exponentials. */
export const reductionRules: Readonly<Record<string, GradientRule>> = {
  ReduceSum: sum,
  ReduceMean: mean,
  ReduceMax: extremum,
  ReduceMin: extremum,
  ReduceSumSquare: sumSquare,
  ReduceL1: l1,
  ReduceL2: l2,
  ReduceLogSum: logSum,
  ReduceLogSumExp: logSumExp,
  ReduceProd: prod,
  Softmax: softmax,
  LogSoftmax: logSoftmax,
  CumSum: cumSum,
  LpNormalization: lpNormalization,
};
