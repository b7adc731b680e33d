import { z } from 'zod';
import { offerSchema } from './offers.ts';
import { addressSchema, amountSchema, decimalsSchema, noticeSchema, timeSchema } from './values.ts';

const count = z.number().int().nonnegative();

export const agentNameSchema = z
  .string()
  .regex(/^[a-z0-9-]{1,40}$/, 'must be the name of an agent: lower-case letters, digits and hyphens')
  .describe('name of the agent in addresses');

export const agentSchema = z.object({
  name: agentNameSchema,
  title: z.string().describe('its name as the file has it'),
  description: z.string(),
  version: z.string().nullable().describe('null until its file was read'),
  file: z.string().describe('the agent file'),
  state: z.enum(['starting', 'serving', 'failed']),
  problem: noticeSchema.nullable().describe('why it is not served; it is tried again'),
  model: z
    .object({ kind: z.enum(['chat', 'classifier', 'text', 'embedding', 'agent']), name: z.string() })
    .nullable(),
  tools: z
    .array(
      z.object({
        server: z.string().describe('host or command'),
        name: z.string(),
        state: z.enum(['first seen', 'accepted', 'new', 'changed', 'gone']),
      }),
    )
    .describe('tools of its servers; the model may call those that are accepted'),
  urls: z
    .object({
      http: z.string().nullable().describe('at the gateway; null if that is switched off'),
      libp2p: z.string().nullable(),
    })
    .describe('where others call it; its card is below'),
  price: z
    .object({
      text: z.string().describe('such as 0.02 CHOR'),
      token: addressSchema,
      symbol: z.string(),
      decimals: z.number().int(),
      amount: amountSchema,
    })
    .nullable()
    .describe('what a call costs; null: nothing, or not known until it is served'),
  offers: z
    .array(offerSchema)
    .describe('what it does for a price that is known before; none until it is served'),
  earned: z
    .array(
      z.object({
        token: addressSchema,
        symbol: z.string().nullable(),
        decimals: decimalsSchema,
        amount: amountSchema,
        calls: count,
      }),
    )
    .describe('what it was paid, since ever'),
  since: timeSchema.nullable().describe('when it was opened; null while it is not served'),
  identity: z
    .object({
      agentId: z.string().describe('ERC-8004'),
      retired: z.boolean().describe('it is no longer announced'),
    })
    .nullable()
    .describe('its identity on chain; null until it is registered'),
  load: z.object({ tasks: count, streams: count }).describe('tasks that run or wait, and open event streams'),
  answers: z
    .object({
      completed: count,
      'input-required': count,
      rejected: count,
      cancelled: count,
      failed: count,
    })
    .describe('requests that have ended since the node started'),
});
export type AgentDocument = z.infer<typeof agentSchema>;

export const agentListSchema = z.object({ agents: z.array(agentSchema) });
export type AgentList = z.infer<typeof agentListSchema>;

export const agentLogQuerySchema = z.object({
  most: z.coerce.number().int().min(1).max(2_000).default(100).describe('the latest lines'),
  after: z.coerce.number().int().min(0).default(0).describe('only lines after the one with this id'),
});
export type AgentLogQuery = z.output<typeof agentLogQuerySchema>;

export const agentLogSchema = z.object({
  lines: z.array(
    z.object({
      id: z.number().int().describe('grows with time'),
      at: timeSchema,
      level: z.enum(['debug', 'info', 'warn', 'error']),
      text: z.string(),
    }),
  ),
});
export type AgentLogDocument = z.infer<typeof agentLogSchema>;

const callerSchema = z.string().min(1).max(200).describe('a caller as the notes have it: peer:<peer id>');

export const memoryQuerySchema = z.object({ caller: callerSchema.optional() });
export type MemoryQuery = z.infer<typeof memoryQuerySchema>;

export const agentMemorySchema = z.object({
  callers: z
    .array(
      z.object({ caller: z.string(), notes: count, last: timeSchema.describe('when the last was written') }),
    )
    .describe('callers that the agent has notes of, or the one that was asked for'),
  notes: z
    .array(z.object({ id: z.string(), text: z.string(), written: timeSchema }))
    .nullable()
    .describe('notes of the caller that was asked for, the latest first; null without one'),
});
export type AgentMemory = z.infer<typeof agentMemorySchema>;

export const forgottenSchema = z.object({ forgotten: count.describe('notes that were deleted') });
export type Forgotten = z.infer<typeof forgottenSchema>;

export const agentStartRequestSchema = z.strictObject({
  file: z.string().min(1).max(4_096).describe('absolute path of the agent file, on the machine of the node'),
  name: agentNameSchema.optional().describe('default: made of the title in the file'),
  acceptTools: z
    .boolean()
    .optional()
    .describe('the owner accepts what the tools say of themselves now; default: they must be as they were'),
});
export type AgentStartRequest = z.infer<typeof agentStartRequestSchema>;
