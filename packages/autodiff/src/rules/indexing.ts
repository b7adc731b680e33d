import { intAttribute, stringAttribute } from '../onnx/attributes.ts';
import { normalizeAxis } from '../shapes/types.ts';
import type { GradientRule, RuleContext } from './rule.ts';

/** Up to this many rows an embedding's gradient is a product with one-hot rows, which beats scattering. */
const ONE_HOT_ROWS = 512;

/**
 * Adjoint of any operator that only moves, repeats or drops elements: the operator is applied to the
 * elements' own positions, and the gradient is added at those positions.
 */
function throughPositions(ctx: RuleContext): string {
  const { e, node } = ctx;
  const zero = e.constant([], BigInt64Array.of(0n));
  const one = e.constant([], BigInt64Array.of(1n));
  const shape = e.shapeOf(ctx.x());
  const size = e.op('ReduceProd', [shape], { keepdims: 0 });
  const positions = e.op('Reshape', [e.op('Range', [zero, size, one]), shape], { allowzero: 1 });
  const moved = e.fresh('positions');
  e.push({ ...node, name: moved, inputs: [positions, ...node.inputs.slice(1)], outputs: [moved] });
  const flat = e.ints([-1]);
  const zeros = e.op('Reshape', [e.zerosLike(ctx.x()), flat]);
  const updates = [e.op('Reshape', [moved, flat]), e.op('Reshape', [ctx.dy, flat])];
  return e.reshapeLike(e.op('ScatterElements', [zeros, ...updates], { axis: 0, reduction: 'add' }), ctx.x());
}

/** Rows picked by index give their gradient back to the row; a row picked twice gets both. */
const gather: GradientRule = (ctx) => {
  const { e } = ctx;
  const data = ctx.shape(0);
  if (!data) return [throughPositions(ctx)];
  const axis = normalizeAxis(intAttribute(ctx.node, 'axis', 0), data.length);
  const flatIndex = e.op('Reshape', [ctx.x(1), e.ints([-1])]);
  const rows = data[0];
  if (axis === 0 && data.length === 2 && typeof rows === 'number' && rows <= ONE_HOT_ROWS) {
    const oneHot = e.oneHot(flatIndex, e.ints([rows]), -1, ctx.dtype);
    const grads = e.reshape(ctx.dy, [-1, { of: ctx.x(0), axis: 1 }]);
    return [e.op('Gemm', [oneHot, grads], { transA: 1 })];
  }
  const dims = data.map((_, at) => ({ of: ctx.x(0), axis: at }));
  const around = dims.map((dim, at) => (at === axis ? -1 : dim));
  const known = data.every((dim, at) => at === axis || (typeof dim === 'number' && dim > 0));
  const updates = known
    ? e.reshape(ctx.dy, around)
    : e.op('Reshape', [
        ctx.dy,
        e.op(
          'Concat',
          dims.map((dim, at) => (at === axis ? e.op('Shape', [flatIndex]) : e.dimOf(dim.of, at))),
          {
            axis: 0,
          },
        ),
      ]);
  const column = e.op('Reshape', [flatIndex, e.ints(data.map((_, at) => (at === axis ? -1 : 1)))]);
  const indices = e.op('Expand', [column, e.op('Shape', [updates])]);
  return [e.op('ScatterElements', [e.zerosLike(ctx.x(0)), indices, updates], { axis, reduction: 'add' })];
};

const gatherElements: GradientRule = (ctx) => [
  ctx.e.op('ScatterElements', [ctx.e.zerosLike(ctx.x(0)), ctx.x(1), ctx.dy], {
    axis: intAttribute(ctx.node, 'axis', 0),
    reduction: 'add',
  }),
];

/** A plain cut with known bounds is undone by padding with zeros. */
const slice: GradientRule = (ctx) => {
  const { e } = ctx;
  const shape = ctx.shape(0);
  const numbers = (i: number): readonly number[] | undefined => {
    const ints = ctx.has(i) ? e.knownInts(ctx.x(i)) : undefined;
    return ints?.every((value) => typeof value === 'number') ? ints : undefined;
  };
  const [starts, ends] = [numbers(1), numbers(2)];
  const axes = ctx.has(3) ? numbers(3) : starts?.map((_, i) => i);
  const plain = !ctx.has(4) || numbers(4)?.every((step) => step === 1);
  if (!shape || !starts || !ends || !axes || !plain) return [throughPositions(ctx)];
  const before = shape.map(() => 0);
  const after = shape.map(() => 0);
  for (const [i, raw] of axes.entries()) {
    const axis = normalizeAxis(raw, shape.length);
    const size = shape[axis]!;
    if (starts[i] === 0 && ends[i]! >= 2 ** 31 - 1) continue;
    if (typeof size !== 'number') return [throughPositions(ctx)];
    const clamp = (at: number): number => Math.min(size, Math.max(0, at < 0 ? at + size : at));
    before[axis] = clamp(starts[i]!);
    after[axis] = size - Math.max(before[axis], clamp(ends[i]!));
  }
  return [e.op('Pad', [ctx.dy, e.ints([...before, ...after])])];
};

/** Padding with zeros is undone by negative padding; mirrored padding adds back to what it repeated. */
const pad: GradientRule = (ctx) => {
  if (stringAttribute(ctx.node, 'mode', 'constant') !== 'constant') return [throughPositions(ctx)];
  if (ctx.needs(2)) ctx.refuse('constant_value', 'has no gradient', 'freeze it');
  return [ctx.e.op('Pad', [ctx.dy, ctx.e.neg(ctx.x(1)), undefined, ctx.has(3) ? ctx.x(3) : undefined])];
};

const scatterElements: GradientRule = (ctx) => {
  const { e, node } = ctx;
  const attributes = { axis: intAttribute(node, 'axis', 0) };
  const reduction = stringAttribute(node, 'reduction', 'none');
  if (reduction !== 'none' && reduction !== 'add') ctx.refuse('reduction', `"${reduction}" has no gradient`);
  const overwritten = (): string =>
    e.op('ScatterElements', [ctx.dy, ctx.x(1), e.zerosLike(ctx.x(2))], attributes);
  return [
    ctx.needs(0) ? (reduction === 'add' ? ctx.dy : overwritten()) : undefined,
    undefined,
    ctx.needs(2) ? e.op('GatherElements', [ctx.dy, ctx.x(1)], attributes) : undefined,
  ];
};

const scatterND: GradientRule = (ctx) => {
  const { e } = ctx;
  const reduction = stringAttribute(ctx.node, 'reduction', 'none');
  if (reduction !== 'none' && reduction !== 'add') ctx.refuse('reduction', `"${reduction}" has no gradient`);
  const overwritten = (): string => e.op('ScatterND', [ctx.dy, ctx.x(1), e.zerosLike(ctx.x(2))]);
  return [
    ctx.needs(0) ? (reduction === 'add' ? ctx.dy : overwritten()) : undefined,
    undefined,
    ctx.needs(2) ? e.op('GatherND', [ctx.dy, ctx.x(1)]) : undefined,
  ];
};

const topK: GradientRule = (ctx) => [
  ctx.e.op('ScatterElements', [ctx.e.zerosLike(ctx.x()), ctx.y(1), ctx.dyOf(0)], {
    axis: intAttribute(ctx.node, 'axis', -1),
  }),
];

/** Keeping a triangle is linear and its own adjoint. */
const trilu: GradientRule = (ctx) => [
  ctx.e.op('Trilu', [ctx.dy, ctx.has(1) ? ctx.x(1) : undefined], {
    upper: intAttribute(ctx.node, 'upper', 1),
  }),
];

/** Blocks of pixels to channels and back, as the transposition that the specification spells out. */
const depthToSpace: GradientRule = (ctx) => {
  const { e } = ctx;
  const b = intAttribute(ctx.node, 'blocksize', 1);
  const crd = stringAttribute(ctx.node, 'mode', 'DCR') === 'CRD';
  const channels = ctx.known(0)[1];
  if (typeof channels !== 'number') ctx.refuse('the number of channels', 'is not known before running');
  const [n, h, w] = [0, 2, 3].map((axis) => ({ of: ctx.x(), axis })) as [TargetAxis, TargetAxis, TargetAxis];
  const split = e.reshape(ctx.dy, [n, (channels as number) / (b * b), h, b, w, b]);
  return [e.reshapeLike(e.transpose(split, crd ? [0, 1, 3, 5, 2, 4] : [0, 3, 5, 1, 2, 4]), ctx.x())];
};

const spaceToDepth: GradientRule = (ctx) => {
  const { e } = ctx;
  const b = intAttribute(ctx.node, 'blocksize', 1);
  const [n, c] = [0, 1].map((axis) => ({ of: ctx.x(), axis })) as [TargetAxis, TargetAxis];
  const [h, w] = [2, 3].map((axis) => ({ of: ctx.y(), axis })) as [TargetAxis, TargetAxis];
  const split = e.reshape(ctx.dy, [n, b, b, c, h, w]);
  return [e.reshapeLike(e.transpose(split, [0, 3, 4, 1, 5, 2]), ctx.x())];
};

interface TargetAxis {
  readonly of: string;
  readonly axis: number;
}

/** Gradients of operators that pick, repeat, cut or place elements. */
export const indexingRules: Readonly<Record<string, GradientRule>> = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: (ctx) => [throughPositions(ctx)],
  Slice: slice,
  Pad: pad,
  Tile: (ctx) => [throughPositions(ctx)],
  ScatterElements: scatterElements,
  ScatterND: scatterND,
  TopK: topK,
  Trilu: trilu,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};
