import { floatAttribute, intAttribute } from '../onnx/attributes.ts';
import { float } from '../onnx/builder.ts';
import { DataType, type Node } from '../onnx/model.ts';
import { normalizeAxis } from '../shapes/types.ts';
import type { Emitter } from './emitter.ts';
import { type GradientRule, RuleContext } from './rule.ts';
import type { TrainingForm } from './training-forms.ts';

/** 1 / sqrt(variance + epsilon). */
function inverseDeviation(e: Emitter, variance: string, epsilon: number, dtype: number): string {
  return e.unary('Reciprocal', e.unary('Sqrt', e.add(variance, e.scalar(epsilon, dtype))));
}

/** Mean and inverse deviation of `x` over `axes`, kept as axes of size 1. */
function statistics(
  ctx: RuleContext,
  x: string,
  axes: readonly number[],
): { centred: string; inverse: string } {
  const { e } = ctx;
  const centred = e.sub(x, e.mean(x, axes, true));
  const variance = e.mean(e.mul(centred, centred), axes, true);
  const epsilon = floatAttribute(ctx.node, 'epsilon', 1e-5);
  return { centred, inverse: inverseDeviation(e, variance, epsilon, ctx.dtype) };
}

/** Gradient through xhat = (x - mean) inverse: inverse (g - mean(g) - xhat mean(g xhat)). */
function throughNormalised(
  e: Emitter,
  g: string,
  xhat: string,
  inverse: string,
  axes: readonly number[],
): string {
  const radial = e.mul(xhat, e.mean(e.mul(g, xhat), axes, true));
  return e.mul(e.sub(e.sub(g, e.mean(g, axes, true)), radial), inverse);
}

/** The runtime's own mean and inverse deviation are used if it keeps them in full precision. */
const layerNormalization: GradientRule = (ctx) => {
  const { e } = ctx;
  const rank = ctx.rank(0);
  const first = normalizeAxis(intAttribute(ctx.node, 'axis', -1), rank);
  const axes = Array.from({ length: rank - first }, (_, i) => first + i);
  let xhat: string;
  let inverse: string;
  if (ctx.dtype === DataType.float32) {
    inverse = ctx.y(2);
    xhat = e.mul(e.sub(ctx.x(), ctx.y(1)), inverse);
  } else {
    const stats = statistics(ctx, ctx.x(), axes);
    inverse = stats.inverse;
    xhat = e.mul(stats.centred, inverse);
  }
  return [
    ctx.needs(0) ? throughNormalised(e, e.mul(ctx.dy, ctx.x(1)), xhat, inverse, axes) : undefined,
    ctx.needs(1) ? e.unbroadcast(e.mul(ctx.dy, xhat), ctx.outShape, ctx.x(1)) : undefined,
    ctx.needs(2) ? e.unbroadcast(ctx.dy, ctx.outShape, ctx.x(2)) : undefined,
  ];
};

const spatialAxes = (rank: number): number[] => Array.from({ length: rank - 2 }, (_, i) => i + 2);

/** A per-channel vector [C] as [C, 1, ...], to broadcast against [N, C, ...]. */
function perChannel(e: Emitter, vector: string, rank: number): string {
  return e.op('Reshape', [vector, e.ints([-1, ...Array<number>(rank - 2).fill(1)])]);
}

const instanceNormalization: GradientRule = (ctx) => {
  const { e } = ctx;
  const rank = ctx.rank(0);
  const axes = spatialAxes(rank);
  const { centred, inverse } = statistics(ctx, ctx.x(), axes);
  const xhat = e.mul(centred, inverse);
  const g = e.mul(ctx.dy, perChannel(e, ctx.x(1), rank));
  return [
    ctx.needs(0) ? throughNormalised(e, g, xhat, inverse, axes) : undefined,
    ctx.needs(1) ? e.sum(e.mul(ctx.dy, xhat), [0, ...axes], false) : undefined,
    ctx.needs(2) ? e.sum(ctx.dy, [0, ...axes], false) : undefined,
  ];
};

/** Channels in groups, each normalised as one row. From operator set 21 on, scale and bias are per channel. */
const groupNormalization: GradientRule = (ctx) => {
  const { e } = ctx;
  const rank = ctx.rank(0);
  const groups = intAttribute(ctx.node, 'num_groups', 1);
  const perGroup = e.opset < 21;
  const rows = (value: string): string => e.op('Reshape', [value, e.ints([0, groups, -1])]);
  const { centred, inverse } = statistics(ctx, rows(ctx.x()), [2]);
  const xhat = e.mul(centred, inverse);
  const scaled = perGroup
    ? e.mul(rows(ctx.dy), e.op('Reshape', [ctx.x(1), e.ints([-1, 1])]))
    : rows(e.mul(ctx.dy, perChannel(e, ctx.x(1), rank)));
  const sums = (value: string): string =>
    perGroup
      ? e.sum(value, [0, 2], false)
      : e.sum(e.reshapeLike(value, ctx.x()), [0, ...spatialAxes(rank)], false);
  return [
    ctx.needs(0) ? e.reshapeLike(throughNormalised(e, scaled, xhat, inverse, [2]), ctx.x()) : undefined,
    ctx.needs(1) ? sums(e.mul(rows(ctx.dy), xhat)) : undefined,
    ctx.needs(2) ? sums(rows(ctx.dy)) : undefined,
  ];
};

/** With stored statistics, normalisation is an affine map per channel. */
const batchNormalization: GradientRule = (ctx) => {
  const { e } = ctx;
  const rank = ctx.rank(0);
  const axes = [0, ...spatialAxes(rank)];
  const epsilon = floatAttribute(ctx.node, 'epsilon', 1e-5);
  const inverse = inverseDeviation(e, ctx.x(4), epsilon, ctx.dtype);
  const centred = (): string => e.sub(ctx.x(), perChannel(e, ctx.x(3), rank));
  return [
    ctx.needs(0) ? e.mul(ctx.dy, perChannel(e, e.mul(ctx.x(1), inverse), rank)) : undefined,
    ctx.needs(1) ? e.mul(e.sum(e.mul(ctx.dy, centred()), axes, false), inverse) : undefined,
    ctx.needs(2) ? e.sum(ctx.dy, axes, false) : undefined,
  ];
};

/**
 * BatchNormalization as it trains: statistics of the batch, and running ones moved towards them by
 * `1 - momentum`. As the ONNX operator does, the running variance takes the variance over N elements
 * (PyTorch takes N - 1).
 */
export const batchNormalizationForm: TrainingForm = (node, e, form) => {
  if (!form.batchStatistics) return undefined;
  const [x, scale, bias, runningMean, runningVariance] = node.inputs as [
    string,
    string,
    string,
    string,
    string,
  ];
  const dtype = e.dtype(x);
  const rank = new RuleContext(
    node,
    e,
    [],
    () => true,
    () => '',
  ).rank(0);
  const axes = [0, ...spatialAxes(rank)];
  const count = e.countOf(x, axes, dtype);
  const mean = e.mean(x, axes, false);
  const centred = e.sub(x, perChannel(e, mean, rank));
  // Three times as fast as the runtime's ReduceSumSquare over these axes.
  const squares = e.sum(e.mul(centred, centred), axes, false);
  const variance = e.div(squares, count);
  const epsilon = floatAttribute(node, 'epsilon', 1e-5);
  const inverse = inverseDeviation(e, variance, epsilon, dtype);
  // The inference operator, given the batch's statistics: one pass over the data instead of two.
  const normalise = (value: string, centre: string, shift: string, output?: string): string =>
    e.op('BatchNormalization', [value, scale, shift, centre, variance], { epsilon: float(epsilon) }, output);
  normalise(x, mean, bias, node.outputs[0]!);

  const keep = floatAttribute(node, 'momentum', 0.9);
  const moved = (running: string, batch: string, output: string | undefined): string =>
    e.op(
      'Add',
      [e.mul(running, e.scalar(keep, dtype)), e.mul(batch, e.scalar(1 - keep, dtype))],
      {},
      output || undefined,
    );
  form.carry(runningMean, moved(runningMean, mean, node.outputs[1]));
  form.carry(runningVariance, moved(runningVariance, variance, node.outputs[2]));

  return (ctx) => {
    const product = e.sum(e.mul(ctx.dy, centred), axes, false);
    const total = e.sum(ctx.dy, axes, false);
    // dx = scale inverse (dy - mean(dy) - centred inverse^2 mean(dy centred)).
    const dx = (): string => {
      const level = normalise(ctx.dy, e.div(total, count), e.zerosLike(bias));
      const cube = e.mul(inverse, e.mul(inverse, inverse));
      const pull = e.div(e.mul(e.mul(product, cube), scale), count);
      return e.sub(level, e.mul(centred, perChannel(e, pull, rank)));
    };
    return [
      ctx.needs(0) ? dx() : undefined,
      ctx.needs(1) ? e.mul(product, inverse) : undefined,
      ctx.needs(2) ? total : undefined,
    ];
  };
};

/** BatchNormalization and Dropout as inference runs them, however the file was exported. */
export function inferenceNode(node: Node): Node {
  if (node.domain !== '') return node;
  if (node.op === 'BatchNormalization') {
    const attributes = new Map([...node.attributes].filter(([name]) => name !== 'training_mode'));
    return { ...node, outputs: node.outputs.slice(0, 1), attributes };
  }
  return node.op === 'Dropout' ? { ...node, inputs: node.inputs.slice(0, 2) } : node;
}

/** Gradients of normalisation. */
export const normalisationRules: Readonly<Record<string, GradientRule>> = {
  LayerNormalization: layerNormalization,
  InstanceNormalization: instanceNormalization,
  GroupNormalization: groupNormalization,
  BatchNormalization: batchNormalization,
};
