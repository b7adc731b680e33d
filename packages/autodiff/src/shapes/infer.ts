import { tensorNumbers } from '../builder.ts';
import { DataType, elementCount, type Graph, type Node, type Tensor } from '../model.ts';
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
  };
}

/** Types of all values of a graph, as far as they follow from its inputs, constants and declarations. */
export function inferTypes(graph: Graph): Map<string, ValueType> {
  const types = new Map<string, ValueType>();
  let symbols = 0;
  const fresh = (): string => `?${symbols++}`;
  for (const { name, dtype, shape } of graph.inputs) types.set(name, { dtype, shape });
  for (const tensor of graph.initializers.values()) types.set(tensor.name, tensorType(tensor));
  const declared = new Map([...graph.valueInfo, ...graph.outputs.map((info) => [info.name, info] as const)]);
  const numbersOf = (name: string | undefined): readonly number[] | undefined => {
    if (!name) return undefined;
    const ints = types.get(name)?.ints;
    if (ints)
      return ints.every((value) => typeof value === 'number') ? (ints as readonly number[]) : undefined;
    const tensor = graph.initializers.get(name);
    return tensor && elementCount(tensor.dims) <= TRACKED_ELEMENTS ? tensorNumbers(tensor) : undefined;
  };
  for (const node of graph.nodes) {
    const inferred = inferNode(node, types, numbersOf, fresh);
    node.outputs.forEach((name, i) => {
      if (name === '') return;
      const type = inferred[i];
      const known = declared.get(name);
      const shape = type?.shape ?? known?.shape;
      types.set(name, { dtype: type?.dtype ?? known?.dtype ?? DataType.float32, shape, ints: type?.ints });
    });
  }
  return types;
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
