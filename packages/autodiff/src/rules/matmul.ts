import { floatAttribute, intAttribute, stringAttribute } from '../onnx/attributes.ts';
import type { Shape } from '../onnx/model.ts';
import type { GradientRule, RuleContext } from './rule.ts';

/** Swaps the last two axes. */
function swapLast(ctx: RuleContext, name: string, rank: number): string {
  const perm = Array.from({ length: rank }, (_, axis) => axis);
  [perm[rank - 2], perm[rank - 1]] = [rank - 1, rank - 2];
  return ctx.e.transpose(name, perm);
}

/**
 * C = A B: dA = dC B^T, dB = A^T dC. Plain matrices use Gemm, which transposes while reading; a stack of
 * matrices against one shared matrix is flattened, so that its gradient is one large product and not a
 * sum of many small ones.
 */
const matmul: GradientRule = (ctx) => {
  const { e } = ctx;
  const [a, b] = [ctx.x(0), ctx.x(1)];
  const bShape = ctx.known(1);
  if (bShape.length === 2 && ctx.shape(0)?.length !== 2) return sharedMatrix(ctx);
  const aShape = ctx.known(0);
  if (aShape.length === 1 || bShape.length === 1) return vectorProduct(ctx, aShape, bShape);
  if (aShape.length === 2 && bShape.length === 2) {
    return [
      ctx.needs(0) ? e.op('Gemm', [ctx.dy, b], { transB: 1 }) : undefined,
      ctx.needs(1) ? e.op('Gemm', [a, ctx.dy], { transA: 1 }) : undefined,
    ];
  }
  const da = ctx.needs(0)
    ? e.unbroadcast(e.matmul(ctx.dy, swapLast(ctx, b, bShape.length)), productShape(ctx, aShape), a)
    : undefined;
  if (!ctx.needs(1)) return [da];
  const db = e.matmul(swapLast(ctx, a, aShape.length), ctx.dy);
  return [da, e.unbroadcast(db, productShape(ctx, bShape), b)];
};

/** Whatever the rank of A, its rows meet one matrix B: all rows are taken as one tall matrix. */
function sharedMatrix(ctx: RuleContext): (string | undefined)[] {
  const { e } = ctx;
  const [a, b] = [ctx.x(0), ctx.x(1)];
  const rows = (value: string, axis: number): string => e.reshape(value, [-1, { of: b, axis }]);
  return [
    ctx.needs(0) ? e.matmul(ctx.dy, e.transpose(b, [1, 0])) : undefined,
    ctx.needs(1) ? e.op('Gemm', [rows(a, 0), rows(ctx.dy, 1)], { transA: 1 }) : undefined,
  ];
}

/** Shape of an operand's gradient before summing over broadcast batch axes. */
function productShape(ctx: RuleContext, operand: Shape): Shape | undefined {
  const batch = ctx.outShape?.slice(0, -2);
  return batch && [...batch, ...operand.slice(-2)];
}

/** A vector operand is a matrix with one row or column; the missing axis is put back, and taken off again. */
function vectorProduct(ctx: RuleContext, aShape: Shape, bShape: Shape): (string | undefined)[] {
  const { e } = ctx;
  const a = aShape.length === 1 ? e.op('Unsqueeze', [ctx.x(0), e.ints([0])]) : ctx.x(0);
  const b = bShape.length === 1 ? e.op('Unsqueeze', [ctx.x(1), e.ints([1])]) : ctx.x(1);
  let dy = ctx.dy;
  if (bShape.length === 1) dy = e.op('Unsqueeze', [dy, e.ints([-1])]);
  if (aShape.length === 1) dy = e.op('Unsqueeze', [dy, e.ints([-2])]);
  const aRank = Math.max(2, aShape.length);
  const bRank = Math.max(2, bShape.length);
  const sumTo = (grad: string, rank: number, gradRank: number, like: string): string =>
    e.reshapeLike(
      e.sum(
        grad,
        Array.from({ length: gradRank - rank }, (_, axis) => axis),
        false,
      ),
      like,
    );
  const dyRank = Math.max(aRank, bRank);
  return [
    ctx.needs(0) ? sumTo(e.matmul(dy, swapLast(ctx, b, bRank)), aRank, dyRank, ctx.x(0)) : undefined,
    ctx.needs(1) ? sumTo(e.matmul(swapLast(ctx, a, aRank), dy), bRank, dyRank, ctx.x(1)) : undefined,
  ];
}

/** Y = alpha A' B' + beta C, with A' and B' optionally transposed. */
const gemm: GradientRule = (ctx) => {
  const { e } = ctx;
  const [a, b] = [ctx.x(0), ctx.x(1)];
  const transA = intAttribute(ctx.node, 'transA', 0);
  const transB = intAttribute(ctx.node, 'transB', 0);
  const alpha = { alpha: { type: 'float', value: floatAttribute(ctx.node, 'alpha', 1) } } as const;
  const beta = floatAttribute(ctx.node, 'beta', 1);
  const da = (): string =>
    transA
      ? e.op('Gemm', [b, ctx.dy], { ...alpha, transA: transB, transB: 1 })
      : e.op('Gemm', [ctx.dy, b], { ...alpha, transB: 1 - transB });
  const db = (): string =>
    transB
      ? e.op('Gemm', [ctx.dy, a], { ...alpha, transA: 1, transB: transA })
      : e.op('Gemm', [a, ctx.dy], { ...alpha, transA: 1 - transA });
  const dc = (): string => {
    const grad = e.unbroadcast(ctx.dy, ctx.outShape, ctx.x(2));
    return beta === 1 ? grad : e.mul(grad, ctx.c(beta));
  };
  return [ctx.needs(0) ? da() : undefined, ctx.needs(1) ? db() : undefined, ctx.needs(2) ? dc() : undefined];
};

/**
 * The gradient of one operand is the einsum of the output's gradient with the other operands. That holds
 * when every letter of the operand occurs in another term; letters it has alone were summed over and are
 * restored by expanding.
 */
const einsum: GradientRule = (ctx) => {
  const { e } = ctx;
  const equation = stringAttribute(ctx.node, 'equation', '').replaceAll(' ', '');
  const [left, out] = equation.split('->');
  if (out === undefined || equation.includes('.'))
    ctx.refuse('equation', 'must name its output and has no ellipsis');
  const terms = left!.split(',');
  return terms.map((term, i) => {
    if (!ctx.needs(i)) return undefined;
    if (new Set(term).size !== term.length) ctx.refuse('equation', `takes a diagonal of operand ${i}`);
    const others = terms.filter((_, at) => at !== i);
    const present = new Set([out!, ...others].join(''));
    const kept = [...term].filter((letter) => present.has(letter));
    const inputs = [ctx.dy, ...ctx.node.inputs.filter((_, at) => at !== i)];
    const grad = e.op('Einsum', inputs, { equation: `${[out, ...others].join(',')}->${kept.join('')}` });
    if (kept.length === term.length) return grad;
    const gaps = [...term].flatMap((letter, axis) => (present.has(letter) ? [] : [axis]));
    return e.expandLike(e.op('Unsqueeze', [grad, e.ints(gaps)]), ctx.x(i));
  });
};

/** Gradients of products. */
export const matmulRules: Readonly<Record<string, GradientRule>> = {
  MatMul: matmul,
  Gemm: gemm,
  Einsum: einsum,
};
