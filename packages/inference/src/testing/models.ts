/** Small ONNX models whose answers are known. */
import { encodeModel, GraphBuilder } from '@chorus/autodiff';

/** A linear classifier without bias on samples of any shape: `weights[class][value]`. */
export function linear(shape: readonly number[], weights: readonly (readonly number[])[]): Uint8Array {
  const g = new GraphBuilder({ name: 'linear' });
  const x = g.input('x', 'float32', ['N', ...shape]);
  const values = shape.reduce((product, dim) => product * dim, 1);
  const matrix = Float32Array.from({ length: values * weights.length }, (_, at) => {
    return weights[at % weights.length]![Math.floor(at / weights.length)]!;
  });
  const flat = g.op('Flatten', [x], { axis: 1 });
  const logits = g.op('MatMul', [flat, g.initializer('w', [values, weights.length], matrix)]);
  g.output(logits, 'float32', ['N', weights.length], 'logits');
  return encodeModel(g.build());
}

/** The class is the place of the largest value. */
export function largest(values: number): Uint8Array {
  const weights = Array.from({ length: values }, (_, c) =>
    Array.from({ length: values }, (_, i) => (i === c ? 5 : 0)),
  );
  return linear([values], weights);
}

/** The same with probabilities as output. */
export function largestWithSoftmax(values: number): Uint8Array {
  const g = new GraphBuilder({ name: 'softmax' });
  const x = g.input('x', 'float32', ['N', values]);
  g.output(g.op('Softmax', [x], { axis: 1 }), 'float32', ['N', values], 'probabilities');
  return encodeModel(g.build());
}

/**
 * A language model over bytes that counts: after `a` comes `b`, after 255 comes 0.
 * @param everywhere whether it predicts at every place, as [N, context, 256]
 */
export function counting(context: number, { everywhere = false, strength = 20 } = {}): Uint8Array {
  const g = new GraphBuilder({ name: 'counting' });
  const x = g.input('x', 'int64', ['N', context]);
  const next = new Float32Array(256 * 256);
  for (let byte = 0; byte < 256; byte++) next[byte * 256 + ((byte + 1) % 256)] = strength;
  const table = g.initializer('table', [256, 256], next);
  if (everywhere) {
    g.output(g.op('Gather', [table, x], { axis: 0 }), 'float32', ['N', context, 256], 'logits');
  } else {
    const last = g.op('Gather', [x, g.constant([], BigInt64Array.of(BigInt(context - 1)))], { axis: 1 });
    g.output(g.op('Gather', [table, last], { axis: 0 }), 'float32', ['N', 256], 'logits');
  }
  return encodeModel(g.build());
}

/** Answers with infinities. */
export function unbounded(values: number): Uint8Array {
  const g = new GraphBuilder({ name: 'unbounded' });
  const x = g.input('x', 'float32', ['N', values]);
  const logits = g.op('Log', [g.op('Sub', [x, x])]);
  g.output(logits, 'float32', ['N', values], 'logits');
  return encodeModel(g.build());
}
