import type { Address, Hex, Job, JobDispute, MarketTerms } from '@chorus/protocol';
import { sha256Hex } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { offersExtension, offersOfCard, type PublicOffer } from '../offers/offer.ts';
import { countedJob, noRecord, recordOf, reliability } from '../record/record.ts';
import { descriptionOf, encodeJobOrder, readDescription, readJobOrder } from './document.ts';
import { inputRefusal, refusalOf } from './refusal.ts';

const address = (byte: string) => `0x${byte.repeat(20)}` as Address;
const registry = { chainId: 1337, address: address('1a') };
const order = {
  ...{ agentId: 7n, offer: 'chart', within: 600, input: { of: 'CHOR' } },
  salt: `0x${'5a'.repeat(32)}` as Hex,
};
const document = encodeJobOrder(registry, order);
const description = descriptionOf(document, order);
const offer: PublicOffer = {
  ...{ id: 'chart', name: 'Chart', description: 'A chart', kind: 'job', seconds: 600, open: 1 },
  price: { token: address('0c'), units: 5n },
  input: { type: 'object', properties: { of: { type: 'string' } }, required: ['of'] },
  deliverable: null,
};
const terms: MarketTerms = {
  ...{ commerce: address('aa'), evaluator: address('ee'), stakeToken: address('0c'), seatStake: 1n },
  ...{ windowSeconds: 50, stepSeconds: 10, decisionSeconds: 100, seats: 3 },
};
const job = (changes: Partial<Job> = {}): Job => ({
  ...{
    jobId: 1n,
    client: address('c1'),
    provider: address('b0'),
    evaluator: terms.evaluator,
    token: address('0c'),
  },
  ...{ budget: 5n, expiredAt: 2_000, status: 'funded', feeBps: 100, fundedAt: 1_000, submittedAt: null },
  ...{ deliverable: null, payout: null, description },
  ...changes,
});

describe('the document of a job', () => {
  it('a document is named by its digest on chain, with the offer and without the input', () => {
    expect(readJobOrder(registry, document)).toEqual(order);
    expect(readDescription(description)).toEqual({
      ...{ agentId: 7n, offer: 'chart', within: 600 },
      digest: sha256Hex(document),
    });
    expect(description).not.toContain('CHOR');
    expect(description.length).toBeLessThan(200);
  });

  it('other text, another registry, and what is too long are refused', () => {
    for (const text of [
      'a chart',
      'ipfs://x',
      `${description}&more=1`,
      description.replace('ipfs', 'http'),
    ]) {
      expect(readDescription(text)).toBeNull();
    }
    const refused = expect.objectContaining({ code: 'E_MARKET_ORDER' });
    expect(() => readJobOrder({ ...registry, chainId: 1 }, document)).toThrow(refused);
    expect(() => readJobOrder(registry, new TextEncoder().encode('{}'))).toThrow(refused);
    expect(() => encodeJobOrder(registry, { ...order, input: 'x'.repeat(50_000) })).toThrow(refused);
    expect(() => encodeJobOrder(registry, { ...order, input: undefined })).toThrow(refused);
  });
});

describe('a job of an offer', () => {
  const described = readDescription(description)!;
  const refusal = (changes: Partial<Job> = {}, more: object = {}) =>
    refusalOf(job(changes), { described, offer, account: address('b0'), terms, now: 1_100, ...more });

  it('a job that pays the price, gives the time and is decided by validators is taken', () => {
    expect(refusal()).toBeNull();
    expect(inputRefusal(offer, order)).toBeNull();
  });

  it('every other one is refused with a reason', () => {
    expect(refusal({ provider: address('ff') })).toContain('another provider');
    expect(refusal({ status: 'open' })).toContain('escrow');
    expect(refusal({ evaluator: address('c1') })).toContain('validators');
    expect(refusal({ token: address('dd') })).toContain('another token');
    expect(refusal({ budget: 4n })).toContain('below the price of 5');
    expect(refusal({ expiredAt: 1_600 })).toContain('expires');
    expect(refusal({}, { now: 1_901 })).toContain('too late');
    expect(refusal({}, { described: { ...described, within: 10 } })).toContain('promised');
    expect(refusal({}, { offer: { ...offer, kind: 'call' } })).toContain('call');
    // A signed answer holds when the price of the offer has risen since.
    expect(refusal({ budget: 4n }, { agreed: { units: 4n, seconds: 600 } })).toBeNull();
    expect(inputRefusal(offer, { input: {} })).toContain('of');
    expect(inputRefusal({ input: null }, { input: 'draw it' })).toBeNull();
    expect(inputRefusal({ input: null }, { input: { a: 1 } })).toContain('text');
  });
});

describe('the record of jobs', () => {
  const outcome = (changes: Partial<Job>, dispute: Partial<JobDispute> | null = null, now = 1_500) =>
    countedJob(job(changes), dispute as JobDispute | null, terms, now)?.outcome;

  it('jobs count by what the chain says of them', () => {
    expect(outcome({})).toBe('open');
    expect(outcome({}, null, 1_900)).toBe('late');
    expect(outcome({ status: 'completed', submittedAt: 1_600 })).toBe('done');
    expect(outcome({ status: 'completed', submittedAt: 1_601 })).toBe('late');
    expect(outcome({ status: 'expired' })).toBe('late');
    expect(outcome({ status: 'expired', submittedAt: 1_100 })).toBe('returned');
    expect(outcome({ status: 'rejected' })).toBe('returned');
    expect(outcome({ status: 'rejected', submittedAt: 1_100 }, { outcome: 'upheld' })).toBe('lost');
  });

  it('jobs that a party could make up do not count', () => {
    expect(outcome({ evaluator: address('c1') })).toBeUndefined();
    expect(outcome({ client: address('b0') })).toBeUndefined();
    expect(outcome({ fundedAt: null, status: 'rejected' })).toBeUndefined();
    expect(outcome({ description: 'a chart' })).toBeUndefined();
  });

  it('reliability is between 0 and 1, and one half without any record', () => {
    const none = { done: 0, failed: 0 };
    expect(reliability(noRecord(), none, 100n)).toBe(0.5);
    const good = recordOf([
      { outcome: 'done', budget: 300n },
      { outcome: 'returned', budget: 9n },
    ]);
    expect(good.done).toEqual({ jobs: 1, units: 300n });
    expect(reliability(good, none, 100n)).toBe(0.875);
    expect(reliability(good, { done: 0, failed: 1 }, 100n)).toBe(0.4375);
  });
});

describe('the offers of a card', () => {
  const card = (offers: unknown) => ({
    capabilities: { extensions: [{ ...offersExtension([]), params: { offers } }] },
  });

  it('offers are read as they were written', () => {
    const written = JSON.parse(JSON.stringify(offersExtension([offer])));
    expect(offersOfCard({ capabilities: { extensions: [written] } })).toEqual([offer]);
    expect(offersOfCard({})).toEqual([]);
  });

  it('offers of a stranger are bounded, and those that cannot be read are left out', () => {
    const { price, ...rest } = offer;
    const plain = { ...rest, price: { token: price!.token, units: '5' } };
    const many = Array.from({ length: 60 }, (_, i) => ({ ...plain, id: `o${i}` }));
    expect(offersOfCard(card(many))).toHaveLength(8);
    expect(offersOfCard(card([plain, plain]))).toHaveLength(1);
    for (const bad of [
      { price: null },
      { price: { token: price!.token, units: '0' } },
      { price: { token: price!.token, units: '-1' } },
      { price: { token: price!.token, units: 5 } },
      { description: 'a\u001b[2Jb' },
      { input: { type: 'string', pattern: '(a+)+$' } },
      { seconds: 0 },
    ]) {
      expect(offersOfCard(card([{ ...plain, ...bad }])), JSON.stringify(bad)).toEqual([]);
    }
    expect(offersOfCard(card('x'))).toEqual([]);
  });
});
