import { expect, it } from 'vitest';
import { largestDeviation, scaledTrainers, towardsReferences } from './testing/deviation.ts';
import { randomProjectionGram } from './testing/matrices.ts';
import { acceptable, referenceProjection } from './testing/projection-rule.ts';

const ROUNDS = 600;

it('honest coefficients are accepted, and the best deviation found moves a share by one unit at most', () => {
  const most = { share: 0n, weight: 0n, coefficient: 0 };
  for (let seed = 0; seed < ROUNDS; seed++) {
    const random = randomProjectionGram(1 + (seed % 16), 10_000 + seed, 32 + (seed % 97));
    const gram = scaledTrainers(random, (i) => 1n << BigInt((seed * (i + 1)) % 9));
    expect(acceptable(gram, referenceProjection(gram).coefficients), `seed ${seed}`).toBe(true);
    const found = largestDeviation(gram);
    if (found.share > most.share) most.share = found.share;
    if (found.weight > most.weight) most.weight = found.weight;
    most.coefficient = Math.max(most.coefficient, found.coefficient);
  }
  console.log(`${ROUNDS} rounds`, most);
  expect(most.share).toBeLessThanOrEqual(1n);
  expect(most.weight).toBeLessThanOrEqual(1n);
});

it('the more nearly orthogonal all updates are to the references, the more it moves: in proportion', () => {
  // Norms of 2^19 to 2^23, and cosines divided by 2^by.
  for (let by = 0; by <= 14; by += 2) {
    let share = 0n;
    for (let seed = 0; seed < 30; seed++) {
      const large = scaledTrainers(randomProjectionGram(16, 20_000 + seed), () => 1n << 7n);
      const found = largestDeviation(towardsReferences(large, 1n << BigInt(by)));
      if (found.share > share) share = found.share;
    }
    console.log(`cosines / 2^${by}: ${share} units`);
    expect(share).toBeLessThanOrEqual(2n + (1n << BigInt(by)) / 32n);
  }
});
