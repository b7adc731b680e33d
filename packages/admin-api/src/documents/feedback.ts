import { HASH_PATTERN } from '@chorus/protocol';
import { z } from 'zod';
import { agentIdSchema } from './agent-id.ts';
import { addressSchema, amountSchema, decimalsSchema, timeSchema } from './values.ts';

const transaction = z.string().regex(HASH_PATTERN, 'must be the hash of a transaction');

const money = {
  token: addressSchema,
  symbol: z.string().nullable(),
  decimals: decimalsSchema,
};

export const reputationSchema = z.object({
  agentId: agentIdSchema,
  ...money,
  score: z.number().describe('0 to 100; 50 for an agent of which nothing is known'),
  raters: z.number().int().describe('accounts whose ratings count'),
  paid: amountSchema.describe('what they paid for what they rated'),
  fee: amountSchema.describe("the network's fee on that: what the weight of all ratings costs"),
  feedback: z
    .array(
      z.object({
        client: addressSchema,
        index: z
          .string()
          .regex(/^\d{1,20}$/)
          .describe('counted from 1 for each client'),
        own: z.boolean().describe('given by the wallet of this node'),
        rating: z.number().nullable().describe('0 to 100; null if it is no rating'),
        transaction: z.string(),
        paid: amountSchema,
        paidAt: timeSchema.nullable(),
        part: z.number().describe('of the weight of all ratings that count, 0 to 1'),
        uncounted: z
          .enum(['no rating', 'no payment named', 'payment not found', 'replaced'])
          .nullable()
          .describe('why it does not count; null if it does'),
      }),
    )
    .describe('in the order of the chain'),
});
export type ReputationDocument = z.infer<typeof reputationSchema>;

export const feedbackRequestSchema = z.strictObject({
  rating: z.number().int().min(0).max(100),
  payment: transaction
    .optional()
    .describe('the payment that it is about; by default the largest that this wallet has not rated'),
  dryRun: z.boolean().default(false).describe('only say which payment it would be about'),
});
export type FeedbackRequest = z.input<typeof feedbackRequestSchema>;

export const feedbackGivenSchema = z.object({
  agentId: agentIdSchema,
  rating: z.number(),
  payment: z.object({ ...money, transaction: z.string(), amount: amountSchema }),
  given: z
    .object({ index: z.string(), transaction: z.string() })
    .nullable()
    .describe('null if it was not sent'),
});
export type FeedbackGiven = z.infer<typeof feedbackGivenSchema>;

export const feedbackRevokedSchema = z.object({
  agentId: agentIdSchema,
  index: z.string(),
  transaction: z.string(),
});
export type FeedbackRevoked = z.infer<typeof feedbackRevokedSchema>;
