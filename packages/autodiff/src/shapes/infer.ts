import { intAttribute } from '../onnx/attributes.ts';
import { tensorNumbers } from '../onnx/builder.ts';
import { DataType, elementCount, type Graph, type Node, type Tensor, type ValueInfo } from '../onnx/model.ts';
import { readNames } from '../onnx/validate.ts';
import { elementwiseShapes } from './rules-elementwise.ts';
import { indexingShapes } from './rules-indexing.ts';
import { layoutShapes } from './rules-layout.ts';
import { linearShapes } from './rules-linear.ts';
import type { InferRule, ValueType } from './types.ts';

/** Constants up to this many elements have their contents tracked: shapes, axes, pads, scales. */
const TRACKED_ELEMENTS = 128;

const RULES = new Map<string, InferRule>(
  Object.entries({ ...elementwiseShapes, ...linearShapes, ...layoutShapes, ...indexingShapes }),
);

/** Type of a constant tensor, with its contents when small and integral. */
function tensorType(tensor: Tensor): ValueType {
  const integral = tensor.dtype === DataType.int64 || tensor.dtype === DataType.int32;
  const small = elementCount(tensor.dims) <= TRACKED_ELEMENTS;
  return {
    dtype: tensor.dtype,
    shape: tensor.dims,
    ints: integral && small ? tensorNumbers(tensor) : undefined,
    ...(tensor.dtype === DataType.float32 && small ? { floats: tensorNumbers(tensor) } : {}),
  };
}

/** Operators that compute no new numbers: those whose outputs may hold the bounds of int64, which mean "to the end". */
const MOVING: ReadonlySet<string> = new Set(
  'Cast CastLike Concat Expand Gather Identity Reshape Slice Squeeze Unsqueeze Where'.split(' '),
);

/**
 * Contents are tracked of scalars and vectors alone, and only as whole numbers that JavaScript holds exactly.
 * @param op that computed them, if any
 */
function checked(type: ValueType | undefined, op?: string): ValueType | undefined {
  if (!type?.ints) return type;
  const { dtype, shape, ints } = type;
  const fits =
    shape && shape.length <= 1 && (shape[0] ?? 1) === ints.length && ints.length <= TRACKED_ELEMENTS;
  const most = dtype === DataType.int32 ? 2 ** 31 - 1 : Number.MAX_SAFE_INTEGER;
  const bounded = dtype === DataType.int64 && (op === undefined || MOVING.has(op));
  const sound = ints.every(
    (value) =>
      typeof value === 'string' ||
      (Number.isInteger(value) && Math.abs(value) <= most) ||
      (bounded && Math.abs(value) === 2 ** 63),
  );
  return fits && sound ? type : { dtype, shape };
}

/** Types of all values of a graph, as far as they follow from its inputs, constants and declarations. */
export function inferTypes(graph: Graph): Map<string, ValueType> {
  const given = new Map(graph.inputs.map(({ name, dtype, shape }) => [name, { dtype, shape }]));
  return infer(graph, given, [...graph.valueInfo.values(), ...graph.outputs]);
}

/**
 * Types of all values of a graph, trusting nothing but inference: neither the shapes that the file declares
 * nor those of inputs, which are given, with those of the graph around it.
 */
export function deriveTypes(graph: Graph, given: ReadonlyMap<string, ValueType>): Map<string, ValueType> {
  return infer(graph, given, []);
}

function infer(
  graph: Graph,
  given: ReadonlyMap<string, ValueType>,
  declarations: readonly ValueInfo[],
): Map<string, ValueType> {
  const types = new Map(given);
  let symbols = 0;
  const fresh = (): string => `?${symbols++}`;
  for (const tensor of graph.initializers.values()) types.set(tensor.name, checked(tensorType(tensor))!);
  const declared = new Map(declarations.map((info) => [info.name, info]));
  const numbersOf = (name: string | undefined): readonly number[] | undefined => {
    if (!name) return undefined;
    const ints = types.get(name)?.ints;
    if (ints)
      return ints.every((value) => typeof value === 'number') ? (ints as readonly number[]) : undefined;
    const tensor = graph.initializers.get(name);
    return tensor && elementCount(tensor.dims) <= TRACKED_ELEMENTS ? tensorNumbers(tensor) : undefined;
  };
  for (const node of graph.nodes) {
    const inferred =
      node.op === 'Scan' && node.domain === ''
        ? inferScan(node, types)
        : inferNode(node, types, numbersOf, fresh);
    node.outputs.forEach((name, i) => {
      if (name === '') return;
      const type = checked(inferred[i], node.op);
      const known = declared.get(name);
      const shape = type?.shape ?? known?.shape;
      types.set(name, { dtype: type?.dtype ?? known?.dtype ?? DataType.float32, shape, ints: type?.ints });
    });
  }
  return types;
}

/** What the body of a Scan is given: its states, one step of its series, and the values of the graph around it. */
export function scanInputs(
  node: Node,
  types: ReadonlyMap<string, ValueType>,
): [Graph, Map<string, ValueType>] | null {
  const body = node.attributes.get('body');
  const series = node.attributes.get('num_scan_inputs');
  if (body?.type !== 'graph' || series?.type !== 'int') return null;
  const given = new Map<string, ValueType>();
  for (const name of new Set(body.value.nodes.flatMap((inner) => readNames(inner)))) {
    const outer = types.get(name);
    if (outer) given.set(name, outer);
  }
  const states = node.inputs.length - series.value;
  body.value.inputs.forEach(({ name, dtype }, i) => {
    const shape = types.get(node.inputs[i] ?? '')?.shape;
    given.set(name, { dtype, shape: i < states ? shape : shape?.slice(1) });
  });
  return [body.value, given];
}

/** States keep their shapes, the other outputs get an axis for the steps. */
function inferScan(node: Node, types: ReadonlyMap<string, ValueType>): (ValueType | undefined)[] {
  const inner = scanInputs(node, types);
  if (!inner) return [];
  const [body, given] = inner;
  const produced = deriveTypes(body, given);
  const steps = types.get(node.inputs.at(-1) ?? '')?.shape?.[0];
  const states = node.inputs.length - intAttribute(node, 'num_scan_inputs', 0);
  return body.outputs.map(({ name }, i) => {
    const type = produced.get(name);
    if (!type) return undefined;
    if (i < states) return { dtype: type.dtype, shape: type.shape };
    return {
      dtype: type.dtype,
      shape: type.shape && steps !== undefined ? [steps, ...type.shape] : undefined,
    };
  });
}

function inferNode(
  node: Node,
  types: ReadonlyMap<string, ValueType>,
  numbersOf: (name: string | undefined) => readonly number[] | undefined,
  fresh: () => string,
): (ValueType | undefined)[] {
  const rule = node.domain === '' ? RULES.get(node.op) : undefined;
  if (!rule) return [];
  return rule({
    node,
    input: (i) => types.get(node.inputs[i] ?? ''),
    shape: (i) => types.get(node.inputs[i] ?? '')?.shape,
    numbers: (i) => numbersOf(node.inputs[i]),
    fresh,
  });
}
