import type { PrivacyView } from '@chorus/admin-api';
import type { PrivacyConfig } from '../config/privacy-config.ts';
import type { JournalReader } from '../journal/journal.ts';
import { dataEpsilons } from '../privacy/data-epsilon.ts';

/** What the node allows to be revealed of its data, and what was revealed so far. */
export function privacyView(config: PrivacyConfig, journal: Pick<JournalReader, 'dataUses'>): PrivacyView {
  const { models, minNoise, ownNoise, maxEpsilon = null, delta } = config;
  const spent = dataEpsilons(journal.dataUses(), delta).map(({ epsilon, ...rest }) => ({
    ...rest,
    epsilon: Number.isFinite(epsilon) ? epsilon : null,
  }));
  return { models, minNoise, ownNoise, maxEpsilon, delta, spent };
}
