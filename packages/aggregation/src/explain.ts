import { ChorusError, SHARE_ONE, WEIGHT_ONE } from '@chorus/protocol';
import type { RuleResult } from './rules/rule.ts';

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(2)} %`;

/**
 * One or two sentences that say why trainer `index` (from 0) got its weight and share.
 * @throws {ChorusError} `E_TRAINER_UNKNOWN`
 */
export function explainTrainer(result: RuleResult, index: number): string {
  const row = result.explanation.rows[index];
  if (row === undefined) {
    throw new ChorusError('E_TRAINER_UNKNOWN', 'the round has no such trainer', { facts: { index } });
  }
  const clipped =
    row.present && row.clip < WEIGHT_ONE
      ? ` Its norm ${row.norm} is above the median ${result.explanation.medianNorm}, so it counts for ${percent(row.clip, WEIGHT_ONE)} of its size.`
      : '';
  switch (row.reason) {
    case 'absent':
      return 'Earned nothing: no update, or one that changes nothing.';
    case 'no reference':
      return 'Earned nothing: the round has no reference to measure updates against.';
    case 'points away from the reference':
      return 'Earned nothing: the update points away from the reference, so it does not lower the validation loss.';
    case 'negligible':
      return `Earned nothing: the update helps, but too little beside the others to reach one share of 2^32.${clipped}`;
    case 'paid': {
      const trust =
        row.trust === WEIGHT_ONE
          ? 'fully trusted'
          : row.trust === 0
            ? 'not trusted'
            : `trusted to ${percent(row.trust, WEIGHT_ONE)}`;
      return (
        `Earned ${percent(row.share, SHARE_ONE)} of the reward, ${percent(row.weight, WEIGHT_ONE)} of the weight: ` +
        `the update points along the reference (cosine ${row.cosine}, median ${result.explanation.medianCosine}) and is ${trust}.${clipped}`
      );
    }
  }
}
