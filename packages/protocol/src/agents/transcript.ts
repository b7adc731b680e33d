import canonicalize from 'canonicalize';
import { z } from 'zod';
import { sha256Hex } from '../cid.ts';
import { ChorusError } from '../errors.ts';

/** Most likely tokens that a transcript lists at each place: those few that a cheaper model ranks differently. */
export const LISTED_TOKENS = 8;

/** Parts of a nat in which a transcript says how much less likely a token is than the likeliest. */
export const NAT_PARTS = 1024;

/** Tokens of a prompt, and of an answer: more than a model of this version takes. */
const MAX_TOKENS = 131_072;

/** Letters of a schema: what constraints take. */
const MAX_SCHEMA = 16_384;

/** A transcript with as many tokens takes 18 MB; one of 32,768, which is the default limit of a context, 4.5 MB. */
export const MAX_TRANSCRIPT_BYTES = 20 * 1024 * 1024;

const token = z
  .int()
  .nonnegative()
  .max(2 ** 31);
const tokens = z.array(token).max(MAX_TOKENS);
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256: and 64 hexadecimal digits');

/** Which model wrote, by the digests of its files. */
const modelSchema = z.strictObject({
  /** The GGUF file. */
  base: digest,
  /** The adapter's GGUF file that was folded in; null: none. */
  adapter: digest.nullable(),
  /** How the weights were stored: products of 8 bits differ from those of float32 in the last bits. */
  weights: z.enum(['int8', 'float32']),
});

const samplingSchema = z.strictObject({
  temperature: z.number().min(0).max(100),
  topK: z
    .int()
    .min(0)
    .max(2 ** 31),
  topP: z.number().min(0).max(1),
  minP: z.number().min(0).max(1),
  repetitionPenalty: z.number().min(0.01).max(100),
  presencePenalty: z.number().min(-100).max(100),
  frequencyPenalty: z.number().min(-100).max(100),
  /** Added to the logits of single tokens. */
  logitBias: z.array(z.tuple([token, z.number().min(-1e6).max(1e6)])).max(1024),
  /** Decides, with the place of a token, the number by which it was drawn. */
  seed: z.int().nonnegative().max(Number.MAX_SAFE_INTEGER),
});

/** Tools of one request, as chat endpoints bound them. */
const MAX_TOOLS = 128;

/** What a model could ask to have called: it decides which tokens could come. Their descriptions are in the prompt. */
const callsSchema = z.strictObject({
  tools: z
    .array(
      z.strictObject({
        name: z.string().max(64),
        inputSchema: z.record(z.string(), z.unknown()),
        strict: z.boolean(),
      }),
    )
    .min(1)
    .max(MAX_TOOLS),
  choice: z.union([z.enum(['auto', 'required']), z.strictObject({ name: z.string().max(64) })]),
  parallel: z.boolean(),
});

const transcriptSchema = z
  .strictObject({
    format: z.literal('chorus-transcript/1'),
    /** 16 random bytes: no one finds out by its digest what a transcript says. */
    salt: z.string().regex(/^[0-9a-f]{32}$/),
    model: modelSchema,
    /** Tokens that the model was shown, and those that it wrote, with the one that ended the answer. */
    prompt: tokens.min(1),
    answer: tokens.min(1),
    sampling: samplingSchema,
    /** A JSON Schema, as JSON, that the answer was held to; null: none. */
    schema: z.string().max(MAX_SCHEMA).nullable(),
    /** Tools that the answer could ask to have called; absent: none. */
    calls: callsSchema.optional(),
    /** Texts that end an answer. */
    stop: z.array(z.string().min(1).max(1024)).max(16),
    /** Most tokens of the answer. */
    most: z.int().min(1).max(Number.MAX_SAFE_INTEGER),
    /** Most tokens of prompt and answer. */
    context: z.int().min(2).max(MAX_TOKENS),
    reason: z.enum(['stop', 'length']),
    /**
     * At each place of the answer the tokens that the model found likeliest, before `sampling` changed anything, and how
     * much less likely than the first one each is, in 1/1024 of a nat.
     */
    likeliest: z
      .array(
        z.strictObject({
          ids: z.array(token).length(LISTED_TOKENS),
          below: z
            .array(
              z
                .int()
                .nonnegative()
                .max(2 ** 31),
            )
            .length(LISTED_TOKENS),
        }),
      )
      .max(MAX_TOKENS),
  })
  .refine(({ likeliest, answer }) => likeliest.length === answer.length, {
    path: ['likeliest'],
    message: 'must have an entry for each token of the answer',
  });

/**
 * What a language model read and wrote, with all that decides it: anyone who has the model can do it again, and compare.
 * It shows the whole prompt, instructions included.
 */
export type Transcript = z.infer<typeof transcriptSchema>;

/** The files of a language model, and the form of its weights. */
export type ModelIdentity = Transcript['model'];

/** A transcript as canonical JSON (RFC 8785): the bytes that are hashed. */
export function encodeTranscript(transcript: Transcript): Uint8Array {
  return new TextEncoder().encode(canonicalize(transcript));
}

/** `sha256:` and the digest of the bytes. */
export const transcriptDigest = (bytes: Uint8Array): string => `sha256:${sha256Hex(bytes).slice(2)}`;

/**
 * Reads a transcript that someone else has written.
 * @throws ChorusError `E_AGENT_TRANSCRIPT` if it is not one, or is too long
 */
export function decodeTranscript(bytes: Uint8Array): Transcript {
  const refuse = (cause: unknown, reason: string) =>
    new ChorusError('E_AGENT_TRANSCRIPT', 'this is not the transcript of an answer', {
      facts: { reason: reason.slice(0, 200) },
      hint: 'ask the agent for it again',
      cause,
    });
  if (bytes.length > MAX_TRANSCRIPT_BYTES) throw refuse(undefined, `it has ${bytes.length} bytes`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw refuse(cause, 'it is not JSON');
  }
  const parsed = transcriptSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw refuse(parsed.error, `${path.join('.')}: ${message}`);
}
