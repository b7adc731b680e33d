import { z } from 'zod';
import { addressSchema, amountSchema, taskIdSchema, timeSchema, tokenAmountSchema } from './values.ts';

const numberSchema = z.string().regex(/^\d{1,78}$/);
const identitySchema = numberSchema.describe('number of the identity (ERC-8004)');

/** The identity with the stake: by its wallet or its number. */
const fromSchema = z
  .string()
  .regex(/^(0x[0-9a-fA-F]{40}|\d{1,78})$/, 'must be the address of a wallet, or the number of an identity')
  .describe('the identity with the stake, by its wallet or its number; default: your own');

const dryRunSchema = z.boolean().default(false).describe('check everything, and send nothing');

export const stakesQuerySchema = z.object({
  account: addressSchema.optional().describe("default: this node's wallet"),
  token: addressSchema.optional().describe('another token to describe, with or without a pool'),
});
export type StakesQuery = z.infer<typeof stakesQuerySchema>;

export const stakeTokenSchema = z.object({
  address: addressSchema,
  symbol: z.string().nullable().describe('null if the token names none'),
  decimals: z.number().int().nullable().describe('null if the token does not say'),
  balance: amountSchema.nullable().describe('balance of the account; null if the token does not say'),
});
export type StakeToken = z.infer<typeof stakeTokenSchema>;

export const unbondingSchema = z.object({
  ticket: numberSchema,
  amount: amountSchema.describe('current value of its shares; slashing lowers it until it is withdrawn'),
  availableAt: timeSchema.describe('when the stake can be withdrawn'),
  available: z.boolean(),
});
export type Unbonding = z.infer<typeof unbondingSchema>;

export const stakePositionSchema = z.object({
  token: addressSchema,
  agentId: identitySchema,
  owner: addressSchema.describe('owner of the identity'),
  own: z.boolean().describe('whether it is the identity of the account'),
  staked: amountSchema.describe("current value of the account's shares, without what is unbonding"),
  shares: numberSchema,
  unbondable: amountSchema.describe('the part that can be unbonded now'),
  unbonding: z.array(unbondingSchema),
  pool: z.object({
    tokens: amountSchema,
    locked: amountSchema.describe('amount that tasks have locked'),
    free: amountSchema.describe('amount that tasks can lock or owners can unbond'),
    unbonding: amountSchema,
    shares: numberSchema,
  }),
  locks: z.array(
    z.object({
      taskId: taskIdSchema,
      amount: amountSchema,
      ended: z.boolean().describe('whether the task has ended, so that its members can release the stake'),
    }),
  ),
  holders: z
    .array(z.object({ account: addressSchema, amount: amountSchema, shares: numberSchema }))
    .describe('owners of the stake, the largest deposits first'),
  slashes: z
    .array(
      z.object({
        taskId: taskIdSchema,
        amount: amountSchema,
        block: z.number().int(),
        transaction: z.string(),
      }),
    )
    .describe('slashes, the newest first'),
});
export type StakePositionDocument = z.infer<typeof stakePositionSchema>;

/** What an account has staked, and what others have staked on its identity. */
export const stakesSchema = z.object({
  account: addressSchema,
  agentId: identitySchema.nullable().describe('null if the account has no identity'),
  time: timeSchema.describe("the chain's own"),
  contract: addressSchema.describe('the stake contract'),
  unbondSeconds: z.number().int().describe('time from a request to unbond until it can be withdrawn'),
  tokens: z.array(stakeTokenSchema),
  positions: z.array(stakePositionSchema),
});
export type StakesDocument = z.infer<typeof stakesSchema>;

export const stakeDepositRequestSchema = z.strictObject({
  token: addressSchema,
  amount: amountSchema,
  to: addressSchema.optional().describe('delegate: stake on the identity of this wallet'),
  dryRun: dryRunSchema,
});
export type StakeDepositRequest = z.input<typeof stakeDepositRequestSchema>;

export const stakeDepositResultSchema = z.object({
  dryRun: z.boolean(),
  token: addressSchema,
  amount: amountSchema,
  owner: addressSchema,
  agentId: identitySchema.nullable().describe('null in a dry run that would register an identity'),
  registered: z.boolean().describe('whether an identity is registered, because the account had none'),
  transaction: z.string().nullable(),
});
export type StakeDepositResult = z.infer<typeof stakeDepositResultSchema>;

export const stakeUnbondRequestSchema = z.strictObject({
  amount: z.union([amountSchema, z.literal('all')]),
  token: addressSchema.optional().describe('required if there is stake in several tokens'),
  from: fromSchema.optional(),
  dryRun: dryRunSchema,
});
export type StakeUnbondRequest = z.input<typeof stakeUnbondRequestSchema>;

export const stakeUnbondResultSchema = z.object({
  dryRun: z.boolean(),
  token: addressSchema,
  amount: amountSchema.describe('current value of the shares'),
  owner: addressSchema,
  agentId: identitySchema,
  ticket: numberSchema.nullable(),
  availableAt: timeSchema.describe('when it can be withdrawn; for a dry run, as if it were sent now'),
  transaction: z.string().nullable(),
});
export type StakeUnbondResult = z.infer<typeof stakeUnbondResultSchema>;

export const stakeWithdrawRequestSchema = z.strictObject({
  token: addressSchema.optional().describe('only this token'),
  from: fromSchema.describe('only this identity, by its wallet or its number').optional(),
  dryRun: dryRunSchema,
});
export type StakeWithdrawRequest = z.input<typeof stakeWithdrawRequestSchema>;

export const stakeWithdrawResultSchema = z.object({
  dryRun: z.boolean(),
  withdrawn: z.array(
    z.object({
      ticket: numberSchema,
      token: addressSchema,
      owner: addressSchema,
      agentId: identitySchema,
      amount: amountSchema,
      transaction: z.string().nullable(),
    }),
  ),
  waiting: z
    .array(unbondingSchema.extend({ token: addressSchema }))
    .describe('amount that cannot be withdrawn yet'),
});
export type StakeWithdrawResult = z.infer<typeof stakeWithdrawResultSchema>;

export const memberRecordQuerySchema = z.object({
  of: fromSchema.describe('an identity, by its wallet or its number; default: your own').optional(),
});
export type MemberRecordQuery = z.infer<typeof memberRecordQuerySchema>;

/** An identity's conduct in tasks, as the chain tells it. */
export const memberRecordSchema = z.object({
  agentId: identitySchema,
  owner: addressSchema,
  tasks: z.number().int().describe('tasks that it joined'),
  byRole: z.object({
    trainer: z.number().int(),
    validator: z.number().int(),
    aggregator: z.number().int(),
  }),
  missedDuties: z.number().int(),
  lostDisputes: z.number().int(),
  rejectedWork: z.number().int().describe('references that a majority rejected'),
  dropped: z.number().int().describe('tasks that went on without it'),
  wonDisputes: z.number().int().describe('about its own updates'),
  slashed: z.array(tokenAmountSchema),
  entries: z
    .array(
      z.object({
        kind: z.enum(['missed-duty', 'lost-dispute', 'rejected-work', 'dropped']),
        offence: z.string().nullable(),
        taskId: taskIdSchema,
        round: z.number().int(),
        slashed: tokenAmountSchema.nullable(),
        block: z.number().int(),
        transaction: z.string(),
      }),
    )
    .describe('at most 200, the newest first'),
});
export type MemberRecordDocument = z.infer<typeof memberRecordSchema>;
