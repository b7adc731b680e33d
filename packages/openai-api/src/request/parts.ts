import { z } from 'zod';
import { dataUrlSchema } from './data-url.ts';
import { MAX_PARTS } from './limits.ts';

const imageUrl = dataUrlSchema.refine(
  ({ mediaType }) => mediaType.startsWith('image/'),
  'must be an image; send other files as parts of the type "file"',
);

const partSchema = z.discriminatedUnion(
  'type',
  [
    z.object({ type: z.literal('text'), text: z.string() }),
    z.object({ type: z.literal('refusal'), refusal: z.string() }),
    z.object({ type: z.literal('image_url'), image_url: z.object({ url: imageUrl }) }),
    z.object({
      type: z.literal('file'),
      file: z.object({
        file_data: dataUrlSchema,
        filename: z.string().max(255).nullish(),
        file_id: z.null('uploaded files are not known here; send file_data').optional(),
      }),
    }),
  ],
  'must be a part of the type text, image_url or file; agents are not sent audio',
);

/** A part of a message, its file decoded. */
export type Part = z.infer<typeof partSchema>;

/** A message's content; a string is one part. */
export const contentSchema = z.preprocess(
  (content) => (typeof content === 'string' ? [{ type: 'text', text: content }] : content),
  z
    .array(z.unknown(), 'must be a string or an array of parts')
    .max(MAX_PARTS, `a message may have ${MAX_PARTS} parts`)
    // The length is checked before any part is.
    .pipe(z.array(partSchema)),
);

export const textOf = (parts: readonly Part[]): string =>
  parts
    .flatMap((part) => (part.type === 'text' ? part.text : part.type === 'refusal' ? part.refusal : []))
    .join('\n');

export const isFile = (part: Part): part is Extract<Part, { type: 'image_url' | 'file' }> =>
  part.type === 'image_url' || part.type === 'file';
