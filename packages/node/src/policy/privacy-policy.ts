import type { Role, Terms } from '@chorus/protocol';
import { epsilonOf, type PrivateRun } from '@chorus/training';
import type { PrivacyConfig } from '../config/privacy-config.ts';
import { plannedRuns, privacyOf } from '../privacy/settings.ts';
import type { Refusal } from './task-policy.ts';

/** What the decision rests on beside the task. */
export interface PrivacyState {
  roles: readonly Role[];
  config: PrivacyConfig;
  /** Of this node's data; null where it has none. */
  samples: number | null;
  /** What other tasks told of the data, and those under way may still tell. */
  runs: readonly PrivateRun[];
}

/** Whether a task asks for enough noise, and what all its rounds tell of this node's data is within what it allows. */
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
      reason: `it trains ${noise === 0 ? 'without noise' : `with noise of ${noise} times the clip`}, and this node wants ${config.minNoise} times`,
      change: 'lower privacy.minNoise, or set privacy.ownNoise: the node adds it then, and may earn less',
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
    change: 'raise privacy.maxEpsilon or privacy.ownNoise, or train on other data',
    passing: false,
  };
}

const shown = (epsilon: number) =>
  Number.isFinite(epsilon) ? epsilon.toPrecision(3) : 'any number (no noise)';
