import { describe, expect, test } from 'vitest';
import {
  type DifferentiateOptions,
  differentiate,
  encodeModel,
  GraphBuilder,
  insertLora,
  type Model,
  mergeLora,
  type Node,
  parseModel,
  untieEqual,
  withParameters,
} from '../index.ts';
import { noise } from '../testing/gradient-check.ts';
import { type Feeds, initialTensor, session, tensor } from '../testing/run.ts';

const options: DifferentiateOptions = {
  loss: { kind: 'softmax-cross-entropy' },
  optimizer: { kind: 'sgd' },
};

/** Weights of four by four, all different. */
function weights(g: GraphBuilder, ...names: string[]): void {
  for (const [i, name] of names.entries()) g.initializer(name, [4, 4], Float32Array.from(noise(16, i + 1)));
}

/** Two layers with norms, whose equal vectors are stored once. */
function twoLayers(vector: (g: GraphBuilder, name: string, value: number) => string): Model {
  const g = new GraphBuilder();
  weights(g, 'a.weight', 'b.weight');
  let x = g.input('x', 'float32', ['N', 4]);
  for (const layer of ['a', 'b']) {
    x = g.op('Gemm', [x, `${layer}.weight`, vector(g, `${layer}.bias`, 0)], { transB: 1 });
    x = g.op('LayerNormalization', [
      x,
      vector(g, `${layer}.norm.weight`, 1),
      vector(g, `${layer}.norm.bias`, 0),
    ]);
    x = g.op('Tanh', [x]);
  }
  g.output(x, 'float32', ['N', 4], 'logits');
  return g.build();
}

const make = (g: GraphBuilder, name: string, value: number) =>
  g.initializer(name, [4], new Float32Array(4).fill(value));
/** As an exporter that removes what is equal: one vector of zeros, one of ones. */
const once = (g: GraphBuilder, _: string, value: number) => {
  const name = value === 0 ? 'a.bias' : 'a.norm.weight';
  return g.has(name) ? name : make(g, name, value);
};

/** Nodes with the modules that the exporter noted. */
function inModules(model: Model, moduleOf: (node: Node, at: number) => string): Model {
  const nodes = model.graph.nodes.map((node, at) => ({ ...node, module: moduleOf(node, at) }));
  return { ...model, graph: { ...model.graph, nodes } };
}

const sharedLayers = (): Model =>
  inModules(twoLayers(once), ({ op }, at) => (at < 3 ? 'a' : 'b') + (op === 'Gemm' ? '' : '.norm'));

const x = Float32Array.from(noise(12, 9));
const labels = BigInt64Array.of(0n, 3n, 1n);

/** The loss of a step with rate `lr`, and what the parameters are after it. */
async function step(model: Model, lr: number, changed: Record<string, Float32Array> = {}) {
  const graph = differentiate(model, options);
  const running = await session(graph.step);
  const feeds: Feeds = {
    x: tensor(x, [3, 4]),
    labels: tensor(labels, [3]),
    lr: tensor(Float32Array.of(lr), []),
  };
  for (const each of graph.parameters) {
    feeds[each.name] = initialTensor({ ...each, initial: changed[each.name] ?? each.initial });
  }
  const out = await running.run(feeds);
  const next = new Map(
    graph.parameters.map(({ name }) => [name, out[graph.outputs.next.get(name)!]!.data as Float32Array]),
  );
  return { loss: out[graph.outputs.loss]!.data[0] as number, next };
}

describe('equal parameters', () => {
  test('biases and norms that an exporter stores once train apart, as if each were stored by itself', async () => {
    const shared = await step(sharedLayers(), 0.5);
    const apart = await step(twoLayers(make), 0.5);
    expect(shared.loss).toBe(apart.loss);
    expect([...shared.next.keys()].sort()).toEqual([...apart.next.keys()].sort());
    for (const [name, values] of apart.next) expect(shared.next.get(name), name).toEqual(values);
  });

  test('their gradients are those of finite differences', async () => {
    const model = sharedLayers();
    const { next } = await step(model, 1);
    for (const { name, initial, shape } of differentiate(model, options).parameters) {
      if (shape.length !== 1) continue;
      for (const at of [0, 3]) {
        const lossAt = async (h: number) => {
          const values = Float32Array.from(initial);
          values[at]! += h;
          return (await step(model, 0, { [name]: values })).loss;
        };
        const slope = ((await lossAt(0.01)) - (await lossAt(-0.01))) / 0.02;
        expect(initial[at]! - next.get(name)![at]!, `${name}[${at}]`).toBeCloseTo(slope, 2);
      }
    }
  });

  test('what TorchScript points to with Identity nodes is named as the model names it, weights too', () => {
    const g = new GraphBuilder();
    weights(g, 'layers.0.weight');
    g.input('x', 'float32', ['N', 4]);
    g.output(g.op('MatMul', [g.op('MatMul', ['x', 'layers.0.weight']), 'p']), 'float32', ['N', 4], 'y');
    const pointer = { name: 'Identity_7', op: 'Identity', domain: '', attributes: new Map() };
    const producedBy = (producer: string): Model => {
      const built = g.graph();
      const nodes = [{ ...pointer, inputs: ['layers.0.weight'], outputs: ['p'] }, ...built.nodes];
      return { ...sharedLayers(), producer, graph: { ...built, nodes } };
    };
    expect([...untieEqual(producedBy('pytorch')).graph.initializers.keys()]).toEqual([
      'layers.0.weight',
      'p',
    ]);
    expect(untieEqual(producedBy('pytorch')).graph.nodes.map(({ op }) => op)).toEqual([
      'MatMul',
      'MatMul',
      'Identity',
    ]);
    expect(untieEqual(producedBy('another')).graph.nodes).toHaveLength(4);
  });

  test('a folded weight that TorchScript points to is another one only in another module', () => {
    const model = (module: string): Model => {
      const g = new GraphBuilder();
      weights(g, 'onnx::MatMul_1');
      g.input('x', 'float32', ['N', 4]);
      g.output(
        g.op('MatMul', [g.op('MatMul', ['x', 'onnx::MatMul_1']), 'onnx::MatMul_2']),
        'float32',
        ['N', 4],
        'y',
      );
      const built = g.graph();
      const names = ['/layers.0/MatMul', module, '/Identity'];
      const named = built.nodes.map((node, at) => ({ ...node, name: names[at]! }));
      const [inputs, outputs] = [['onnx::MatMul_1'], ['onnx::MatMul_2']];
      const pointer = {
        name: 'Identity_7',
        op: 'Identity',
        domain: '',
        inputs,
        outputs,
        attributes: new Map(),
      };
      return { ...sharedLayers(), producer: 'pytorch', graph: { ...built, nodes: [pointer, ...named] } };
    };
    // The exporter names a second call of one module like this.
    expect(untieEqual(model('/layers.0_1/MatMul')).graph.initializers.size).toBe(1);
    expect(untieEqual(model('/layers.1/MatMul')).graph.initializers.size).toBe(2);
  });

  test('a module that is used twice keeps one parameter', () => {
    const twice = inModules(twoLayers(once), ({ op }) => (op === 'Gemm' ? 'a' : 'a.norm'));
    const { initializers } = untieEqual(twice).graph;
    // The bias of the layer and that of the norm are two; both are read twice.
    expect([...initializers.keys()]).toEqual([
      'a.weight',
      'b.weight',
      'a.bias',
      'a.norm.weight',
      'a.norm.bias',
    ]);
  });

  test('without modules, nodes with one weight share its bias, and norms have their own', () => {
    const names = (weight: string) => {
      const model = twoLayers(once);
      const nodes = model.graph.nodes.map((node) => ({
        ...node,
        inputs: node.inputs.map((name) => (name === 'b.weight' ? weight : name)),
      }));
      return [...untieEqual({ ...model, graph: { ...model.graph, nodes } }).graph.initializers.keys()].slice(
        2,
      );
    };
    expect(names('b.weight')).toEqual([
      'a.bias',
      'a.norm.weight',
      'a.bias.3',
      'a.bias.4',
      'a.bias.5',
      'a.norm.weight.3',
    ]);
    expect(names('a.weight')).toEqual(['a.bias', 'a.norm.weight', 'a.bias.3', 'a.bias.4', 'a.norm.weight.3']);
  });

  test('matrices, vectors that differ and constants of formulas stay one', () => {
    const g = new GraphBuilder();
    g.input('x', 'float32', ['N', 4]);
    const zeros = g.initializer('zeros', [4, 4], new Float32Array(16));
    const bias = g.initializer('bias', [4], Float32Array.of(0, 0, 0, 1));
    const half = g.initializer('half', [1], Float32Array.of(0.5));
    let y = 'x';
    for (let i = 0; i < 2; i++) y = g.op('Mul', [g.op('Add', [g.op('MatMul', [y, zeros]), bias]), half]);
    g.output(y, 'float32', ['N', 4], 'y');
    const model = g.build();
    expect(untieEqual(model)).toBe(model);
  });

  test('running statistics are no longer the parameters that they equal', () => {
    const g = new GraphBuilder();
    g.input('x', 'float32', ['N', 4, 2]);
    make(g, 'zero', 0);
    make(g, 'one', 1);
    g.output(g.op('BatchNormalization', ['x', 'one', 'zero', 'zero', 'one']), 'float32', ['N', 4, 2], 'y');
    const { parameters } = differentiate(g.build(), { ...options, loss: { kind: 'mse' } });
    expect(parameters.map(({ name }) => name)).toEqual(['zero', 'one']);
  });

  test('trained values are written to the parameters they belong to, and read from there', async () => {
    const file = encodeModel(sharedLayers());
    const { next } = await step(parseModel(file), 0.5);
    const trained = withParameters(file, next);
    const again = differentiate(trained, options);
    expect(again.parameters.map(({ name }) => name)).toEqual([...next.keys()]);
    for (const { name, initial } of again.parameters) expect(initial, name).toEqual(next.get(name));
    // Values of one of them leave the others as they are.
    const one = withParameters(file, new Map([['b.bias', new Float32Array(4).fill(7)]]));
    const { initializers } = parseModel(one).graph;
    expect(initializers.get('b.bias')).not.toEqual(initializers.get('a.bias'));
    expect(initializers.get('a.norm.bias')!.data).toEqual(initializers.get('a.bias')!.data);
  });

  test('an adapter of rank 1 stays that of both nodes that share its weight', () => {
    const g = new GraphBuilder();
    weights(g, 'w');
    g.input('x', 'float32', ['N', 4]);
    g.output(g.op('MatMul', [g.op('Tanh', [g.op('MatMul', ['x', 'w'])]), 'w']), 'float32', ['N', 4], 'y');
    const { model, trainable } = insertLora(g.build(), { rank: 1 });
    const { parameters } = differentiate(model, { ...options, trainable });
    expect(parameters.map(({ name }) => name)).toEqual(['w.lora_A', 'w.lora_B']);
  });

  test('the same file always gives the same parameters, also when it is written again or adapted', () => {
    const file = encodeModel(sharedLayers());
    const names = (model: Uint8Array) => differentiate(model, options).parameters.map(({ name }) => name);
    expect(names(encodeModel(parseModel(file)))).toEqual(names(file));
    const separate = untieEqual(parseModel(file));
    expect(untieEqual(separate)).toBe(separate);
    expect(names(mergeLora(insertLora(file, { rank: 1 }).model))).toEqual(names(file));
  });
});
