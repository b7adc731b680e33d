import type { RoundSummary } from '@chorus/admin-api';
import type { RoundRecord } from '../journal/records.ts';

/** An ended round, as one line of a screen. */
export function roundSummary(
  { taskId, round, outcome, at, trainer, weight, share, ...record }: RoundRecord,
  stageSeconds: RoundSummary['stageSeconds'],
): Omit<RoundSummary, 'decimals'> {
  const { token, reward, fee, reason, transaction } = record;
  const trained = trainer !== null && outcome === 'settled';
  return {
    taskId: taskId.toString(),
    round,
    outcome,
    endedAt: new Date(at).toISOString(),
    trainer,
    weight: trained ? weight : null,
    share: trained ? share : null,
    token,
    reward: reward.toString(),
    fee: fee.toString(),
    reason,
    transaction,
    stageSeconds,
  };
}
