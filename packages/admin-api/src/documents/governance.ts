import { z } from 'zod';
import { addressSchema, amountSchema, decimalsSchema, timeSchema } from './values.ts';

export const transactionSchema = z.string().describe('hash of the transaction');
export const dryRunSchema = z.boolean().default(false).describe('check everything, and send nothing');
export const valueSchema = z
  .string()
  .regex(
    /^(\d{1,78}|0x[0-9a-fA-F]{40})$/,
    'must be a whole number in the unit of the parameter, or an address',
  )
  .describe('a whole number in the unit of the parameter, or an address');
export const idSchema = z
  .string()
  .regex(/^\d{1,78}$/)
  .describe('number of the proposal in its contract');

export const votingPowerSchema = z.object({
  account: addressSchema,
  balance: amountSchema,
  delegate: addressSchema.nullable().describe('who votes with its tokens; null: they do not count'),
  votes: amountSchema.describe('with which the account votes now'),
});
export type VotingPowerDocument = z.infer<typeof votingPowerSchema>;

/** Who decides, by which rules. */
export const governanceSchema = z.object({
  governor: addressSchema,
  timelock: addressSchema,
  parameters: addressSchema,
  token: addressSchema.describe('its holders vote'),
  symbol: z.string().nullable(),
  decimals: decimalsSchema,
  supply: amountSchema,
  time: timeSchema.describe("the chain's own"),
  votingDelay: z.number().int().describe('seconds from a proposal to its vote'),
  votingPeriod: z.number().int().describe('seconds'),
  timelockDelay: z.number().int().describe('seconds from a queued decision to its execution'),
  threshold: amountSchema.describe('votes needed to propose'),
  quorum: amountSchema.describe('votes for, or abstaining, that a proposal needs'),
  quorumPercent: z.number().int().describe('of the supply'),
  wallet: votingPowerSchema.describe('the wallet of this node'),
});
export type GovernanceDocument = z.infer<typeof governanceSchema>;

export const parameterSchema = z.object({
  name: z.string(),
  title: z.string().describe('in plain words'),
  unit: z.enum(['bps', 'percent', 'seconds', 'count', 'tokens', 'address']),
  token: addressSchema.nullable().describe('of an amount in tokens'),
  symbol: z.string().nullable(),
  decimals: decimalsSchema,
  value: valueSchema,
  least: valueSchema.nullable(),
  most: valueSchema.nullable(),
  preset: valueSchema.nullable().describe('of a new network'),
  effect: z.string().describe('what a change does, and for whom'),
  changed: z
    .object({
      time: timeSchema,
      block: z.number().int(),
      transaction: transactionSchema,
      proposal: idSchema.nullable().describe('null: by the deployment'),
    })
    .nullable(),
});
export type ParameterDocument = z.infer<typeof parameterSchema>;

export const parametersQuerySchema = z.object({
  token: addressSchema.optional().describe('also the least stake of tasks in this token'),
});
export type ParametersQuery = z.infer<typeof parametersQuerySchema>;

export const parametersSchema = z.object({ parameters: z.array(parameterSchema) });
export type ParametersDocument = z.infer<typeof parametersSchema>;

export const delegateRequestSchema = z.strictObject({ to: addressSchema, dryRun: dryRunSchema });
export type DelegateRequest = z.input<typeof delegateRequestSchema>;

export const delegateResultSchema = z.object({
  dryRun: z.boolean(),
  before: addressSchema.nullable(),
  to: addressSchema,
  votes: amountSchema.describe('that the delegate gets: the balance of the wallet'),
  transaction: transactionSchema.nullable().describe('null also if it was so before'),
});
export type DelegateResult = z.infer<typeof delegateResultSchema>;
