import type { LimitsView } from '@chorus/admin-api';
import type { ResourceBudget } from '@chorus/node';
import type { TrainingSettings } from '../config/settings.ts';
import { stakePerDay } from '../policy/task-budget.ts';

/** The limits as configured, with defaults, as text. */
export function limitsView(
  { limits, maxStake, threads }: TrainingSettings,
  resources: Pick<ResourceBudget, 'memoryBytes' | 'withinHours'>,
): LimitsView {
  const { gas, stake, tasks } = limits;
  return {
    threads: limits.threads ?? threads,
    memoryBytes: resources.memoryBytes,
    diskBytes: limits.disk ?? null,
    uploadBytesPerSecond: limits.upload ?? null,
    downloadBytesPerSecond: limits.download ?? null,
    hours: limits.hours,
    withinHours: resources.withinHours(),
    stakePerTask: maxStake,
    stakePerDay: stakePerDay({ limits, maxStake }),
    onlyListedTokens: stake.onlyListed,
    listedTokens: Object.keys(stake.perToken),
    owners: stake.owners ?? null,
    gasPerDay: gas.perDay,
    maxTasks: tasks.maxTasks,
    minValidators: tasks.minValidators,
    maxSlashPercent: tasks.maxSlashPercent,
    maxReporterPercent: tasks.maxReporterPercent,
    maxOwnerPercent: tasks.maxOwnerPercent,
    phaseMargin: tasks.phaseMargin,
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
