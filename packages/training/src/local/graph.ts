import {
  AutodiffError,
  checkOperators,
  type DifferentiateOptions,
  differentiate,
  type Model,
  type TrainingGraph,
  trainsByDefault,
  untieEqual,
} from '@chorus/autodiff';
import { ChorusError, MAX_DIMENSION } from '@chorus/protocol';
import { NO_LABEL } from '../data/dataset.ts';
import type { GraphPorts } from '../jobs/graph-ports.ts';
import type { Foreign, GraphOptions, Opened, Optimizer } from '../jobs/messages.ts';
import { evaluateBatch } from '../jobs/tensors.ts';
import { MAX_REASON, modelFault } from '../model/model-fault.ts';
import { modelToTrain } from '../model/model-to-train.ts';
import { checkForeign } from './foreign.ts';
import { checkKnown } from './known-architectures.ts';
import { clippedSumGraph } from './private-training.ts';

/** File of the frozen weights of a model that is trained by adapters, in the folder of its graphs. */
const FROZEN_FILE = 'frozen.bin';

/** The training graphs of a model. */
export interface TrainingGraphs {
  training: TrainingGraph;
  /** Sums clipped gradients of single samples, if training is to be private. */
  clippedSum: TrainingGraph | null;
  /** For a foreign model, the bytes of constants that the runtime may compute when it opens the model. */
  constantBytes: number;
}

/**
 * The training graphs of a model, with the errors a node shows to its user.
 * @throws ChorusError `E_MODEL_CORRUPT` if the bytes are not a valid ONNX model, `E_MODEL_UNSUPPORTED` if it is valid
 * but cannot be trained here, `E_PRIVACY` if it cannot be trained privately, `E_MODEL_VALUE` if a parameter is not
 * finite; of a foreign model `E_MODEL_FORBIDDEN`, `E_MODEL_UNBOUNDED`, `E_MODEL_MEMORY`, `E_MODEL_PRIVACY` if only
 * known models are allowed
 */
export function trainingGraphs(
  model: Uint8Array,
  options: GraphOptions & { foreign?: Foreign | undefined; tensorBytes?: number | undefined },
): TrainingGraphs {
  const { optimizer, freeze, batchNormalization = 'running', privacy } = options;
  let training: TrainingGraph;
  let clippedSum: TrainingGraph | null = null;
  let constantBytes = 0;
  try {
    const base = modelToTrain(model, options);
    const { model: parsed, predictsTokens } = base;
    if (privacy && predictsTokens) {
      throw new ChorusError(
        'E_PRIVACY',
        'language models are not trained with privacy of single samples here yet',
        {
          hint: 'join tasks of another kind, or set training.privacy.ownNoise to 0',
        },
      );
    }
    const loss = predictsTokens ? { ...options.loss, ignoreIndex: NO_LABEL } : options.loss;
    const trainable = options.trainable ?? base.trainable;
    if (options.foreign) {
      const { inputShape, knownWith } = options.foreign;
      checkOperators(parsed);
      if (knownWith) checkKnown(parsed, { inputShape, ...knownWith });
    }
    const separate = untieEqual(parsed);
    const chosen = trainable ?? (freeze && unfrozen(separate, freeze));
    const settings: Omit<DifferentiateOptions, 'optimizer'> & { optimizer: Optimizer } = {
      loss,
      optimizer,
      batchNormalization,
      ...(chosen ? { trainable: chosen } : {}),
      // The graphs refer to the frozen weights of the base model, which would not fit into each of them.
      ...(options.adapter ? { frozenData: FROZEN_FILE } : {}),
    };
    training = differentiate(separate, settings);
    checkGraph(training, options.maxDimension ?? MAX_DIMENSION);
    if (privacy) clippedSum = clippedSumGraph(separate, settings, privacy);
    if (options.foreign) {
      constantBytes = checkForeign(training, options.foreign, options.tensorBytes);
      if (clippedSum) checkForeign(clippedSum, { ...options.foreign, batchSize: 1 }, options.tensorBytes);
    }
  } catch (cause) {
    if (!(cause instanceof AutodiffError)) throw cause;
    throw modelFault(cause);
  }
  return { training, clippedSum, constantBytes };
}

/** Tensors that train by default, except those whose names match. */
function unfrozen(model: Model, freeze: RegExp): (name: string) => boolean {
  return (name) => trainsByDefault(model.graph.initializers.get(name)!) && !freeze.test(name);
}

/** Names of the graph's data input, label input and logits, once {@link trainingGraphs} has checked them. */
export function ports(graph: GraphPorts) {
  return { data: graph.dataInputs[0]!, labels: graph.labelInput!, logits: graph.outputs.model[0]! };
}

function checkGraph(graph: TrainingGraph, maxDimension: number): void {
  const unsupported = (message: string, facts: Record<string, string | number>, hint: string) =>
    new ChorusError('E_MODEL_UNSUPPORTED', message, { facts, hint });
  const dimension = dimensionOf(graph);
  if (dimension > maxDimension) {
    throw unsupported(
      'the model has too many trainable parameters',
      { dimension, limit: maxDimension },
      'freeze some',
    );
  }
  if (graph.dataInputs.length !== 1) {
    throw unsupported(
      'the model does not have exactly one data input',
      { inputs: graph.dataInputs.map((input) => input.name).join(', ') },
      'export the model with one input tensor',
    );
  }
  if (graph.otherInputs.length > 0) {
    throw unsupported(
      'the model has inputs in addition to its data',
      {
        inputs: graph.otherInputs
          .map((input) => input.name)
          .join(', ')
          .slice(0, MAX_REASON),
      },
      'nothing of the loss depends on them: export the model without them',
    );
  }
  const { data, logits } = ports(graph);
  if (!INPUT_TYPES.has(data.dtype)) {
    throw unsupported(
      'the model takes data of a type that is not prepared here',
      { type: data.dtype },
      'use float32',
    );
  }
  if (data.shape && typeof data.shape[0] === 'number') {
    throw unsupported(
      'the batch axis of the model is fixed',
      { input: data.name, shape: data.shape.join('x') },
      'export the model with a free first dimension',
    );
  }
  for (const { name, initial } of graph.parameters) {
    const odd = initial.findIndex((value) => !Number.isFinite(Math.fround(value)));
    if (odd >= 0) {
      throw new ChorusError('E_MODEL_VALUE', 'a parameter of the model is not a finite number', {
        facts: { parameter: name.slice(0, 100), index: odd, value: initial[odd]! },
        hint: 'export the model with finite weights; a mask of infinities must not be a trainable initialiser',
      });
    }
  }
  if (logits.shape && logits.shape.length !== 2 && !predictsTokens(graph)) {
    throw unsupported(
      'the model gives neither one row of logits per sample nor one per token',
      { output: logits.name, shape: logits.shape.join('x') },
      'the first output must be [N, classes], or [N, positions, classes] for an input of token numbers [N, positions]',
    );
  }
}

/** Whether a model takes sequences of token numbers, and predicts a token at each position. */
function predictsTokens(graph: GraphPorts): boolean {
  const { data, logits } = ports(graph);
  const isTokens = data.dtype === 'int64' || data.dtype === 'int32';
  return isTokens && data.shape?.length === 2 && logits.shape?.length === 3;
}

/** Types of a data input that a float32 data set is converted to. */
export const INPUT_TYPES: ReadonlySet<string> = new Set(['float32', 'float64', 'int32', 'int64']);

export function dimensionOf(graph: TrainingGraph): number {
  return graph.parameters.reduce((sum, parameter) => sum + parameter.size, 0);
}

/** What the main thread needs to know of the graph. */
export function describe(graph: TrainingGraph): Opened {
  const { data, logits } = ports(graph);
  const initialState = Object.fromEntries(graph.state.map((entry) => [entry.name, entry.initial]));
  const initial = new Float32Array(dimensionOf(graph));
  for (const parameter of graph.parameters) initial.set(parameter.initial, parameter.offset);
  const classes = logits.shape?.at(-1);
  return {
    parameters: graph.parameters.map(({ name, shape, size, offset }) => ({
      name,
      shape: [...shape],
      size,
      offset,
    })),
    initial,
    initialState,
    modelState: [...graph.inputs.evaluateState],
    sampleShape: data.shape?.slice(1).map((dim) => (typeof dim === 'number' ? dim : null)) ?? null,
    classes: typeof classes === 'number' ? classes : null,
    predicts: predictsTokens(graph) ? 'tokens' : 'classification',
    evaluateBatch: evaluateBatch(graph),
  };
}
