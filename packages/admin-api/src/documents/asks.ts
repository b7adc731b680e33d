import { z } from 'zod';
import { agentIdSchema } from './agent-id.ts';
import { jobIdSchema } from './market.ts';
import { addressSchema, amountSchema, noticeSchema, timeSchema } from './values.ts';

const KINDS = ['job', 'call'] as const;

export const askIdSchema = z.string().regex(/^[0-9a-f]{64}$/, 'must be the id of an ask');
export const orderIdSchema = z.uuid().describe('of an order of this node');

export const askRequestSchema = z.strictObject({
  text: z.string().min(1).max(500).describe('what is needed; every node of the network may read it'),
  skill: z.string().min(1).max(64).optional().describe('id or tag of a skill that the agent must have'),
  kind: z.enum(KINDS).optional().describe('only jobs in escrow, or only calls'),
  budget: z.string().max(100).describe('the most that it may cost, such as 2 CHOR'),
  seconds: z.number().int().min(1).max(2_592_000).describe('within which it has to be done'),
  minScore: z.number().min(0).max(100).default(0),
  trust: z
    .enum(['proven', 'rated', 'known'])
    .default('proven')
    .describe('proven: any proven identity; rated: a payer has rated it; known: it has worked for this node'),
  agentId: agentIdSchema.optional().describe('ask this agent alone'),
  waitSeconds: z.number().min(0.1).max(60).default(8).describe('how long to wait for answers'),
});
export type MarketAskRequest = z.input<typeof askRequestSchema>;

const price = z.object({ text: z.string(), units: amountSchema, token: addressSchema });

const rankedSchema = z.object({
  agentId: agentIdSchema,
  title: z.string(),
  offer: z.string(),
  offerName: z.string(),
  kind: z.enum(KINDS),
  peerId: z.string().describe('who signed the answer'),
  price: price.describe('that cannot be raised while the answer holds'),
  seconds: z.number().int().describe('promised time'),
  holdsUntil: timeSchema,
  total: z.number().describe('0 to 100: worth times trust'),
  worth: z.number(),
  trust: z.number(),
  parts: z.array(z.object({ name: z.string(), value: z.number(), weight: z.number(), says: z.string() })),
  unfit: z.string().nullable().describe('why it cannot be hired; null if it can'),
  input: z.record(z.string(), z.unknown()).nullable().describe('JSON Schema of what it takes; null: a text'),
});
export type RankedAnswer = z.infer<typeof rankedSchema>;

export const askSchema = z.object({
  askId: askIdSchema,
  text: z.string(),
  budget: price,
  seconds: z.number().int(),
  reached: z.number().int().describe('peers that this node is connected to'),
  answers: z.array(rankedSchema).describe('the best first; those that cannot be hired come last'),
  refused: z
    .array(z.object({ peerId: z.string(), agentId: agentIdSchema, why: z.string() }))
    .describe('answers that are not what they say'),
});
export type MarketAsk = z.infer<typeof askSchema>;

export const hireRequestSchema = z.strictObject({
  input: z.unknown().optional().describe('given to the one that is hired; by default the text of the ask'),
  most: amountSchema.describe("the highest price that was agreed to, in the token's smallest unit"),
});
export type HireRequest = z.input<typeof hireRequestSchema>;

export const ORDER_STATES = ['hiring', 'placed', 'taken-up', 'done', 'failed'] as const;

export const orderSchema = z.object({
  orderId: orderIdSchema,
  askId: askIdSchema,
  text: z.string(),
  state: z
    .enum(ORDER_STATES)
    .describe('placed: paid, and not taken up yet; failed: `problem` says what became of the money'),
  agentId: agentIdSchema.nullable().describe('who is hired; null until one took the order'),
  offer: z.string().nullable(),
  kind: z.enum(KINDS).nullable(),
  price: price.nullable(),
  jobId: jobIdSchema.nullable().describe('its job on chain'),
  tried: z.array(z.object({ agentId: agentIdSchema, offer: z.string(), why: z.string() })),
  answer: z
    .object({
      text: z.string(),
      data: z.array(z.unknown()),
      files: z.array(z.object({ name: z.string(), mediaType: z.string(), base64: z.string() })),
    })
    .nullable()
    .describe('of a call. A job has its deliverable: chorus market job fetch'),
  problem: noticeSchema.nullable(),
  at: timeSchema,
});
export type OrderDocument = z.infer<typeof orderSchema>;

export const orderListSchema = z.object({ orders: z.array(orderSchema) });
export type OrderList = z.infer<typeof orderListSchema>;
