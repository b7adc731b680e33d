import { createGlobalModel } from '@chorus/training';
import { describe, expect, it } from 'vitest';
import { MAX_SHAPLEY_TRAINERS, rankCorrelation, shapleyValues } from './shapley.ts';

const model = createGlobalModel(new Float32Array(2), 1);

describe('shapleyValues', () => {
  it('shapleyValues matches a calculation by hand for the glove game of means', async () => {
    // Worth 1 if the mean has both entries above 0: only together with the other kind.
    const updates = [Int16Array.of(6, 0), Int16Array.of(0, 6), Int16Array.of(0, 6)];
    const values = await shapleyValues(model, updates, async ([a, b]) => (a! > 0 && b! > 0 ? 1 : 0));
    expect(values[0]).toBeCloseTo(2 / 3);
    expect(values[1]).toBeCloseTo(1 / 6);
    expect(values[2]).toBeCloseTo(1 / 6);
  });

  it('shapleyValues gives nothing to an update that changes nothing, and equal values to equal updates', async () => {
    const updates = [Int16Array.of(1, 0), Int16Array.of(1, 0), Int16Array.of(1, 0)];
    const values = await shapleyValues(model, updates, async ([a]) => a!);
    for (const value of values) expect(value).toBeCloseTo(1 / 3);
  });

  it('shapleyValues refuses more coalitions than it can evaluate', async () => {
    const many = Array.from({ length: MAX_SHAPLEY_TRAINERS + 1 }, () => Int16Array.of(1, 1));
    await expect(shapleyValues(model, many, async () => 0)).rejects.toThrow(RangeError);
  });
});

describe('rankCorrelation', () => {
  it.each([
    [[1, 2, 3], [10, 20, 30], 1],
    [[1, 2, 3], [3, 2, 1], -1],
    // Spearman's own example of ties: ranks 0.5, 0.5, 2 with 0, 1, 2.
    [[1, 1, 3], [1, 2, 3], Math.sqrt(3) / 2],
  ])('rankCorrelation of %j and %j is %d', (a, b, expected) => {
    expect(rankCorrelation(a, b)).toBeCloseTo(expected);
  });

  it('rankCorrelation is NaN if all values are equal', () => {
    expect(rankCorrelation([1, 1], [1, 2])).toBeNaN();
  });
});
