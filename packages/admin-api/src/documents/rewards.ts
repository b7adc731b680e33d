import { z } from 'zod';
import { addressSchema, amountSchema, tokenAmountSchema } from './values.ts';

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

export const claimRequestSchema = z.strictObject({
  token: addressSchema.optional().describe('default: every token of the tasks this node knows'),
});
export type ClaimRequest = z.infer<typeof claimRequestSchema>;
