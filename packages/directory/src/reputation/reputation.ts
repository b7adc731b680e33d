import type { Address, Feedback, Hex } from '@chorus/protocol';
import { type PaymentProof, paymentProof, ratingOf } from './feedback-file.ts';

/** Why feedback does not count. */
export type Uncounted =
  /** No rating from 0 to 100. */
  | 'no rating'
  /** It names no payment of its giver to the agent's till. */
  | 'no payment named'
  /** The chain has no such payment in the token that counts. */
  | 'payment not found'
  /** The same client gave other feedback about the same payment later. */
  | 'replaced';

/** Feedback that may count, once the chain has its payment. */
export interface Claimed {
  feedback: Feedback;
  rating: number;
  proof: PaymentProof;
}

/** Feedback, and what it says and is worth. */
export interface JudgedFeedback {
  client: Address;
  index: bigint;
  /** 0 to 100; null if it is no rating. */
  rating: number | null;
  transaction: Hex;
  /** What was paid for what it is about, in the token's smallest unit. */
  paid: bigint;
  /** When that was paid, unix seconds. */
  paidAt: number | null;
  /** Its part of all weight that counts, 0 to 1. */
  part: number;
  /** Null if it counts. */
  uncounted: Uncounted | null;
}

/** What those who paid an agent say of it. */
export interface Reputation {
  /** 0 to 100; 50 for an agent of which nothing is known. */
  score: number;
  /** Accounts whose feedback counts. */
  raters: number;
  /** What they paid for what they rated, in the token's smallest unit, and the fee that this costs. */
  paid: bigint;
  fee: bigint;
  feedback: JudgedFeedback[];
}

/** Score of an agent without feedback. */
export const NEUTRAL = 50;

/** After this the weight of a rating has halved, seconds. */
export const HALF_LIFE_SECONDS = 90 * 86_400;

/**
 * Whether feedback may count: it is a rating, and names a payment by who gave it to the agent's till on this chain.
 * @param payTo the agent's till: payments to other accounts cost no fee
 */
export function claimedBy(
  feedback: Feedback,
  { payTo, chainId }: { payTo: Address; chainId: number },
): Claimed | Uncounted {
  const rating = ratingOf(feedback);
  if (rating === null) return 'no rating';
  const proof = paymentProof(feedback);
  const isOurs =
    proof !== null && proof.from === feedback.client && proof.to === payTo && proof.chainId === chainId;
  return isOurs ? { feedback, rating, proof } : 'no payment named';
}

export interface ReputationTerms {
  /** The network's fee on payments to tills, hundredths of a percent. */
  feeBps: number;
  /** One whole token: the fee on payments of this sum weighs as much as the neutral score does. */
  unit: bigint;
  /** Unix seconds. */
  now: number;
}

/**
 * The reputation of an agent. A rating weighs what the fee on the payment it is about cost, halved every 90 days; a
 * neutral score weighs as much as the fee on one whole token. Weights add up, so it is the same whether one account pays
 * a sum or many do: names are of no use. To praise an agent falsely costs the fee, to slander it what it is paid.
 *
 * A pure function. Not guaranteed: that the payer is not the owner under another name.
 *
 * @param all feedback in the order of the chain; `payment` null if it was not looked for, or the chain does not have it
 */
export function reputationOf(
  all: readonly {
    feedback: Feedback;
    claim: Claimed | Uncounted;
    payment: { at: number; amount: bigint } | null;
  }[],
  { feeBps, unit, now }: ReputationTerms,
): Reputation {
  const last = new Map<string, number>();
  for (const [i, { claim }] of all.entries()) {
    if (typeof claim === 'object') last.set(keyOf(claim), i);
  }
  const judged = all.map(({ feedback, claim, payment }, i) => {
    const uncounted = uncountedOf(claim, payment, typeof claim === 'object' && last.get(keyOf(claim)) !== i);
    const paid = uncounted === null ? payment!.amount : 0n;
    return {
      feedback,
      paid,
      paidAt: payment?.at ?? null,
      uncounted,
      weight: weightOf(paid, payment?.at ?? now, now),
    };
  });
  const neutral = Number(unit);
  // Without a fee nothing is at stake, and nothing counts.
  const total = feeBps > 0 ? judged.reduce((sum, { weight }) => sum + weight, 0) : 0;
  const rated = judged.reduce((sum, { feedback, weight }) => sum + weight * (ratingOf(feedback) ?? 0), 0);
  const paid = judged.reduce((sum, each) => sum + each.paid, 0n);
  const score = total === 0 ? NEUTRAL : (NEUTRAL * neutral + rated) / (neutral + total);
  return {
    score: Math.round(score * 10) / 10,
    raters: new Set(
      judged.flatMap(({ uncounted, feedback }) => (uncounted === null ? [feedback.client] : [])),
    ).size,
    paid,
    fee: (paid * BigInt(feeBps)) / 10_000n,
    feedback: judged.map(({ feedback, weight, ...rest }) => ({
      client: feedback.client,
      index: feedback.index,
      rating: ratingOf(feedback),
      transaction: feedback.transaction,
      paid: rest.paid,
      paidAt: rest.paidAt,
      part: total === 0 ? 0 : weight / total,
      uncounted: rest.uncounted,
    })),
  };
}

function uncountedOf(
  claim: Claimed | Uncounted,
  payment: { amount: bigint } | null,
  isReplaced: boolean,
): Uncounted | null {
  if (typeof claim === 'string') return claim;
  if (isReplaced) return 'replaced';
  return payment === null || payment.amount === 0n ? 'payment not found' : null;
}

/** One payment counts once for each who made it. */
const keyOf = ({ proof, feedback }: Claimed): string => `${feedback.client} ${proof.transaction}`;

/** In units of the token: the fee is the same part of each, and cancels out. */
function weightOf(paid: bigint, at: number, now: number): number {
  return Number(paid) * 2 ** (-Math.max(0, now - at) / HALF_LIFE_SECONDS);
}
