import { ChorusError, SHARE_ONE, WEIGHT_ONE } from '@chorus/protocol';
import type {
  ProjectionExplanation,
  ProjectionRow,
  RuleResult,
  TrustExplanation,
  TrustRow,
} from './rules/rule.ts';

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(2)} %`;

/**
 * A few sentences that say why trainer `index` (from 0) got its weight and share.
 *
 * @param nameOf name of another trainer by its index; default: "number 3 of the task" for index 2
 * @throws ChorusError `E_TRAINER_UNKNOWN`
 */
export function explainTrainer(
  result: RuleResult,
  index: number,
  nameOf: (index: number) => string = (i) => `number ${i + 1} of the task`,
): string {
  const { explanation } = result;
  if (explanation.rows[index] === undefined) {
    throw new ChorusError('E_TRAINER_UNKNOWN', 'the round has no such trainer', { facts: { index } });
  }
  return explanation.rule === 'reference-trust'
    ? byTrust(explanation, explanation.rows[index]!)
    : byProjection(explanation, explanation.rows[index]!, nameOf);
}

function byTrust(explanation: TrustExplanation, row: TrustRow): string {
  const clipped = clippedSentence(row, explanation.medianNorm);
  const nothing = earnedNothing(row);
  if (nothing !== undefined) return `${nothing}${row.reason === 'negligible' ? clipped : ''}`;
  const trust =
    row.trust === WEIGHT_ONE
      ? 'fully trusted'
      : row.trust === 0
        ? 'not trusted'
        : `trusted to ${percent(row.trust, WEIGHT_ONE)}`;
  return (
    `Earned ${percent(row.share, SHARE_ONE)} of the reward, ${percent(row.weight, WEIGHT_ONE)} of the weight: ` +
    `the update points along the reference (cosine ${row.cosine}, median ${explanation.medianCosine}) and is ${trust}.${clipped}`
  );
}

function byProjection(
  explanation: ProjectionExplanation,
  row: ProjectionRow,
  nameOf: (index: number) => string,
): string {
  const nothing = earnedNothing(row);
  if (nothing !== undefined) return `${nothing}${sharedSentence(row, nameOf)}`;
  return [
    `Earned ${percent(row.share, SHARE_ONE)} of the reward, ${percent(row.weight, WEIGHT_ONE)} of the weight.`,
    sharedSentence(row, nameOf).trim(),
    'A copy of it under another name would have split this pay, not added to it.',
    row.capped.some(Boolean)
      ? `It agrees with the references more than twice as well as the median (cosine ${row.cosine}, median ${explanation.medianCosine}), so it counts for twice.`
      : '',
    row.gate < 256
      ? `Of its agreement with the references ${percent(toNumber(row.novelty, row.dot), 1)} is as new as the references are; the rest follows from what was public before training. Below a sixth that lowers the pay, here to ${percent((row.gate / 256) ** 4, 1)}.`
      : '',
    clippedSentence(row, explanation.medianNorm, 'weight').trim(),
  ]
    .filter(Boolean)
    .join(' ');
}

/** The part of an eligible update that is its own, and the part that others have too. */
function sharedSentence(row: ProjectionRow, nameOf: (index: number) => string): string {
  if (row.alone === 0n) return '';
  const own = Math.min(1, toNumber(row.projection, row.alone));
  const like =
    row.nearest && row.nearest.cosine > 0
      ? ` (the update most like it is that of ${nameOf(row.nearest.trainer)}, cosine ${row.nearest.cosine.toFixed(2)})`
      : '';
  return ` Of what it explains of the references ${percent(own, 1)} is its own, the others have the rest too${like}.`;
}

function earnedNothing(row: TrustRow | ProjectionRow): string | undefined {
  switch (row.reason) {
    case 'absent':
      return 'Earned nothing: no update, or one that changes nothing.';
    case 'too small':
      return `Earned nothing: the update's norm ${row.norm} is below 256, too small to be measured.`;
    case 'no reference':
      return 'Earned nothing: the round has no reference to measure updates against.';
    case 'points away from the reference':
      return 'Earned nothing: the update points away from the reference, so it does not lower the validation loss.';
    case 'explained by others':
      return 'Earned nothing: the updates of others explain the references as well without it.';
    case 'nothing new':
      return 'Earned nothing: the update points only where vectors that were public before training point.';
    case 'negligible':
      return 'Earned nothing: the update helps, but too little compared with the others to reach one share of 2^32.';
    case 'paid':
      return undefined;
  }
}

function clippedSentence(row: TrustRow | ProjectionRow, medianNorm: number, of = 'size'): string {
  return row.present && row.clip < WEIGHT_ONE
    ? ` Its norm ${row.norm} is above the median ${medianNorm}, so it counts for ${percent(row.clip, WEIGHT_ONE)} of its ${of}.`
    : '';
}

/** a / b as a float, for integers beyond 2^53. */
function toNumber(a: bigint, b: bigint): number {
  return Number((a << 20n) / b) / 2 ** 20;
}
