/** Models of the benches and the convergence tests, built as PyTorch's exporter would write them. */
import { float, GraphBuilder, type Model } from '@chorus/autodiff';
import { random } from '../random.ts';

type Values = (dims: readonly number[], bound: number) => Float32Array;

/** A graph builder with layers whose weights are drawn from one seed. */
class Layers {
  readonly g: GraphBuilder;
  readonly #values: Values;
  #count = 0;

  constructor(name: string, seed: number) {
    this.g = new GraphBuilder({ name });
    const stream = random(seed, 0xbe7c);
    this.#values = (dims, bound) =>
      Float32Array.from({ length: product(dims) }, () => stream.between(-bound, bound));
  }

  /** Uniform within `bound`. */
  weight(name: string, dims: readonly number[], bound: number): string {
    return this.g.initializer(name, dims, this.#values(dims, bound));
  }

  filled(name: string, length: number, value: number): string {
    return this.g.initializer(name, [length], new Float32Array(length).fill(value));
  }

  ints(...values: number[]): string {
    return this.g.constant([values.length], BigInt64Array.from(values, BigInt));
  }

  scalar(value: number): string {
    return this.g.constant([], Float32Array.of(value));
  }

  /** Rows times a matrix, as `Gemm` on [N, from] and as `MatMul` with `Add` on higher ranks. */
  linear(x: string, from: number, to: number, rank = 2): string {
    const name = this.#name('fc');
    const bound = Math.sqrt(6 / (from + to));
    const bias = this.filled(`${name}.bias`, to, 0);
    if (rank !== 2) {
      const product = this.g.op('MatMul', [x, this.weight(`${name}.weight`, [from, to], bound)]);
      return this.g.op('Add', [product, bias]);
    }
    return this.g.op('Gemm', [x, this.weight(`${name}.weight`, [to, from], bound), bias], { transB: 1 });
  }

  convolution(x: string, from: number, to: number, size: number, stride = 1, pad = size >> 1): string {
    const name = this.#name('conv');
    const weight = this.weight(`${name}.weight`, [to, from, size, size], Math.sqrt(6 / (from * size * size)));
    return this.g.op('Conv', [x, weight, this.filled(`${name}.bias`, to, 0)], {
      kernel_shape: [size, size],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
    });
  }

  batchNorm(x: string, channels: number): string {
    const name = this.#name('bn');
    const parts = [1, 0, 0, 1].map((value, i) =>
      this.filled(`${name}.${['weight', 'bias', 'running_mean', 'running_var'][i]}`, channels, value),
    );
    return this.g.op('BatchNormalization', [x, ...parts], { epsilon: float(1e-5) });
  }

  layerNorm(x: string, width: number): string {
    const name = this.#name('ln');
    const scale = this.filled(`${name}.weight`, width, 1);
    return this.g.op('LayerNormalization', [x, scale, this.filled(`${name}.bias`, width, 0)]);
  }

  relu(x: string): string {
    return this.g.op('Relu', [x]);
  }

  pool(x: string): string {
    return this.g.op('MaxPool', [x], { kernel_shape: [2, 2], strides: [2, 2] });
  }

  #name(kind: string): string {
    return `${kind}${this.#count++}`;
  }
}

const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** LeNet-5 with ReLU and max pooling: [N, 1, 28, 28], 61,706 parameters. */
export function leNet(seed = 0): Model {
  const l = new Layers('lenet', seed);
  const x = l.g.input('x', 'float32', ['N', 1, 28, 28]);
  let h = l.pool(l.relu(l.convolution(x, 1, 6, 5)));
  h = l.pool(l.relu(l.convolution(h, 6, 16, 5, 1, 0)));
  h = l.g.op('Flatten', [h], { axis: 1 });
  h = l.relu(l.linear(h, 400, 120));
  h = l.relu(l.linear(h, 120, 84));
  l.g.output(l.linear(h, 84, 10), 'float32', ['N', 10], 'logits');
  return l.g.build();
}

/** Residual network with three stages of one block (16, 32, 64 channels) on [N, 3, 32, 32]. */
export function resNet8(seed = 0): Model {
  const l = new Layers('resnet8', seed);
  const x = l.g.input('x', 'float32', ['N', 3, 32, 32]);
  let h = l.relu(l.batchNorm(l.convolution(x, 3, 16, 3), 16));
  let width = 16;
  for (const [to, stride] of [
    [16, 1],
    [32, 2],
    [64, 2],
  ] as const) {
    const inner = l.relu(l.batchNorm(l.convolution(h, width, to, 3, stride), to));
    const branch = l.batchNorm(l.convolution(inner, to, to, 3), to);
    const short = to === width ? h : l.batchNorm(l.convolution(h, width, to, 1, stride, 0), to);
    h = l.relu(l.g.op('Add', [branch, short]));
    width = to;
  }
  h = l.g.op('Flatten', [l.g.op('GlobalAveragePool', [h])], { axis: 1 });
  l.g.output(l.linear(h, 64, 10), 'float32', ['N', 10], 'logits');
  return l.g.build();
}

export interface TransformerShape {
  layers: number;
  width: number;
  heads: number;
  context: number;
  vocabulary: number;
}

/** A causal pre-norm transformer over tokens `x` [N, context] int64; logits [N, context, vocabulary]. */
export function transformer(shape: TransformerShape, seed = 0): Model {
  const { layers, width, heads, context, vocabulary } = shape;
  const l = new Layers('transformer', seed);
  const { g } = l;
  const x = g.input('x', 'int64', ['N', context]);
  const bound = Math.sqrt(3) * 0.02;
  let h = g.op('Gather', [l.weight('embedding', [vocabulary, width], bound * 4), x]);
  h = g.op('Add', [h, l.weight('position', [context, width], bound)]);
  const future = Float32Array.from({ length: context * context }, (_, at) =>
    at % context > Math.floor(at / context) ? -1e9 : 0,
  );
  const mask = g.constant([context, context], future);
  const split = l.ints(0, context, heads, width / heads);
  for (let layer = 0; layer < layers; layer++) {
    const qkv = l.linear(l.layerNorm(h, width), width, 3 * width, 3);
    const [q, k, v] = g
      .ops('Split', [qkv], 3, { axis: -1, num_outputs: 3 })
      .map((part, i) =>
        g.op('Transpose', [g.op('Reshape', [part, split])], { perm: i === 1 ? [0, 2, 3, 1] : [0, 2, 1, 3] }),
      ) as [string, string, string];
    const scores = g.op('Mul', [g.op('MatMul', [q, k]), l.scalar(1 / Math.sqrt(width / heads))]);
    const attention = g.op('Softmax', [g.op('Add', [scores, mask])], { axis: -1 });
    const mixed = g.op('Transpose', [g.op('MatMul', [attention, v])], { perm: [0, 2, 1, 3] });
    const joined = g.op('Reshape', [mixed, l.ints(0, context, width)]);
    h = g.op('Add', [h, l.linear(joined, width, width, 3)]);
    const up = l.linear(l.layerNorm(h, width), width, 4 * width, 3);
    h = g.op('Add', [h, l.linear(gelu(l, up), 4 * width, width, 3)]);
  }
  g.output(
    l.linear(l.layerNorm(h, width), width, vocabulary, 3),
    'float32',
    ['N', context, vocabulary],
    'logits',
  );
  return g.build();
}

/** x Phi(x), as the exporter writes it below operator set 20. */
function gelu(l: Layers, x: string): string {
  const erf = l.g.op('Erf', [l.g.op('Div', [x, l.scalar(Math.SQRT2)])]);
  return l.g.op('Mul', [l.g.op('Mul', [x, l.g.op('Add', [erf, l.scalar(1)])]), l.scalar(0.5)]);
}

/** A character model: embedding, one LSTM or GRU, logits at every position; tokens `x` [N, context] int64. */
export function recurrent(
  cell: 'LSTM' | 'GRU',
  { width, context, vocabulary }: Pick<TransformerShape, 'width' | 'context' | 'vocabulary'>,
  seed = 0,
): Model {
  const l = new Layers('recurrent', seed);
  const { g } = l;
  const gates = cell === 'LSTM' ? 4 : 3;
  const x = g.input('x', 'int64', ['N', context]);
  const embedded = g.op('Gather', [l.weight('embedding', [vocabulary, width], 0.5), x]);
  const bound = 1 / Math.sqrt(width);
  const [series] = g.ops(
    cell,
    [
      g.op('Transpose', [embedded], { perm: [1, 0, 2] }),
      l.weight('w', [1, gates * width, width], bound),
      l.weight('r', [1, gates * width, width], bound),
      g.initializer('b', [1, 2 * gates * width], new Float32Array(2 * gates * width)),
    ],
    ['series'],
    { hidden_size: width, ...(cell === 'GRU' ? { linear_before_reset: 1 } : {}) },
  );
  const rows = g.op('Transpose', [g.op('Squeeze', [series!, l.ints(1)])], { perm: [1, 0, 2] });
  g.output(l.linear(rows, width, vocabulary, 3), 'float32', ['N', context, vocabulary], 'logits');
  return g.build();
}

/** The plain network 784-200-200-10 of McMahan et al. 2017. */
export function twoNn(seed = 0): Model {
  const l = new Layers('2nn', seed);
  let h = l.g.input('x', 'float32', ['N', 784]);
  h = l.relu(l.linear(h, 784, 200));
  h = l.relu(l.linear(h, 200, 200));
  l.g.output(l.linear(h, 200, 10), 'float32', ['N', 10], 'logits');
  return l.g.build();
}
