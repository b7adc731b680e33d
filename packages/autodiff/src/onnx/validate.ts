import { InvalidGraphError } from './errors.ts';
import { LIMITS } from './limits.ts';
import type { Graph, Model, Node, ValueInfo } from './model.ts';
import { checkDims } from './tensor-data.ts';

/**
 * Checks the promises of an ONNX graph and returns it with nodes in topological order and every dynamic
 * dimension named.
 *
 * @throws InvalidGraphError for a cycle, a value defined twice or nowhere, an absurd dimension or name
 */
export function validateModel(model: Model): Model {
  const { graph } = model;
  const inputs = graph.inputs.map((info) => checkInfo(info));
  const outputs = graph.outputs.map((info) => checkInfo(info));
  const valueInfo = new Map([...graph.valueInfo].map(([name, info]) => [name, checkInfo(info)]));
  const known = new Set<string>();
  for (const { name } of inputs) {
    if (known.has(name)) throw new InvalidGraphError(`input "${name}" appears twice`, { value: name });
    known.add(name);
  }
  // Before IR version 4 initialisers were also listed as inputs, so both lists may hold one name.
  for (const name of graph.initializers.keys()) {
    checkName(name);
    known.add(name);
  }
  if (outputs.length === 0) throw new InvalidGraphError('the graph has no outputs', { graph: graph.name });
  const nodes = sortTopologically(graph.nodes, known);
  for (const { name } of outputs) {
    if (!known.has(name)) {
      throw new InvalidGraphError(`output "${name}" is produced by no node`, { value: name });
    }
  }
  return { ...model, graph: { ...graph, nodes, inputs, outputs, valueInfo } };
}

function checkName(name: string): void {
  if (name === '' || name.length > LIMITS.name) {
    throw new InvalidGraphError('a value has an empty or overlong name', { length: name.length });
  }
}

function checkInfo(info: ValueInfo): ValueInfo {
  checkName(info.name);
  if (!info.shape) return info;
  checkDims(
    info.name,
    info.shape.map((dim) => (typeof dim === 'number' ? dim : 1)),
  );
  return { ...info, shape: info.shape.map((dim, axis) => (dim === '' ? `${info.name}.${axis}` : dim)) };
}

/** Names a subgraph of a node reads from the graph around it. */
function capturedNames(graph: Graph): Set<string> {
  const own = new Set<string>(graph.initializers.keys());
  const captured = new Set<string>();
  for (const { name } of graph.inputs) own.add(name);
  for (const node of graph.nodes) {
    for (const name of readNames(node)) if (name !== '' && !own.has(name)) captured.add(name);
    for (const name of node.outputs) own.add(name);
  }
  for (const { name } of graph.outputs) if (!own.has(name)) captured.add(name);
  return captured;
}

/** Everything a node reads: its inputs and what its subgraphs capture. */
export function readNames(node: Node): string[] {
  const names = [...node.inputs];
  for (const attribute of node.attributes.values()) {
    if (attribute.type === 'graph') names.push(...capturedNames(attribute.value));
  }
  return names;
}

/** Kahn's algorithm that keeps the file's order among ready nodes; `known` grows by every node output. */
function sortTopologically(nodes: readonly Node[], known: Set<string>): Node[] {
  const producer = new Map<string, number>();
  nodes.forEach((node, index) => {
    for (const name of node.outputs) {
      if (name === '') continue;
      checkName(name);
      if (known.has(name) || producer.has(name)) {
        throw new InvalidGraphError(`value "${name}" is defined twice`, { value: name, node: node.name });
      }
      producer.set(name, index);
    }
  });
  const waiting = nodes.map(() => 0);
  const readers = new Map<number, number[]>();
  nodes.forEach((node, index) => {
    for (const name of new Set(readNames(node))) {
      if (name === '' || known.has(name)) continue;
      const from = producer.get(name);
      if (from === undefined) {
        throw new InvalidGraphError(
          `node "${node.name}" (${node.op}) reads "${name}", which nothing defines`,
          { node: node.name, operator: node.op, value: name },
          'an initialiser or input is missing from the file; export the model again',
        );
      }
      waiting[index]!++;
      const list = readers.get(from) ?? [];
      list.push(index);
      readers.set(from, list);
    }
  });
  // Most files are sorted already; a heap would be needed only to keep order in those that are not.
  const ready = waiting.flatMap((count, index) => (count === 0 ? [index] : []));
  const order: number[] = [];
  for (let head = 0; head < ready.length; head++) {
    const index = ready[head]!;
    order.push(index);
    for (const reader of readers.get(index) ?? []) {
      waiting[reader]!--;
      if (waiting[reader] === 0) ready.push(reader);
    }
  }
  if (order.length !== nodes.length) {
    const stuck = nodes.filter((_, index) => waiting[index]! > 0).map((node) => node.name || node.op);
    throw new InvalidGraphError('the graph has a cycle', { nodes: stuck.slice(0, 5) });
  }
  for (const name of producer.keys()) known.add(name);
  // Keep the file's own order when it is already topological, so that graphs stay readable in viewers.
  const position = new Map(order.map((index, rank) => [index, rank]));
  const sorted = nodes.every((node, index) =>
    readNames(node).every((name) => (producer.get(name) ?? -1) < index),
  );
  return sorted
    ? [...nodes]
    : [...nodes.keys()].sort((a, b) => position.get(a)! - position.get(b)!).map((i) => nodes[i]!);
}
