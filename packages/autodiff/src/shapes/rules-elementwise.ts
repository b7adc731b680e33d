import { intAttribute } from '../onnx/attributes.ts';
import { DataType, type Dim } from '../onnx/model.ts';
import { broadcast, type InferContext, type InferRule, type ValueType } from './types.ts';

/** The output is typed and shaped like the first input. */
const sameAsFirst: InferRule = (ctx) => [strip(ctx.input(0))];

function strip(type: ValueType | undefined): ValueType | undefined {
  return type && { dtype: type.dtype, shape: type.shape };
}

const broadcasting =
  (dtype?: number): InferRule =>
  (ctx) => {
    const shapes = ctx.node.inputs.map((_, i) => ctx.shape(i));
    return [{ dtype: dtype ?? ctx.input(0)?.dtype ?? 1, shape: broadcast(shapes, ctx.fresh) }];
  };

/** Arithmetic on small integer vectors, so that shapes computed by the graph stay known. */
const arithmetic =
  (apply: (a: number, b: number) => number, neutral?: number): InferRule =>
  (ctx) => {
    const [type] = broadcasting()(ctx);
    return [type && { ...type, ints: combineInts(ctx, apply, neutral) }];
  };

/** The smallest or largest of two; of one operand it is that operand, of more nothing is tracked. */
const extremum =
  (pick: (a: number, b: number) => number): InferRule =>
  (ctx) =>
    ctx.node.inputs.length === 2 ? arithmetic(pick)(ctx) : broadcasting()(ctx);

function combineInts(
  ctx: InferContext,
  apply: (a: number, b: number) => number,
  neutral: number | undefined,
): readonly Dim[] | undefined {
  const a = ctx.input(0)?.ints;
  const b = ctx.input(1)?.ints;
  if (!a || !b) return undefined;
  return pairs(a, b)?.map(([x, y]) => {
    // Numbers that are not exact here only mean "to the end": nothing is computed of them.
    if (!isExact(x) || !isExact(y)) return ctx.fresh();
    if (typeof x === 'number' && typeof y === 'number') return apply(x, y);
    return y === neutral ? x : ctx.fresh();
  });
}

/** The remainder, with the sign of the divisor, or with `fmod` that of the dividend. */
const mod: InferRule = (ctx) => {
  const fmod = intAttribute(ctx.node, 'fmod', 0) === 1;
  return arithmetic((a, b) => (fmod ? a % b : a - b * Math.floor(a / b)))(ctx);
};

/** Which sizes are -1: exporters ask that of the shapes they expand to. Booleans are tracked as 0 and 1. */
const equal: InferRule = (ctx) => {
  const shape = broadcast([ctx.shape(0), ctx.shape(1)], ctx.fresh);
  const [a, b] = [ctx.input(0)?.ints, ctx.input(1)?.ints];
  const answers = a && b && pairs(a, b)?.map(([x, y]) => equals(x, y));
  const known = answers?.every((answer) => answer !== undefined);
  return [{ dtype: DataType.bool, shape, ints: known ? answers!.map(Number) : undefined }];
};

/** Whether two sizes are equal; `undefined` when that is known only at run time. */
function equals(a: Dim, b: Dim): boolean | undefined {
  if (!isExact(a) || !isExact(b)) return undefined;
  if (a === b) return true;
  if (typeof a === 'number' && typeof b === 'number') return false;
  // The name of a dimension stands for a size, which is no negative number; that of a computed one may.
  const [name, number] = typeof a === 'string' ? [a, b] : [b, a];
  return typeof number === 'number' && number < 0 && !`${name}`.startsWith('?') ? false : undefined;
}

const isExact = (value: Dim): boolean => typeof value === 'string' || Number.isSafeInteger(value);

/** Elements of two vectors that meet when one of them is broadcast. */
function pairs<A, B>(a: readonly A[], b: readonly B[]): readonly (readonly [A, B])[] | undefined {
  if (a.length !== b.length && a.length !== 1 && b.length !== 1) return undefined;
  const length = a.length === 1 ? b.length : a.length;
  return Array.from({ length }, (_, i) => [a[a.length === 1 ? 0 : i]!, b[b.length === 1 ? 0 : i]!] as const);
}

const where: InferRule = (ctx) => {
  const shape = broadcast([ctx.shape(0), ctx.shape(1), ctx.shape(2)], ctx.fresh);
  const [condition, a, b] = [0, 1, 2].map((i) => ctx.input(i)?.ints);
  const choices = a && b && pairs(a, b);
  const ints =
    condition && choices && pairs(condition, choices)?.map(([holds, [x, y]]) => (holds === 0 ? y : x));
  return [{ dtype: ctx.input(1)?.dtype ?? 1, shape, ints }];
};

const negate: InferRule = (ctx) => [
  {
    dtype: ctx.input(0)?.dtype ?? 1,
    shape: ctx.shape(0),
    ints: ctx.input(0)?.ints?.map((value) => (typeof value === 'number' ? -value : ctx.fresh())),
  },
];

const castTo = (ctx: InferContext, dtype: number): ValueType[] => {
  const integral = dtype === DataType.int64 || dtype === DataType.int32;
  // Of floats only constants are known, and only those that are whole numbers stay so.
  const constants = ctx.numbers(0)?.every((value) => Number.isSafeInteger(value))
    ? ctx.numbers(0)
    : undefined;
  const ints = integral ? (ctx.input(0)?.ints ?? constants) : undefined;
  return [{ dtype, shape: ctx.shape(0), ints }];
};

const cast: InferRule = (ctx) => castTo(ctx, intAttribute(ctx.node, 'to', 1));

const castLike: InferRule = (ctx) => castTo(ctx, ctx.input(1)?.dtype ?? 1);

const identity: InferRule = (ctx) => [ctx.input(0)];

const dropout: InferRule = (ctx) => [strip(ctx.input(0)), { dtype: DataType.bool, shape: ctx.shape(0) }];

const likeFirst: InferRule = (ctx) => [
  { dtype: intAttribute(ctx.node, 'dtype', ctx.input(0)?.dtype ?? 1), shape: ctx.shape(0) },
];

const SAME = `Abs Acos Acosh Asin Asinh Atan Atanh Ceil Celu Clip Cos Cosh CumSum Elu Erf Exp Floor Gelu
  HardSigmoid HardSwish Hardmax InstanceNormalization LeakyRelu Log LogSoftmax LpNormalization LRN
  GroupNormalization MeanVarianceNormalization Mish PRelu Reciprocal Relu Round
  ScatterElements ScatterND Selu Shrink Sigmoid Sign Sin Sinh Softmax Softplus Softsign Sqrt Tan Tanh
  ThresholdedRelu Trilu Swish BitwiseNot RMSNormalization`.split(/\s+/);

/** Shapes of operators that act on each element alone, or keep the shape. */
export const elementwiseShapes: Readonly<Record<string, InferRule>> = {
  ...Object.fromEntries(SAME.map((op) => [op, sameAsFirst])),
  Add: arithmetic((a, b) => a + b, 0),
  Sub: arithmetic((a, b) => a - b, 0),
  Mul: arithmetic((a, b) => a * b, 1),
  Div: arithmetic((a, b) => Math.trunc(a / b), 1),
  Mod: mod,
  Pow: broadcasting(),
  Min: extremum(Math.min),
  Max: extremum(Math.max),
  Mean: broadcasting(),
  Sum: broadcasting(),
  BitShift: broadcasting(),
  BitwiseAnd: broadcasting(),
  BitwiseOr: broadcasting(),
  BitwiseXor: broadcasting(),
  And: broadcasting(DataType.bool),
  Or: broadcasting(DataType.bool),
  Xor: broadcasting(DataType.bool),
  Equal: equal,
  Greater: broadcasting(DataType.bool),
  GreaterOrEqual: broadcasting(DataType.bool),
  Less: broadcasting(DataType.bool),
  LessOrEqual: broadcasting(DataType.bool),
  Not: (ctx) => [{ dtype: DataType.bool, shape: ctx.shape(0) }],
  IsNaN: (ctx) => [{ dtype: DataType.bool, shape: ctx.shape(0) }],
  IsInf: (ctx) => [{ dtype: DataType.bool, shape: ctx.shape(0) }],
  Neg: negate,
  Where: where,
  Cast: cast,
  CastLike: castLike,
  Identity: identity,
  Dropout: dropout,
  EyeLike: likeFirst,
  Bernoulli: likeFirst,
  RandomNormalLike: likeFirst,
  RandomUniformLike: likeFirst,
};
