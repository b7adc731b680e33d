import { z } from 'zod';
import { addressSchema, amountSchema, decimalsSchema, timeSchema } from './values.ts';

export const channelIdSchema = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/, 'must be the id of a channel')
  .describe('id of the channel');

/** Amounts in the token's smallest unit. */
const money = { token: addressSchema, symbol: z.string().nullable(), decimals: decimalsSchema };

export const creditSchema = z.object({
  id: channelIdSchema.nullable().describe('null: it is not open yet'),
  agent: z.string().describe('address by which the agent is called'),
  receiver: addressSchema.describe('who is paid: the till of the agent, or the wallet of its node'),
  ...money,
  state: z.enum(['new', 'opening', 'open', 'closing', 'closed']),
  balance: amountSchema.describe('paid in, less what was paid back'),
  spent: amountSchema.describe('what calls have cost, and those that are not answered may cost'),
  left: amountSchema,
  begun: amountSchema
    .nullable()
    .describe('a deposit of which it is not known whether it was made: it is finished before any other'),
  withdrawSeconds: z.int().describe('from the start of a withdrawal to its end'),
  availableAt: timeSchema.nullable().describe('from then on the withdrawal can be ended'),
  transaction: z.string().nullable().describe('the last one'),
  cost: z
    .object({ gas: amountSchema, wei: amountSchema })
    .nullable()
    .describe("what the transaction costs by today's price of gas; of a dry run"),
});
export type CreditDocument = z.infer<typeof creditSchema>;

export const heldChannelSchema = z.object({
  id: channelIdSchema,
  payer: addressSchema,
  receiver: addressSchema,
  agent: z.string().describe('the agent that was called last'),
  ...money,
  balance: amountSchema,
  charged: amountSchema.describe('what calls have cost'),
  claimed: amountSchema,
  unclaimed: amountSchema.describe('charged, and not claimed yet'),
  calls: z.int().nonnegative(),
  waiting: z.int().nonnegative().describe('calls since the last claim'),
  closingAt: timeSchema.nullable().describe('the payer can take back what is not claimed from then on'),
  claimTransaction: z.string().nullable(),
});
export type HeldChannelDocument = z.infer<typeof heldChannelSchema>;

export const creditListSchema = z.object({
  credits: z.array(creditSchema).describe('channels that this wallet has paid into'),
  channels: z
    .array(heldChannelSchema)
    .describe('channels that others have paid into for agents of this node'),
  rules: z
    .object({
      enabled: z.boolean(),
      withdrawHours: z.number(),
      claimCalls: z.int(),
      claimHours: z.number(),
    })
    .describe('how this node takes channels, and when it claims'),
});
export type CreditList = z.infer<typeof creditListSchema>;

const sumSchema = z.string().min(1).max(100).describe('such as 20 CHOR; of the only token if it names none');

export const openCreditRequestSchema = z.strictObject({
  agent: z.string().min(1).max(2_048).describe('address by which the agent is called'),
  accepts: z.array(z.unknown()).max(16).describe('what its card says it accepts, entries of x402'),
  amount: sumSchema,
  dryRun: z.boolean().default(false).describe('only say what it costs'),
});
export type OpenCreditRequest = z.input<typeof openCreditRequestSchema>;

export const addCreditRequestSchema = z.strictObject({
  amount: sumSchema,
  dryRun: z.boolean().default(false).describe('only say what it costs'),
});
export type AddCreditRequest = z.input<typeof addCreditRequestSchema>;

export const creditsClaimedSchema = z.object({
  claims: z.array(
    z.object({
      transaction: z.string(),
      channels: z.int().positive(),
      amounts: z.array(z.object({ ...money, amount: amountSchema })),
    }),
  ),
});
export type CreditsClaimed = z.infer<typeof creditsClaimedSchema>;
