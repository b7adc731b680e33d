import type { Parked } from './key-values.ts';
import { common, type Prefixes, SHORTEST } from './prefixes.ts';

/** What need not be read of a text. */
interface Beginning {
  /** Tokens; 0 if it is too short to be of use. */
  length: number;
  /** Where its keys and values are: parked, or in the slot of another text. */
  parked: Parked | null;
  from: number | null;
}

/**
 * The longest beginning of a text that was read for another one.
 *
 * @param others texts that are being written, by their slots
 */
export function longestBeginning(
  tokens: readonly number[],
  prefixes: Prefixes,
  others: readonly { tokens: readonly number[]; read: number }[],
): Beginning {
  // The last token is read in any case: what follows it is asked for.
  const prompt = tokens.slice(0, -1);
  const kept = prefixes.find(prompt);
  const lengths = others.map((other) => Math.min(common(prompt, other.tokens), other.read));
  const length = Math.max(kept?.length ?? 0, ...lengths);
  if (length < SHORTEST) return { length: 0, parked: null, from: null };
  return kept?.length === length
    ? { length, parked: kept.parked, from: null }
    : { length, parked: null, from: lengths.indexOf(length) };
}
