import { z } from 'zod';
import { agentIdSchema } from './agent-id.ts';
import { addressSchema, amountSchema } from './values.ts';

const schema = z.record(z.string(), z.unknown());

export const offerSchema = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  kind: z
    .enum(['job', 'call'])
    .describe('a job with its price in escrow, or a call that is paid before it is answered'),
  price: z
    .object({ text: z.string().describe('such as 2 CHOR'), units: amountSchema, token: addressSchema })
    .nullable()
    .describe('null: it costs nothing'),
  seconds: z.number().int().describe('promised time from the paid order to the deliverable'),
  open: z.number().int().describe('jobs of it that may be open at once'),
  input: schema.nullable().describe('JSON Schema of what the client gives; null: a text'),
  deliverable: schema.nullable().describe('JSON Schema of what is delivered; null: not checked'),
});
export type OfferDocument = z.infer<typeof offerSchema>;

export const offerListSchema = z.object({
  agents: z.array(
    z.object({
      agentId: agentIdSchema,
      title: z.string(),
      peerId: z.string(),
      offers: z.array(offerSchema.omit({ input: true, deliverable: true })),
    }),
  ),
});
export type OfferList = z.infer<typeof offerListSchema>;
