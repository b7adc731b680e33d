import { expect, it } from 'vitest';
import { type Arrow, backArrows } from './back-arrows.ts';

const arrows = (...pairs: string[]): Arrow[] =>
  pairs.map((pair) => {
    const [from, to] = pair.split('>') as [string, string];
    return { from, to, because: `${from}/x.ts imports ${to}/y.ts` };
  });

it('layers have no back arrow, however often one is imported, and a folder may import itself', () => {
  expect(backArrows(arrows('top>middle', 'top>low', 'middle>low', 'middle>low', 'low>low'))).toEqual([]);
});

it('two folders that import each other are named, with the import to cut', () => {
  expect(backArrows(arrows('a>b', 'a>b', 'b>a', 'c>a'))).toEqual([
    'a, b import each other; b -> a is b/x.ts imports a/y.ts',
  ]);
});

it('a circle by a detour is found once, and nothing outside it is blamed', () => {
  const [fault, ...others] = backArrows(arrows('a>b', 'b>c', 'c>a', 'a>d', 'e>a'));
  expect(fault).toMatch(/^a, b, c import each other/);
  expect(others).toEqual([]);
});
