import { expect, it } from 'vitest';
import { draw, HEIGHT, WIDTH } from './scale.ts';

it('a plot begins at zero and ends at a round figure above the largest value', () => {
  const { ticks, toY } = draw([{ name: 'loss', values: [2.31, 0.8, 0.31] }], 3);
  expect(ticks.map(({ value }) => value)).toEqual([0, 1, 2, 3]);
  expect([toY(0), toY(3), toY(1.5)]).toEqual([HEIGHT, 0, HEIGHT / 2]);
});

it('rounds are spread over the width, and a missing value is a gap', () => {
  const { paths, xs } = draw([{ name: 'share', values: [0.6, null, 0.3, 0.6] }], 4);
  expect(xs).toEqual([0, WIDTH / 3, (2 * WIDTH) / 3, WIDTH]);
  expect(paths).toEqual(['M0.0 0.0M400.0 90.0L600.0 0.0']);
});

it('nothing, one round, and values that are all zero can be drawn', () => {
  expect(draw([], 0)).toMatchObject({ paths: [], xs: [] });
  expect(draw([{ name: 'share', values: [0] }], 1)).toMatchObject({
    paths: [`M${(WIDTH / 2).toFixed(1)} ${HEIGHT.toFixed(1)}`],
  });
  for (const most of [1e-7, 0.07, 1, 99.9, 12_345]) {
    const { ticks } = draw([{ name: 'any', values: [most] }], 1);
    expect(ticks.at(-1)!.value).toBeGreaterThanOrEqual(most * 0.999);
    expect(ticks.length).toBeLessThanOrEqual(6);
  }
});
