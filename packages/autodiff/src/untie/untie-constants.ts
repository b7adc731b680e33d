import { DataType, elementBytes, elementCount, type Graph, type Node, type Tensor } from '../onnx/model.ts';
import { moduleOf } from '../onnx/modules.ts';
import { valueNames } from '../onnx/names.ts';

/** Names of the parameters of normalisations, by the place of the input. */
const NORM_INPUTS = ['', 'weight', 'bias', 'running_mean', 'running_var'];
const NORMS = new Set([
  'BatchNormalization',
  'GroupNormalization',
  'InstanceNormalization',
  'LayerNormalization',
  'RMSNormalization',
]);
/** Operators whose first two inputs are weights, which may be tied by design: they are never divided. */
const PRODUCTS = new Set(['Conv', 'ConvTranspose', 'Einsum', 'Gather', 'Gemm', 'MatMul']);
/** Operators whose operands may stand in either order. */
const COMMUTATIVE = new Set(['Add', 'Mul']);

/** One place at which a node reads a tensor. */
interface Place {
  readonly at: number;
  readonly input: number;
  /** Places of one key read the same parameter. */
  readonly key: string;
  /** The name that the parameter would have if it were stored by itself, if that is known. */
  readonly own: string | undefined;
}

/**
 * Divides vectors whose elements are all equal among the parameters they stand for. Two places read the same parameter
 * if they are the same input of the same operator in the same module; where modules are not known, in nodes with the
 * same weight (a layer that is used twice); without one, in the same node. The tensor stays with the parameter that has
 * its name, or is read first; the others get copies that are named after their modules (`layers.1.norm.bias`), or
 * `<name>.2`, `<name>.3`.
 */
export function untieConstants(graph: Graph): Graph {
  const shared = sharedPlaces(graph);
  if (shared.size === 0) return graph;
  const taken = valueNames(graph);
  const initializers = new Map(graph.initializers);
  const inputs = new Map<number, string[]>();
  for (const [name, places] of shared) {
    const byKey = Map.groupBy(places, ({ key }) => key);
    const stays = places.find(({ own }) => own === name)?.key ?? places[0]!.key;
    let count = 1;
    for (const [key, group] of byKey) {
      count++;
      if (key === stays) continue;
      const copy = freeName(group[0]!.own ?? `${name}.${count}`, taken);
      initializers.set(copy, { ...graph.initializers.get(name)!, name: copy });
      for (const { at, input } of group) {
        const changed = inputs.get(at) ?? [...graph.nodes[at]!.inputs];
        changed[input] = copy;
        inputs.set(at, changed);
      }
    }
  }
  const nodes = graph.nodes.map((node, at) => (inputs.has(at) ? { ...node, inputs: inputs.get(at)! } : node));
  return { ...graph, nodes, initializers };
}

/** Places at which each constant vector with several parameters is read, in the order of the first. */
function sharedPlaces(graph: Graph): Map<string, Place[]> {
  const places = new Map<string, Place[]>();
  const fed = new Set(graph.inputs.map(({ name }) => name));
  const divisible = once((name: string) => {
    const tensor = graph.initializers.get(name);
    return tensor !== undefined && !fed.has(name) && isVector(tensor) && allEqual(tensor);
  });
  const producers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  graph.nodes.forEach((node, at) => {
    node.inputs.forEach((name, input) => {
      if (name === '' || !divisible(name) || (PRODUCTS.has(node.op) && input < 2)) return;
      // A constant of one element is that of a formula, but for the slope that a PRelu learns.
      if (elementCount(graph.initializers.get(name)!.dims) === 1 && node.op !== 'PRelu') return;
      const list = places.get(name) ?? [];
      places.set(name, list);
      const key = placeKey(node, input, at, (other) => partner(other, graph, producers, divisible));
      list.push({ at, input, key, own: ownName(node, input, name) });
    });
  });
  for (const [name, list] of places) {
    if (new Set(list.map(({ key }) => key)).size < 2) places.delete(name);
  }
  return places;
}

function placeKey(
  node: Node,
  input: number,
  at: number,
  weightOf: (node: Node) => string | undefined,
): string {
  const role = `${node.op}:${COMMUTATIVE.has(node.op) ? '' : input}`;
  if (node.module !== undefined) return `${role}:module:${node.module}`;
  const weight = weightOf(node);
  if (weight !== undefined) return `${role}:weight:${weight}`;
  const module = moduleOf(node);
  return module === undefined ? `${role}:node:${at}` : `${role}:module:${module}`;
}

/** The weight that a bias or scale belongs to: another parameter of the node, or that of the product it is added to. */
function partner(
  node: Node,
  graph: Graph,
  producers: ReadonlyMap<string, Node>,
  divisible: (name: string) => boolean,
): string | undefined {
  const weightAmong = (names: readonly string[]): string | undefined =>
    names.find((name) => {
      const tensor = graph.initializers.get(name);
      return tensor && isFloat(tensor) && tensor.dims.length > 0 && !divisible(name);
    });
  const direct = weightAmong(node.inputs);
  if (direct !== undefined || !COMMUTATIVE.has(node.op)) return direct;
  const product = node.inputs
    .map((name) => producers.get(name))
    .find((producer) => ['MatMul', 'Conv', 'ConvTranspose', 'Gemm'].includes(producer?.op ?? ''));
  return product && weightAmong(product.inputs);
}

function ownName(node: Node, input: number, name: string): string | undefined {
  const module = moduleOf(node);
  if (!module) return undefined;
  const last = NORMS.has(node.op) ? NORM_INPUTS[input]! : name.slice(name.lastIndexOf('.') + 1);
  return `${module}.${last}`;
}

function freeName(name: string, taken: Set<string>): string {
  let free = name;
  for (let count = 2; taken.has(free); count++) free = `${name}.${count}`;
  taken.add(free);
  return free;
}

const isFloat = ({ dtype }: Tensor): boolean => dtype === DataType.float32 || dtype === DataType.float64;

/** A float tensor that has one axis longer than 1 at most, such as [64] or [1, 64, 1, 1]. */
function isVector(tensor: Tensor): boolean {
  return isFloat(tensor) && tensor.dims.length > 0 && tensor.dims.filter((dim) => dim !== 1).length <= 1;
}

function allEqual({ data, dtype }: Tensor): boolean {
  const width = elementBytes(dtype)!;
  if (data.length === 0) return false;
  for (let i = width; i < data.length; i++) if (data[i] !== data[i - width]) return false;
  return true;
}

function once<A>(ask: (value: string) => A): (value: string) => A {
  const known = new Map<string, A>();
  return (value) => {
    if (!known.has(value)) known.set(value, ask(value));
    return known.get(value)!;
  };
}
