import { keysOfSeed } from '@chorus/a2a/names';
import {
  type Answer,
  type Ask,
  type CheckedAgent,
  decodeReply,
  descriptionOf,
  digestOfAsk,
  encodeJobOrder,
  encodeOrder,
  type OwnOffers,
  signAnswer,
  signAsk,
} from '@chorus/market';
import { type Address, fromHex, type Hex, type Job, sha256Hex } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { checkAnswers } from '../client/check-answers.ts';
import { OpenAsk } from '../client/open-ask.ts';
import { JobRecords } from '../store/job-records.ts';
import { Works } from '../store/works.ts';
import { memoryStore } from '../testing/memory-store.ts';
import { AskListener } from './ask-listener.ts';
import { OrderDesk } from './order-desk.ts';
import { answerWith, fitting } from './own-offers.ts';

const address = (byte: string) => `0x${byte.repeat(20)}` as Address;
const registry = { chainId: 1337, address: address('1a') };
const token = address('0c');
const seedOf = (n: number) => new Uint8Array(32).fill(n);
const peerOf = (n: number) => keysOfSeed(seedOf(n)).peerId;
const now = () => Math.floor(Date.now() / 1_000);
/** Of the provider. */
const SELF = 200;

const askBy = (n: number, changes: Partial<Ask> = {}): Ask => ({
  ...{ peer: peerOf(n), nonce: new Uint8Array(16).fill(n), text: 'a chart', skill: null, kind: null, token },
  ...{ budget: 10n, seconds: 600, issuedAt: now(), expiresAt: now() + 60, addresses: [], ...changes },
});
const own: OwnOffers = {
  ...{
    name: 'charts',
    agentId: 7n,
    title: 'Charts',
    description: 'Draws charts',
    skills: [],
    isShared: false,
  },
  offers: [
    {
      ...{ id: 'chart', name: 'Chart', description: 'A chart', kind: 'job', seconds: 60, open: 2 },
      ...{ price: { token, units: 5n }, input: null, deliverable: null },
    },
  ],
};
const answer = (changes: Partial<Answer> = {}): Answer => ({
  ...{
    peer: peerOf(SELF),
    ask: new Uint8Array(32),
    agentId: 7n,
    name: 'charts',
    offer: 'chart',
    kind: 'job',
    token,
  },
  ...{ units: 5n, seconds: 60, issuedAt: now(), expiresAt: now() + 60, ...changes },
});

describe('a flood of asks', () => {
  function listener() {
    const sent: string[] = [];
    const made = new AskListener({
      network: {
        learn: async () => undefined,
        request: async (peer) => {
          sent.push(peer);
          return new Uint8Array();
        },
      },
      registry,
      answersTo: () => ({ answers: [new Uint8Array(1)], offers: 'x' }),
      onAnswered: () => undefined,
      signal: new AbortController().signal,
    });
    const hear = (n: number, changes: Partial<Ask> = {}, from = peerOf(n)) =>
      made.onMessage({ data: signAsk(registry, askBy(n, changes), seedOf(n)), from });
    return { hear, sent, made };
  }

  it('one peer gets a few asks answered, and the rest ignored; others are still heard', () => {
    const { hear } = listener();
    const verdicts = Array.from({ length: 20 }, (_, i) => hear(1, { nonce: new Uint8Array(16).fill(i) }));
    expect(verdicts.filter((verdict) => verdict === 'accept').length).toBeLessThanOrEqual(7);
    expect(verdicts.at(-1)).toBe('ignore');
    expect(hear(2)).toBe('accept');
  });

  it('many names get no more answered than all peers may', () => {
    const { hear } = listener();
    const verdicts = Array.from({ length: 150 }, (_, n) => hear(n + 1));
    expect(verdicts.filter((verdict) => verdict === 'accept').length).toBeLessThan(80);
  });

  it('a forged, foreign or replayed ask is blamed or ignored', () => {
    const { hear, made } = listener();
    expect(hear(1)).toBe('accept');
    expect(hear(1)).toBe('ignore');
    expect(hear(2, {}, peerOf(1))).toBe('reject');
    expect(hear(3, { expiresAt: now() - 1, issuedAt: now() - 60 })).toBe('ignore');
    expect(hear(4, { issuedAt: now() + 600, expiresAt: now() + 660 })).toBe('ignore');
    const foreign = signAsk({ ...registry, chainId: 1 }, askBy(5), seedOf(5));
    expect(made.onMessage({ data: foreign, from: peerOf(5) })).toBe('reject');
    expect(made.onMessage({ data: new Uint8Array(5_000), from: peerOf(5) })).toBe('reject');
  });
});

describe('what a provider answers', () => {
  it('only offers that fit words, price, time, kind and token are answered, while there is a place', () => {
    const fits = (changes: Partial<Ask>, places = 1) =>
      fitting(askBy(1, changes), [own], () => places).length;
    expect(fits({})).toBe(1);
    expect(fits({ text: 'a zebra' })).toBe(0);
    expect(fits({ budget: 4n })).toBe(0);
    expect(fits({ seconds: 59 })).toBe(0);
    expect(fits({ kind: 'call' })).toBe(0);
    expect(fits({ token: address('dd') })).toBe(0);
    expect(fits({}, 0)).toBe(0);
    const by = { registry, peer: peerOf(SELF), seed: seedOf(SELF), now: now() };
    const open = new OpenAsk(registry, askBy(1), digestOfAsk(new Uint8Array(1)));
    const bytes = answerWith({ agent: own, offer: own.offers[0]! }, askBy(1), open.digest, by);
    expect(open.take(bytes, peerOf(SELF))).toBe(true);
    expect(open.heard[0]!.answer).toMatchObject({ units: 5n, agentId: 7n });
  });
});

describe('answers of strangers', () => {
  const ask = askBy(1);
  const digest = digestOfAsk(signAsk(registry, ask, seedOf(1)));
  const given = (n: number, changes: Partial<Answer> = {}) =>
    signAnswer(registry, answer({ peer: peerOf(n), ask: digest, agentId: BigInt(n), ...changes }), seedOf(n));

  it('one peer has a few answers, all have a bound, and a price is not raised by a second answer', () => {
    const open = new OpenAsk(registry, ask, digest);
    const take = (n: number, changes?: Partial<Answer>) => open.take(given(n, changes), peerOf(n));
    expect(take(1)).toBe(true);
    expect(take(1, { units: 9n })).toBe(false);
    for (const id of [11n, 12n, 13n]) expect(take(1, { agentId: id })).toBe(true);
    expect(take(1, { agentId: 14n })).toBe(false);
    expect(open.take(given(2), peerOf(3))).toBe(false);
    expect(take(4, { ask: new Uint8Array(32) })).toBe(false);
    expect(take(5, { token: address('dd') })).toBe(false);
    expect(take(6, { expiresAt: now() - 1, issuedAt: now() - 60 })).toBe(false);
    for (let n = 10; n < 120; n++) take(n);
    expect(open.heard).toHaveLength(64);
  });

  it('who answers has to own the identity, offer it in its card, and ask for no more than there', async () => {
    const card: CheckedAgent = {
      ...{
        proven: true,
        broken: null,
        peerId: peerOf(2),
        wallet: address('b0'),
        offers: own.offers,
        latencyMs: 5,
      },
      ...{ title: 'Charts', description: '', skills: [] },
    };
    const records = new JobRecords(memoryStore());
    const check = async (change: Partial<CheckedAgent>, answered: Partial<Answer> = {}) => {
      const open = new OpenAsk(registry, ask, digest);
      open.take(given(2, answered), peerOf(2));
      const agents = { inspect: async () => ({ ...card, ...change }), reputation: () => null };
      const { proven, refused } = await checkAnswers(ask, open.heard, {
        agents,
        records,
        signal: AbortSignal.timeout(60_000),
      });
      return proven.length === 1 ? 'proven' : refused[0]!.why;
    };
    expect(await check({})).toBe('proven');
    expect(await check({ proven: false, broken: 'place: another' })).toContain('place');
    expect(await check({ peerId: peerOf(3) })).toContain('does not serve');
    expect(await check({ wallet: null })).toContain('wallet');
    expect(await check({ offers: [] })).toContain('does not offer');
    expect(await check({}, { units: 6n })).toContain('more than its card');
    expect(await check({}, { units: 4n })).toBe('proven');
    expect(await check({}, { kind: 'call' })).toContain('does not offer');
  });

  it('a crowd of names has a bounded number looked up, and rated ones are among them', async () => {
    const open = new OpenAsk(registry, ask, digest);
    for (let n = 2; n < 60; n++) open.take(given(n, { units: 1n }), peerOf(n));
    open.take(given(100), peerOf(100));
    let looked = 0;
    const { proven, refused } = await checkAnswers(ask, open.heard, {
      agents: {
        inspect: async (agentId) => {
          looked++;
          if (agentId !== 100n) throw new Error('no such agent');
          return {
            ...{ proven: true, broken: null, peerId: peerOf(100), wallet: address('b0') },
            offers: own.offers,
            latencyMs: 5,
            title: 'a',
            description: '',
            skills: [],
          };
        },
        reputation: (agentId) => (agentId === 100n ? { score: 80, raters: 3 } : null),
      },
      records: new JobRecords(memoryStore()),
      signal: AbortSignal.timeout(60_000),
    });
    expect([looked, proven.length, refused.length]).toEqual([16, 1, 58]);
  });

  it('an agent that never proves itself holds up no other one', async () => {
    const open = new OpenAsk(registry, ask, digest);
    open.take(given(2), peerOf(2));
    const stop = new AbortController();
    const begun = Promise.withResolvers<void>();
    const checking = checkAnswers(ask, open.heard, {
      agents: {
        inspect: () => {
          begun.resolve();
          return new Promise(() => undefined);
        },
        reputation: () => null,
      },
      records: new JobRecords(memoryStore()),
      signal: stop.signal,
    });
    await begun.promise;
    stop.abort();
    expect((await checking).refused[0]!.why).toContain('in time');
  });
});

describe('the order desk', () => {
  const account = address('b0');
  const evaluator = address('ee');
  const order = {
    agentId: 7n,
    offer: 'chart',
    within: 60,
    input: 'the peg',
    salt: `0x${'5a'.repeat(32)}` as Hex,
  };
  const document = encodeJobOrder(registry, order);

  function desk(changes: Partial<Job> = {}, offering = own) {
    const works = new Works(memoryStore());
    const givenUp: bigint[] = [];
    const job: Job = {
      ...{
        jobId: 1n,
        client: address('c1'),
        provider: account,
        evaluator,
        token,
        budget: 5n,
        status: 'funded',
      },
      ...{
        expiredAt: now() + 10_000,
        feeBps: 100,
        fundedAt: now(),
        submittedAt: null,
        deliverable: null,
        payout: null,
      },
      ...{ description: descriptionOf(document, order), ...changes },
    };
    const made = new OrderDesk({
      chain: {
        account,
        job: async (jobId) => ({ ...job, jobId }),
        marketTerms: async () => ({
          ...{ commerce: address('aa'), evaluator, stakeToken: token, seatStake: 1n },
          ...{ windowSeconds: 50, stepSeconds: 10, decisionSeconds: 100, seats: 3 },
        }),
        now: async () => now(),
      },
      ...{ peerId: peerOf(SELF), registry, own: () => [offering], works, ask: () => [] },
      jobs: { giveUp: async (jobId) => void givenUp.push(jobId), automatic: () => undefined },
      onTaken: () => undefined,
      onGivenUp: () => undefined,
    });
    const say = async (message: Parameters<typeof encodeOrder>[0], from = peerOf(1)) =>
      decodeReply(await made.onRequest(encodeOrder(message), from));
    const deliver = (bytes: Uint8Array = document, job = 1n) =>
      say({ type: 'deliver', job, document: bytes });
    const reserve = (bytes: Uint8Array, promised: Partial<Answer> = {}, from = peerOf(1), seed = SELF) =>
      say(
        {
          type: 'reserve',
          answer: signAnswer(registry, answer(promised), seedOf(seed)),
          document: fromHex(sha256Hex(bytes)),
        },
        from,
      );
    return { made, works, givenUp, job, deliver, reserve };
  }

  it('a paid job is taken once, however often its document comes', async () => {
    const { deliver, works, givenUp } = desk();
    expect((await deliver()).ok).toBe(true);
    expect((await Promise.all([deliver(), deliver()])).every(({ ok }) => ok)).toBe(true);
    expect([works.open().length, givenUp.length]).toEqual([1, 0]);
  });

  it('another document than that on chain is refused, and costs the client of the job nothing', async () => {
    const { deliver, works, givenUp } = desk();
    const other = encodeJobOrder(registry, { ...order, input: 'something else' });
    expect(await deliver(other)).toMatchObject({
      ok: false,
      why: expect.stringContaining('another document'),
    });
    expect([works.open().length, givenUp.length]).toEqual([0, 0]);
  });

  it('what cannot be done is given up at once, so that the budget goes back', async () => {
    const cheap = desk({ budget: 4n });
    expect(await cheap.deliver()).toMatchObject({ why: expect.stringContaining('budget went back') });
    expect(cheap.givenUp).toEqual([1n]);
    const bad = encodeJobOrder(registry, { ...order, input: { not: 'a text' } });
    const wrong = desk({ description: descriptionOf(bad, order) });
    expect((await wrong.deliver(bad)).why).toContain('must be a text');
    expect(wrong.givenUp).toEqual([1n]);
    // One whose document says another offer than its description cannot buy a dear one cheaply.
    const lie = desk({ description: descriptionOf(document, { ...order, within: 9_000 }) });
    expect((await lie.deliver()).why).toContain('another offer');
  });

  it('jobs of others, unpaid ones and those that others decide are left alone', async () => {
    for (const change of [
      { provider: address('ff') },
      { status: 'open' as const },
      { evaluator: address('c1') },
    ]) {
      const { deliver, works, givenUp } = desk(change);
      expect((await deliver()).ok).toBe(false);
      expect([works.open().length, givenUp.length]).toEqual([0, 0]);
    }
  });

  it('an order needs a price that this node has signed, and takes no place before it is paid', async () => {
    const { reserve } = desk();
    const doc = (n: number) => encodeJobOrder(registry, { ...order, input: `${n}` });
    await expect(reserve(doc(1), {}, peerOf(1), 9)).rejects.toMatchObject({ code: 'E_MARKET_MESSAGE' });
    expect((await reserve(doc(1), { peer: peerOf(9) }, peerOf(1), 9)).why).toContain('another node');
    expect((await reserve(doc(1), { expiresAt: now() - 1, issuedAt: now() - 60 })).why).toContain(
      'ask again',
    );
    expect((await reserve(doc(1), { offer: 'gone' })).why).toContain('not offered');
    expect((await reserve(doc(1))).ok).toBe(true);
    expect((await reserve(doc(1))).ok).toBe(true);
    // A place that costs nothing is not kept: no crowd of names keeps others from paying for it.
    for (let n = 2; n < 12; n++) expect((await reserve(doc(n), {}, peerOf(n))).ok).toBe(true);
  });

  it('the price of a signed answer holds when the offer has become dearer since', async () => {
    const raised = { ...own, offers: [{ ...own.offers[0]!, price: { token, units: 50n } }] };
    const plain = desk({}, raised);
    expect((await plain.deliver()).why).toContain('below the price of 50');
    const agreed = desk({}, raised);
    expect((await agreed.reserve(document)).ok).toBe(true);
    expect((await agreed.deliver()).ok).toBe(true);
  });

  it('paid jobs beyond the places of an offer go back to their clients; one whose document comes twice at once does not', async () => {
    const { deliver, givenUp } = desk();
    for (const job of [1n, 2n, 3n]) await deliver(document, job);
    expect(givenUp).toEqual([3n]);
    const single = desk({}, { ...own, offers: [{ ...own.offers[0]!, open: 1 }] });
    await Promise.all([single.deliver(), single.deliver(), single.deliver()]);
    expect([single.works.open().length, single.givenUp.length]).toEqual([1, 0]);
  });

  it('a job whose document never comes is given up after a while, and not before', async () => {
    const { made, givenUp, job } = desk();
    await made.onJob(job, now());
    expect(givenUp).toEqual([]);
    await made.onJob(job, now() + 901);
    expect(givenUp).toEqual([1n]);
    for (const at of [now() + 901, now() + 2_000]) {
      for (let i = 0; i < 40; i++) await made.onJob({ ...job, jobId: BigInt(i + 2) }, at);
      if (at < now() + 1_000) expect(givenUp).toHaveLength(1);
    }
    expect(givenUp).toHaveLength(20);
  });

  it('a peer that asks too much gets a refusal', async () => {
    const { deliver } = desk();
    const replies = await Promise.all(Array.from({ length: 30 }, () => deliver()));
    expect(replies.at(-1)!.why).toContain('too many requests');
  });
});
