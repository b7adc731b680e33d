import { describe, expect, it } from 'vitest';
import { createDataset, subset } from './dataset.ts';

const parts = {
  inputs: Float32Array.of(1, 2, 3, 4, 5, 6),
  labels: Int32Array.of(0, 2, 1),
  inputShape: [2],
  classes: 3,
  name: 'three',
};

describe('createDataset', () => {
  it.each([
    ['a label that is too large', { labels: Int32Array.of(0, 3, 1) }, 'E_DATA_LABEL'],
    ['a negative label', { labels: Int32Array.of(0, -1, 1) }, 'E_DATA_LABEL'],
    ['NaN', { inputs: Float32Array.of(1, 2, Number.NaN, 4, 5, 6) }, 'E_DATA_VALUE'],
    [
      'an infinite value',
      { inputs: Float32Array.of(1, 2, 3, 4, Number.NEGATIVE_INFINITY, 6) },
      'E_DATA_VALUE',
    ],
    ['inputs that do not fill the shape', { inputShape: [4] }, 'E_DATA_FORMAT'],
    ['an empty axis', { inputShape: [0] }, 'E_DATA_FORMAT'],
    ['six axes', { inputShape: [1, 1, 1, 1, 1, 2] }, 'E_DATA_FORMAT'],
    ['one class', { classes: 1, labels: Int32Array.of(0, 0, 0) }, 'E_DATA_FORMAT'],
  ])('createDataset refuses %s', (_, change, code) => {
    expect(() => createDataset({ ...parts, ...change })).toThrow(expect.objectContaining({ code }));
  });
});

describe('subset', () => {
  it('copies the named samples in the order asked for', () => {
    const dataset = createDataset(parts);
    const some = subset(dataset, Uint32Array.of(2, 0, 2));
    expect([...some.inputs]).toEqual([5, 6, 1, 2, 5, 6]);
    expect([...some.labels]).toEqual([1, 0, 1]);
    expect(some).toMatchObject({ count: 3, classes: 3, inputShape: [2] });
    expect(some.inputs.buffer).not.toBe(dataset.inputs.buffer);
  });

  it.each([-1, 3, 0.5])('subset refuses index %s', (index) => {
    expect(() => subset(createDataset(parts), [index])).toThrow(RangeError);
  });
});
