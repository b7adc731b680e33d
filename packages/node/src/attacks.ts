import type { Dataset } from '@chorus/training';
import type { Attack } from './config.ts';

/**
 * Misbehaviour on purpose, so that the demo and the tests can show that it does not pay. A node attacks
 * only where its configuration says so.
 *
 * - `label`: trains on flipped labels (y becomes classes - 1 - y)
 * - `sign`: sends three times the negated update
 * - `scale`: sends twenty times the update
 * - `noise`: sends Gaussian noise of the honest update's norm
 * - `free`: does not train, sends tiny noise
 */
export function poisonLabels(dataset: Dataset, attack: Attack | undefined): Dataset {
  if (attack !== 'label') return dataset;
  return { ...dataset, labels: dataset.labels.map((label) => dataset.classes - 1 - label) };
}

/** True where the attacker saves itself the training. */
export function skipsTraining(attack: Attack | undefined): boolean {
  return attack === 'free';
}

/** The delta an attacker sends instead of its honest `delta`; deterministic by seed. */
export function poisonDelta(
  delta: Float32Array,
  attack: Attack | undefined,
  scale: number,
  seed: number,
): Float32Array {
  switch (attack) {
    case 'sign':
      return delta.map((x) => -3 * x);
    case 'scale':
      return delta.map((x) => 20 * x);
    case 'noise': {
      const deviation = Math.sqrt(delta.reduce((sum, x) => sum + x * x, 0) / delta.length);
      const gaussian = gaussianStream(seed);
      return delta.map(() => deviation * gaussian());
    }
    case 'free': {
      const gaussian = gaussianStream(seed);
      return delta.map(() => 2 * scale * gaussian());
    }
    default:
      return delta;
  }
}

/** Standard normal numbers by Box-Muller over a 32-bit linear congruential generator; good enough to attack with. */
function gaussianStream(seed: number): () => number {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / 4294967297;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
