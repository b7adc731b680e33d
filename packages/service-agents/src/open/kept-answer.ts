import { ChorusError, decodeTranscript, reasonOf, type Transcript } from '@chorus/protocol';
import { z } from 'zod';

const keptSchema = z.looseObject({
  format: z.literal('chorus-answer/1'),
  agent: z.looseObject({ name: z.string(), did: z.string().nullable(), url: z.string() }),
  /** What was asked; null if that is not known. */
  question: z.string().nullable(),
  /** The answer as it was read; null if that is not known. */
  text: z.string().nullable(),
  receipt: z.string(),
  transcript: z.unknown(),
});

/** An answer with its receipt, as `chorus agent call --receipt` keeps it in a file. */
export interface KeptAnswer {
  format: 'chorus-answer/1';
  agent: { name: string; did: string | null; url: string };
  question: string | null;
  text: string | null;
  /** A compact JWS. */
  receipt: string;
  transcript: Transcript;
}

/**
 * Reads an answer that was kept.
 * @throws ChorusError `E_AGENT_TRANSCRIPT` if it is not one
 */
export function readKeptAnswer(text: string): KeptAnswer {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw notOne('it is not JSON', cause);
  }
  const parsed = keptSchema.safeParse(json);
  if (!parsed.success) {
    throw notOne(reasonOf(parsed.error), parsed.error);
  }
  const bytes = new TextEncoder().encode(JSON.stringify(parsed.data.transcript) ?? '');
  return { ...parsed.data, transcript: decodeTranscript(bytes) };
}

/** The same answer as the text of a file. */
export const keptAnswerText = (answer: KeptAnswer): string => `${JSON.stringify(answer)}\n`;

function notOne(reason: string, cause: unknown): ChorusError {
  return new ChorusError('E_AGENT_TRANSCRIPT', 'this is not an answer with its receipt', {
    facts: { reason: reason.slice(0, 200) },
    hint: 'keep one with: chorus agent call TARGET TEXT --receipt FILE',
    cause,
  });
}
