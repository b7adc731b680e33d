import { encodeModel, GraphBuilder, parseModel } from '@chorus/autodiff';
import { describe, expect, it } from 'vitest';
import { buildModel, MODEL_NAMES } from '../model/build.ts';
import { random } from '../random.ts';
import { imprintModel } from '../testing/imprint-attack.ts';
import { checkKnown } from './known-architectures.ts';

const knownArchitecture = (bytes: Uint8Array, samples: typeof data) => checkKnown(parseModel(bytes), samples);

const data = { inputShape: [1, 28, 28], classes: 10 };
const refusal = expect.objectContaining({ code: 'E_MODEL_PRIVACY' });

/** An MLP with a known graph, and parameters chosen by the requester. */
function mlp(weights: (index: number, bound: number) => number, bias: (index: number) => number): Uint8Array {
  const g = new GraphBuilder({ name: 'anything' });
  const x = g.input('pixels', 'float32', ['N', 1, 28, 28]);
  const linear = (h: string, name: string, from: number, to: number): string =>
    g.op('Gemm', [
      h,
      g.initializer(
        `${name}.w`,
        [from, to],
        Float32Array.from({ length: from * to }, (_, i) => weights(i, Math.sqrt(6 / from))),
      ),
      g.initializer(
        `${name}.b`,
        [to],
        Float32Array.from({ length: to }, (_, i) => bias(i)),
      ),
    ]);
  let h = g.op('Flatten', [x], { axis: 1 });
  h = g.op('Relu', [linear(h, 'a', 784, 64)]);
  h = g.op('Relu', [linear(h, 'b', 64, 32)]);
  g.output(linear(h, 'c', 32, 10), 'float32', ['N', 10], 'out');
  return encodeModel(g.build());
}

const stream = random(1);
const anything = (_: number, bound: number): number => stream.between(-bound, bound);

describe('checkKnown', () => {
  it.each(MODEL_NAMES)('checkKnown accepts %s with any seed', (name) => {
    for (const seed of [0, 1, 2, 7])
      expect(knownArchitecture(buildModel(name, { ...data, seed }), data)).toBe(name);
  });

  it('checkKnown recognises a model by its graph, not by its names', () => {
    expect(
      knownArchitecture(
        mlp(anything, () => 0),
        data,
      ),
    ).toBe('mlp');
  });

  it('checkKnown refuses the model that read 75 % of the private images in the audit', () => {
    const thresholds = Array.from({ length: 2400 }, (_, k) => k / 10);
    const { model } = imprintModel({ thresholds, ...data });
    expect(() => knownArchitecture(model, data)).toThrowError(refusal);
  });

  it('checkKnown refuses the same trick in a known graph: rows that measure the same thing', () => {
    const alike = (i: number, bound: number): number => 0.8 * bound * Math.sin(Math.floor(i / 64));
    expect(() =>
      knownArchitecture(
        mlp(alike, () => 0),
        data,
      ),
    ).toThrowError(refusal);
  });

  it('checkKnown refuses staggered biases', () => {
    expect(() =>
      knownArchitecture(
        mlp(anything, (i) => -0.01 * i),
        data,
      ),
    ).toThrowError(refusal);
  });

  it('checkKnown refuses outputs that hardly any sample switches on (Boenisch et al. 2021)', () => {
    // Samples are not negative: of weights around a negative mean, the sum hardly ever is positive.
    expect(() =>
      knownArchitecture(
        mlp(
          (i, bound) => anything(i, bound) - 0.1 * bound,
          () => 0,
        ),
        data,
      ),
    ).toThrowError(refusal);
  });

  it('checkKnown refuses an output that is much stronger than the others', () => {
    expect(() =>
      knownArchitecture(
        mlp(
          (i, bound) => anything(i, bound) * (i % 64 === 3 ? 3 : 1),
          () => 0,
        ),
        data,
      ),
    ).toThrowError(refusal);
  });

  it('checkKnown refuses outputs half of which are a little off centre one way, and half the other', () => {
    expect(() =>
      knownArchitecture(
        mlp(
          (i, bound) => anything(i, bound) + (i % 2 === 0 ? 0.07 : -0.07) * bound,
          () => 0,
        ),
        data,
      ),
    ).toThrowError(refusal);
  });

  it('checkKnown refuses a layer that makes all probabilities 0 or 1', () => {
    expect(() =>
      knownArchitecture(
        mlp(
          (i, bound) => 3 * anything(i, bound),
          () => 0,
        ),
        data,
      ),
    ).toThrowError(refusal);
  });

  it('checkKnown refuses a known model for other data', () => {
    const model = buildModel('mlp', { ...data, seed: 0 });
    expect(() => knownArchitecture(model, { ...data, classes: 12 })).toThrowError(refusal);
  });
});
