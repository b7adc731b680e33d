import { z } from 'zod';
import { agentIdSchema } from './agent-id.ts';
import { addressSchema, amountSchema, decimalsSchema, timeSchema } from './values.ts';

const quote = z
  .object({ amount: amountSchema, fee: amountSchema })
  .describe(
    'of the amount that was asked for: without the fee, which comes on top of a purchase and off a sale',
  );

export const unitsSchema = z.object({
  agentId: agentIdSchema,
  token: addressSchema,
  symbol: z.string().nullable(),
  decimals: decimalsSchema,
  base: amountSchema.describe('price of the first unit'),
  slope: amountSchema.describe('by which each costs more than the one before'),
  cap: amountSchema.describe('most units at a time'),
  holders: z.number().describe('percent of each payment to the agent that is theirs'),
  creator: addressSchema,
  creatorUnits: amountSchema.describe('that the creator bought at launch'),
  locked: amountSchema.describe('of these, those that are not free yet'),
  vestingSeconds: z.number().int(),
  launchedAt: timeSchema,
  description: z.string(),
  supply: amountSchema.describe('units out'),
  reserve: amountSchema.describe('what they cost together'),
  held: amountSchema.describe('by the wallet of this node'),
  revenue: amountSchema.describe('that the wallet can claim'),
  purchase: quote.nullable().describe('null if fewer are left'),
  sale: quote.nullable().describe('null if fewer are out'),
});
export type UnitsDocument = z.infer<typeof unitsSchema>;

const count = z.string().regex(/^[1-9]\d{0,7}$/, 'must be a number of units');

export const unitsQuerySchema = z.object({
  amount: count.default('1').describe('units to state the price of'),
});
export type UnitsQuery = z.input<typeof unitsQuerySchema>;

export const unitLaunchSchema = z.strictObject({
  token: addressSchema.optional().describe('by default the first of agents.tokens'),
  base: amountSchema,
  slope: amountSchema.default('0'),
  cap: count,
  holders: z.number().min(0).max(100).describe("percent, at most what the till's terms say"),
  creatorUnits: z
    .string()
    .regex(/^\d{1,8}$/)
    .default('0'),
  vestingSeconds: z.number().int().min(0).default(0),
  description: z.string().min(1).max(280),
});
export type UnitLaunchRequest = z.input<typeof unitLaunchSchema>;

export const unitTradeSchema = z.strictObject({
  amount: count,
  limit: amountSchema.describe('most that a purchase may cost, fee included; least that a sale must bring'),
});
export type UnitTradeRequest = z.input<typeof unitTradeSchema>;

export const unitTradedSchema = z.object({
  agentId: agentIdSchema,
  token: addressSchema,
  decimals: decimalsSchema,
  units: amountSchema,
  amount: amountSchema.describe('paid with the fee, or received without it'),
  transaction: z.string(),
});
export type UnitTraded = z.infer<typeof unitTradedSchema>;
