import { z } from 'zod';
import {
  addressSchema,
  amountSchema,
  decimalsSchema,
  taskIdSchema,
  timeSchema,
  tokenAmountSchema,
} from './values.ts';

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

/** What this account has earned in one token, in all rounds this node has ever seen. */
export const earningsSchema = tokenAmountSchema.extend({
  rewards: amountSchema.describe('for training'),
  fees: amountSchema.describe('for validating and aggregating'),
  claimed: amountSchema.describe('paid out to the wallet by this node'),
  settled: z.number().int().describe('rounds followed to their settlement'),
  paid: z.number().int().describe('rounds that paid this account'),
  void: z.number().int().describe('rounds that ended without a settlement'),
});
export type Earnings = z.infer<typeof earningsSchema>;

/** What this account has earned, by token. */
export const rewardsSchema = z.object({
  earned: z.array(earningsSchema),
  claimable: z.array(tokenAmountSchema).describe('amount that can be claimed on chain now'),
  staked: z.array(tokenAmountSchema).describe('stake locked in tasks'),
});
export type Rewards = z.infer<typeof rewardsSchema>;

export const claimResultSchema = z.object({
  claimed: z.array(tokenAmountSchema.extend({ transaction: z.string() })),
});
export type ClaimResult = z.infer<typeof claimResultSchema>;
