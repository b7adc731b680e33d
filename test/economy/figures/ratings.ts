import { type Reputation, reputationOf } from '@chorus/directory';
import type { Address, Feedback, Hex } from '@chorus/protocol';

/** One whole token, in units that are small enough for the fees of all parties here. */
export const TOKEN = 1_000_000n;
/** Of the network. */
const FEE_BPS = 100;
const NOW = 2_000_000_000;

/** A party that pays for calls of an agent, and rates each payment alike. */
export interface Party {
  /** What it pays in all, in whole tokens. */
  tokens: number;
  /** 0 to 100. */
  rating: number;
  /** Accounts that it divides the sum among. */
  names?: number;
}

const hex = (n: number, digits: number): Hex => `0x${n.toString(16).padStart(digits, '0')}`;

/** The reputation of an agent that these parties have paid and rated: by the code that nodes order agents with. */
export function ratedBy(parties: readonly Party[]): Reputation {
  let account = 0;
  const all = parties.flatMap(({ tokens, rating, names = 1 }) =>
    Array.from({ length: names }, () => {
      const client = hex(++account, 40) as Address;
      const transaction = hex(account, 64);
      const feedback: Feedback = {
        ...{ client, index: 1n, value: BigInt(rating), decimals: 0, tag1: 'starred', tag2: '' },
        ...{ endpoint: '', uri: '', digest: hex(0, 64), block: 1, transaction },
      };
      const proof = { from: client, to: hex(0, 40) as Address, chainId: 1, transaction };
      const amount = BigInt(Math.round((tokens * Number(TOKEN)) / names));
      return { feedback, claim: { feedback, rating, proof }, payment: { at: NOW, amount } };
    }),
  );
  return reputationOf(all, { feeBps: FEE_BPS, unit: TOKEN, now: NOW });
}

export interface RatingRow {
  what: string;
  parties: Party[];
  /** What of the parties' payments is gone for who tries this: the fee, or all of it; in whole tokens. */
  cost: (party: Party) => number;
}

const FEE = FEE_BPS / 10_000;
const honest: Party = { tokens: 100, rating: 80, names: 20 };

/** Ways to move the rating of an agent, the last party of each being the one that tries. */
export const RATING_ROWS: readonly RatingRow[] = [
  {
    what: 'twenty honest callers that paid 100 tokens together and give 80',
    parties: [honest],
    cost: () => 0,
  },
  {
    what: 'an owner that pays a new agent of its own 10 tokens and gives 100',
    parties: [{ tokens: 10, rating: 100 }],
    cost: ({ tokens }) => tokens * FEE,
  },
  {
    what: 'the same under 1,000 names',
    parties: [{ tokens: 10, rating: 100, names: 1_000 }],
    cost: ({ tokens }) => tokens * FEE,
  },
  {
    what: 'the same with 1,000 tokens',
    parties: [{ tokens: 1_000, rating: 100 }],
    cost: ({ tokens }) => tokens * FEE,
  },
  {
    what: 'a rival that gives the first agent 0 for 1 token',
    parties: [honest, { tokens: 1, rating: 0 }],
    cost: ({ tokens }) => tokens,
  },
  {
    what: 'a rival that wants the first agent at 40',
    parties: [honest, { tokens: 101, rating: 0 }],
    cost: ({ tokens }) => tokens,
  },
  {
    what: 'an owner that lifts an agent that its callers gave 20 for 100 tokens to 80',
    parties: [
      { tokens: 100, rating: 20, names: 20 },
      { tokens: 301, rating: 100 },
    ],
    cost: ({ tokens }) => tokens * FEE,
  },
];
