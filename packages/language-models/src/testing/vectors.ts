import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { randomTexts, WRITTEN } from './tricky-texts.ts';

/** What llama.cpp gives for the tiny models of {@link familyModel}: written and held by `llama-cpp.soak.ts`. */
export interface Vectors {
  /** By the name of the splitting: of each written text a digest of its tokens, and one of all random texts. */
  readonly splittings: Readonly<Record<string, { written: readonly string[]; random: string }>>;
  /** By the name of the family. */
  readonly families: Readonly<Record<string, FamilyVectors>>;
}

/** What one family gives. */
export interface FamilyVectors {
  /** A prompt, and the most likely tokens after it. */
  readonly tokens: readonly number[];
  /** How many of the tokens are the prompt. */
  readonly prompt: number;
  /** Scores of some tokens after some places, with weights in float32 and in Q8_0. */
  readonly scores: Readonly<Record<'F32' | 'Q8_0', readonly Score[]>>;
}
/** The score of a token after the token at a place. */
export type Score = readonly [place: number, token: number, score: number];

/** Where the vectors are. */
export const VECTORS = new URL('llama-cpp.json', import.meta.url);

/** The vectors of the repository. */
export const readVectors = (): Vectors => JSON.parse(readFileSync(VECTORS, 'utf8'));

const digestOf = (ids: unknown): string => createHash('sha256').update(JSON.stringify(ids)).digest('hex');

/** What a tokenizer gives for the texts. */
export function splittingVectors(encode: (text: string) => readonly number[]): Vectors['splittings'][string] {
  return {
    written: WRITTEN.map((text) => digestOf(encode(text)).slice(0, 12)),
    random: digestOf(randomTexts(5, 500).map(encode)),
  };
}
