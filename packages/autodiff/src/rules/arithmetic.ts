import { intAttribute } from '../onnx/attributes.ts';
import type { GradientRule, RuleContext } from './rule.ts';

/** Brings a gradient of the broadcast result to the shape of input `i`. */
function toInput(ctx: RuleContext, i: number, grad: () => string): string | undefined {
  return ctx.needs(i) ? ctx.e.unbroadcast(grad(), ctx.outShape, ctx.x(i)) : undefined;
}

const add: GradientRule = (ctx) => [toInput(ctx, 0, () => ctx.dy), toInput(ctx, 1, () => ctx.dy)];

const sub: GradientRule = (ctx) => [toInput(ctx, 0, () => ctx.dy), toInput(ctx, 1, () => ctx.e.neg(ctx.dy))];

const mul: GradientRule = (ctx) => [
  toInput(ctx, 0, () => ctx.e.mul(ctx.dy, ctx.x(1))),
  toInput(ctx, 1, () => ctx.e.mul(ctx.dy, ctx.x(0))),
];

/** d(a/b) = da/b - (a/b) db/b. */
const div: GradientRule = (ctx) => [
  toInput(ctx, 0, () => ctx.e.div(ctx.dy, ctx.x(1))),
  toInput(ctx, 1, () => ctx.e.neg(ctx.e.div(ctx.e.mul(ctx.dy, ctx.y()), ctx.x(1)))),
];

/** d(a^b) = b a^(b-1) da + a^b ln(a) db; the second term is 0 where a = 0, as in PyTorch. */
const pow: GradientRule = (ctx) => {
  const { e } = ctx;
  const [a, b] = [ctx.x(0), ctx.x(1)];
  const exponentType = e.dtype(b);
  return [
    toInput(ctx, 0, () => {
      const exponent = exponentType === ctx.dtype ? b : e.cast(b, ctx.dtype);
      const slope = e.op('Pow', [a, e.sub(exponent, ctx.c(1))]);
      return e.mul(ctx.dy, e.mul(exponent, slope));
    }),
    toInput(ctx, 1, () => {
      const isZero = e.op('Equal', [a, ctx.c(0)]);
      const log = e.unary('Log', e.op('Where', [isZero, ctx.c(1), a]));
      return e.mul(ctx.dy, e.mul(ctx.y(), log));
    }),
  ];
};

/** The gradient goes to whichever operand won; among equal ones it is shared. */
const extremum: GradientRule = (ctx) => {
  const { e } = ctx;
  const masks = ctx.node.inputs.map((x) => e.cast(e.op('Equal', [x, ctx.y()]), ctx.dtype));
  const winners = masks.length === 1 ? masks[0]! : masks.reduce((a, b) => e.add(a, b));
  const shared = e.div(ctx.dy, winners);
  return masks.map((mask, i) => toInput(ctx, i, () => e.mul(shared, mask)));
};

const sum: GradientRule = (ctx) => ctx.node.inputs.map((_, i) => toInput(ctx, i, () => ctx.dy));

const mean: GradientRule = (ctx) => {
  const share = ctx.e.div(ctx.dy, ctx.c(ctx.node.inputs.length));
  return ctx.node.inputs.map((_, i) => toInput(ctx, i, () => share));
};

const where: GradientRule = (ctx) => {
  const pick = (whenTrue: string, whenFalse: string): string =>
    ctx.e.op('Where', [ctx.x(0), whenTrue, whenFalse]);
  return [
    undefined,
    toInput(ctx, 1, () => pick(ctx.dy, ctx.c(0))),
    toInput(ctx, 2, () => pick(ctx.c(0), ctx.dy)),
  ];
};

/** a mod b (fmod) = a - b trunc(a/b); only the dividend's gradient is of use. */
const mod: GradientRule = (ctx) => {
  if (intAttribute(ctx.node, 'fmod', 0) !== 1) ctx.refuse('fmod', 'must be 1 for floats');
  if (ctx.needs(1)) ctx.refuse('the divisor', 'has no gradient');
  return [toInput(ctx, 0, () => ctx.dy), undefined];
};

/** Gradients of operators with broadcasting operands. */
export const arithmeticRules: Readonly<Record<string, GradientRule>> = {
  Add: add,
  Sub: sub,
  Mul: mul,
  Div: div,
  Pow: pow,
  Max: extremum,
  Min: extremum,
  Sum: sum,
  Mean: mean,
  Where: where,
  Mod: mod,
};
