import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { subset } from '../data/dataset.ts';
import { SIDE } from './raster.ts';
import { syntheticDigits } from './synthetic.ts';

describe('syntheticDigits', () => {
  it('syntheticDigits gives the very same images on every machine', () => {
    const { inputs, labels } = syntheticDigits({ seed: 7, count: 100 });
    const levels = Uint8Array.from(inputs, (x) => Math.round(x * 255));
    const digest = createHash('sha256').update(levels).update(Uint8Array.from(labels)).digest('hex');
    expect(digest).toBe('7bc084346726df7f222b87a5c214317ce35f22edca6d6a19dbf5c405c6541145');
  });

  it('syntheticDigits gives other images for another seed', () => {
    expect(syntheticDigits({ seed: 1, count: 5 }).inputs).not.toEqual(
      syntheticDigits({ seed: 2, count: 5 }).inputs,
    );
  });

  it('syntheticDigits has the shape and the range of MNIST, whole grey levels and balanced classes', () => {
    const digits = syntheticDigits({ seed: 3, count: 1000 });
    expect(digits).toMatchObject({ inputShape: [1, 28, 28], classes: 10, count: 1000 });
    expect(digits.inputs.every((x) => x >= 0 && x <= 1 && Math.fround(Math.round(x * 255) / 255) === x)).toBe(
      true,
    );
    const counts = Array(10).fill(0);
    for (const label of digits.labels) counts[label]++;
    expect(counts).toEqual(Array(10).fill(100));
  });

  it('syntheticDigits draws ink in the middle and none at the rim, with an amount near that of real digits', () => {
    const { inputs, count } = syntheticDigits({ seed: 4, count: 500 });
    const mean = new Float64Array(SIDE * SIDE);
    inputs.forEach((x, i) => {
      mean[i % mean.length]! += x / count;
    });
    expect(mean[14 * SIDE + 14]!).toBeGreaterThan(0.2);
    expect(mean[0]!).toBeLessThan(0.05);
    const ink = mean.reduce((sum, x) => sum + x, 0) / mean.length;
    expect(ink).toBeGreaterThan(0.08); // MNIST: 0.13
    expect(ink).toBeLessThan(0.2);
  });

  it('syntheticDigits is neither trivial nor hopeless: the nearest of 1,000 neighbours is right mostly, the class means are not enough', () => {
    const all = syntheticDigits({ seed: 5, count: 1200 });
    const index = Array.from({ length: 1200 }, (_, i) => i);
    const known = subset(all, index.slice(0, 1000));
    const asked = subset(all, index.slice(1000));
    const width = SIDE * SIDE;
    const distance = (a: Float32Array | Float64Array, i: number, b: Float32Array, j: number) => {
      let sum = 0;
      for (let p = 0; p < width; p++) sum += (a[i * width + p]! - b[j * width + p]!) ** 2;
      return sum;
    };
    const means = new Float64Array(10 * width);
    known.inputs.forEach((x, i) => {
      means[known.labels[Math.floor(i / width)]! * width + (i % width)]! += x / 100;
    });
    const accuracy = (guess: (j: number) => number) =>
      Array.from(asked.labels).filter((label, j) => guess(j) === label).length / asked.count;
    const nearest = (n: number, d: (i: number) => number) => {
      let best = 0;
      for (let i = 1, least = d(0); i < n; i++) {
        const here = d(i);
        if (here < least) {
          least = here;
          best = i;
        }
      }
      return best;
    };
    expect(
      accuracy((j) => known.labels[nearest(1000, (i) => distance(known.inputs, i, asked.inputs, j))]!),
    ).toBeGreaterThan(0.7);
    expect(accuracy((j) => nearest(10, (i) => distance(means, i, asked.inputs, j)))).toBeLessThan(0.85);
  });

  it.each([0, -1, 1.5])('syntheticDigits refuses to make %s images', (count) => {
    expect(() => syntheticDigits({ seed: 1, count })).toThrow(RangeError);
  });
});
