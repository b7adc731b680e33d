import {
  type CheckedMaterial,
  type ProofMaterial,
  referenceLength,
  toCosine,
} from '@chorus/inspector/records';
import { percentText, SHARE_ONE, WEIGHT_ONE } from '../format/text.ts';

/** One step from a trainer's update to its reward. */
export interface Step {
  name: string;
  /** The figure of this step, in words. */
  figure: string;
  /** The same as a part of a whole, for a bar; null for a figure without a bar. */
  part: number | null;
  /** What the step asks, and what came of it. */
  says: string;
}

type Result = NonNullable<NonNullable<CheckedMaterial['explained']>['result']>;
type TrustExplanation = Extract<Result['explanation'], { rule: 'reference-trust' }>;
type ProjectionExplanation = Extract<Result['explanation'], { rule: 'reference-projection' }>;
type TrustRow = TrustExplanation['rows'][number];
type ProjectionRow = ProjectionExplanation['rows'][number];

/** Denominator of the gate of `reference-projection`, which counts with its fourth power. */
const GATE_ONE = 256;

/** The way of one trainer's update. */
export interface Way {
  /** In a few words: what came of it. */
  outcome: string;
  /** To its share, as far as it came: the last step says why it went no further. */
  pay: Step[];
  /** To its part in the new model. */
  weight: Step[];
}

/** The way of a trainer's update to its share and its weight. */
export function wayOf(
  { records, gram }: Pick<ProofMaterial, 'records' | 'gram'>,
  { result }: Pick<NonNullable<CheckedMaterial['explained']>, 'result'>,
  trainer: number,
): Way {
  const { round, settled } = records;
  const committed = round.updates[trainer] !== null;
  const available = !settled.unavailable.includes(trainer);
  const update: Step = {
    name: 'Update',
    figure: committed ? (available ? 'in time' : 'not available') : 'none',
    part: committed && available ? 1 : 0,
    says: updateWords(committed, available),
  };
  if (!committed) return { outcome: 'no update in time', pay: [update], weight: [] };
  if (!available) return { outcome: 'its update was not available', pay: [update], weight: [] };
  const weight = weightStep(settled.weights[trainer]!);
  if (!result || !gram) return { outcome: '', pay: [update], weight: [weight] };
  const { explanation } = result;
  const row = explanation.rows[trainer];
  if (!row?.present) {
    const size = { name: 'Size', figure: '0', part: 0, says: 'The update is zero, or too small to measure.' };
    return { outcome: 'its update is empty', pay: [update, size], weight: [] };
  }
  const length = referenceLength(gram, explanation.rule);
  const size = sizeStep(row.clip);
  if (explanation.rule === 'reference-trust') {
    const trust = row as TrustRow;
    const pay = [update, size, ...trustSteps(trust, length)];
    return {
      outcome: outcomeOf(row.reason, settled.rewards[trainer]!),
      pay,
      weight: [size, trustStep(trust.trust), weight],
    };
  }
  const pay = [update, ...projectionSteps(row as ProjectionRow, length)];
  return { outcome: outcomeOf(row.reason, settled.rewards[trainer]!), pay, weight: [size, weight] };
}

type Reason = Result['explanation']['rows'][number]['reason'];

/** The task pays no share below its least. */
const outcomeOf = (reason: Reason, reward: bigint): string =>
  reason === 'paid' && reward === 0n ? 'its share is below the least that the task pays' : OUTCOMES[reason];

/** The rule's reasons in a few words. */
const OUTCOMES: Readonly<Record<Reason, string>> = {
  absent: 'no update',
  'too small': 'its update is empty',
  'no reference': 'there was no reference to measure by',
  'points away from the reference': 'it would have made the model worse',
  'explained by others': 'others bring the same without it',
  'nothing new': 'it only repeats what was public',
  negligible: 'it helps too little to count',
  paid: 'it made the model better',
};

function updateWords(committed: boolean, available: boolean): string {
  if (!committed) return 'It put no commitment to an update on chain before the deadline.';
  return available
    ? 'It committed to its update on chain before the deadline, and the validators had the update.'
    : 'It committed to an update, but a majority of the validators signed that the update itself was not available.';
}

/** A step whose figure is a part of a whole. */
const partStep = (name: string, value: number, whole: number, says: string): Step => ({
  name,
  figure: percentText(value, whole),
  part: value / whole,
  says,
});

const sizeStep = (clip: number): Step =>
  partStep(
    'Size',
    clip,
    WEIGHT_ONE,
    clip === WEIGHT_ONE
      ? 'It is no larger than the updates of most others, and counts in full.'
      : 'It is larger than the updates of most others, and counts as if it were of their size.',
  );

/** @param cosine from -1 to 1; null without references */
function directionStep(cosine: number | null): Step {
  return {
    name: 'Direction',
    figure: cosine === null ? '-' : cosine.toFixed(3),
    part: cosine === null ? 0 : Math.max(0, cosine),
    says:
      cosine !== null && cosine > 0
        ? "It points where the validators' references point: 1 would be the same direction, 0 a right angle. Few values are near 1, since each holder has other data."
        : "It points away from the validators' references: it would make the model worse on their data. Nothing is paid for that.",
  };
}

function trustSteps(row: TrustRow, length: number): Step[] {
  const direction = directionStep(toCosine(row.cosine, length));
  return row.cosine > 0n ? [direction, shareStep(row.share)] : [direction];
}

const trustStep = (trust: number): Step =>
  partStep(
    'Trust',
    trust,
    WEIGHT_ONE,
    'By its direction, next to the median of all: one that hardly agrees with the references moves the model less.',
  );

const weightStep = (weight: number): Step =>
  partStep('Weight', weight, WEIGHT_ONE, "How much of the new model's change is its update.");

const shareStep = (share: number): Step =>
  partStep(
    'Share',
    share,
    SHARE_ONE,
    "Its value by these measures, next to that of all others: its share of the trainers' pool.",
  );

function projectionSteps(row: ProjectionRow, length: number): Step[] {
  // The rule's own cosine is 0 for an update that is not eligible.
  const pointing = directionStep(toCosine(Number(row.dot) / row.norm, length));
  const direction = row.capped.some(Boolean) ? { ...pointing, says: `${pointing.says} ${TWICE}` } : pointing;
  if (!row.eligible) return row.dot > 0n ? [{ ...direction, says: AWAY_FROM_ONE }] : [direction];
  const own = row.alone > 0n ? Number((1_000_000n * row.projection) / row.alone) / 1_000_000 : 0;
  const steps: Step[] = [
    direction,
    {
      name: 'Its own part',
      figure: percentText(Math.max(0, own), 1),
      part: Math.min(1, Math.max(0, own)),
      says:
        own > 0
          ? 'What the updates of others do not bring as well. A copy would divide this part, not add to it.'
          : 'The updates of others bring the same without it.',
    },
  ];
  if (own <= 0) return steps;
  const gate = (row.gate / GATE_ONE) ** 4;
  return [
    ...steps,
    partStep(
      'New',
      gate,
      1,
      gate > 0
        ? 'How far it brings what was not public before the round: who only repeats earlier rounds has nothing left here.'
        : 'It repeats what was public before the round.',
    ),
    shareStep(row.share),
  ];
}

const TWICE = 'It agrees more than twice as well as the median, and counts as if it were twice.';

const AWAY_FROM_ONE =
  'Together the references agree with it, but one of their groups does not: it points away from what those validators measured. Nothing is paid for that.';
