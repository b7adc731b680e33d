import { type ConfigSection, tokensSchema } from '@chorus/node/config';
import { z } from 'zod';
import { attackSchema } from './attack-config.ts';
import { TRAINING_DESCRIPTIONS } from './descriptions.ts';
import { stakeLimitsSchema, taskLimitsSchema } from './limits-config.ts';
import { privacyConfigSchema } from './privacy-config.ts';

/** The section `training` of a configuration; descriptions.ts explains each value to users. */
export const trainingSectionSchema = z.strictObject({
  roles: z
    .array(z.enum(['trainer', 'validator', 'aggregator']))
    .max(3)
    .default([]),
  /** A shard file or data folder to train on (trainer) or to compute the reference on (validator). */
  data: z.string().optional(),
  /** Largest stake to put at risk in one task, in whole tokens. Nothing without the owner's consent. */
  maxStake: tokensSchema.default('0'),
  /** Also join tasks that may last beyond the hours of `limits.hours`: rounds missed then cost stake. */
  missRounds: z.boolean().default(false),
  stake: stakeLimitsSchema.prefault({}),
  tasks: taskLimitsSchema.prefault({}),
  /** How much the node's publications may reveal of its data. */
  privacy: privacyConfigSchema.prefault({}),
  /** Threads of local training. */
  threads: z.number().int().positive().max(256).default(1),
  device: z.enum(['auto', 'cpu', 'webgpu', 'cuda', 'coreml', 'dml']).default('cpu'),
  /** Folder of the reference string's cache, shared by the nodes of one machine. */
  srsCache: z.string().optional(),
  seed: z.number().int().nonnegative().default(1),
  attack: attackSchema.optional(),
});

export type TrainingSection = z.infer<typeof trainingSectionSchema>;

/** Training's part of a node's configuration. */
export const TRAINING_SECTION = {
  name: 'training',
  schema: trainingSectionSchema.prefault({}),
  descriptions: TRAINING_DESCRIPTIONS,
  unlisted: ['training.attack', 'training.seed'],
  // Until release 0.1 they stood at the top of the file, and among the limits.
  renamed: {
    roles: 'training.roles',
    data: 'training.data',
    maxStake: 'training.maxStake',
    threads: 'training.threads',
    device: 'training.device',
    srsCache: 'training.srsCache',
    seed: 'training.seed',
    attack: 'training.attack',
    privacy: 'training.privacy',
    'limits.missRounds': 'training.missRounds',
    'limits.stake': 'training.stake',
    'limits.tasks': 'training.tasks',
  },
  paths: { 'training.data': 'name-or-path', 'training.srsCache': 'path' },
} as const satisfies ConfigSection;
