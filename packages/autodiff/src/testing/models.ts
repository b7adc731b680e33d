import { float, type GraphBuilder } from '../index.ts';

const ints = (g: GraphBuilder, ...values: number[]) =>
  g.constant([values.length], BigInt64Array.from(values, BigInt));
const scalar = (g: GraphBuilder, value: number) => g.constant([], Float32Array.of(value));

/** Residual block with BatchNormalization, overlapping pooling, a depthwise convolution and HardSwish. */
export function cnn(
  g: GraphBuilder,
  channels: number,
  classes: number,
  size: number | string,
  ratio?: number,
): void {
  const x = g.input('x', 'float32', ['N', 'C', size, size]);
  const norm = (value: string, name: string): string => {
    const mean = g.initializer(`${name}.mean`, [channels], new Float32Array(channels));
    const variance = g.initializer(`${name}.var`, [channels], new Float32Array(channels).fill(1));
    return g.op('BatchNormalization', [value, `${name}.s`, `${name}.b`, mean, variance]);
  };
  const same = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
  let h = g.op('Relu', [norm(g.op('Conv', [x, 'stem'], same), 'bn1')]);
  h = g.op('Relu', [g.op('Add', [h, norm(g.op('Conv', [h, 'res'], same), 'bn2')])]);
  h = g.op('MaxPool', [h], { ...same, strides: [2, 2] });
  h = g.op('HardSwish', [g.op('Conv', [h, 'dw', 'dw.b'], { ...same, strides: [2, 2], group: channels })]);
  h = g.op('Flatten', [g.op('GlobalAveragePool', [h])]);
  if (ratio !== undefined) h = g.op('Dropout', [h, scalar(g, ratio)]);
  g.output(g.op('Gemm', [h, 'fc', 'fc.b'], { transB: 1 }), 'float32', ['N', classes], 'logits');
}

/**
 * One pre-norm transformer block in the form PyTorch's exporter gives it: sizes computed by Shape, Gather
 * and Concat, LayerNormalization as its formula, GELU as Erf, the output matrix tied to the embedding.
 */
export function transformer(
  g: GraphBuilder,
  heads: number,
  width: number,
  time: number | string,
  vocabulary: number,
): void {
  const tokens = g.input('x', 'int64', ['N', time]);
  const shape = g.op('Shape', [tokens]);
  const dim = (axis: number) =>
    g.op('Unsqueeze', [g.op('Gather', [shape, g.constant([], BigInt64Array.of(BigInt(axis)))]), ints(g, 0)]);
  const sizes = (...parts: string[]) => g.op('Concat', parts, { axis: 0 });
  const norm = (value: string, name: string): string => {
    const centred = g.op('Sub', [value, g.op('ReduceMean', [value], { axes: [-1] })]);
    const variance = g.op('ReduceMean', [g.op('Pow', [centred, scalar(g, 2)])], { axes: [-1] });
    const deviation = g.op('Sqrt', [g.op('Add', [variance, scalar(g, 1e-5)])]);
    return g.op('Add', [g.op('Mul', [g.op('Div', [centred, deviation]), `${name}.s`]), `${name}.b`]);
  };
  const positions = g.op('Slice', ['pos', ints(g, 0), dim(1), ints(g, 0)]);
  let h = g.op('Add', [g.op('Gather', ['emb', tokens]), positions]);
  const qkv = g.op('Add', [g.op('MatMul', [norm(h, 'ln1'), 'qkv']), 'qkv.b']);
  const parts = g.ops('Split', [qkv], 3, { axis: -1 });
  const headShape = sizes(dim(0), dim(1), ints(g, heads, width / heads));
  const [q, k, v] = parts.map((part, i) =>
    g.op('Transpose', [g.op('Reshape', [part, headShape])], { perm: i === 1 ? [0, 2, 3, 1] : [0, 2, 1, 3] }),
  ) as [string, string, string];
  const scores = g.op('Div', [g.op('MatMul', [q, k]), scalar(g, Math.sqrt(width / heads))]);
  const ones = g.op('ConstantOfShape', [sizes(dim(1), dim(1))]);
  const square = g.op('Trilu', [g.op('Add', [ones, scalar(g, 1)])], { upper: 0 });
  const masked = g.op('Where', [g.op('Cast', [square], { to: 9 }), scores, scalar(g, -1e9)]);
  const mixed = g.op('Transpose', [g.op('MatMul', [g.op('Softmax', [masked], { axis: -1 }), v])], {
    perm: [0, 2, 1, 3],
  });
  const joined = g.op('Reshape', [mixed, sizes(dim(0), dim(1), ints(g, width))]);
  h = g.op('Add', [h, g.op('MatMul', [joined, 'proj'])]);
  const m = g.op('MatMul', [norm(h, 'ln2'), 'up']);
  const erf = g.op('Erf', [g.op('Div', [m, scalar(g, Math.SQRT2)])]);
  const gelu = g.op('Mul', [g.op('Mul', [m, g.op('Add', [erf, scalar(g, 1)])]), scalar(g, 0.5)]);
  h = g.op('Add', [h, g.op('MatMul', [gelu, 'down'])]);
  const tied = g.op('Transpose', ['emb'], { perm: [1, 0] });
  g.output(g.op('MatMul', [h, tied]), 'float32', ['N', time, vocabulary], 'logits');
}

/** Embedding, LSTM, GRU (reset after the product) and a classifier on the last state. */
export function recurrent(g: GraphBuilder, lstm: number, gru: number, classes: number): void {
  const tokens = g.input('x', 'int64', ['N', 'T']);
  const x = g.op('Transpose', [g.op('Gather', ['emb', tokens])], { perm: [1, 0, 2] });
  const [series] = g.ops('LSTM', [x, 'lstm.w', 'lstm.r', 'lstm.b'], ['series', '', ''], {
    hidden_size: lstm,
  });
  const flat = g.op('Squeeze', [series!, ints(g, 1)]);
  const [, last] = g.ops('GRU', [flat, 'gru.w', 'gru.r', 'gru.b'], ['', 'last'], {
    hidden_size: gru,
    linear_before_reset: 1,
  });
  const state = g.op('Squeeze', [last!, ints(g, 0)]);
  g.output(g.op('Gemm', [state, 'fc', 'fc.b'], { alpha: float(1) }), 'float32', ['N', classes], 'logits');
}
