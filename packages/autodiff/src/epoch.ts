import { GraphBuilder } from './onnx/builder.ts';
import type { Attribute, Graph, Model, Node, ValueInfo } from './onnx/model.ts';
import { unique, valueNames } from './onnx/names.ts';
import { validateModel } from './onnx/validate.ts';
import type { TrainingPlan } from './plan.ts';

/** Why the steps of this plan cannot be put into one graph; `undefined` when they can. */
export function epochObstacle(plan: TrainingPlan): string | undefined {
  if (plan.data.length === 0) return 'the model has no data inputs to gather batches from';
  const fed = plan.labels ? [...plan.data, plan.labels] : plan.data;
  for (const { name, shape } of fed) {
    if (!shape) return `the rank of "${name}" is not declared`;
    if (shape.length === 0) return `"${name}" is a scalar and has no batch axis`;
  }
  return undefined;
}

/**
 * K training steps as one Scan: the parameters and the state are its loop state, the rows of the index
 * tensor and the learning rates are its sequence. Data, labels and frozen tensors are read from the
 * graph around it, so nothing is copied per step but the gathered batch.
 */
export function buildEpoch(plan: TrainingPlan): Model {
  const { names, step } = plan;
  const taken = valueNames(step);
  for (const name of Object.values(names)) taken.add(name);
  const carried = [...plan.next.keys()];
  const carriedInfo = carried.map((name) => step.inputs.find((info) => info.name === name)!);
  const gathered = plan.labels ? [...plan.data, plan.labels] : plan.data;

  // A name of the outer graph must not be defined again inside, so everything fed per step is renamed.
  const inner = new Map<string, string>();
  for (const name of [...carried, ...gathered.map((info) => info.name), names.lr]) {
    inner.set(name, unique(`step/${name}`, taken));
  }
  const index = unique(`step/${names.index}`, taken);
  const batch: Node[] = gathered.map(({ name }) => ({
    name: inner.get(name)!,
    op: 'Gather',
    domain: '',
    inputs: [name, index],
    outputs: [inner.get(name)!],
    attributes: new Map(),
  }));
  const rename = (info: ValueInfo): ValueInfo => ({ ...info, name: inner.get(info.name)! });
  const lrInfo = step.inputs.find((info) => info.name === names.lr)!;
  const [lossInfo, ...nextInfos] = step.outputs as [ValueInfo, ...ValueInfo[]];
  const body: Graph = {
    name: 'step',
    nodes: [...batch, ...renameInputs(step.nodes, inner)],
    initializers: new Map(),
    inputs: [...carriedInfo.map(rename), { name: index, dtype: 7, shape: ['B'] }, rename(lrInfo)],
    outputs: [...nextInfos, lossInfo],
    valueInfo: new Map(),
  };

  const g = new GraphBuilder({ opset: plan.model.opset, name: 'epoch' });
  for (const info of gathered) g.input(info.name, info.dtype, ['examples', ...info.shape!.slice(1)]);
  g.input(names.index, 'int64', ['K', 'B']);
  g.input(names.lr, 'float32', ['K']);
  for (const info of step.inputs) {
    const perStep = inner.has(info.name) && !plan.next.has(info.name);
    if (!perStep) g.input(info.name, info.dtype, info.shape);
  }
  for (const tensor of step.initializers.values()) g.tensor(tensor);
  const finals = nextInfos.map((info) => unique(`${info.name}/final`, taken));
  g.ops('Scan', [...carried, names.index, names.lr], [...finals, names.losses], {
    body: { type: 'graph', value: body },
    num_scan_inputs: 2,
  });
  // The final values have the names the step gives its outputs; inside the Scan those are taken, so the
  // body's copies give way.
  const outer = g.graph();
  const publicNames = new Map(nextInfos.map((info, i) => [finals[i]!, info.name]));
  const innerNext = new Map(nextInfos.map((info) => [info.name, unique(`step/${info.name}`, taken)]));
  const scan = outer.nodes[0]!;
  const graph: Graph = {
    ...outer,
    nodes: [
      {
        ...scan,
        outputs: scan.outputs.map((name) => publicNames.get(name) ?? name),
        attributes: new Map(scan.attributes).set('body', {
          type: 'graph',
          value: renameValues(body, innerNext),
        }),
      },
    ],
    outputs: [...nextInfos, { name: names.losses, dtype: lossInfo.dtype, shape: ['K'] }],
  };
  return validateModel({ ...trainingModel(plan.model, graph) });
}

/** Wraps a graph as a model of the same operator sets. */
export function trainingModel(model: Model, graph: Graph): Model {
  return { ...model, producer: 'chorus-autodiff', metadata: new Map(), graph };
}

function renameValues(body: Graph, names: ReadonlyMap<string, string>): Graph {
  const swap = (name: string): string => names.get(name) ?? name;
  return {
    ...body,
    nodes: renameInputs(body.nodes, names).map((node) => ({ ...node, outputs: node.outputs.map(swap) })),
    outputs: body.outputs.map((info) => ({ ...info, name: swap(info.name) })),
  };
}

/** Replaces what nodes and their subgraphs read. */
function renameInputs(nodes: readonly Node[], names: ReadonlyMap<string, string>): Node[] {
  return nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map((name) => names.get(name) ?? name),
    attributes: new Map([...node.attributes].map(([key, value]) => [key, renameCaptured(value, names)])),
  }));
}

function renameCaptured(attribute: Attribute, names: ReadonlyMap<string, string>): Attribute {
  if (attribute.type !== 'graph') return attribute;
  const graph = attribute.value;
  return {
    type: 'graph',
    value: {
      ...graph,
      nodes: renameInputs(graph.nodes, names),
      outputs: graph.outputs.map((info) => ({ ...info, name: names.get(info.name) ?? info.name })),
    },
  };
}
