import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { differentiate, GraphBuilder } from '../index.ts';
import { session, tensor } from '../testing/run.ts';

/** Sizes of windows that tile their data, and integers in it: ties in most windows. */
const cases = fc
  .array(fc.record({ taps: fc.integer({ min: 1, max: 4 }), windows: fc.integer({ min: 1, max: 3 }) }), {
    minLength: 1,
    maxLength: 3,
  })
  .chain((axes) => {
    const sizes = axes.map(({ taps, windows }) => taps * windows);
    const count = 2 * 3 * sizes.reduce((a, b) => a * b, 1);
    const values = fc.array(fc.integer({ min: -2, max: 2 }), { minLength: count, maxLength: count });
    return fc.record({ axes: fc.constant(axes), sizes: fc.constant(sizes), values });
  });

/** The gradient of sum(k y_k), k counting outputs from 1, by looking for the first maximum of each window. */
function expected(values: readonly number[], sizes: readonly number[], taps: readonly number[]): number[] {
  const windows = sizes.map((size, axis) => size / taps[axis]!);
  const all = (dims: readonly number[]): number[][] =>
    dims.reduce<number[][]>(
      (points, dim) => points.flatMap((point) => Array.from({ length: dim }, (_, i) => [...point, i])),
      [[]],
    );
  const flat = (point: readonly number[]) => point.reduce((at, x, axis) => at * sizes[axis]! + x, 0);
  const volume = sizes.reduce((a, b) => a * b, 1);
  const gradient = values.map(() => 0);
  let weight = 0;
  for (let image = 0; image < 6; image++) {
    for (const window of all(windows)) {
      const points = all(taps).map(
        (tap) => image * volume + flat(tap.map((t, axis) => window[axis]! * taps[axis]! + t)),
      );
      const first = points.reduce((best, at) => (values[at]! > values[best]! ? at : best));
      weight++;
      gradient[first]! += weight;
    }
  }
  return gradient;
}

describe('MaxPool whose windows tile the data', () => {
  it('MaxPool whose windows tile the data sends each gradient to the first maximum in row-major order, in any rank', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ axes, sizes, values }) => {
        const taps = axes.map((axis) => axis.taps);
        const outputs = 6 * axes.reduce((product, { windows }) => product * windows, 1);
        const g = new GraphBuilder();
        const w = g.initializer('w', [2, 3, ...sizes], Float32Array.from(values));
        const pooled = g.op('MaxPool', [w], { kernel_shape: taps, strides: taps });
        const flat = g.op('Reshape', [pooled, g.ints([-1])]);
        const weights = g.constant(
          [outputs],
          Float32Array.from({ length: outputs }, (_, k) => k + 1),
        );
        g.output(g.op('ReduceSum', [g.op('Mul', [flat, weights])], { keepdims: 0 }), 'float32', [], 'loss');
        const graph = differentiate(g.build(), {
          loss: { kind: 'output', name: 'loss' },
          trainable: ['w'],
          optimizer: { kind: 'sgd' },
        });
        const step = await session(graph.step);
        const out = await step.run({
          w: tensor(Float32Array.from(values), [2, 3, ...sizes]),
          lr: tensor(Float32Array.of(1), []),
        });
        const moved = Array.from(out[graph.outputs.next.get('w')!]!.data as Float32Array);
        await step.release();
        expect(values.map((value, i) => value - moved[i]!)).toEqual(expected(values, sizes, taps));
      }),
      { numRuns: 40 },
    );
  });
});
