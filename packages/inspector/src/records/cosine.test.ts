import { expect, it } from 'vitest';
import { measuredCosine, referenceLength, toCosine } from './cosine.ts';

/** The matrix of inner products of vectors. */
const gramOf = (vectors: number[][]) =>
  vectors.map((a) => vectors.map((b) => BigInt(a.reduce((sum, x, k) => sum + x * b[k]!, 0))));

it('the cosine of an update with a reference is that of their angle, and negative for an update that leads away', () => {
  const gram = gramOf([
    [3, 4],
    [6, 8],
    [-30, -40],
    [4, -3],
    [4, 3],
    [0, 0],
  ]);
  const cosines = [0, 1, 2, 3, 4].map((trainer) => measuredCosine(gram, 'reference-trust', trainer));
  expect(cosines).toEqual([1, -1, 0, 0.96, null]);
  expect(toCosine(4n, referenceLength(gram, 'reference-trust'))).toBe(0.8);
});

it('with three groups of references the cosine is that with their sum, and the novelty row does not count', () => {
  const gram = gramOf([
    [1, 0],
    [0, 1],
    [2, 3],
    [100, -7],
    [3, 4],
    [-4, 3],
  ]);
  expect(referenceLength(gram, 'reference-projection')).toBe(5);
  expect(measuredCosine(gram, 'reference-projection', 0)).toBe(1);
  expect(measuredCosine(gram, 'reference-projection', 1)).toBe(0);
});
