import type { Role, Terms } from '@chorus/protocol';
import { epsilonOf, type PrivateRun } from '@chorus/training';
import type { PrivacyConfig } from '../config/privacy-config.ts';
import { plannedRuns, privacyOf } from '../privacy/settings.ts';
import type { Refusal } from './considered-task.ts';

/** The facts for the decision, in addition to the task. */
export interface PrivacyState {
  roles: readonly Role[];
  config: PrivacyConfig;
  /** Number of samples of this node's data; null if it has none. */
  samples: number | null;
  /** What other tasks have revealed of the data, and what running tasks may still reveal. */
  runs: readonly PrivateRun[];
}

/**
 * Whether a task requires enough noise, and all its rounds reveal no more of this node's data than the node allows.
 */
export function evaluatePrivacy(
  { rounds }: { rounds: number },
  terms: Pick<Terms, 'batchSize' | 'localEpochs' | 'referenceEpochs' | 'privacy'>,
  { roles, config, samples, runs }: PrivacyState,
): Refusal | null {
  const planned = plannedRuns(terms, config, { roles, samples, rounds });
  if (planned.length === 0) return null;
  const noise = privacyOf(terms, config)?.noiseMultiplier ?? 0;
  if (noise < config.minNoise) {
    return {
      accept: false,
      code: 'E_LIMIT_NOISE',
      reason: `it trains ${noise === 0 ? 'without noise' : `with noise of ${noise} times the clip`}, and this node requires ${config.minNoise} times`,
      change:
        'lower training.privacy.minNoise, or set privacy.ownNoise: the node adds it then, and may earn less',
      passing: false,
    };
  }
  if (config.maxEpsilon === undefined) return null;
  const epsilon = epsilonOf([...runs, ...planned], config.delta);
  if (epsilon <= config.maxEpsilon) return null;
  return {
    accept: false,
    code: 'E_LIMIT_EPSILON',
    reason: `with it the epsilon of this node's data may come to ${shown(epsilon)}, more than ${config.maxEpsilon}`,
    change: 'raise training.privacy.maxEpsilon or training.privacy.ownNoise, or train on other data',
    passing: false,
  };
}

const shown = (epsilon: number) =>
  Number.isFinite(epsilon) ? epsilon.toPrecision(3) : 'any number (no noise)';
