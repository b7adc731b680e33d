import { explainTrainer, type RuleResult } from '@chorus/aggregation';
import type { RoundState } from '@chorus/protocol';

/** Why a trainer (index from 0) was paid, or not paid, in a round; one or two sentences. */
export function reasonFor(
  result: RuleResult,
  round: Pick<RoundState, 'updates'>,
  unavailable: readonly number[],
  trainer: number,
): string {
  if (unavailable.includes(trainer)) {
    return 'Earned nothing: the validators signed that the payload was not available or does not open its commitment.';
  }
  if (!round.updates[trainer]) return 'Earned nothing: no update was committed in time.';
  return explainTrainer(result, trainer);
}
