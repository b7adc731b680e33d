import { isPlainLine, type ValueSchema, valueSchema } from '@chorus/protocol';
import { z } from 'zod';
import { MAX_OFFER_SECONDS, MAX_OFFERS, MAX_OFFERS_BYTES, MAX_OPEN_JOBS } from './limits.ts';
import { price } from './price-schema.ts';

const line = (most: number) =>
  z.string().min(1).max(most).refine(isPlainLine, 'must be one line of printable text');

/** Checked by `valueSchema` of the protocol; JSON Schema for editors says no more than that it is an object. */
const schemaOf = (what: string) =>
  z
    .record(z.string().max(64), z.unknown())
    .superRefine((given, context) => {
      for (const { path, message } of valueSchema.safeParse(given).error?.issues ?? []) {
        context.addIssue({ code: 'custom', path: [...path], message });
      }
    })
    .transform((given) => given as ValueSchema)
    .describe(what);

const TIME = /^([1-9]\d{0,5})([smhd])$/;
const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

const within = z
  .string()
  .regex(TIME, 'must be a time such as 30s, 10m, 2h or 3d')
  .transform((text) => {
    const [, count, unit] = TIME.exec(text) as unknown as [string, string, keyof typeof SECONDS];
    return Number(count) * SECONDS[unit];
  })
  .refine((seconds) => seconds <= MAX_OFFER_SECONDS, 'must be at most 30d');

const offer = z
  .strictObject({
    id: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'must be lower-case letters, digits and dashes')
      .describe('Its name in jobs and commands, such as chart'),
    name: line(80).optional().describe('Default: the id'),
    description: line(500).describe('What is delivered, for those who look for it'),
    kind: z
      .enum(['job', 'call'])
      .default('job')
      .describe(
        'job: the price waits in escrow until the work is delivered; call: a call of the agent, paid as price says',
      ),
    price: price.optional().describe('Of a job, such as 2 CHOR. A call costs what price of the file says'),
    within: within.describe('Promised time from the paid order to the deliverable, such as 10m or 2h'),
    input: schemaOf('JSON Schema of what the client gives; others are refused. Default: a text').optional(),
    deliverable: schemaOf(
      'JSON Schema of what is delivered, which is checked before it is submitted. Default: the text of the answer, or its file',
    ).optional(),
    open: z
      .number()
      .int()
      .min(1)
      .max(MAX_OPEN_JOBS)
      .default(1)
      .describe('Jobs of this offer that may be open at the same time; further ones are not taken'),
  })
  .refine(({ kind, price }) => (kind === 'job') === (price !== undefined), {
    path: ['price'],
    message: 'belongs to a job, and each job has one; a call costs what price of the file says',
  });

/** What an agent does for a price that is known before, as jobs in escrow or as calls. */
export const offers = z
  .array(offer)
  .min(1)
  .max(MAX_OFFERS)
  .refine((list) => new Set(list.map(({ id }) => id)).size === list.length, 'must have different ids')
  .refine(
    (list) => Buffer.byteLength(JSON.stringify(list)) <= MAX_OFFERS_BYTES,
    `must have at most ${MAX_OFFERS_BYTES} bytes together, their schemas included`,
  )
  .describe('Standing offers: what the agent does, for which price, within which time (chorus market offer)');
