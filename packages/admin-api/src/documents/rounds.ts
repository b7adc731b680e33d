import { z } from 'zod';
import { addressSchema, amountSchema, decimalsSchema, taskIdSchema, timeSchema } from './values.ts';

/** The outcome of a round of a followed task, and what this account earned. */
export const roundSummarySchema = z.object({
  taskId: taskIdSchema,
  round: z.number().int(),
  outcome: z.enum(['settled', 'void']),
  endedAt: timeSchema.describe('when this node learned of the end'),
  trainer: z
    .number()
    .int()
    .nullable()
    .describe('index of this account among the trainers, from 0; null if it is not a trainer'),
  weight: z.number().int().nullable().describe('weight of its update in the aggregate, of 65536'),
  share: z.number().int().nullable().describe('share of the reward, of 4294967296'),
  token: addressSchema,
  decimals: decimalsSchema,
  reward: amountSchema.describe('earned by this account for training'),
  fee: amountSchema.describe('earned by this account for validating and aggregating'),
  reason: z.string().nullable().describe('why its update got this share, if this node knows'),
  transaction: z.string().nullable(),
  stageSeconds: z.record(z.string(), z.number()).describe('how long each stage took here'),
});
export type RoundSummary = z.infer<typeof roundSummarySchema>;

export const roundListSchema = z.object({ rounds: z.array(roundSummarySchema) });
export type RoundList = z.infer<typeof roundListSchema>;

/** A settled round as the chain has it, with all its trainers. */
export const settledRoundSchema = z.object({
  round: z.number().int(),
  weights: z.array(z.number().int()).describe('by trainer, of 65536'),
  shares: z.array(z.number().int()).describe('by trainer, of 4294967296'),
  rewards: z.array(amountSchema).describe('by trainer'),
  lossBefore: z.number().describe("lower median of the validators' losses before the round"),
  lossAfter: z.number(),
  transaction: z.string(),
});
export type SettledRoundDocument = z.infer<typeof settledRoundSchema>;

export const settledRoundsSchema = z.object({
  taskId: taskIdSchema,
  token: addressSchema,
  decimals: decimalsSchema,
  trainers: z.array(addressSchema).describe('in the order of the arrays'),
  rounds: z.array(settledRoundSchema).describe('in order; rounds without a settlement are left out'),
});
export type SettledRounds = z.infer<typeof settledRoundsSchema>;

/** How many of the newest rounds. */
export const settledRoundsQuerySchema = z.object({
  last: z.coerce.number().int().min(1).max(200).default(100),
});

/** Parameters of a list: the number of entries, and the task. */
export const roundsQuerySchema = z.object({
  task: taskIdSchema.optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(50),
});
export type RoundsQuery = z.infer<typeof roundsQuerySchema>;
