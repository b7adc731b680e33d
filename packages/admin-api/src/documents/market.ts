import { DISPUTE_OUTCOMES, JOB_STATUSES, JOB_VOTES } from '@chorus/protocol';
import { z } from 'zod';
import { agentIdSchema } from './agent-id.ts';
import { addressSchema, amountSchema, decimalsSchema, timeSchema, tokenAmountSchema } from './values.ts';

export const jobIdSchema = z
  .string()
  .regex(/^\d{1,20}$/, 'must be the number of a job')
  .describe('job on chain');

const digest = z.string().regex(/^0x[0-9a-f]{64}$/, 'must be 0x and 64 hexadecimal digits');

export const JOB_ROLES = ['client', 'provider', 'evaluator', 'juror'] as const;

const step = z.object({
  what: z
    .enum([
      ...(['set-provider', 'set-budget', 'fund', 'submit', 'accept-or-dispute', 'decide', 'defend'] as const),
      ...(['draw', 'commit', 'reveal', 'settle', 'refund'] as const),
    ])
    .describe('what the job waits for'),
  by: z.array(z.enum([...JOB_ROLES, 'anyone'])).describe('who can do it'),
  until: timeSchema.nullable().describe('null if it has no end'),
  otherwise: z.string().describe('what happens if it is not done'),
});

const dispute = z.object({
  bond: amountSchema.describe('of each party'),
  disputedAt: timeSchema,
  defendedAt: timeSchema.nullable(),
  drawnAt: timeSchema.nullable(),
  outcome: z.enum(DISPUTE_OUTCOMES).nullable(),
  grounds: digest.nullable().describe('of what the client says'),
  answer: digest.nullable().describe('of what the provider says'),
  jury: z.array(
    z.object({
      agentId: agentIdSchema,
      committed: z.boolean(),
      vote: z.enum(JOB_VOTES).nullable(),
      mine: z.boolean().describe('a seat of this node'),
    }),
  ),
  available: z
    .boolean()
    .nullable()
    .describe('whether this node got the deliverable when it first saw the dispute; null if it did not try'),
});

export const jobSchema = z.object({
  jobId: jobIdSchema,
  status: z.enum(JOB_STATUSES),
  roles: z.array(z.enum(JOB_ROLES)).describe('of this node'),
  client: addressSchema,
  provider: addressSchema.nullable(),
  evaluator: addressSchema,
  evaluatedBy: z.enum(['validators', 'client', 'other']),
  token: addressSchema,
  symbol: z.string().nullable(),
  decimals: decimalsSchema,
  budget: amountSchema,
  fee: amountSchema.describe('of the network, taken from the budget when the job completes'),
  bond: amountSchema.describe('that a dispute takes of each party'),
  expiresAt: timeSchema,
  submitBy: timeSchema.describe('latest time to submit'),
  fundedAt: timeSchema.nullable(),
  submittedAt: timeSchema.nullable(),
  deliverable: digest.nullable(),
  payout: addressSchema.nullable(),
  description: z.string(),
  dispute: dispute.nullable(),
  step: step.nullable().describe('what comes next; null if the job has ended'),
});
export type JobDocument = z.infer<typeof jobSchema>;

export const jobListSchema = z.object({ jobs: z.array(jobSchema) });
export type JobList = z.infer<typeof jobListSchema>;

export const marketQuerySchema = z.object({
  token: addressSchema.optional().describe('by default that of the network'),
});
export type MarketQuery = z.input<typeof marketQuerySchema>;

export const marketSchema = z.object({
  account: addressSchema,
  commerce: addressSchema.describe('contract of jobs (ERC-8183)'),
  evaluator: addressSchema.describe('contract that completes a job unless a dispute is upheld'),
  token: z
    .object({ token: addressSchema, symbol: z.string().nullable(), decimals: decimalsSchema })
    .describe('that was asked for'),
  stakeToken: addressSchema,
  seatStake: amountSchema,
  windowSeconds: z.number().int().describe('in which a submission can be disputed'),
  stepSeconds: z.number().int().describe('of each step of a dispute'),
  decisionSeconds: z.number().int().describe('from a submission to the end of the last step'),
  seats: z.number().int().describe('of all validators'),
  seat: z
    .object({ agentId: agentIdSchema, takenAt: timeSchema })
    .nullable()
    .describe("of this node's identity"),
  owed: z.object({
    payments: z.array(tokenAmountSchema),
    bonds: z.array(tokenAmountSchema).describe('of disputes that this node won or voted in'),
  }),
  waiting: z.number().int().describe('jobs that wait for this node'),
});
export type MarketDocument = z.infer<typeof marketSchema>;

export const jobRequestSchema = z.strictObject({
  provider: addressSchema.optional().describe('may be chosen later'),
  evaluator: z
    .union([z.enum(['validators', 'client']), addressSchema])
    .default('validators')
    .describe('who completes or rejects the job'),
  token: addressSchema.optional().describe('by default that of the network'),
  budget: amountSchema,
  seconds: z.number().int().min(1).max(31_536_000).describe('until the job expires'),
  description: z.string().min(1).max(1024),
  fund: z.boolean().default(false).describe('pay the budget into escrow at once; takes a provider'),
});
export type JobRequest = z.input<typeof jobRequestSchema>;

export const jobActionSchema = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('set-provider'), provider: addressSchema }),
  z.strictObject({ action: z.literal('set-budget'), budget: amountSchema }),
  z.strictObject({ action: z.literal('fund'), budget: amountSchema.describe('that is agreed to') }),
  z.strictObject({
    action: z.literal('submit'),
    deliverable: digest,
    payout: z
      .union([addressSchema, z.strictObject({ agentId: agentIdSchema })])
      .optional()
      .describe('where to be paid: an address, or the till of an agent'),
  }),
  z.strictObject({ action: z.literal('complete') }),
  z.strictObject({ action: z.literal('reject'), reason: digest.optional() }),
  z.strictObject({ action: z.literal('dispute'), grounds: digest.optional() }),
  z.strictObject({ action: z.literal('defend'), answer: digest.optional() }),
  z.strictObject({ action: z.literal('draw') }),
  z.strictObject({ action: z.literal('vote'), vote: z.enum(JOB_VOTES) }),
  z.strictObject({ action: z.literal('reveal') }),
  z.strictObject({ action: z.literal('settle') }),
  z.strictObject({ action: z.literal('refund') }),
]);
export type JobAction = z.input<typeof jobActionSchema>;

/** Most bytes of a file of a job that the API takes or gives. */
export const MAX_JOB_FILE_BYTES = 64 * 2 ** 20;

export const jobFileQuerySchema = z.object({ name: z.string().min(1).max(200) });

export const jobFileSchema = z.object({
  digest: digest.describe('names the file on chain'),
  name: z.string(),
  bytes: z.number().int(),
});
export type JobFile = z.infer<typeof jobFileSchema>;

/** `order`: what a job of an offer is about; others than its parties can read it once the job is disputed. */
export const JOB_FILES = ['deliverable', 'grounds', 'answer', 'order'] as const;

export const jobFileOfSchema = z.object({ jobId: jobIdSchema, file: z.enum(JOB_FILES) });

export const seatRequestSchema = z.strictObject({ take: z.boolean() });
export type SeatRequest = z.input<typeof seatRequestSchema>;

export const marketWithdrawnSchema = z.object({
  withdrawn: z.array(
    tokenAmountSchema.extend({ what: z.enum(['payments', 'bonds']), transaction: z.string() }),
  ),
});
export type MarketWithdrawn = z.infer<typeof marketWithdrawnSchema>;
