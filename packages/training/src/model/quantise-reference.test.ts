import { MAX_ENTRY, referenceNorm, referenceNormLimit } from '@chorus/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quantiseReference, squaredNorm } from './quantise-reference.ts';

describe('a reference as integers', () => {
  const deltas = fc
    .float32Array({ minLength: 1, maxLength: 400, noNaN: true, min: -8, max: 8 })
    .filter((delta) => delta.some((x) => Math.abs(x) > 1e-20));

  it('a reference as integers never exceeds the norm that validators accept, for any direction', () => {
    fc.assert(
      fc.property(deltas, (delta) => {
        const vector = quantiseReference(delta);
        expect(squaredNorm(vector)).toBeLessThanOrEqual(referenceNormLimit(delta.length));
        expect(vector.every((x) => Math.abs(x) <= MAX_ENTRY)).toBe(true);
      }),
    );
  });

  it('a reference as integers has the same norm for a direction of any length', () => {
    const delta = Float32Array.from({ length: 5000 }, (_, j) => Math.sin(j * j));
    for (const factor of [1e-6, 1, 1e6]) {
      const norm = Math.sqrt(squaredNorm(quantiseReference(delta.map((x) => x * factor))));
      expect(norm / referenceNorm(5000)).toBeCloseTo(1, 2);
    }
  });

  it('a reference without a direction is refused', () => {
    for (const odd of [new Float32Array(3), Float32Array.of(1, Number.NaN), Float32Array.of(1, Infinity)]) {
      expect(() => quantiseReference(odd)).toThrow(expect.objectContaining({ code: 'E_TRAINING_DIVERGED' }));
    }
  });
});
