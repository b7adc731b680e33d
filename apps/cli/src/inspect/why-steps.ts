import { type RoundExplanation, referenceLength, toCosine } from '@chorus/inspector';
import { counted, SHARE_ONE, WEIGHT_ONE } from '@chorus/protocol';
import { integer, percent } from '../output/table.ts';

type Explanation = NonNullable<RoundExplanation['result']>['explanation'];
type TrustExplanation = Extract<Explanation, { rule: 'reference-trust' }>;
type ProjectionExplanation = Extract<Explanation, { rule: 'reference-projection' }>;

/** Name, formula, number, and a remark. */
type Step = string[];

/** A cosine, from -1 to 1; null: one of the two is zero. */
export const cosineText = (cosine: number | null): string => cosine?.toFixed(3) ?? '-';

const of16 = (value: number) => percent(value, WEIGHT_ONE);

/** The arithmetic of `reference-trust` for one trainer. */
export function trustSteps(explanation: TrustExplanation, gram: bigint[][], index: number): Step[] {
  const { medianNorm: m, medianCosine: q, totalMass, totalScore, rows } = explanation;
  const row = rows[index]!;
  const length = referenceLength(gram, 'reference-trust');
  const [dot, square] = [gram[0]![index + 1]!, gram[index + 1]![index + 1]!];
  const present = rows.filter((r) => r.present).length;
  return [
    ['dot', '<reference, update>', integer(dot), dot < 0n ? 'negative: counts as 0' : ''],
    ['square', '<update, update>', integer(square), ''],
    ['norm', 'isqrt(square)', integer(row.norm), ''],
    ['m', `lower median of the norms of ${counted(present, 'update')}`, integer(m), ''],
    ['clip', 'min(65536, floor(65536 * m / norm))', integer(row.clip), of16(row.clip)],
    ['cosine', 'floor(dot / norm)', integer(row.cosine), asDecimal(row.cosine, length)],
    ['q', 'lower median of the cosines', integer(q), asDecimal(q, length)],
    ['trust', 'min(65536, floor(131072 * cosine / q))', integer(row.trust), of16(row.trust)],
    ['t', 'trust * clip', integer(row.mass), ''],
    ['T', 'sum of t', integer(totalMass), ''],
    ['weight', 'floor(65536 * t / T)', integer(row.weight), `${of16(row.weight)} of the aggregate`],
    ['phi', 'dot * clip', integer(row.score), ''],
    ['Phi', 'sum of phi', integer(totalScore), ''],
    ['share', 'floor(2^32 * phi / Phi)', integer(row.share), percent(row.share, SHARE_ONE, 4)],
  ];
}

/** The arithmetic of `reference-projection` for one trainer: the target that determines its pay, and the weight. */
export function projectionSteps(explanation: ProjectionExplanation, gram: bigint[][], index: number): Step[] {
  const { medianNorm: m, medianCosine: q, medianLength, totalMass, totalScore, rows } = explanation;
  const row = rows[index]!;
  const length = referenceLength(gram, 'reference-projection');
  const present = rows.filter((r) => r.present).length;
  const k = row.smallestTarget;
  return [
    ['dot', '<all references, update>', integer(row.dot), row.dot <= 0n ? 'not positive: not eligible' : ''],
    ['square', '<update, update>', integer(gram[index + 4]![index + 4]!), ''],
    ['norm', 'isqrt(square)', integer(row.norm), ''],
    ['m', `lower median of the norms of ${counted(present, 'update')}`, integer(m), ''],
    ['clip', 'floor(65536 * min(m, norm) / norm)', integer(row.clip), of16(row.clip)],
    ['cosine', 'floor(dot / norm)', integer(row.cosine), asDecimal(row.cosine, length)],
    ['q', 'lower median of the cosines', integer(q), asDecimal(q, length)],
    [
      'target',
      'the lowest of the three: it determines the pay',
      `${k + 1}`,
      `without the references of group ${k + 1}`,
    ],
    ['b', '<target, update>', integer(row.dots[k]), ''],
    ['beta', 'min(3 * b, 4 * q * norm)', integer(row.cappedDots[k]), row.capped[k] ? 'capped' : ''],
    ['X', '2^48 * its coefficient in the projection', integer(row.coefficients[k]), ''],
    ['phi', 'X * beta', integer(row.projection), aloneText(row)],
    ['novelty', '<novelty row, update>', integer(row.novelty), row.novelty <= 0n ? 'nothing new' : ''],
    ['gate', 'floor(256 * min(6 * novelty, dot) / dot)', integer(row.gate), percent(row.gate, 256)],
    ['pay', 'phi * gate^4', integer(row.score), ''],
    ['Pay', 'sum of pay', integer(totalScore), ''],
    ['share', 'floor(2^32 * pay / Pay)', integer(row.share), percent(row.share, SHARE_ONE, 4)],
    ['l', 'norm * sum of X / 2^48', integer(row.length), ''],
    ['Q', 'lower median of l', integer(medianLength), ''],
    ['t', 'floor(65536 * min(l, Q) / Q) * clip', integer(row.mass), ''],
    ['T', 'sum of t', integer(totalMass), ''],
    ['weight', 'floor(65536 * t / T)', integer(row.weight), `${of16(row.weight)} of the aggregate`],
  ];
}

/** A cosine of the rule, which counts quantisation steps, as people know cosines. */
const asDecimal = (cosine: bigint, length: number) =>
  `${cosineText(toCosine(cosine, length))} on a scale from -1 to 1`;

/** The part of a trainer's value that is left, because others explain the rest as well. */
function aloneText({ projection, alone }: ProjectionExplanation['rows'][number]): string {
  if (alone === 0n) return '';
  return `${percent(Number((1_000_000n * projection) / alone), 1_000_000)} of its value without the others`;
}
