import { UnboundedTensorError } from '../onnx/errors.ts';
import { DataType, elementBytes, type Graph, type Node } from '../onnx/model.ts';
import { readNames } from '../onnx/validate.ts';
import { deriveTypes, scanInputs } from './infer.ts';
import { staticShape, type ValueType } from './types.ts';

/** What the tensors of one run of a graph take, in bytes; upper bounds, but for what a kernel needs as its own workspace. */
export interface TensorBounds {
  /** Inputs, constants and all other tensors at the moment when most are alive, in the order of the file. */
  readonly peakBytes: number;
  /** The largest tensor, and its size. */
  readonly largest: { readonly name: string; readonly bytes: number };
  /** All that is computed from constants alone, which a runtime may do when it opens the graph. */
  readonly constantBytes: number;
  /** Most elements of every tensor outside subgraphs, by name. */
  readonly elements: ReadonlyMap<string, number>;
}

/** Operators none of whose outputs has more elements than the first input. */
const NOT_LARGER = new Set(
  `ArgMax ArgMin Flatten Identity NonZero ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin
  ReduceProd ReduceSum ReduceSumSquare Reshape Slice Split Squeeze TopK Transpose Unique Unsqueeze`.split(
    /\s+/,
  ),
);

/** Operators whose output has the broadcast shape of their inputs. */
const BROADCASTING = new Set(
  `Add And BitShift BitwiseAnd BitwiseOr BitwiseXor Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod Mul
  Or Pow Sub Sum Where Xor`.split(/\s+/),
);

/**
 * Bounds every tensor of a graph, from the types its inputs will have when it runs. Nothing that the file declares is
 * believed, and an operator that is not known here bounds nothing.
 *
 * @param graph of a validated model, nodes in topological order
 * @param inputs by name; shapes without named dimensions
 * @throws UnboundedTensorError if the size of a tensor depends on data, or does not fit into a double exactly
 */
export function boundTensors(graph: Graph, inputs: ReadonlyMap<string, ValueType>): TensorBounds {
  const types = deriveTypes(graph, inputs);
  const elements = new Map<string, number>();
  const bytesOf = (name: string): number => {
    const dtype = types.get(name)?.dtype ?? DataType.float64;
    const width = elementBytes(dtype);
    if (width === undefined) throw new UnboundedTensorError(name, 'its elements have no fixed size');
    return elements.get(name)! * width;
  };
  for (const name of [...inputs.keys(), ...graph.initializers.keys()]) {
    elements.set(name, exact(name, product(types.get(name)?.shape)));
  }
  const lastUse = new Map<string, number>();
  graph.nodes.forEach((node, at) => {
    for (const name of readNames(node)) lastUse.set(name, at);
  });
  for (const { name } of graph.outputs) lastUse.set(name, graph.nodes.length);

  let alive = 0;
  let largest = { name: '', bytes: 0 };
  const take = (name: string): number => {
    const bytes = bytesOf(name);
    if (bytes > largest.bytes) largest = { name, bytes };
    alive += bytes;
    return bytes;
  };
  for (const name of new Set([...inputs.keys(), ...graph.initializers.keys()])) take(name);
  let peakBytes = alive;
  let constantBytes = 0;
  const constant = new Set(graph.initializers.keys());
  const fed = new Set(inputs.keys());
  graph.nodes.forEach((node, at) => {
    const body = node.op === 'Scan' && node.domain === '' ? scanInputs(node, types) : null;
    const inner = body && boundTensors(...body);
    const outputs = node.outputs.filter((name) => name !== '');
    const isConstant = readNames(node).every((name) => name === '' || (constant.has(name) && !fed.has(name)));
    for (const name of outputs) {
      if (!elements.has(name)) elements.set(name, exact(name, elementsOf(node, name, types, elements)));
      const bytes = take(name);
      if (isConstant) {
        constant.add(name);
        constantBytes += bytes;
      }
    }
    peakBytes = Math.max(peakBytes, alive + (inner?.peakBytes ?? 0));
    for (const name of new Set([...readNames(node), ...outputs])) {
      // Inputs belong to the caller and constants to the session: both stay.
      if (fed.has(name) || graph.initializers.has(name) || !elements.has(name)) continue;
      if ((lastUse.get(name) ?? at) <= at) alive -= bytesOf(name);
    }
  });
  return { peakBytes, largest, constantBytes, elements };
}

/** Upper bound of the elements of an output of a node. */
function elementsOf(
  node: Node,
  name: string,
  types: ReadonlyMap<string, ValueType>,
  elements: ReadonlyMap<string, number>,
): number | undefined {
  const known = product(types.get(name)?.shape);
  if (known !== undefined || node.domain !== '') return known;
  const given = node.inputs.map((input) => (input === '' ? 1 : elements.get(input)));
  const first = given[0];
  if (first === undefined) return undefined;
  if (node.op === 'NonZero') return first * Math.max(1, types.get(node.inputs[0]!)?.shape?.length ?? 64);
  if (NOT_LARGER.has(node.op)) return first;
  if (!BROADCASTING.has(node.op)) return undefined;
  return given.reduce<number | undefined>(
    (a, b) => (a === undefined || b === undefined ? undefined : a * b),
    1,
  );
}

function product(shape: ValueType['shape']): number | undefined {
  return staticShape(shape)?.reduce((a, b) => a * b, 1);
}

function exact(name: string, count: number | undefined): number {
  if (count !== undefined && Number.isSafeInteger(count) && count >= 0) return count;
  throw new UnboundedTensorError(name, 'its size is known only when it runs');
}
