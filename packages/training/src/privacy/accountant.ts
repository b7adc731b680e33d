import { ChorusError } from '@chorus/protocol';

/** How a training run hides single samples: per-sample clipping and Gaussian noise in every step (DP-SGD). */
export interface PrivacySettings {
  /** C: the L2 norm to which each sample's gradient is clipped. */
  clip: number;
  /** sigma: the noise's standard deviation in units of C, per step, on the sum of the clipped gradients. */
  noiseMultiplier: number;
}

/**
 * Default settings of private training: enough noise to prevent reading samples out of updates, at a cost in accuracy
 * of about one point (`README.md`, "Private training"). Its epsilon is in the hundreds: it proves nothing against an
 * attacker that asks whether a certain sample was trained on.
 */
export const DEFAULT_PRIVACY: PrivacySettings = { clip: 3, noiseMultiplier: 0.5 };

/** The facts about a run of DP-SGD that the accountant needs. */
export interface PrivateRun {
  noiseMultiplier: number;
  /** q: the chance of each sample to be in a step. */
  sampleRate: number;
  steps: number;
}

/** Orders at which the Renyi divergence is followed: dense where the optimum lies, sparse beyond. */
const ORDERS: readonly number[] = [
  ...Array.from({ length: 63 }, (_, i) => i + 2),
  80,
  96,
  128,
  192,
  256,
  512,
];

/**
 * The epsilon of (epsilon, delta)-differential privacy of all runs together, for one sample of the data set.
 *
 * Renyi differential privacy of the Poisson-subsampled Gaussian mechanism at integer orders (Mironov, Talwar and Zhang
 * 2019, "Renyi Differential Privacy of the Sampled Gaussian Mechanism", section 3.3), added up over steps and runs, and
 * converted by Canonne, Kamath and Steinke 2020, "The Discrete Gaussian", proposition 12.
 *
 * It holds for neighbouring data sets that differ by one sample, against an observer of every update of the node. It
 * does not account for floating-point artefacts of the noise.
 *
 * @param delta in (0, 1): usually well below 1 / samples
 * @returns epsilon >= 0; Infinity if a run has no noise
 * @throws ChorusError `E_PRIVACY` for impossible settings
 */
export function epsilonOf(runs: readonly PrivateRun[], delta: number): number {
  if (!(delta > 0 && delta < 1)) throw invalid('delta must lie between 0 and 1', { delta });
  for (const { noiseMultiplier, sampleRate, steps } of runs) {
    if (!(sampleRate > 0 && sampleRate <= 1)) throw invalid('a sample rate is not in (0, 1]', { sampleRate });
    if (!(Number.isSafeInteger(steps) && steps >= 0))
      throw invalid('a number of steps is not one', { steps });
    if (!(noiseMultiplier >= 0)) throw invalid('a noise multiplier is negative', { noiseMultiplier });
  }
  const active = runs.filter((run) => run.steps > 0);
  if (active.length === 0) return 0;
  if (active.some((run) => run.noiseMultiplier === 0)) return Number.POSITIVE_INFINITY;
  let best = Number.POSITIVE_INFINITY;
  for (const order of ORDERS) {
    const divergence = active.reduce((sum, run) => sum + run.steps * renyiDivergence(run, order), 0);
    const epsilon = divergence + Math.log1p(-1 / order) - Math.log(delta * order) / (order - 1);
    best = Math.min(best, epsilon);
  }
  return Math.max(0, best);
}

/**
 * Renyi divergence of order alpha of one step: log(sum_k C(alpha, k) (1-q)^(alpha-k) q^k e^((k^2-k) / 2 sigma^2)) /
 * (alpha - 1), summed in logarithms because the terms overflow.
 * @param order alpha, an integer of 2 or more
 */
export function renyiDivergence(
  { noiseMultiplier, sampleRate: q }: Pick<PrivateRun, 'noiseMultiplier' | 'sampleRate'>,
  order: number,
): number {
  const spread = 2 * noiseMultiplier * noiseMultiplier;
  if (q === 1) return order / spread;
  let sum = Number.NEGATIVE_INFINITY;
  let logBinomial = 0;
  for (let k = 0; k <= order; k++) {
    const term = logBinomial + (order - k) * Math.log1p(-q) + k * Math.log(q) + (k * k - k) / spread;
    sum = addLogs(sum, term);
    logBinomial += Math.log((order - k) / (k + 1));
  }
  // Rounding can leave a tiny divergence below zero.
  return Math.max(0, sum) / (order - 1);
}

function addLogs(a: number, b: number): number {
  const [low, high] = a < b ? [a, b] : [b, a];
  return low === Number.NEGATIVE_INFINITY ? high : high + Math.log1p(Math.exp(low - high));
}

/**
 * The run of `epochs` over `samples` in batches of `batchSize`.
 * @throws ChorusError `E_PRIVACY`
 */
export function privateRun(
  { noiseMultiplier }: Pick<PrivacySettings, 'noiseMultiplier'>,
  { samples, epochs, batchSize }: { samples: number; epochs: number; batchSize: number },
): PrivateRun {
  if (!(samples > 0)) throw invalid('a data set without samples', { samples });
  const batch = Math.min(batchSize, samples);
  return { noiseMultiplier, sampleRate: batch / samples, steps: epochs * Math.ceil(samples / batch) };
}

function invalid(message: string, facts: Record<string, number>): ChorusError {
  return new ChorusError('E_PRIVACY', message, {
    facts,
    hint: 'correct the privacy settings of the task or of this node',
  });
}
