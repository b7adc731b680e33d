import { z } from 'zod';
import { agentIdSchema } from './agent-id.ts';
import {
  addressSchema,
  amountSchema,
  decimalsSchema,
  noticeSchema,
  taskIdSchema,
  timeSchema,
  tokenAmountSchema,
} from './values.ts';

const percent = z.number().min(0).max(100);

export const tillTermsSchema = z
  .object({
    holders: percent.describe('to the holders of the units of the agent'),
    trainers: z
      .array(z.object({ task: taskIdSchema, percent }))
      .describe('to those who trained these models'),
    tools: z.array(z.object({ agent: agentIdSchema, percent })).describe('to these agents'),
  })
  .describe("parts of each payment, in percent of what the network's fee leaves");
export type TillTermsDocument = z.infer<typeof tillTermsSchema>;

const proposed = z.object({ terms: tillTermsSchema, effectiveAt: timeSchema });

export const tillSchema = z.object({
  agentId: agentIdSchema,
  address: addressSchema.describe('what callers pay'),
  terms: tillTermsSchema,
  proposed: proposed.nullable().describe('terms that wait for their time'),
  waiting: z
    .array(tokenAmountSchema)
    .describe('what can be collected now, by token; none where there is nothing'),
});
export type TillDocument = z.infer<typeof tillSchema>;

export const collectionSchema = z.object({
  agentId: agentIdSchema,
  collected: z.array(
    z.object({
      token: tokenAmountSchema.shape.token,
      decimals: tokenAmountSchema.shape.decimals,
      paid: amountSchema.describe('what was in the till'),
      passed: amountSchema.describe('what other agents passed on to it as their tool'),
      protocolFee: amountSchema,
      trainers: amountSchema,
      holders: amountSchema,
      tools: amountSchema,
      rest: amountSchema.describe("the agent's own, owed to the creator until it is claimed"),
      creator: addressSchema,
      transaction: z.string(),
    }),
  ),
});
export type CollectionDocument = z.infer<typeof collectionSchema>;

const ids = z
  .string()
  .regex(/^(\d{1,20}(,\d{1,20}){0,99})?$/, 'must be numbers with commas between them')
  .transform((text) => (text === '' ? [] : text.split(',').map(BigInt)));

export const revenueQuerySchema = z.object({
  tasks: ids.optional().describe('tasks that the wallet trained in, for royalties'),
});
export type RevenueQuery = z.input<typeof revenueQuerySchema>;

export const revenueSchema = z.object({
  account: addressSchema,
  tokens: z
    .array(z.object({ token: addressSchema, symbol: z.string().nullable(), decimals: decimalsSchema }))
    .describe('those that the node pays and is paid with'),
  tills: z
    .array(
      z.object({
        agentId: agentIdSchema,
        agent: z.string(),
        address: addressSchema,
        waiting: z.array(tokenAmountSchema),
      }),
    )
    .describe('tills of the agents of this node'),
  owed: z.array(tokenAmountSchema).describe('collected, and owed to the wallet'),
  royalties: z.array(tokenAmountSchema).describe('of models that the wallet trained'),
  credits: z
    .array(
      z.object({
        token: tokenAmountSchema.shape.token,
        decimals: tokenAmountSchema.shape.decimals,
        unclaimed: amountSchema,
        claimed: amountSchema,
      }),
    )
    .describe('prepaid channels of callers: what their calls have cost, by token'),
  units: z
    .array(z.object({ agentId: agentIdSchema, held: amountSchema, revenue: tokenAmountSchema }))
    .describe('units that the wallet holds, and their revenue'),
});
export type RevenueDocument = z.infer<typeof revenueSchema>;

export const revenueClaimSchema = z.strictObject({
  tasks: z.array(taskIdSchema).max(100).default([]).describe('tasks that the wallet trained in'),
});
export type RevenueClaimRequest = z.input<typeof revenueClaimSchema>;

export const revenueClaimedSchema = z.object({
  paid: z.array(
    z.object({
      from: z.enum(['credits', 'tills', 'royalties', 'units']),
      token: tokenAmountSchema.shape.token,
      decimals: tokenAmountSchema.shape.decimals,
      amount: amountSchema,
      transaction: z.string(),
    }),
  ),
  failed: z.array(noticeSchema).describe('parts that could not be paid out; the others were'),
});
export type RevenueClaimed = z.infer<typeof revenueClaimedSchema>;
