import { createHash } from 'node:crypto';
import { parseModel } from '@chorus/autodiff';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { buildModel, MODEL_NAMES, type ModelName } from './build.ts';

const mnist = { inputShape: [1, 28, 28], classes: 10, seed: 0 };

function parameters(bytes: Uint8Array): number {
  let count = 0;
  for (const tensor of parseModel(bytes).graph.initializers.values()) {
    if (tensor.name.includes('.')) count += tensor.data.length / 4;
  }
  return count;
}

describe('buildModel', () => {
  it.each([
    ['mlp', 52_650],
    ['cnn', 11_274],
    ['2nn', 199_210],
  ] as const)('%s has %i parameters on MNIST', (name, count) => {
    expect(parameters(buildModel(name, mnist))).toBe(count);
  });

  it.each(MODEL_NAMES)('%s gives the same bytes for the same seed and others for another', (name) => {
    const bytes = buildModel(name, mnist);
    expect(buildModel(name, mnist)).toEqual(bytes);
    expect(buildModel(name, { ...mnist, seed: 1 })).not.toEqual(bytes);
  });

  it('buildModel gives the same initial parameters on every machine', () => {
    const hash = createHash('sha256');
    for (const tensor of parseModel(buildModel('mlp', mnist)).graph.initializers.values()) {
      if (tensor.name.includes('.')) hash.update(tensor.data);
    }
    expect(hash.digest('hex')).toBe('76f0e4015814f37628ab27ce884803872409ef7f0aefbb3c6e7f02a6ea419719');
  });

  it.each(MODEL_NAMES)(
    '%s is an ordinary model for any batch size, with logits of moderate size',
    async (name) => {
      const session = await InferenceSession.create(buildModel(name, mnist));
      for (const batch of [1, 3]) {
        const x = new Tensor('float32', new Float32Array(batch * 784).fill(0.5), [batch, 1, 28, 28]);
        const { logits } = await session.run({ x });
        expect(logits!.dims).toEqual([batch, 10]);
        const values = Array.from(logits!.data as Float32Array);
        expect(values.every((v) => Math.abs(v) < 20)).toBe(true);
        expect(new Set(values).size).toBeGreaterThan(5);
      }
      await session.release();
    },
  );

  it.each([
    ['cnn', { inputShape: [784] }, 'E_MODEL_SHAPE'],
    ['cnn', { inputShape: [1, 3, 28] }, 'E_MODEL_SHAPE'],
    ['mlp', { inputShape: [0] }, 'E_MODEL_SHAPE'],
    ['mlp', { classes: 1 }, 'E_MODEL_SHAPE'],
    ['mlp', { inputShape: [3, 512, 512] }, 'E_MODEL_SHAPE'],
    ['resnet' as ModelName, {}, 'E_MODEL_UNKNOWN'],
  ] as const)('buildModel refuses %s with %o', (name, change, code) => {
    expect(() => buildModel(name, { ...mnist, ...change })).toThrow(expect.objectContaining({ code }));
  });
});
