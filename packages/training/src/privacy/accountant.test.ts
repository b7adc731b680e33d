import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epsilonOf, privateRun, renyiDivergence } from './accountant.ts';

/**
 * Renyi divergence of the subsampled Gaussian by numerical integration of its definition, E_{x ~ N(0, s^2)} of ((1-q)
 * + q e^{(2x-1) / 2 s^2})^alpha: it shares nothing with the closed form under test.
 */
function integrated(q: number, sigma: number, order: number): number {
  const step = sigma / 400;
  let sum = 0;
  for (let x = -12 * sigma; x <= 12 * sigma + 2 * order; x += step) {
    const shift = (2 * x - 1) / (2 * sigma * sigma);
    const logRatio =
      shift > 0 ? shift + Math.log(q + (1 - q) * Math.exp(-shift)) : Math.log1p(q * Math.expm1(shift));
    sum += Math.exp(order * logRatio - (x * x) / (2 * sigma * sigma)) * step;
  }
  return Math.log(sum / (sigma * Math.sqrt(2 * Math.PI))) / (order - 1);
}

/** The same conversion as in the paper, over few orders. */
function slowEpsilon(q: number, sigma: number, steps: number, delta: number): number {
  const orders = [2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24];
  return Math.min(
    ...orders.map(
      (a) =>
        steps * integrated(q, sigma, a) + Math.log((a - 1) / a) - (Math.log(delta) + Math.log(a)) / (a - 1),
    ),
  );
}

describe('renyiDivergence', () => {
  it.each([
    // compute_rdp(0.01, 2.5, 50, [5, 50, 100]) and compute_rdp(0.1, 2, 10, 5), as the tests of TensorFlow Privacy have them.
    { q: 0.01, sigma: 2.5, steps: 50, order: 5, published: 0.00218075 },
    { q: 0.01, sigma: 2.5, steps: 50, order: 50, published: 0.023846 },
    { q: 0.01, sigma: 2.5, steps: 50, order: 100, published: 167.416307 },
    { q: 0.1, sigma: 2, steps: 10, order: 5, published: 0.07737 },
    // Without sampling: alpha / 2 sigma^2.
    { q: 1, sigma: 10, steps: 1, order: 20, published: 0.1 },
  ])(
    'renyiDivergence equals published values: q $q, sigma $sigma, order $order',
    ({ q, sigma, steps, order, published }) => {
      const divergence = steps * renyiDivergence({ noiseMultiplier: sigma, sampleRate: q }, order);
      expect(Math.abs(divergence - published)).toBeLessThan(1e-5);
    },
  );
});

describe('epsilonOf', () => {
  it('epsilonOf is at most what TensorFlow Privacy states for its example, by a looser conversion', () => {
    // N=60000 batch_size=256 noise_multiplier=1.12 epochs=60 delta=1e-5: (2.92, 1e-5)
    const run = privateRun({ noiseMultiplier: 1.12 }, { samples: 60_000, epochs: 60, batchSize: 256 });
    const epsilon = epsilonOf([run], 1e-5);
    expect(epsilon).toBeLessThan(2.92);
    expect(epsilon).toBeGreaterThan(2.4);
  });

  it.each([
    { q: 0.01, sigma: 1.1, steps: 1000, delta: 1e-5 },
    { q: 0.08, sigma: 2, steps: 130, delta: 1e-4 },
    { q: 0.25, sigma: 4, steps: 60, delta: 1e-3 },
  ])('epsilonOf agrees with numerical integration: $q, $sigma, $steps', ({ q, sigma, steps, delta }) => {
    const epsilon = epsilonOf([{ noiseMultiplier: sigma, sampleRate: q, steps }], delta);
    const slow = slowEpsilon(q, sigma, steps, delta);
    // Fewer orders can only be looser.
    expect(epsilon).toBeLessThanOrEqual(slow * 1.0001);
    expect(epsilon).toBeGreaterThan(slow * 0.9);
  });

  it('epsilonOf is the Gaussian mechanism if every sample is in every step', () => {
    const epsilon = epsilonOf([{ noiseMultiplier: 5, sampleRate: 1, steps: 4 }], 1e-5);
    // One Gaussian of 5 / sqrt(4) by the classical bound (Dwork and Roth 2014, theorem 3.22), which is looser.
    expect(epsilon).toBeLessThan(Math.sqrt(2 * Math.log(1.25 / 1e-5)) / 2.5);
    expect(epsilon).toBeGreaterThan(1);
  });

  it('epsilonOf grows with steps and rate, falls with noise, and adds up over runs', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.5, max: 8, noNaN: true }),
        fc.double({ min: 0.001, max: 0.5, noNaN: true }),
        fc.integer({ min: 1, max: 2000 }),
        (noiseMultiplier, sampleRate, steps) => {
          const run = { noiseMultiplier, sampleRate, steps };
          const one = epsilonOf([run], 1e-5);
          expect(epsilonOf([{ ...run, steps: 2 * steps }], 1e-5)).toBeGreaterThanOrEqual(one);
          expect(epsilonOf([{ ...run, sampleRate: sampleRate * 2 }], 1e-5)).toBeGreaterThanOrEqual(one);
          expect(epsilonOf([{ ...run, noiseMultiplier: noiseMultiplier * 2 }], 1e-5)).toBeLessThanOrEqual(
            one,
          );
          expect(epsilonOf([run, run], 1e-5)).toBeCloseTo(epsilonOf([{ ...run, steps: 2 * steps }], 1e-5), 9);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('epsilonOf is zero without runs and infinite without noise', () => {
    expect(epsilonOf([], 1e-5)).toBe(0);
    expect(epsilonOf([{ noiseMultiplier: 1, sampleRate: 0.1, steps: 0 }], 1e-5)).toBe(0);
    expect(epsilonOf([{ noiseMultiplier: 0, sampleRate: 0.1, steps: 1 }], 1e-5)).toBe(
      Number.POSITIVE_INFINITY,
    );
  });

  it.each([
    [{ noiseMultiplier: 1, sampleRate: 0, steps: 1 }, 1e-5],
    [{ noiseMultiplier: 1, sampleRate: 1.5, steps: 1 }, 1e-5],
    [{ noiseMultiplier: -1, sampleRate: 0.5, steps: 1 }, 1e-5],
    [{ noiseMultiplier: 1, sampleRate: 0.5, steps: 0.5 }, 1e-5],
    [{ noiseMultiplier: 1, sampleRate: 0.5, steps: 1 }, 0],
    [{ noiseMultiplier: 1, sampleRate: 0.5, steps: 1 }, Number.NaN],
  ])('epsilonOf refuses %j with delta %s', (run, delta) => {
    expect(() => epsilonOf([run], delta)).toThrowError(expect.objectContaining({ code: 'E_PRIVACY' }));
  });
});

describe('privateRun', () => {
  it('privateRun draws each sample with its chance of being in a batch', () => {
    const run = privateRun({ noiseMultiplier: 1 }, { samples: 1000, epochs: 2, batchSize: 64 });
    expect(run).toEqual({ noiseMultiplier: 1, sampleRate: 0.064, steps: 32 });
  });

  it('privateRun treats a batch larger than the data as all of it', () => {
    const run = privateRun({ noiseMultiplier: 1 }, { samples: 10, epochs: 3, batchSize: 64 });
    expect(run).toEqual({ noiseMultiplier: 1, sampleRate: 1, steps: 3 });
  });
});
