import { buildEpoch, epochObstacle, trainingModel } from './epoch.ts';
import { buildEvaluate } from './evaluate.ts';
import { type ExternalTensors, encodeModel } from './onnx/encode.ts';
import {
  DataType,
  type DataTypeName,
  dataTypeName,
  elementCount,
  type Model,
  type Tensor,
  type ValueInfo,
} from './onnx/model.ts';
import { parseModel } from './onnx/parse.ts';
import { validateModel } from './onnx/validate.ts';
import { planTraining, type TrainingPlan } from './plan.ts';
import { runningStatistics } from './trainable.ts';
import type {
  DifferentiateOptions,
  ParameterSpec,
  StateSpec,
  TrainingGraph,
  ValueSpec,
} from './training-graph.ts';

/**
 * Builds the training graph of a model: forward pass, loss, gradients and optimiser as plain ONNX.
 *
 * The three graphs are encoded when first read, so what is not used costs nothing.
 *
 * @param model an ONNX file, or a model from {@link parseModel} or {@link GraphBuilder}
 * @param options loss, optimiser and what trains
 * @returns the graphs and the names, shapes and types to feed them with
 * @throws UnsupportedOperatorError, UnsupportedAttributeError when a node has no gradient
 * @throws NonFloatTrainableError, MissingOutputError, InvalidOptionError when options do not fit
 * @throws InvalidGraphError, CorruptModelError, OpsetError, ExternalDataError when the model is unusable
 *
 * @example
 * const graph = differentiate(await readFile('model.onnx'), {
 *   loss: { kind: 'softmax-cross-entropy' },
 *   optimizer: { kind: 'sgd', momentum: 0.9 },
 * });
 * const session = await InferenceSession.create(graph.step);
 */
export function differentiate(model: Uint8Array | Model, options: DifferentiateOptions): TrainingGraph {
  const source = model instanceof Uint8Array ? parseModel(model) : model;
  const plan = planTraining(source, options);
  const { names } = plan;
  const obstacle = epochObstacle(plan);
  const stepModel = validateModel(trainingModel(plan.model, plan.step));
  const evaluation = buildEvaluate(plan, options.loss);
  const frozen = options.frozenData === undefined ? undefined : frozenTensors(plan, options.frozenData);
  const step = once(() => encodeModel(stepModel, frozen));
  const epoch = once(() => (obstacle === undefined ? encodeModel(buildEpoch(plan), frozen) : null));
  const evaluate = once(() => encodeModel(evaluation.model, frozen));
  return {
    get step() {
      return step();
    },
    get epoch() {
      return epoch();
    },
    ...(obstacle === undefined ? {} : { epochUnavailable: obstacle }),
    get evaluate() {
      return evaluate();
    },
    parameters: parameterSpecs(plan),
    state: plan.state.map((entry) => stateSpec(plan, entry.name)),
    frozen: frozen ? { location: frozen.location, parts: frozen.parts } : null,
    dataInputs: plan.data.map(valueSpec),
    otherInputs: plan.model.graph.inputs
      .filter(
        ({ name }) =>
          !plan.model.graph.initializers.has(name) && !plan.data.some((info) => info.name === name),
      )
      .map(valueSpec),
    labelInput: plan.labels ? valueSpec(plan.labels) : null,
    inputs: {
      learningRate: names.lr,
      index: names.index,
      mu: options.proximal ? names.mu : null,
      anchors: plan.anchors,
      controls: plan.controls,
      evaluateState: evaluation.fed,
    },
    outputs: {
      loss: names.loss,
      losses: names.losses,
      next: plan.next,
      model: evaluation.model.graph.outputs.slice(1).map(valueSpec),
    },
  };
}

/** Smaller tensors stay in the graphs: shapes and constants the runtime folds before it starts. */
const FROZEN_BYTES = 1024;

/** Lays frozen tensors out one after the other. */
function frozenTensors(plan: TrainingPlan, location: string): ExternalTensors & { parts: Uint8Array[] } {
  const fed = new Set([...plan.trained, ...plan.state.map(({ name }) => name)]);
  const offsets = new Map<string, number>();
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const { name, data } of plan.model.graph.initializers.values()) {
    if (fed.has(name) || data.length < FROZEN_BYTES) continue;
    offsets.set(name, offset);
    parts.push(data);
    offset += data.length;
  }
  return { location, offsets, parts };
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function valueSpec({ name, dtype, shape }: ValueInfo): ValueSpec {
  return { name, dtype: dataTypeName(dtype) as DataTypeName, shape };
}

function parameterSpecs(plan: TrainingPlan): ParameterSpec[] {
  let offset = 0;
  return plan.trained.map((name) => {
    const tensor = plan.model.graph.initializers.get(name)!;
    const size = elementCount(tensor.dims);
    const dtype = tensor.dtype === DataType.float64 ? 'float64' : 'float32';
    const spec = { name, dtype, shape: tensor.dims, size, offset, initial: floatValues(tensor) } as const;
    offset += size;
    return spec;
  });
}

function stateSpec(plan: TrainingPlan, name: string): StateSpec {
  const entry = plan.state.find((candidate) => candidate.name === name)!;
  const stored = runningStatistics(plan.model.graph).has(name)
    ? plan.model.graph.initializers.get(name)
    : undefined;
  const size = elementCount(entry.shape);
  if (entry.dtype === DataType.int64) {
    return { name, dtype: 'int64', shape: entry.shape, initial: new BigInt64Array(size) };
  }
  const dtype = entry.dtype === DataType.float64 ? 'float64' : 'float32';
  const zeros = dtype === 'float64' ? new Float64Array(size) : new Float32Array(size);
  return { name, dtype, shape: entry.shape, initial: stored ? floatValues(stored) : zeros };
}

/** A copy of a float tensor's values; the file's bytes need not be aligned. */
function floatValues(tensor: Tensor): Float32Array | Float64Array {
  // Not `slice`: of a Node Buffer that is a view, and `buffer` would be the whole file.
  const { buffer } = new Uint8Array(tensor.data);
  return tensor.dtype === DataType.float64 ? new Float64Array(buffer) : new Float32Array(buffer);
}
