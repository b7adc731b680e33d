import { NEUTRAL } from '../reputation/reputation.ts';

/** What is known of an agent when it is compared with others. */
export interface Candidate {
  /** How well it fits the words that were searched for, 0 to 1; 1 if none were. */
  relevance: number;
  /**
   * Price of one call in the smallest unit of the token that all are compared in; null if it is free, `other` if it is
   * in another token.
   */
  price: bigint | null | 'other';
  /** The latest answer to a probe, ms. */
  latencyMs: number;
  /** What those who paid it say, 0 to 100, and how many they are; null if it is not known. */
  reputation: { score: number; raters: number } | null;
}

/** A part of a score: `value` from 0 to 1, times `weight`. */
export interface ScorePart {
  name: 'relevance' | 'reputation' | 'price' | 'speed';
  weight: number;
  value: number;
  /** Why it has this value. */
  says: string;
}

export interface Score {
  /** 0 to 100. */
  total: number;
  parts: ScorePart[];
}

const WEIGHTS = { relevance: 50, reputation: 20, price: 15, speed: 15 } as const;

/** An answer that takes this long has half the value of one that takes no time, ms. */
const HALF_SPEED_MS = 250;

/**
 * Scores of agents that are compared with each other, in their order. A pure function: equal input gives equal scores,
 * and the parts add up to the total.
 */
export function scores(candidates: readonly Candidate[]): Score[] {
  const prices = candidates.flatMap(({ price }) => (price && price !== 'other' ? price : []));
  const cheapest = prices.reduce<bigint | null>(
    (least, price) => (least === null || price < least ? price : least),
    null,
  );
  return candidates.map((candidate) => {
    const parts = partsOf(candidate, cheapest);
    const total = parts.reduce((sum, { weight, value }) => sum + weight * value, 0);
    return { total: Math.round(total * 10) / 10, parts };
  });
}

function reputationSays(reputation: Candidate['reputation']): string {
  if (!reputation?.raters) return 'no ratings by accounts that paid it';
  const { score, raters } = reputation;
  return `${score} of 100, as ${raters === 1 ? 'an account' : `${raters} accounts`} that paid it ${raters === 1 ? 'says' : 'say'}`;
}

type Part = (name: ScorePart['name'], value: number, says: string) => ScorePart;

function pricePart(part: Part, price: Candidate['price'], cheapest: bigint | null): ScorePart {
  if (price === 'other') return part('price', 0, 'in another token than this node pays with');
  if (!price || !cheapest) return part('price', 1, 'free');
  const says = price === cheapest ? 'the cheapest of those that ask a price' : 'dearer than the cheapest';
  return part('price', Number((cheapest * 1_000n) / price) / 1_000, says);
}

function partsOf(
  { relevance, price, latencyMs, reputation }: Candidate,
  cheapest: bigint | null,
): ScorePart[] {
  const part: Part = (name, value, says) => {
    const bounded = Math.min(1, Math.max(0, value));
    return { name, weight: WEIGHTS[name], value: Math.round(bounded * 1_000) / 1_000, says };
  };
  return [
    part('relevance', relevance, relevance >= 1 ? 'fits best' : 'less than the best fit'),
    part('reputation', (reputation?.score ?? NEUTRAL) / 100, reputationSays(reputation)),
    pricePart(part, price, cheapest),
    part(
      'speed',
      HALF_SPEED_MS / (HALF_SPEED_MS + Math.max(0, latencyMs)),
      `answered in ${Math.round(latencyMs)} ms`,
    ),
  ];
}
