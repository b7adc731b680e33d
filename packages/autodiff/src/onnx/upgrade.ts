import { toInt64 } from './attributes.ts';
import { tensorOf } from './builder.ts';
import { InvalidGraphError, OpsetError } from './errors.ts';
import { withoutConstantConcats } from './fold.ts';
import type { Attribute, Model, Node, Tensor } from './model.ts';
import { valueNames } from './names.ts';
import { withoutSequences } from './sequences.ts';

/** Oldest operator set taken: from 13 on, ReduceSum, Squeeze, Unsqueeze and Split have their axes as inputs. */
export const MIN_OPSET = 13;
/** Newest operator set whose operators the rules were written against. */
export const MAX_OPSET = 23;
/** Training graphs use at least this set: scatter with addition, and reductions with axes as inputs. */
const TRAINING_OPSET = 18;

/** Reductions whose axes moved from an attribute to an input in operator set 18. */
const AXES_TO_INPUT = new Set(
  `ReduceMax ReduceMean ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare`.split(
    ' ',
  ),
);

/**
 * Rewrites a model to the operator set that training graphs use, and its Constant nodes to initialisers.
 *
 * @returns the model and the names of initialisers that were Constant nodes (never trainable)
 * @throws OpsetError when the model's operator set is outside {@link MIN_OPSET}..{@link MAX_OPSET}
 */
export function upgradeModel(model: Model): { model: Model; constants: ReadonlySet<string> } {
  if (model.opset < MIN_OPSET || model.opset > MAX_OPSET) {
    throw new OpsetError(
      `the model uses operator set ${model.opset}`,
      { opset: model.opset, min: MIN_OPSET, max: MAX_OPSET },
      `convert it with onnx.version_converter to a set between ${MIN_OPSET} and ${MAX_OPSET}`,
    );
  }
  const initializers = new Map(model.graph.initializers);
  const constants = new Set<string>();
  const nodes: Node[] = [];
  for (const node of model.graph.nodes) {
    if (node.op === 'Constant' && node.domain === '') {
      const name = node.outputs[0]!;
      initializers.set(name, constantTensor(node, name));
      constants.add(name);
    } else nodes.push(model.opset < TRAINING_OPSET ? upgradeNode(node, initializers, constants) : node);
  }
  const outputs = new Set(model.graph.outputs.map(({ name }) => name));
  const joined = withoutConstantConcats(nodes, initializers, constants, outputs);
  return {
    constants,
    model: {
      ...model,
      opset: Math.max(model.opset, TRAINING_OPSET),
      irVersion: Math.max(model.irVersion, 8),
      graph: {
        ...model.graph,
        nodes: withoutSequences(joined, initializers, constants, valueNames(model.graph)),
        initializers,
      },
    },
  };
}

/** Nodes inside If, Loop and Scan too; the axes they need become initialisers of the outermost graph. */
function upgradeNode(outer: Node, initializers: Map<string, Tensor>, constants: Set<string>): Node {
  const node = withUpgradedSubgraphs(outer, initializers, constants);
  if (node.domain !== '') return node;
  const axes = node.attributes.get('axes');
  if (AXES_TO_INPUT.has(node.op) && axes?.type === 'ints') {
    const name = `${node.outputs[0]}.axes`;
    initializers.set(name, tensorOf(name, [axes.value.length], BigInt64Array.from(axes.value, BigInt)));
    constants.add(name);
    const attributes = new Map([...node.attributes].filter(([key]) => key !== 'axes'));
    return { ...node, inputs: [node.inputs[0]!, name], attributes };
  }
  if (node.op === 'Split' && !node.inputs[1]) {
    const count: Attribute = { type: 'int', value: node.outputs.length };
    return { ...node, attributes: new Map([...node.attributes, ['num_outputs', count]]) };
  }
  return node;
}

function withUpgradedSubgraphs(node: Node, initializers: Map<string, Tensor>, constants: Set<string>): Node {
  if (![...node.attributes.values()].some(({ type }) => type === 'graph')) return node;
  const attributes = [...node.attributes].map(([key, attribute]): [string, Attribute] => {
    if (attribute.type !== 'graph') return [key, attribute];
    const nodes = attribute.value.nodes.map((inner) => upgradeNode(inner, initializers, constants));
    return [key, { type: 'graph', value: { ...attribute.value, nodes } }];
  });
  return { ...node, attributes: new Map(attributes) };
}

function constantTensor(node: Node, name: string): Tensor {
  for (const [key, attribute] of node.attributes) {
    if (key === 'value' && attribute.type === 'tensor') return { ...attribute.value, name };
    if (attribute.type === 'float') return tensorOf(name, [], Float32Array.of(attribute.value));
    if (attribute.type === 'int') return tensorOf(name, [], BigInt64Array.of(toInt64(attribute.value)));
    if (attribute.type === 'floats') {
      return tensorOf(name, [attribute.value.length], Float32Array.from(attribute.value));
    }
    if (attribute.type === 'ints') {
      return tensorOf(name, [attribute.value.length], BigInt64Array.from(attribute.value, toInt64));
    }
  }
  throw new InvalidGraphError(`constant "${name}" holds no number`, { node: node.name, value: name });
}
