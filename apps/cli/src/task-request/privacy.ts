import { ChorusError, PRIVACY_ONE } from '@chorus/protocol';
import type { TaskRequest } from '@chorus/service-training';
import { DEFAULT_PRIVACY } from '@chorus/training';

/**
 * The privacy term of `--privacy CLIP:NOISE`, in thousandths; the default for `--privacy` alone.
 * @throws ChorusError `E_USAGE`
 */
export function privacyTerm(given: string | true): NonNullable<TaskRequest['terms']['privacy']> {
  const { clip, noiseMultiplier } = DEFAULT_PRIVACY;
  const parts =
    given === true ? [clip, noiseMultiplier] : given.split(':').map((part) => Number(part || Number.NaN));
  const term = parts.map((part) => Math.round(part * PRIVACY_ONE));
  const [c, n] = term;
  if (term.length === 2 && term.every((part) => part >= 1 && part <= 1_000 * PRIVACY_ONE)) {
    return { clip: c!, noiseMultiplier: n! };
  }
  throw new ChorusError('E_USAGE', '--privacy takes CLIP:NOISE, two numbers from 0.001 to 1000', {
    facts: { given: String(given).slice(0, 40) },
    hint: `such as ${clip}:${noiseMultiplier}, which is what --privacy alone means`,
  });
}
