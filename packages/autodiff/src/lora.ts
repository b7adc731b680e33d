import { floatAttribute, intAttribute } from './onnx/attributes.ts';
import { tensorNumbers, tensorOf } from './onnx/builder.ts';
import { encodeModel } from './onnx/encode.ts';
import { InvalidOptionError } from './onnx/errors.ts';
import { type Attribute, DataType, type Graph, type Model, type Node, type Tensor } from './onnx/model.ts';
import { unique, valueNames } from './onnx/names.ts';
import { parseModel } from './onnx/parse.ts';
import { untieEqual } from './untie/untie.ts';

/** Place and size of adapters. */
export interface LoraOptions {
  /** Rank of the adapters. */
  rank: number;
  /** The update is scaled by alpha / rank; alpha defaults to the rank, so the scale is 1. */
  alpha?: number;
  /** Weights (initialiser names) to adapt; default: every MatMul and Gemm weight of rank 2. */
  target?: readonly string[] | RegExp | ((weight: string) => boolean);
  /** Seed of the random half of each adapter. Default 0. */
  seed?: number;
}

/** Suffixes of the two adapter initialisers of a weight: x A B is added to x W. */
const SUFFIX_A = '.lora_A';
const SUFFIX_B = '.lora_B';
/** Suffix of the constant that scales an adapter; LoRA's alpha / rank. */
const SUFFIX_SCALE = '.lora_scale';

/**
 * Adds low-rank adapters (Hu et al. 2021) to chosen weights: y = x W + (alpha / rank) (x A) B, with A random and B
 * zero, so that the model computes the same as before until it is trained. Adapter initialisers are named
 * `<weight>.lora_A` and `<weight>.lora_B`.
 *
 * @returns the model with adapters, and their names to pass as `trainable` to `differentiate`
 * @throws InvalidOptionError when nothing matches or the rank does not fit
 */
export function insertLora(
  model: Uint8Array | Model,
  options: LoraOptions,
): { model: Uint8Array; trainable: string[] } {
  const adapted = adaptWeights(model instanceof Uint8Array ? parseModel(model) : model, options);
  return { model: encodeModel(adapted.model), trainable: adapted.trainable };
}

/**
 * {@link insertLora} without a file: the weights of the result are those of the model, not copies of them.
 *
 * @throws InvalidOptionError as insertLora does
 */
export function adaptWeights(source: Model, options: LoraOptions): { model: Model; trainable: string[] } {
  const parsed = untieEqual(source);
  const { rank, alpha = rank, seed = 0 } = options;
  if (!Number.isInteger(rank) || rank < 1) {
    throw new InvalidOptionError(`LoRA rank is ${rank}`, { rank }, 'give an integer of at least 1');
  }
  const taken = valueNames(parsed.graph);
  const initializers = new Map(parsed.graph.initializers);
  const trainable: string[] = [];
  const nodes = parsed.graph.nodes.flatMap((node) => {
    const weight = adaptable(node, parsed.graph);
    if (!weight || !matches(options.target, weight.name)) return [node];
    const transposed = node.op === 'Gemm' && intAttribute(node, 'transB', 0) === 1;
    const [inSize, outSize] = (transposed ? [...weight.dims].reverse() : weight.dims) as [number, number];
    const [a, b, scale] = [SUFFIX_A, SUFFIX_B, SUFFIX_SCALE].map((suffix) => weight.name + suffix) as [
      string,
      string,
      string,
    ];
    // Two nodes that share a weight share its adapter.
    if (!trainable.includes(a)) {
      for (const name of [a, b, scale]) {
        if (taken.has(name)) {
          throw new InvalidOptionError(
            `"${name}" exists already`,
            { name },
            'merge the adapters the model has first',
          );
        }
      }
      initializers.set(
        a,
        floatTensor(
          a,
          [inSize, rank],
          weight.dtype,
          uniform(inSize * rank, seed + trainable.length, 1 / Math.sqrt(inSize)),
        ),
      );
      initializers.set(b, floatTensor(b, [rank, outSize], weight.dtype, new Float64Array(rank * outSize)));
      initializers.set(scale, floatTensor(scale, [], weight.dtype, Float64Array.of(alpha / rank)));
      trainable.push(a, b);
    }
    return adapterNodes(node, [a, b, scale], taken);
  });
  if (trainable.length === 0) {
    throw new InvalidOptionError(
      'no weight to adapt',
      { rank },
      'let `target` match a MatMul or Gemm weight of rank 2',
    );
  }
  return { model: { ...parsed, graph: { ...parsed.graph, nodes, initializers } }, trainable };
}

/** The adapted product in place of the plain one, under the same output name. */
function adapterNodes(node: Node, [a, b, scale]: [string, string, string], taken: Set<string>): Node[] {
  const out = node.outputs[0]!;
  const fresh = (part: string): string => unique(`${out}/lora_${part}`, taken);
  const [base, down, up, scaled] = [fresh('base'), fresh('down'), fresh('up'), fresh('scaled')];
  const make = (op: string, inputs: string[], output: string): Node => ({
    name: `${output}/lora`,
    op,
    domain: '',
    inputs,
    outputs: [output],
    attributes: new Map<string, Attribute>(),
  });
  const transA = node.op === 'Gemm' && intAttribute(node, 'transA', 0) === 1;
  const turned = transA ? [make('Transpose', [node.inputs[0]!], fresh('x'))] : [];
  const x = turned[0]?.outputs[0] ?? node.inputs[0]!;
  return [
    { ...node, outputs: [base] },
    ...turned,
    make('MatMul', [x, a], down),
    make('MatMul', [down, b], up),
    make('Mul', [up, scale], scaled),
    make('Add', [base, scaled], out),
  ];
}

/** The weight of a product, when it is a float matrix stored in the model. */
function adaptable(node: Node, graph: Graph): Tensor | undefined {
  if (node.domain !== '' || (node.op !== 'MatMul' && node.op !== 'Gemm')) return undefined;
  const weight = graph.initializers.get(node.inputs[1] ?? '');
  if (weight?.dims.length !== 2) return undefined;
  return weight.dtype === DataType.float32 || weight.dtype === DataType.float64 ? weight : undefined;
}

function matches(target: LoraOptions['target'], name: string): boolean {
  if (target === undefined) return true;
  if (typeof target === 'function') return target(name);
  if (target instanceof RegExp)
    return new RegExp(target.source, target.flags.replace(/[gy]/g, '')).test(name);
  return target.includes(name);
}

/**
 * Folds adapters into their weights: W + (alpha / rank) A B. The result has the nodes and initialisers of
 * the model before {@link insertLora}.
 *
 * @param model a model with adapters
 * @param values trained adapter values by name; default: those in the file
 * @throws InvalidOptionError when the model has no adapters
 */
export function mergeLora(
  model: Uint8Array | Model,
  values: ReadonlyMap<string, Float32Array | Float64Array> = new Map(),
): Uint8Array {
  const parsed = model instanceof Uint8Array ? parseModel(model) : model;
  const { graph } = parsed;
  const initializers = new Map(graph.initializers);
  const adapted = [...initializers.keys()]
    .filter((name) => name.endsWith(SUFFIX_A))
    .map((name) => name.slice(0, -SUFFIX_A.length));
  if (adapted.length === 0) {
    throw new InvalidOptionError('the model has no adapters', {}, 'call insertLora first');
  }
  const added = new Map(graph.nodes.map((node) => [node.outputs[0]!, node]));
  const dropped = new Set<Node>();
  const renamed = new Map<Node, string>();
  for (const node of graph.nodes) {
    if (node.op !== 'Mul' || !node.inputs[1]?.endsWith(SUFFIX_SCALE)) continue;
    const sum = graph.nodes.find((reader) => reader.op === 'Add' && reader.inputs[1] === node.outputs[0])!;
    const up = added.get(node.inputs[0]!)!;
    const down = added.get(up.inputs[0]!)!;
    const turned = added.get(down.inputs[0]!);
    for (const extra of [node, sum, up, down]) dropped.add(extra);
    if (turned?.op === 'Transpose' && turned.outputs[0]!.includes('/lora_x')) dropped.add(turned);
    renamed.set(added.get(sum.inputs[0]!)!, sum.outputs[0]!);
  }
  for (const weight of adapted) {
    const scaleTensor = initializers.get(weight + SUFFIX_SCALE)!;
    const transposed = graph.nodes.find(
      (node) => node.inputs[1] === weight && node.op === 'Gemm' && intAttribute(node, 'transB', 0) === 1,
    );
    // Gemm's own factor multiplies the weight but not its adapter.
    const gemm = graph.nodes.find((node) => node.inputs[1] === weight && node.op === 'Gemm');
    const factor = tensorNumbers(scaleTensor)[0]! / (gemm ? floatAttribute(gemm, 'alpha', 1) : 1);
    const [a, b] = [SUFFIX_A, SUFFIX_B].map((suffix) => {
      const tensor = initializers.get(weight + suffix)!;
      return { dims: tensor.dims, values: values.get(weight + suffix) ?? tensorNumbers(tensor) };
    }) as Matrix[] as [Matrix, Matrix];
    const target = initializers.get(weight)!;
    initializers.set(weight, merged(target, a, b, factor, transposed !== undefined));
    for (const suffix of [SUFFIX_A, SUFFIX_B, SUFFIX_SCALE]) initializers.delete(weight + suffix);
  }
  const nodes = graph.nodes
    .filter((node) => !dropped.has(node))
    .map((node) => {
      const output = renamed.get(node);
      return output === undefined ? node : { ...node, outputs: [output] };
    });
  const result: Model = { ...parsed, graph: { ...graph, nodes, initializers } };
  return encodeModel(result);
}

interface Matrix {
  readonly dims: readonly number[];
  readonly values: ArrayLike<number>;
}

function merged(weight: Tensor, a: Matrix, b: Matrix, factor: number, transposed: boolean): Tensor {
  const [inSize, rank] = a.dims as [number, number];
  const outSize = b.dims[1]!;
  const sums = Float64Array.from(tensorNumbers(weight));
  for (let i = 0; i < inSize; i++) {
    for (let k = 0; k < rank; k++) {
      const left = a.values[i * rank + k]! * factor;
      for (let j = 0; j < outSize; j++) {
        const at = transposed ? j * inSize + i : i * outSize + j;
        sums[at] = sums[at]! + left * b.values[k * outSize + j]!;
      }
    }
  }
  return floatTensor(weight.name, weight.dims, weight.dtype, sums);
}

function floatTensor(name: string, dims: readonly number[], dtype: number, values: Float64Array): Tensor {
  return tensorOf(name, dims, dtype === DataType.float64 ? values : Float32Array.from(values));
}

/** Uniform numbers in [-limit, limit), from a seeded generator (mulberry32). */
function uniform(count: number, seed: number, limit: number): Float64Array {
  let state = (seed + 1) * 0x9e3779b9;
  return Float64Array.from({ length: count }, () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1) * limit;
  });
}
