import { PRIVACY_ONE, type Role, type Terms } from '@chorus/protocol';
import { DEFAULT_PRIVACY, type PrivacySettings, type PrivateRun, privateRun } from '@chorus/training';
import type { PrivacyConfig } from '../config/privacy-config.ts';

type TermsOfRun = Pick<Terms, 'batchSize' | 'localEpochs' | 'referenceEpochs' | 'privacy'>;

/** How a task's training is made private here: as its terms require, with this node's own noise if that is more. */
export function privacyOf(
  { privacy }: Pick<Terms, 'privacy'>,
  { ownNoise }: Pick<PrivacyConfig, 'ownNoise'>,
): PrivacySettings | undefined {
  if (!privacy && ownNoise === 0) return undefined;
  const clip = privacy ? privacy.clip / PRIVACY_ONE : DEFAULT_PRIVACY.clip;
  const asked = privacy ? privacy.noiseMultiplier / PRIVACY_ONE : 0;
  return { clip, noiseMultiplier: Math.max(asked, ownNoise) };
}

/** What one or more rounds of a role's training reveal of `samples` samples. Plain training has no noise. */
export function runOf(
  terms: TermsOfRun,
  config: Pick<PrivacyConfig, 'ownNoise'>,
  { role, samples, rounds }: { role: 'trainer' | 'validator'; samples: number; rounds: number },
): PrivateRun {
  const epochs = role === 'trainer' ? terms.localEpochs : terms.referenceEpochs;
  const { noiseMultiplier } = privacyOf(terms, config) ?? { noiseMultiplier: 0 };
  const run = privateRun({ noiseMultiplier }, { samples, epochs, batchSize: terms.batchSize });
  return { ...run, steps: rounds * run.steps };
}

/** What all rounds of a task may reveal of the data of a node that holds `roles` in it. */
export function plannedRuns(
  terms: TermsOfRun,
  config: Pick<PrivacyConfig, 'ownNoise'>,
  { roles, samples, rounds }: { roles: readonly Role[]; samples: number | null; rounds: number },
): PrivateRun[] {
  if (samples === null || samples === 0) return [];
  return (['trainer', 'validator'] as const)
    .filter((role) => roles.includes(role))
    .map((role) => runOf(terms, config, { role, samples, rounds }));
}
