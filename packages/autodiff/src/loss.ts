import { InvalidOptionError, UnknownShapeError } from './onnx/errors.ts';
import { DataType, type Graph, type Node, type Shape } from './onnx/model.ts';
import type { Emitter } from './rules/emitter.ts';
import { normalizeAxis } from './shapes/types.ts';

/** What training minimises. `output` names a model output; default: the first one. */
export type LossOptions =
  | {
      /** Mean of -log softmax(logits)[label] over integer labels. */
      kind: 'softmax-cross-entropy';
      output?: string;
      /** Labels with this value count for nothing (neither loss nor mean). */
      ignoreIndex?: number;
      /** One weight per class; the mean is weighted, as in PyTorch. */
      classWeights?: readonly number[];
      /** Axis of the logits that holds the classes; default: the last one (1 for segmentation maps). */
      classAxis?: number;
    }
  | { kind: 'bce-with-logits'; output?: string }
  | { kind: 'mse'; output?: string }
  | { kind: 'output'; name: string };

/** Where a loss is attached: the value it reads and the labels it compares with. */
export interface LossTarget {
  /** Value the loss reads. */
  readonly value: string;
  /** Type of the label input, `undefined` for a loss the model computes itself. */
  readonly labels: { readonly dtype: number; readonly shape: Shape | undefined } | undefined;
}

/**
 * The value a loss reads. A model that ends in Softmax is read before it: the cross-entropy contains the
 * softmax, and computing it from probabilities would lose precision and slow learning.
 */
export function lossTarget(e: Emitter, graph: Graph, options: LossOptions, output: string): LossTarget {
  if (options.kind === 'output') return { value: output, labels: undefined };
  const producer = producerOf(graph, output);
  const shape = e.shape(output);
  if (options.kind !== 'softmax-cross-entropy') {
    const isSigmoid = options.kind === 'bce-with-logits' && producer?.op === 'Sigmoid';
    return { value: isSigmoid ? producer.inputs[0]! : output, labels: { dtype: e.dtype(output), shape } };
  }
  const axis = options.classAxis ?? -1;
  const labelShape = shape?.filter((_, at) => at !== normalizeAxis(axis, shape.length));
  const value = producer?.op === 'Softmax' ? producer.inputs[0]! : output;
  return { value, labels: { dtype: DataType.int64, shape: labelShape } };
}

/** The node that computes a value, seen through the renaming that an Identity is. */
function producerOf(graph: Graph, value: string): Node | undefined {
  const node = graph.nodes.find((candidate) => candidate.outputs.includes(value));
  return node?.op === 'Identity' ? producerOf(graph, node.inputs[0]!) : node;
}

/**
 * Emits the loss.
 *
 * @returns the scalar loss, and its gradient with respect to `target.value` (emitted only when called)
 */
export function emitLoss(
  e: Emitter,
  options: LossOptions,
  target: LossTarget,
  labels: string,
): { loss: string; gradient: () => string } {
  const { value } = target;
  switch (options.kind) {
    case 'softmax-cross-entropy':
      return crossEntropy(e, options, value, labels);
    case 'bce-with-logits':
      return binaryCrossEntropy(e, value, labels);
    case 'mse':
      return meanSquare(e, value, labels);
    case 'output':
      return ownLoss(e, value);
  }
}

function crossEntropy(
  e: Emitter,
  options: Extract<LossOptions, { kind: 'softmax-cross-entropy' }>,
  logits: string,
  labels: string,
): { loss: string; gradient: () => string } {
  const dtype = e.dtype(logits);
  const shape = e.shape(logits);
  if (!shape) throw new UnknownShapeError(logits, 'loss', 'softmax-cross-entropy', 'rank');
  const axis = normalizeAxis(options.classAxis ?? -1, shape.length);
  const classes = shape[axis];
  const weights = options.classWeights;
  if (weights && typeof classes === 'number' && weights.length !== classes) {
    throw new InvalidOptionError(
      `${weights.length} class weights for ${classes} classes`,
      { weights: weights.length, classes },
      'give one weight per class',
    );
  }
  const logp = e.op('LogSoftmax', [logits], { axis });
  const depth = typeof classes === 'number' ? e.ints([classes]) : e.dimOf(logits, axis);
  const onehot = e.oneHot(labels, depth, axis, dtype);
  const picked = e.sum(e.mul(logp, onehot), [axis], false);
  const weight = labelWeights(e, options, labels, dtype);
  if (weight === undefined) {
    const loss = e.neg(e.op('ReduceMean', [picked], { keepdims: 0 }));
    const gradient = (): string => {
      const count = e.countOf(labels, undefined, dtype);
      return e.div(e.sub(e.unary('Exp', logp), onehot), count);
    };
    return { loss, gradient };
  }
  // A batch in which every label is ignored has loss 0 and no gradient, instead of 0/0.
  const total = e.op('Max', [e.sumAll(weight), e.scalar(1e-12, dtype)]);
  const share = e.div(weight, total);
  return {
    loss: e.neg(e.sumAll(e.mul(picked, share))),
    gradient: () => e.mul(e.sub(e.unary('Exp', logp), onehot), e.op('Unsqueeze', [share, e.ints([axis])])),
  };
}

/** Weight of every label; `undefined` when all count the same. */
function labelWeights(
  e: Emitter,
  options: Extract<LossOptions, { kind: 'softmax-cross-entropy' }>,
  labels: string,
  dtype: number,
): string | undefined {
  const { ignoreIndex, classWeights } = options;
  const counted =
    ignoreIndex === undefined
      ? undefined
      : e.op('Not', [e.op('Equal', [labels, e.constant([], BigInt64Array.of(BigInt(ignoreIndex)))])]);
  const mask = counted && e.cast(counted, dtype);
  if (!classWeights) return mask;
  const table = e.constant(
    [classWeights.length],
    dtype === DataType.float64 ? Float64Array.from(classWeights) : Float32Array.from(classWeights),
  );
  const index = counted ? e.op('Where', [counted, labels, e.constant([], BigInt64Array.of(0n))]) : labels;
  const perLabel = e.op('Gather', [table, index]);
  return mask ? e.mul(perLabel, mask) : perLabel;
}

/** Mean of softplus(z) - z t: never takes the logarithm of a rounded probability. */
function binaryCrossEntropy(
  e: Emitter,
  logits: string,
  labels: string,
): { loss: string; gradient: () => string } {
  const each = e.sub(e.unary('Softplus', logits), e.mul(logits, labels));
  return {
    loss: e.op('ReduceMean', [each], { keepdims: 0 }),
    gradient: () =>
      e.div(e.sub(e.unary('Sigmoid', logits), labels), e.countOf(logits, undefined, e.dtype(logits))),
  };
}

function meanSquare(e: Emitter, output: string, labels: string): { loss: string; gradient: () => string } {
  const dtype = e.dtype(output);
  const error = e.sub(output, labels);
  return {
    loss: e.op('ReduceMean', [e.mul(error, error)], { keepdims: 0 }),
    gradient: () => e.div(e.mul(error, e.scalar(2, dtype)), e.countOf(output, undefined, dtype)),
  };
}

/** A loss the model computes: a scalar, or a tensor of one element. */
function ownLoss(e: Emitter, output: string): { loss: string; gradient: () => string } {
  const shape = e.shape(output);
  if (shape?.some((dim) => typeof dim === 'number' && dim !== 1)) {
    throw new InvalidOptionError(
      `loss output "${output}" has shape [${shape.join(', ')}]`,
      { output },
      'name an output with one element, or choose another loss',
    );
  }
  const scalar =
    shape?.length === 0 ? e.unary('Identity', output) : e.op('ReduceSum', [output], { keepdims: 0 });
  const one = e.scalar(1, e.dtype(output));
  return { loss: scalar, gradient: () => (shape?.length === 0 ? one : e.expandLike(one, output)) };
}
