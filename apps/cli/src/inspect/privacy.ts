import type { PrivacyView } from '@chorus/admin-api';
import { PRIVACY_ONE, type Terms } from '@chorus/protocol';
import { epsilonOf, privateRun } from '@chorus/training';
import { number, spentText } from '../node/privacy-view.ts';

type PrivacyTerm = NonNullable<Terms['privacy']>;

/** The delta for epsilon, if no node states another. */
const DELTA = 1e-5;
/** Epsilon is stated for a trainer with this number of samples: only the trainer itself knows how many it has. */
const SAMPLES = 1_000;

/** The term in words. */
export function privacyText({ clip, noiseMultiplier }: PrivacyTerm): string {
  return `each sample's gradient clipped at ${clip / PRIVACY_ONE}, noise of ${noiseMultiplier / PRIVACY_ONE} times that`;
}

/** What a task's terms mean for a trainer with {@link SAMPLES} samples; null if it trains without noise. */
export function epsilonByTerms(terms: Terms, rounds: number) {
  if (!terms.privacy) return null;
  const { localEpochs: epochs, batchSize } = terms;
  const noiseMultiplier = terms.privacy.noiseMultiplier / PRIVACY_ONE;
  const run = privateRun({ noiseMultiplier }, { samples: SAMPLES, epochs, batchSize });
  const of = (count: number) => epsilonOf([{ ...run, steps: count * run.steps }], DELTA);
  return { samples: SAMPLES, delta: DELTA, round: of(1), task: of(rounds) };
}

/** What an update may reveal of a sample, by the task's terms and by this node's records. */
export function privacyLines(terms: Terms | null, rounds: number, own: PrivacyView | null): string[] {
  const epsilon = terms && epsilonByTerms(terms, rounds);
  return [
    ...(terms?.privacy && epsilon
      ? [
          `privacy: ${privacyText(terms.privacy)}; if a trainer does so with ${SAMPLES.toLocaleString('en')} samples, ` +
            `epsilon ${number(epsilon.round)} a round, ${number(epsilon.task)} in all ${rounds} (delta ${DELTA})`,
        ]
      : []),
    ...(own?.spent.map((spent) => spentText(spent, own.delta)) ?? []),
  ];
}
