import { z } from 'zod';
import { dryRunSchema, governanceSchema, idSchema, transactionSchema, valueSchema } from './governance.ts';
import { addressSchema, amountSchema, timeSchema } from './values.ts';

const choiceSchema = z.enum(['for', 'against', 'abstain']);

const callSchema = z.object({
  target: addressSchema,
  coins: amountSchema.describe("of the chain's own coin that the call sends"),
  contract: z.string().nullable().describe('null: no contract of this network'),
  method: z.string().nullable().describe('null: it cannot be put in words'),
  selector: z.string(),
  bytes: z.number().int().describe('length of its data'),
  args: z.array(z.object({ name: z.string(), value: z.string() })),
  sets: z.array(
    z.object({
      name: z.string(),
      token: addressSchema.nullable(),
      from: valueSchema.nullable(),
      to: valueSchema,
      fault: z.string().nullable().describe('why the contract will refuse it'),
    }),
  ),
  warning: z.string().nullable(),
});
export type ProposedCallDocument = z.infer<typeof callSchema>;

export const proposalSchema = z.object({
  id: idSchema,
  short: z.string().describe('beginning of the id in hexadecimal'),
  number: z.number().int().describe('its place among all proposals, from 1'),
  proposer: addressSchema,
  title: z.string(),
  description: z.string().describe('without its title, at most 4000 characters'),
  state: z.enum(['pending', 'active', 'canceled', 'defeated', 'succeeded', 'queued', 'expired', 'executed']),
  voteStart: timeSchema,
  voteEnd: timeSchema,
  executableAt: timeSchema.nullable(),
  votes: z.object({ for: amountSchema, against: amountSchema, abstain: amountSchema }),
  quorum: amountSchema.describe('at the snapshot; before it, as it is now'),
  wallet: z.object({
    weight: amountSchema.nullable().describe('votes at the snapshot; null before it'),
    voted: z.boolean(),
  }),
  calls: z.array(callSchema),
  complete: z.boolean().describe('whether these are all its calls, in full'),
  unclear: z.boolean().describe('whether it holds a call that cannot be put in words'),
  proposed: transactionSchema,
  executed: transactionSchema.nullable(),
});
export type ProposalDocument = z.infer<typeof proposalSchema>;

export const proposalDetailSchema = proposalSchema.extend({
  ballots: z
    .array(
      z.object({
        voter: addressSchema,
        choice: choiceSchema,
        weight: amountSchema,
        reason: z.string(),
        transaction: transactionSchema,
      }),
    )
    .describe('at most 200, the largest first'),
  ballotCount: z.number().int(),
});
export type ProposalDetail = z.infer<typeof proposalDetailSchema>;

export const proposalsQuerySchema = z.object({
  last: z.coerce.number().int().min(1).max(100).default(20).describe('how many, the newest first'),
});
export type ProposalsQuery = Partial<z.infer<typeof proposalsQuerySchema>>;

export const proposalListSchema = z.object({
  total: z.number().int(),
  proposals: z.array(proposalSchema).describe('the newest first'),
});
export type ProposalList = z.infer<typeof proposalListSchema>;

/** A proposal by its number, its id, or the beginning of its id in hexadecimal. */
export const proposalRefSchema = z
  .string()
  .regex(
    /^(0x[0-9a-fA-F]{4,64}|\d{1,78})$/,
    'must be the number of a proposal, or 0x and the beginning of its id',
  );

export const proposeRequestSchema = z.strictObject({
  title: z.string().trim().min(1).max(120),
  description: z.string().max(3_800).default(''),
  changes: z
    .array(z.strictObject({ name: z.string(), token: addressSchema.optional(), value: valueSchema }))
    .max(32)
    .default([]),
  contracts: z
    .array(z.strictObject({ name: z.string().min(1).max(64), address: addressSchema }))
    .max(8)
    .default([])
    .describe('contracts to give a name, for ever'),
  calls: z
    .array(
      z.strictObject({
        target: addressSchema,
        data: z
          .string()
          .regex(/^0x([0-9a-fA-F]{2}){0,4096}$/)
          .default('0x'),
      }),
    )
    .max(8)
    .default([])
    .describe('other calls'),
  dryRun: dryRunSchema,
});
export type ProposeRequest = z.input<typeof proposeRequestSchema>;

export const proposeResultSchema = z.object({
  dryRun: z.boolean(),
  id: idSchema.nullable(),
  short: z.string().nullable(),
  number: z.number().int().nullable(),
  calls: z.array(callSchema),
  votes: amountSchema.describe('of the proposer'),
  voteStart: timeSchema,
  voteEnd: timeSchema,
  executableAt: timeSchema.describe('if it is queued as soon as the vote has ended'),
  governance: governanceSchema,
  transaction: transactionSchema.nullable(),
});
export type ProposeResult = z.infer<typeof proposeResultSchema>;

export const voteRequestSchema = z.strictObject({
  choice: choiceSchema,
  reason: z.string().max(280).default(''),
  anyway: z.boolean().default(false).describe('also for a proposal with calls that cannot be put in words'),
  dryRun: dryRunSchema,
});
export type VoteRequest = z.input<typeof voteRequestSchema>;

export const voteResultSchema = z.object({
  dryRun: z.boolean(),
  id: idSchema,
  choice: choiceSchema,
  weight: amountSchema,
  transaction: transactionSchema.nullable(),
});
export type VoteResult = z.infer<typeof voteResultSchema>;

export const stepRequestSchema = z.strictObject({ dryRun: dryRunSchema });
export type StepRequest = z.input<typeof stepRequestSchema>;

/** A proposal was queued or executed, now or before. */
export const stepResultSchema = z.object({
  dryRun: z.boolean(),
  id: idSchema,
  before: z.boolean().describe('whether it was done before'),
  executableAt: timeSchema.nullable(),
  transaction: transactionSchema.nullable(),
});
export type StepResult = z.infer<typeof stepResultSchema>;
