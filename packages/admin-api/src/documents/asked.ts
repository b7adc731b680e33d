import { z } from 'zod';

/** Files of one question, and bytes of all of them together. */
const MAX_FILES = 4;
export const MAX_ASKED_FILE_BYTES = 1024 * 1024;
const MAX_BASE64 = 4 * Math.ceil(MAX_ASKED_FILE_BYTES / 3);

const askedFileSchema = z.strictObject({
  name: z.string().min(1).max(200),
  mediaType: z
    .string()
    .max(100)
    .regex(/^[\w.+-]+\/[\w.+-]+$/, 'must be a media type'),
  data: z.base64().max(MAX_BASE64),
});

/** A question to an agent, of this node or of another, that this node asks for its owner. */
export const askRequestSchema = z
  .strictObject({
    agent: z
      .string()
      .min(1)
      .max(2_048)
      .describe('number of an agent of the network, whose identity is checked first, or its address'),
    text: z.string().max(12_000),
    files: z.array(askedFileSchema).max(MAX_FILES).optional().describe('of a megabyte together at most'),
    request: z
      .string()
      .min(16)
      .max(128)
      .describe('chosen by the caller: a question that is repeated under the same one is not paid twice'),
    context: z.string().min(1).max(200).optional().describe('go on with this conversation'),
    task: z.string().min(1).max(200).optional().describe('answer what this task has asked'),
    pay: z.string().min(1).max(100).optional().describe('most to pay, such as 0.05 CHOR; default: nothing'),
    approved: z.boolean().default(false).describe('its user has said yes to the price'),
  })
  .refine(({ text, files = [] }) => text !== '' || files.length > 0, 'there must be a text or a file')
  .refine(
    ({ files = [] }) => files.reduce((sum, { data }) => sum + data.length, 0) <= MAX_BASE64,
    'the files are too large together',
  );
export type AskRequest = z.input<typeof askRequestSchema>;

const usage = z.number().nullable();

/** What an agent answers, part by part; the last one ends the answer, or asks. Readers ignore other types. */
export const askedEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('task'), taskId: z.string(), contextId: z.string() }),
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('data'), name: z.string(), value: z.unknown() }),
  z.object({
    type: z.literal('file'),
    name: z.string().nullable(),
    mediaType: z.string(),
    bytes: z.number(),
  }),
  z.object({ type: z.literal('tool'), name: z.string(), state: z.string(), detail: z.string() }),
  z.object({
    type: z.literal('citations'),
    citations: z.array(
      z.object({
        number: z.number(),
        source: z.string(),
        place: z.string().nullable(),
        quote: z.string(),
      }),
    ),
  }),
  z.object({
    type: z.literal('completed'),
    usage: z.object({ inputTokens: usage, outputTokens: usage }),
  }),
  z.object({ type: z.literal('input-required'), question: z.string() }),
  z.object({ type: z.literal('rejected'), reason: z.string() }),
  z.object({ type: z.literal('failed'), reason: z.string() }),
  z.object({ type: z.literal('cancelled') }),
  z
    .object({
      type: z.literal('problem'),
      code: z.string(),
      message: z.string(),
      hint: z.string().nullable(),
    })
    .describe('the agent could not be asked, or its answer broke off'),
]);
export type AskedEvent = z.infer<typeof askedEventSchema>;
