import type { LimitsView } from '../admin/schema/status.ts';
import type { NodeConfig } from '../config.ts';

/** The limits as configured, for people. */
export function limitsView({ limits, maxStake, threads }: NodeConfig, withinHours: boolean): LimitsView {
  const { stake, tasks } = limits;
  return {
    threads: limits.threads ?? threads,
    memoryBytes: limits.memory ?? null,
    diskBytes: limits.disk ?? null,
    uploadBytesPerSecond: limits.upload ?? null,
    downloadBytesPerSecond: limits.download ?? null,
    hours: limits.hours,
    withinHours,
    stakePerTask: maxStake,
    stakeTotal: stake.total ?? null,
    stakePerToken: Object.entries(stake.perToken).flatMap(([token, { total }]) =>
      total === undefined ? [] : [{ token, amount: total }],
    ),
    minReward: tasks.minReward ?? null,
    maxModelBytes: tasks.maxModelBytes ?? null,
    maxDimension: tasks.maxDimension ?? null,
    losses: tasks.losses ?? null,
    licences: tasks.licences ?? null,
    maxTaskSeconds: tasks.maxSeconds,
  };
}
