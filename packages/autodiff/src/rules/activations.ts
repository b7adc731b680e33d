import { floatAttribute, stringAttribute } from '../onnx/attributes.ts';
import { DataType } from '../onnx/model.ts';
import type { GradientRule, RuleContext } from './rule.ts';

/** Rule of an elementwise function from its derivative, in terms of x and y = f(x). */
const derivative =
  (slope: (ctx: RuleContext, x: string, y: string) => string): GradientRule =>
  (ctx) => [ctx.e.mul(ctx.dy, slope(ctx, ctx.x(), ctx.y()))];

/** `Where` with the gradient kept where the condition holds. */
function keepWhere(ctx: RuleContext, condition: string): string {
  return ctx.e.op('Where', [condition, ctx.dy, ctx.c(0)]);
}

/** Relu's slope from its output; comparison and cast take half the time of Sign, and less than Where. */
const relu: GradientRule = (ctx) => {
  const positive = ctx.e.cast(ctx.e.op('Greater', [ctx.y(), ctx.c(0)]), ctx.dtype);
  return [ctx.e.mul(ctx.dy, positive)];
};

const leaky: GradientRule = (ctx) => {
  const alpha = floatAttribute(ctx.node, 'alpha', 0.01);
  const positive = ctx.e.op('Greater', [ctx.x(), ctx.c(0)]);
  return [ctx.e.op('Where', [positive, ctx.dy, ctx.e.mul(ctx.dy, ctx.c(alpha))])];
};

const prelu: GradientRule = (ctx) => {
  const { e } = ctx;
  const positive = e.op('Greater', [ctx.x(0), ctx.c(0)]);
  const dx = ctx.needs(0) ? e.op('Where', [positive, ctx.dy, e.mul(ctx.dy, ctx.x(1))]) : undefined;
  if (!ctx.needs(1)) return [dx];
  const negative = e.op('Where', [positive, ctx.c(0), e.mul(ctx.dy, ctx.x(0))]);
  return [dx, e.unbroadcast(negative, ctx.outShape, ctx.x(1))];
};

const sigmoid = derivative((ctx, _, y) => ctx.e.mul(y, ctx.e.sub(ctx.c(1), y)));
const tanh = derivative((ctx, _, y) => ctx.e.sub(ctx.c(1), ctx.e.mul(y, y)));

/** slope = (2/sqrt(pi)) exp(-x^2). */
const erf = derivative((ctx, x) =>
  ctx.e.mul(ctx.c(2 / Math.sqrt(Math.PI)), ctx.e.unary('Exp', ctx.e.neg(ctx.e.mul(x, x)))),
);

/** x Phi(x): slope = Phi(x) + x phi(x); the tanh form differentiates its own approximation. */
const gelu = derivative((ctx, x) => {
  const { e } = ctx;
  if (stringAttribute(ctx.node, 'approximate', 'none') === 'tanh') {
    const k = Math.sqrt(2 / Math.PI);
    const square = e.mul(x, x);
    const inner = e.mul(e.mul(ctx.c(k), x), e.add(ctx.c(1), e.mul(ctx.c(0.044715), square)));
    const t = e.unary('Tanh', inner);
    const innerSlope = e.mul(ctx.c(k), e.add(ctx.c(1), e.mul(ctx.c(3 * 0.044715), square)));
    const tanhSlope = e.mul(e.mul(x, e.sub(ctx.c(1), e.mul(t, t))), innerSlope);
    return e.mul(ctx.c(0.5), e.add(e.add(ctx.c(1), t), tanhSlope));
  }
  const cdf = e.mul(ctx.c(0.5), e.add(ctx.c(1), e.unary('Erf', e.mul(x, ctx.c(Math.SQRT1_2)))));
  const density = e.unary('Exp', e.mul(ctx.c(-0.5), e.mul(x, x)));
  return e.add(cdf, e.mul(e.mul(x, density), ctx.c(1 / Math.sqrt(2 * Math.PI))));
});

/** Gradient inside the bounds only; a bound may be absent. */
const clip: GradientRule = (ctx) => {
  const { e } = ctx;
  let grad = ctx.dy;
  if (ctx.has(1)) grad = e.op('Where', [e.op('Less', [ctx.x(), ctx.x(1)]), ctx.c(0), grad]);
  if (ctx.has(2)) grad = e.op('Where', [e.op('Greater', [ctx.x(), ctx.x(2)]), ctx.c(0), grad]);
  return [grad];
};

/** Slope alpha strictly between the saturated ends. */
const hardSigmoid: GradientRule = (ctx) => {
  const { e } = ctx;
  const alpha = floatAttribute(ctx.node, 'alpha', 0.2);
  const inside = e.op('And', [e.op('Greater', [ctx.y(), ctx.c(0)]), e.op('Less', [ctx.y(), ctx.c(1)])]);
  return [e.mul(keepWhere(ctx, inside), ctx.c(alpha))];
};

/** x clip(x/6 + 1/2, 0, 1): slope is 0 below -3, 1 above 3, x/3 + 1/2 between. */
const hardSwish = derivative((ctx, x) => {
  const { e } = ctx;
  const between = e.add(e.mul(x, ctx.c(1 / 3)), ctx.c(0.5));
  const low = e.op('Where', [e.op('Less', [x, ctx.c(-3)]), ctx.c(0), between]);
  return e.op('Where', [e.op('Greater', [x, ctx.c(3)]), ctx.c(1), low]);
});

/** alpha (e^x - 1) below 0: slope there is y + alpha. */
const elu: GradientRule = (ctx) => {
  const { e } = ctx;
  const slope = e.add(ctx.y(), ctx.c(floatAttribute(ctx.node, 'alpha', 1)));
  return [e.op('Where', [e.op('Greater', [ctx.x(), ctx.c(0)]), ctx.dy, e.mul(ctx.dy, slope)])];
};

const selu: GradientRule = (ctx) => {
  const { e } = ctx;
  const alpha = floatAttribute(ctx.node, 'alpha', 1.6732631921768188);
  const gamma = floatAttribute(ctx.node, 'gamma', 1.0507010221481323);
  const slope = e.add(ctx.y(), ctx.c(alpha * gamma));
  const positive = e.op('Greater', [ctx.x(), ctx.c(0)]);
  return [e.op('Where', [positive, e.mul(ctx.dy, ctx.c(gamma)), e.mul(ctx.dy, slope)])];
};

/** max(0,x) + min(0, alpha (e^(x/alpha) - 1)). */
const celu: GradientRule = (ctx) => {
  const { e } = ctx;
  const alpha = floatAttribute(ctx.node, 'alpha', 1);
  const slope = e.add(e.div(ctx.y(), ctx.c(alpha)), ctx.c(1));
  return [e.op('Where', [e.op('Greater', [ctx.x(), ctx.c(0)]), ctx.dy, e.mul(ctx.dy, slope)])];
};

/** x tanh(softplus(x)). */
const mish = derivative((ctx, x) => {
  const { e } = ctx;
  const t = e.unary('Tanh', e.unary('Softplus', x));
  const inner = e.mul(e.sub(ctx.c(1), e.mul(t, t)), e.unary('Sigmoid', x));
  return e.add(t, e.mul(x, inner));
});

const thresholded: GradientRule = (ctx) => {
  const alpha = floatAttribute(ctx.node, 'alpha', 1);
  return [keepWhere(ctx, ctx.e.op('Greater', [ctx.x(), ctx.c(alpha)]))];
};

const shrink: GradientRule = (ctx) => {
  const lambd = floatAttribute(ctx.node, 'lambd', 0.5);
  return [keepWhere(ctx, ctx.e.op('Greater', [ctx.e.unary('Abs', ctx.x()), ctx.c(lambd)]))];
};

/** Between float types the gradient is cast back; an integer source or result carries none. */
const cast: GradientRule = (ctx) => {
  const from = ctx.e.dtype(ctx.x());
  if (from !== DataType.float32 && from !== DataType.float64) return [];
  return [from === ctx.dtype ? ctx.dy : ctx.e.cast(ctx.dy, from)];
};

/** Gradients of functions of each element alone. */
export const activationRules: Readonly<Record<string, GradientRule>> = {
  Identity: (ctx) => [ctx.dy],
  Cast: cast,
  CastLike: cast,
  Neg: (ctx) => [ctx.e.neg(ctx.dy)],
  Abs: derivative((ctx, x) => ctx.e.unary('Sign', x)),
  Reciprocal: derivative((ctx, _, y) => ctx.e.neg(ctx.e.mul(y, y))),
  Sqrt: derivative((ctx, _, y) => ctx.e.div(ctx.c(0.5), y)),
  Exp: derivative((_ctx, _, y) => y),
  Log: (ctx) => [ctx.e.div(ctx.dy, ctx.x())],
  Sin: derivative((ctx, x) => ctx.e.unary('Cos', x)),
  Cos: derivative((ctx, x) => ctx.e.neg(ctx.e.unary('Sin', x))),
  Tan: derivative((ctx, _, y) => ctx.e.add(ctx.c(1), ctx.e.mul(y, y))),
  Atan: derivative((ctx, x) => ctx.e.div(ctx.c(1), ctx.e.add(ctx.c(1), ctx.e.mul(x, x)))),
  Sinh: derivative((ctx, x) => ctx.e.unary('Cosh', x)),
  Cosh: derivative((ctx, x) => ctx.e.unary('Sinh', x)),
  Relu: relu,
  LeakyRelu: leaky,
  PRelu: prelu,
  Sigmoid: sigmoid,
  Tanh: tanh,
  Erf: erf,
  Gelu: gelu,
  Clip: clip,
  HardSigmoid: hardSigmoid,
  HardSwish: hardSwish,
  Elu: elu,
  Selu: selu,
  Celu: celu,
  Mish: mish,
  Softplus: derivative((ctx, x) => ctx.e.unary('Sigmoid', x)),
  Softsign: derivative((ctx, x) => {
    const base = ctx.e.add(ctx.c(1), ctx.e.unary('Abs', x));
    return ctx.e.div(ctx.c(1), ctx.e.mul(base, base));
  }),
  ThresholdedRelu: thresholded,
  Shrink: shrink,
};
