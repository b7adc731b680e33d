import { DataType, type Graph, type Model, type Tensor } from '../onnx/model.ts';
import { moduleOf } from '../onnx/modules.ts';
import { readNames } from '../onnx/validate.ts';
import { untieConstants } from './untie-constants.ts';

/** Names that the TorchScript exporter gives to what it computed itself, such as a transposed weight. */
const FOLDED = /^onnx::/;

/** The nodes by which the TorchScript exporter points from a parameter to an equal one; an nn.Identity has a path. */
const POINTER = /^Identity_\d+$/;

/**
 * Gives parameters that an exporter stores once because they were equal back to the modules they belong to; otherwise
 * they would train as one. What is tied by design stays one:
 *
 * 1. The TorchScript exporter stores one of several equal parameters, and points to it with Identity nodes that have
 *    the names of the others. Weights that a model ties are one parameter before, and get no such node. Each name becomes
 *    an initialiser of its own; of weights that were folded (`onnx::MatMul_12`) only if other modules read them.
 * 2. Other exporters leave no trace. There a vector with all elements equal, as biases and the scales of norms begin, is
 *    divided among the modules that read it: {@link untieConstants}. A matrix is never divided.
 *
 * The result depends on the file alone, and applying it again changes nothing. Copies come after the file's own
 * initialisers, in the order in which nodes read them.
 */
export function untieEqual(model: Model): Model {
  const graph = untieConstants(model.producer === 'pytorch' ? withoutPointers(model.graph) : model.graph);
  return graph === model.graph ? model : { ...model, graph };
}

function withoutPointers(graph: Graph): Graph {
  const initializers = new Map(graph.initializers);
  const fixed = new Set([...graph.inputs, ...graph.outputs].map(({ name }) => name));
  let modules: Map<string, Set<string | undefined>> | undefined;
  const nodes = graph.nodes.filter((node) => {
    const [from, to] = [node.inputs[0]!, node.outputs[0]!];
    if (node.op !== 'Identity' || node.domain !== '' || !POINTER.test(node.name)) return true;
    const tensor = initializers.get(from);
    if (!tensor || !isVectorOrMore(tensor) || fixed.has(from) || fixed.has(to)) return true;
    if (FOLDED.test(to)) {
      modules ??= readingModules(graph);
      const [readers, others] = [modules.get(to), modules.get(from)];
      if (!readers || readers.has(undefined) || [...readers].some((module) => others?.has(module)))
        return true;
    }
    initializers.set(to, { ...tensor, name: to });
    return false;
  });
  return nodes.length === graph.nodes.length ? graph : { ...graph, nodes, initializers };
}

function isVectorOrMore({ dtype, dims }: Tensor): boolean {
  return (dtype === DataType.float32 || dtype === DataType.float64) && dims.length > 0;
}

/** Modules of the nodes that read each value, pointers apart; `undefined` stands for an unknown one. */
function readingModules(graph: Graph): Map<string, Set<string | undefined>> {
  const modules = new Map<string, Set<string | undefined>>();
  for (const node of graph.nodes) {
    if (POINTER.test(node.name)) continue;
    for (const name of readNames(node)) {
      const known = modules.get(name) ?? new Set();
      modules.set(name, known.add(moduleOf(node)));
    }
  }
  return modules;
}
