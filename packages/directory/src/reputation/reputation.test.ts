import type { Address, Feedback, Hex } from '@chorus/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { paymentProof, ratingOf, ratingWords } from './feedback-file.ts';
import { claimedBy, HALF_LIFE_SECONDS, NEUTRAL, reputationOf } from './reputation.ts';

const account = (n: number): Address => `0x${n.toString(16).padStart(40, '0')}`;
const hash = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`;

const CHAIN = 31_337;
const TILL = account(0x7111);
const NOW = 2_000_000_000;
const UNIT = 1_000n;
const TERMS = { feeBps: 100, unit: UNIT, now: NOW };

const given = (
  n: number,
  rating: number,
  transaction = hash(n),
  change: Partial<Feedback> = {},
): Feedback => ({
  ...ratingWords(rating, {
    registry: { chainId: CHAIN, address: account(1) },
    agentId: 7n,
    endpoint: '',
    proof: { from: account(n), to: TILL, chainId: CHAIN, transaction },
    at: new Date(0),
  }),
  client: account(n),
  index: 1n,
  block: 1,
  transaction: hash(1_000 + n),
  ...change,
});

const paid = (feedback: Feedback, amount: bigint, at = NOW) => ({
  feedback,
  claim: claimedBy(feedback, { payTo: TILL, chainId: CHAIN }),
  payment: { at, amount },
});

describe('feedback files', () => {
  it('a rating names its payment in its own URI, as its digest says', () => {
    const feedback = given(5, 85);
    expect(ratingOf(feedback)).toBe(85);
    expect(paymentProof(feedback)).toEqual({
      ...{ from: account(5), to: TILL, chainId: CHAIN },
      transaction: hash(5),
    });
    const file = JSON.parse(Buffer.from(feedback.uri.split(',')[1]!, 'base64').toString());
    expect(file).toMatchObject({
      ...{ agentRegistry: `eip155:${CHAIN}:${account(1)}`, agentId: 7, value: 85, valueDecimals: 0 },
      clientAddress: `eip155:${CHAIN}:${account(5)}`,
      proofOfPayment: { chainId: String(CHAIN) },
    });
    expect(paymentProof({ ...feedback, digest: hash(1) })).toBeNull();
  });

  it('a file in any words of a stranger is read, or names no payment, and nothing is thrown', () => {
    const uris = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.json().map((text) => `data:application/json,${encodeURIComponent(text)}`),
      fc.json().map((text) => `data:application/json;base64,${Buffer.from(text).toString('base64')}`),
      fc.constantFrom('data:', 'data:application/json,%', 'ipfs://x', 'data:text/html,<b>'),
    );
    fc.assert(
      fc.property(uris, (uri) => {
        expect(paymentProof(given(5, 85, hash(5), { uri }))).toBeNull();
      }),
    );
  });

  it.each<[string, Partial<Feedback>, number | null]>([
    ['two decimals', { value: 8_550n, decimals: 2 }, 85.5],
    ['less than nothing', { value: -1n }, null],
    ['more than all', { value: 101n }, null],
    ['another tag', { tag1: 'uptime' }, null],
    ['decimals that the registry does not allow', { decimals: 255 }, null],
  ])('a value of %s is a rating only within 0 to 100', (_, change, expected) => {
    expect(ratingOf(given(5, 85, hash(5), change))).toBe(expected);
  });
});

describe('the reputation of an agent', () => {
  it('is neutral without feedback, and moves from there by what was paid', () => {
    expect(reputationOf([], TERMS)).toMatchObject({ score: NEUTRAL, raters: 0, paid: 0n, fee: 0n });
    // One whole token weighs as much as the neutral score.
    expect(reputationOf([paid(given(1, 100), UNIT)], TERMS)).toMatchObject({
      score: 75,
      raters: 1,
      fee: 10n,
    });
    const [little, much] = [10n, 100_000n].map((amount) =>
      reputationOf([paid(given(1, 100), amount)], TERMS),
    );
    expect(little!.score).toBe(50.5);
    expect(much!.score).toBeGreaterThan(99);
  });

  it('does not depend on how many names a sum is paid by', () => {
    const ratings = fc.array(fc.tuple(fc.nat(100), fc.bigInt({ min: 1n, max: 10n ** 6n })), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(ratings, fc.integer({ min: 1, max: 5 }), (list, names) => {
        const whole = list.map(([rating, sum], i) => paid(given(100 * i + 1, rating), sum * BigInt(names)));
        const split = list.flatMap(([rating, sum], i) =>
          Array.from({ length: names }, (_, k) => paid(given(100 * i + 1 + k, rating), sum)),
        );
        expect(reputationOf(split, TERMS).score).toBeCloseTo(reputationOf(whole, TERMS).score, 5);
      }),
    );
  });

  it('forgets half of a rating in 90 days, and none of it before it was paid', () => {
    const old = NOW - HALF_LIFE_SECONDS;
    expect(reputationOf([paid(given(1, 100), UNIT, old)], TERMS).score).toBe(66.7);
    expect(reputationOf([paid(given(1, 100), UNIT, NOW + 1_000)], TERMS).score).toBe(75);
  });

  it('counts a payment once, by the last that its payer said of it', () => {
    const [first, last] = [given(1, 100), given(1, 0, hash(1), { index: 2n })];
    const { feedback, raters, paid: sum } = reputationOf([paid(first, UNIT), paid(last, UNIT)], TERMS);
    expect(feedback.map(({ uncounted, part }) => [uncounted, part])).toEqual([
      ['replaced', 0],
      [null, 1],
    ]);
    expect([raters, sum]).toEqual([1, UNIT]);
  });

  it('counts nothing that names another payer, payee or chain, or a payment that was not found', () => {
    const others = [
      given(1, 0, hash(1), { client: account(2) }),
      given(1, 0, hash(1), { uri: '' }),
      given(1, 0, hash(1), { value: 500n }),
    ].map((feedback) => paid(feedback, 10n ** 9n));
    const abroad = {
      feedback: given(1, 0),
      claim: claimedBy(given(1, 0), { payTo: TILL, chainId: 1 }),
      payment: null,
    };
    const elsewhere = {
      ...abroad,
      claim: claimedBy(given(1, 0), { payTo: account(9), chainId: CHAIN }),
    };
    const unfound = { ...paid(given(1, 0), 0n), payment: null };
    const reputation = reputationOf([...others, abroad, elsewhere, unfound, paid(given(3, 0), 0n)], TERMS);
    expect(reputation).toMatchObject({ score: NEUTRAL, raters: 0, paid: 0n });
    expect(reputation.feedback.every(({ uncounted }) => uncounted !== null)).toBe(true);
  });

  it('is neutral on a network without a fee: nothing is at stake', () => {
    expect(reputationOf([paid(given(1, 100), 10n ** 9n)], { ...TERMS, feeBps: 0 }).score).toBe(NEUTRAL);
  });
});
