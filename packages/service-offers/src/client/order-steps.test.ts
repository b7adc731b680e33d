import { keysOfSeed } from '@chorus/a2a/names';
import { type CheckedAgent, type MarketAgents, signAnswer } from '@chorus/market';
import { type Address, ChorusError, type Hex, type Job, type JobDispute } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { JobRecords } from '../store/job-records.ts';
import type { Candidate, Order } from '../store/orders.ts';
import { memoryStore } from '../testing/memory-store.ts';
import { JobSteps } from './job-step.ts';
import { OrderSteps } from './order-steps.ts';

const address = (byte: string) => `0x${byte.repeat(20)}` as Address;
const registry = { chainId: 1337, address: address('1a') };
const token = address('0c');
const seed = new Uint8Array(32).fill(7);
const { peerId: peer } = keysOfSeed(seed);

const candidate = (kind: 'job' | 'call', lifetime = 600): Candidate => {
  const at = Math.floor(Date.now() / 1_000) - 1;
  const answer = {
    ...{ peer, ask: new Uint8Array(32), agentId: 7n, name: 'charts', offer: 'chart', kind, token, units: 5n },
    ...{ seconds: 60, issuedAt: at - 700, expiresAt: at - 700 + Math.min(900, 700 + lifetime) },
  };
  return {
    ...{
      agentId: '7',
      title: 'Charts',
      offer: 'chart',
      kind,
      peer,
      wallet: address('b0'),
      token,
      units: '5',
    },
    ...{ priceText: '5 TWIN', seconds: 60 },
    answer: Buffer.from(signAnswer(registry, answer, seed)).toString('base64'),
  };
};
const order = (changes: Partial<Order>): Order => ({
  ...{
    orderId: 'o',
    askId: 'a',
    text: 'a chart',
    at: 0,
    state: 'hiring',
    input: 'a chart',
    candidates: [],
    tried: [],
  },
  ...{ with: null, document: null, description: null, salt: `0x${'5a'.repeat(32)}` as Hex, jobId: null },
  ...{ answer: null, problem: null, ...changes },
});
const checked: CheckedAgent = {
  ...{
    proven: true,
    broken: null,
    peerId: peer,
    wallet: address('b0'),
    latencyMs: 1,
    title: 'c',
    description: '',
    skills: [],
  },
  offers: [
    {
      ...{ id: 'chart', name: 'Chart', description: 'A chart', kind: 'job', seconds: 60, open: 1 },
      ...{ price: { token, units: 5n }, input: null, deliverable: null },
    },
  ],
};

/** The steps of an order whose job, once it is placed, is as given. */
function steps(
  job: Partial<Job>,
  { dispute = null as Partial<JobDispute> | null, call = undefined as unknown } = {},
) {
  const records = new JobRecords(memoryStore());
  const sent: string[] = [];
  const { signal } = new AbortController();
  const made = new OrderSteps({
    ...{ registry, records, signal },
    agents: {
      call: async (...given: Parameters<MarketAgents['call']>) => {
        sent.push(`call for at most ${given[2].pay?.digits}`);
        if (call instanceof Error) throw call;
        return { text: 'done', data: [], files: [] };
      },
      tokens: async () => [{ address: token, symbol: 'TWIN', decimals: 0 }],
      inspect: async () => checked,
    },
    jobs: new JobSteps({
      ...{ registry, signal },
      chain: {
        job: async () => ({ fundedAt: 1_000, submittedAt: null, ...job }) as Job,
        jobDispute: async () => dispute as JobDispute | null,
        marketTerms: async () => null,
      },
      network: {
        request: async () => {
          throw new ChorusError('E_NETWORK_REQUEST', 'gone');
        },
      },
      jobs: { place: async () => 1n, own: () => [], cancel: async () => void sent.push('cancel') },
    }),
  });
  return { made, records, sent };
}
const placed = (changes: Partial<Order> = {}) =>
  order({ state: 'placed', with: candidate('job'), document: 'AA==', jobId: '1', ...changes });

describe('the steps of an order', () => {
  it('a job that was submitted before the client was there again is being done, and not lost', async () => {
    const given = placed();
    expect(await steps({ status: 'submitted', submittedAt: 1_010 }).made.next(given)).toBe(true);
    expect(given.state).toBe('taken-up');
  });

  it('a paid order whose provider does not answer stays with it: the next is not paid too', async () => {
    const given = placed({ candidates: [candidate('job')] });
    await expect(steps({ status: 'funded' }).made.next(given)).rejects.toMatchObject({
      code: 'E_NETWORK_REQUEST',
    });
    expect([given.state, given.candidates.length, given.tried.length]).toEqual(['placed', 1, 0]);
  });

  it.each([
    [{ status: 'completed', submittedAt: 1_060 }, null, 'done', { done: 1, failed: 0 }],
    [{ status: 'completed', submittedAt: 1_061 }, null, 'done', { done: 0, failed: 1 }],
    [{ status: 'expired' }, null, 'failed', { done: 0, failed: 1 }],
    [{ status: 'rejected', submittedAt: 1_010 }, { outcome: 'upheld' }, 'failed', { done: 0, failed: 1 }],
    // Given up: the budget is back, and the next may be hired.
    [{ status: 'rejected' }, null, 'hiring', { done: 0, failed: 1 }],
  ] as const)('a job that is %o ends as %s', async (job, dispute, state, experience) => {
    const { made, records } = steps(job, { dispute });
    const given = placed({ state: 'taken-up' });
    expect(await made.next(given)).toBe(true);
    expect([given.state, records.experience(7n)]).toEqual([state, experience]);
  });

  it('a call is paid for at most the signed price; what was not paid goes to the next, what may be does not', async () => {
    const paid = order({ with: candidate('call') });
    const { made, sent } = steps({});
    await made.next(paid);
    expect([paid.state, sent]).toEqual(['done', ['call for at most 5']]);
    const raised = order({ with: candidate('call'), candidates: [candidate('call')] });
    await steps({}, { call: new ChorusError('E_PAYMENT_CAP', 'dearer') }).made.next(raised);
    expect(raised).toMatchObject({ state: 'hiring', with: null, tried: [{ agentId: '7' }] });
    const lost = order({ with: candidate('call'), candidates: [candidate('call')] });
    await steps({}, { call: new ChorusError('E_NETWORK_REQUEST', 'gone') }).made.next(lost);
    expect(lost).toMatchObject({
      state: 'failed',
      problem: { hint: expect.stringContaining('may have been paid') },
    });
  });

  it('an agent that offers all for nothing and then fails is passed over, and that is remembered', async () => {
    const given = order({ with: { ...candidate('call'), units: '0' }, candidates: [candidate('call')] });
    const { made, records } = steps({}, { call: new ChorusError('E_AGENT_HIRE', 'it could not') });
    await made.next(given);
    expect([given.state, given.candidates.length, records.experience(7n)]).toEqual([
      'hiring',
      1,
      { done: 0, failed: 1 },
    ]);
  });

  it('a price that does not hold any more is not paid, and counts against no one', async () => {
    for (const kind of ['call', 'job'] as const) {
      const { made, records, sent } = steps({});
      const given = order({ with: candidate(kind, 0), document: 'AA==', description: 'x' });
      await made.next(given);
      expect([given.tried.length, sent, records.experience(7n)]).toEqual([1, [], { done: 0, failed: 0 }]);
    }
  });
});
