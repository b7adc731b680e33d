import { type ForwardStep, reverse } from './backward.ts';
import { emitLoss, type LossTarget, lossTarget } from './loss.ts';
import { InvalidOptionError, MissingOutputError } from './onnx/errors.ts';
import {
  DataType,
  dataTypeName,
  type Graph,
  type Model,
  type Node,
  type Shape,
  type ValueInfo,
} from './onnx/model.ts';
import { unique, valueNames } from './onnx/names.ts';
import { upgradeModel } from './onnx/upgrade.ts';
import { readNames } from './onnx/validate.ts';
import { type CarriedState, checkOptimizer, emitClipping, emitOptimizer } from './optimizer.ts';
import { Emitter } from './rules/emitter.ts';
import { inferenceNode } from './rules/normalisation.ts';
import { TRAINING_FORMS } from './rules/training-forms.ts';
import { inferTypes } from './shapes/infer.ts';
import { trainableCandidates } from './trainable.ts';
import type { DifferentiateOptions } from './training-graph.ts';
import { untieEqual } from './untie/untie.ts';

/** Names of the values a training graph adds to the model's own. */
interface RoleNames {
  readonly labels: string;
  readonly lr: string;
  readonly loss: string;
  readonly mu: string;
  readonly index: string;
  readonly losses: string;
}

/** The training step as a graph, and what each of its inputs and outputs is. */
export interface TrainingPlan {
  /** The model rewritten to the training operator set. */
  readonly model: Model;
  readonly step: Graph;
  readonly names: RoleNames;
  readonly data: readonly ValueInfo[];
  readonly labels: ValueInfo | undefined;
  readonly target: LossTarget;
  /** Trainable names in file order. */
  readonly trained: readonly string[];
  readonly state: readonly CarriedState[];
  /** Output with the new value of each parameter and state tensor. */
  readonly next: ReadonlyMap<string, string>;
  readonly anchors: ReadonlyMap<string, string>;
  readonly controls: ReadonlyMap<string, string>;
}

/** Builds the graph of one training step. */
export function planTraining(source: Model, options: DifferentiateOptions): TrainingPlan {
  checkOptimizer(options.optimizer);
  const { model, constants } = upgradeModel(untieEqual(source));
  const { graph } = model;
  const output = lossOutput(graph, options);
  const candidates = trainableCandidates(graph, constants, options.trainable);
  const types = inferTypes(graph);
  const reserved = valueNames(graph);
  const e = new Emitter(model.opset, types, reserved);
  const names = roleNames(reserved);
  checkOutput(graph, output, types.get(output)?.dtype);
  const target = lossTarget(e, graph, options.loss, output);

  const needed = ancestors(graph, target.value);
  const data = graph.inputs.filter(({ name }) => needed.values.has(name) && !graph.initializers.has(name));
  for (const { name, dtype, shape } of data) e.input(name, dtype, shape);
  const labels = target.labels && { name: names.labels, ...target.labels };
  if (labels) {
    e.input(labels.name, labels.dtype, labels.shape);
    e.declare(labels.name, labels);
  }
  e.input(names.lr, DataType.float32, []);

  const state: CarriedState[] = [];
  const steps = emitForward(e, graph, needed.nodes, options, state, reserved);
  const { loss, gradient } = emitLoss(e, options.loss, target, names.labels);
  const gradients = reverse(e, steps, new Map([[target.value, gradient()]]), candidates);
  // The parameter vector follows the order of the model file.
  const trained = [...candidates].filter((name) => gradients.has(name));
  checkReached({ candidates, trained, graph, constants }, options);

  const anchors = new Map<string, string>();
  const controls = new Map<string, string>();
  const parameters = trained.map((name) => {
    const { dtype, dims } = graph.initializers.get(name)!;
    e.input(name, dtype, dims);
    return { name, dtype, shape: dims, gradient: gradients.get(name)! };
  });
  if (options.proximal) {
    e.input(names.mu, DataType.float32, []);
    for (const parameter of parameters) {
      const { name, dtype, shape } = parameter;
      const anchor = e.input(unique(`anchor.${name}`, reserved), dtype, shape);
      anchors.set(name, anchor);
      const mu = dtype === DataType.float32 ? names.mu : e.cast(names.mu, dtype);
      parameter.gradient = e.add(parameter.gradient, e.mul(mu, e.sub(name, anchor)));
    }
  }
  if (options.clipNorm !== undefined) clip(e, parameters, options.clipNorm);
  if (options.controlVariates) {
    for (const parameter of parameters) {
      const control = e.input(
        unique(`control.${parameter.name}`, reserved),
        parameter.dtype,
        parameter.shape,
      );
      controls.set(parameter.name, control);
      parameter.gradient = e.add(parameter.gradient, control);
    }
  }
  const declare = (name: string, dtype: number, shape: readonly number[]): string =>
    e.input(unique(name, reserved), dtype, shape);
  const moved = emitOptimizer(e, options.optimizer, parameters, names.lr, declare);
  state.push(...moved.state);
  // State that training forms declared (running statistics, the random step) is an input as well.
  const declared = new Set(e.graph().inputs.map(({ name }) => name));
  for (const { name, dtype, shape } of state) if (!declared.has(name)) e.input(name, dtype, shape);

  const next = new Map<string, string>();
  e.output(loss, e.dtype(target.value), [], names.loss);
  const carry = (name: string, value: string, dtype: number, shape: Shape): void => {
    next.set(name, e.output(value, dtype, shape, unique(`next.${name}`, reserved)));
  };
  for (const [i, { name, dtype, shape }] of parameters.entries()) carry(name, moved.next[i]!, dtype, shape);
  for (const { name, next: value, dtype, shape } of state) carry(name, value, dtype, shape);

  const step = withInitializers(e.graph(), graph, new Set([...trained, ...state.map(({ name }) => name)]));
  return { model, step, names, data, labels, target, trained, state, next, anchors, controls };
}

/** Copies the forward nodes, in their training form if they have one. */
function emitForward(
  e: Emitter,
  graph: Graph,
  nodes: readonly Node[],
  options: DifferentiateOptions,
  state: CarriedState[],
  reserved: Set<string>,
): ForwardStep[] {
  const forms = new TrainingState(e, state, graph, reserved, options.seed ?? 0);
  return nodes.map((node, position) => {
    const form = node.domain === '' ? TRAINING_FORMS.get(node.op) : undefined;
    const gradient = form?.(node, e, {
      position,
      batchStatistics: options.batchNormalization !== 'running',
      carry: (name, next) => forms.carry(name, next),
      randomStep: () => forms.randomStep(),
      seed: options.seed ?? 0,
    });
    const outputs = [...node.outputs];
    if (gradient) return { node, gradient, outputs };
    const plain = inferenceNode(node);
    const kept = plain.outputs === node.outputs ? outputs : [...plain.outputs];
    e.push({ ...plain, outputs: kept });
    return { node: plain, outputs: kept };
  });
}

/** State that forward nodes carry: running statistics by their initialiser's name, and the random step. */
class TrainingState {
  readonly #e: Emitter;
  readonly #state: CarriedState[];
  readonly #graph: Graph;
  readonly #reserved: Set<string>;
  #random: string | undefined;

  constructor(e: Emitter, state: CarriedState[], graph: Graph, reserved: Set<string>, seed: number) {
    this.#reserved = reserved;
    this.#e = e;
    this.#state = state;
    this.#graph = graph;
    if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 31) {
      throw new InvalidOptionError(`seed is ${seed}`, { seed }, 'give an integer in [0, 2^31)');
    }
  }

  carry(name: string, next: string): void {
    const tensor = this.#graph.initializers.get(name);
    // Statistics that are no initialiser (computed in the graph) have nowhere to be kept; those that two
    // nodes share are updated by the first.
    if (!tensor || this.#state.some((entry) => entry.name === name)) return;
    this.#state.push({ name, dtype: tensor.dtype, shape: tensor.dims, next });
  }

  randomStep(): string {
    if (this.#random === undefined) {
      this.#random = unique('random.step', this.#reserved);
      const next = this.#e.add(this.#random, this.#e.constant([], BigInt64Array.of(1n)));
      this.#state.push({ name: this.#random, dtype: DataType.int64, shape: [], next });
    }
    return this.#random;
  }
}

function clip(
  e: Emitter,
  parameters: readonly { readonly dtype: number; gradient: string }[],
  limit: number,
): void {
  if (!(limit > 0)) {
    throw new InvalidOptionError(`clipNorm is ${limit}`, { clipNorm: limit }, 'give a number > 0');
  }
  const clipped = emitClipping(
    e,
    parameters.map((p) => p.gradient),
    parameters.map((p) => p.dtype),
    limit,
  );
  parameters.forEach((parameter, i) => {
    parameter.gradient = clipped[i]!;
  });
}

interface Reach {
  readonly candidates: ReadonlySet<string>;
  readonly trained: readonly string[];
  readonly graph: Graph;
  /** Tensors that the file has in Constant nodes. */
  readonly constants: ReadonlySet<string>;
}

function checkReached(reach: Reach, options: DifferentiateOptions): void {
  const { candidates, trained } = reach;
  const listed = Array.isArray(options.trainable);
  const missed = [...candidates].filter((name) => !trained.includes(name));
  if (trained.length === 0 || (listed && missed.length > 0)) {
    const { message, hint } = whyUnreached(reach, missed);
    throw new InvalidOptionError(message, { unreached: missed.slice(0, 50) }, hint);
  }
}

const LOW_PRECISION: readonly number[] = [DataType.float16, DataType.bfloat16];

/** What the file has in the place of weights that train. */
function whyUnreached(
  { graph, constants }: Reach,
  missed: readonly string[],
): { message: string; hint: string } {
  if (missed.length > 0) {
    const names = missed.slice(0, 5).map((name) => `"${name}"`);
    return {
      message: `the loss does not depend on ${names.join(', ')}`,
      hint: 'choose parameters between the inputs and the loss',
    };
  }
  const tensors = [...graph.initializers].map(([name, { dtype, dims }]) => ({
    name,
    dtype,
    rank: dims.length,
  }));
  const low = tensors.find(({ dtype }) => LOW_PRECISION.includes(dtype));
  if (low) {
    return {
      message: `the weights of the model are ${dataTypeName(low.dtype)}, and only float32 and float64 train`,
      hint: 'export the model in float32',
    };
  }
  const isFloat = (dtype: number) => dtype === DataType.float32 || dtype === DataType.float64;
  const constant = tensors.find(({ name, dtype, rank }) => constants.has(name) && isFloat(dtype) && rank > 0);
  if (constant) {
    return {
      message: `the weights of the model are in Constant nodes, such as "${constant.name}", and only initialisers train`,
      hint: 'export the model without folding its weights into constants',
    };
  }
  const kinds = [...new Set(tensors.filter(({ rank }) => rank > 0).map(({ dtype }) => dataTypeName(dtype)))];
  return {
    message: kinds.some((kind) => !/float/.test(kind))
      ? `the model has no float32 or float64 weights that train, but tensors of ${kinds.join(', ')}`
      : 'the loss does not depend on any initialiser',
    hint: 'export the model in float32, with its weights as initialisers',
  };
}

/** A loss is taken of real numbers, and nothing flows back into others. */
function checkOutput(graph: Graph, output: string, inferred: number | undefined): void {
  const dtype = inferred ?? graph.outputs.find(({ name }) => name === output)!.dtype;
  const type = dataTypeName(dtype);
  if (type === 'float32' || type === 'float64') return;
  const outputs = graph.outputs.map(({ name }) => name);
  throw LOW_PRECISION.includes(dtype)
    ? new InvalidOptionError(
        `the model computes in ${type}: its output "${output}" is ${type}, and only float32 and float64 train`,
        { output, type },
        'export the model in float32',
      )
    : new MissingOutputError(
        output,
        outputs,
        `is ${type}, and a loss is taken of float32 or float64: make the logits the first output`,
      );
}

function lossOutput(graph: Graph, { loss }: DifferentiateOptions): string {
  const outputs = graph.outputs.map(({ name }) => name);
  const wanted = loss.kind === 'output' ? loss.name : (loss.output ?? outputs[0]!);
  if (!outputs.includes(wanted)) throw new MissingOutputError(wanted, outputs);
  return wanted;
}

function roleNames(taken: Set<string>): RoleNames {
  const [labels, lr, loss, mu, index, losses] = ['labels', 'lr', 'loss', 'mu', 'index', 'losses'].map(
    (name) => unique(name, taken),
  ) as [string, string, string, string, string, string];
  return { labels, lr, loss, mu, index, losses };
}

/** Nodes and values that a value is computed from, nodes in their order. */
function ancestors(graph: Graph, value: string): { nodes: Node[]; values: Set<string> } {
  const wanted = new Set([value]);
  const kept: Node[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((name) => wanted.has(name))) continue;
    kept.push(node);
    for (const name of readNames(node)) wanted.add(name);
  }
  return { nodes: kept.reverse(), values: wanted };
}

/** Adds the model's initialisers that the nodes read, except those that are inputs now. */
export function withInitializers(emitted: Graph, source: Graph, fed: ReadonlySet<string>): Graph {
  const read = new Set(emitted.nodes.flatMap((node) => readNames(node)));
  for (const { name } of emitted.outputs) read.add(name);
  const initializers = new Map(emitted.initializers);
  for (const [name, tensor] of source.initializers) {
    if (read.has(name) && !fed.has(name)) initializers.set(name, tensor);
  }
  for (const name of initializers.keys()) if (!read.has(name)) initializers.delete(name);
  return { ...emitted, initializers };
}
