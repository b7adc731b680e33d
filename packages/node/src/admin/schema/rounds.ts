import { z } from 'zod';
import { addressSchema, amountSchema, taskIdSchema, timeSchema, tokenAmountSchema } from './values.ts';

/** How a round of a followed task went, and what this account had of it. */
export const roundSummarySchema = z.object({
  taskId: taskIdSchema,
  round: z.number().int(),
  outcome: z.enum(['settled', 'void', 'open']),
  endedAt: timeSchema.nullable().describe('when this node learned of the end; null while open'),
  trainer: z
    .number()
    .int()
    .nullable()
    .describe('index of this account among the trainers, from 0; null where it is none'),
  weight: z.number().int().nullable().describe('weight of its update in the aggregate, of 65536'),
  share: z.number().int().nullable().describe('share of the reward, of 4294967296'),
  token: addressSchema,
  reward: amountSchema.describe('earned by this account in the round, fees included'),
  reason: z.string().nullable().describe('why its update got this share, where this node knows'),
  aggregator: addressSchema.nullable(),
  transaction: z.string().nullable(),
  stageSeconds: z.record(z.string(), z.number()).describe('how long each stage took here'),
});
export type RoundSummary = z.infer<typeof roundSummarySchema>;

export const roundListSchema = z.object({ rounds: z.array(roundSummarySchema) });
export type RoundList = z.infer<typeof roundListSchema>;

/** What this account has earned, by token. */
export const rewardsSchema = z.object({
  earned: z.array(tokenAmountSchema).describe('credited in all rounds this node has seen'),
  claimable: z.array(tokenAmountSchema).describe('can be claimed on chain now'),
  staked: z.array(tokenAmountSchema).describe('locked in tasks'),
});
export type Rewards = z.infer<typeof rewardsSchema>;

export const claimResultSchema = z.object({
  claimed: z.array(tokenAmountSchema.extend({ transaction: z.string() })),
});
export type ClaimResult = z.infer<typeof claimResultSchema>;
