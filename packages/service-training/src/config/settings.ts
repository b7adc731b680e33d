import { type HostConfig, hostLimitsSchema } from '@chorus/node/config';
import { z } from 'zod';
import { stakeLimitsSchema, taskLimitsSchema } from './limits-config.ts';
import type { TrainingSection } from './training-config.ts';

/** The contributor's limits that concern training: the host's, and its own for stake and tasks. */
export const limitsSchema = hostLimitsSchema.extend({
  missRounds: z.boolean().default(false),
  stake: stakeLimitsSchema.prefault({}),
  tasks: taskLimitsSchema.prefault({}),
});
export type Limits = z.infer<typeof limitsSchema>;

/** The configuration of a node with the training service. */
export type NodeConfig = HostConfig & { training: TrainingSection };

/** What training works by: its own section, and what it shares with the whole node. */
export type TrainingSettings = Omit<HostConfig, 'limits'> &
  Omit<TrainingSection, 'missRounds' | 'stake' | 'tasks'> & { limits: Limits };

export function trainingSettings({ training, limits, ...host }: NodeConfig): TrainingSettings {
  const { missRounds, stake, tasks, ...section } = training;
  return { ...host, ...section, limits: { ...limits, missRounds, stake, tasks } };
}
