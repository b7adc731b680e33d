import { describe, expect, it } from 'vitest';
import { circuitArtifacts } from './artifacts.ts';
import { largestDeviation, scaledTrainers } from './testing/deviation.ts';
import { projectionInput, randomProjectionGram, sharedProjectionVectors } from './testing/matrices.ts';
import { referenceProjection } from './testing/projection-rule.ts';
import { publicValues, refusedBy } from './testing/witness.ts';

// The long search is in projection-freedom.slow.ts.
describe('a prover that picks the best coefficients within the tolerance of reference-projection', () => {
  it('the best coefficients within the tolerance move a share by at most one unit of 2^32 and no weight, in the shared vectors', () => {
    for (const { name, gram } of sharedProjectionVectors().filter((v) => v.n === 16)) {
      const { share, weight } = largestDeviation(gram);
      expect(share, name).toBeLessThanOrEqual(1n);
      expect(weight, name).toBeLessThanOrEqual(1n);
    }
  });

  it('the best coefficients within the tolerance move a share by at most one unit in random rounds with norms of 2^12 to 2^23', () => {
    for (let seed = 0; seed < 12; seed++) {
      const gram = scaledTrainers(
        randomProjectionGram(2 + seed, 300 + seed),
        (i) => 1n << BigInt((3 * i + seed) % 8),
      );
      expect(largestDeviation(gram).share).toBeLessThanOrEqual(1n);
    }
  });

  it('another coefficient within the tolerance has a witness with the same public values, and gains nothing', async () => {
    const { wasmPath } = circuitArtifacts(16, 'reference-projection');
    const gram = scaledTrainers(randomProjectionGram(9, 7), (i) => (i === 0 ? 1n << 6n : 1n));
    const honest = referenceProjection(gram);
    const small = honest.coefficients.findIndex((row, i) => i > 0 && row.every((x) => x > 0n));
    const moved = honest.coefficients.map((row, i) => row.map((x) => (i === small ? x + 1n : x)));
    const input = projectionInput(gram, 16, moved);
    expect(input.publicSignals).toEqual(projectionInput(gram).publicSignals);
    expect(await publicValues(wasmPath, input.signals)).toEqual(input.publicSignals);
    const far = honest.coefficients.map((row, i) => row.map((x) => (i === small ? x + (x >> 20n) : x)));
    expect(await refusedBy(wasmPath, projectionInput(gram, 16, far).signals)).toBe('Num2Bits');
  });
});
