import type { AgentMessage, EngineFacts } from '@chorus/protocol';
import { z } from 'zod';
import { MAX_IMAGE_LENGTH, MAX_MESSAGE_LENGTH } from '../limits.ts';

/** What a client sends to the tool. */
export interface AskInput {
  message?: string | undefined;
  /** A JSON value. */
  data?: unknown;
  image?: { data: string; mediaType: string } | undefined;
}

/** The input of the tool: it has only what the agent's model reads, so that a client sends nothing else. */
export function askSchema({
  kind,
  inputModes,
  details,
}: Pick<EngineFacts, 'kind' | 'inputModes' | 'details'>): z.ZodType<AskInput> {
  const readsSamples = kind === 'classifier';
  const images = inputModes.filter((mode) => mode.startsWith('image/'));
  const message = z.string().max(MAX_MESSAGE_LENGTH).describe('What to ask the agent.');
  const sample = z
    .array(z.unknown())
    .describe(`One sample: its numbers as a list, which may be nested. Its shape is ${details.input}.`);
  const all = z.strictObject({
    message: readsSamples ? message.optional() : message,
    data: (readsSamples
      ? sample
      : z.unknown().describe('A JSON value that belongs to the message.')
    ).optional(),
    image: z
      .strictObject({
        data: z.string().max(MAX_IMAGE_LENGTH).describe('The image file in base64.'),
        mediaType: z.enum(images),
      })
      .describe('An image for the agent to read.')
      .optional(),
  });
  return all.omit({
    ...(inputModes.includes('application/json') ? {} : { data: true }),
    ...(images.length > 0 ? {} : { image: true }),
  });
}

/** The input as a message of the caller. Whether the model can read it is for its engine to say. */
export function messageOf({ message = '', data, image }: AskInput): AgentMessage {
  return {
    from: 'caller',
    text: message,
    files: image
      ? [{ name: null, mediaType: image.mediaType, bytes: Buffer.from(image.data, 'base64') }]
      : [],
    data: data === undefined ? [] : [data],
  };
}
