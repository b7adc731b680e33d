import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAgent, promisedTerms } from '@chorus/a2a';
import {
  type AdminClient,
  type CreditDocument,
  createAdminClient,
  type PaidDocument,
  readAdmin,
} from '@chorus/admin-api';
import { type Paid, type PayingFetch, type Purse, payingFetch, type Send } from '@chorus/payments';
import type { Address } from '@chorus/protocol';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../../../test/patience.ts';
import { MemoryLedger } from '../../../../test/twins/chain.ts';
import { MemoryHub } from '../../../../test/twins/network.ts';
import { type MockOpenAi, mockOpenAi } from '../../../inference/src/testing/mock-openai.ts';
import { type AgentsNode, AgentsWorld, chatFile, startAgentsNode } from '../testing/agents-node.ts';

/** Prepaid channels between two nodes: the one sells at 3 a call, the other buys. */

let endpoint: MockOpenAi;
let folders: string[];
let hub: MemoryHub;
let ledger: MemoryLedger;
let seller: AgentsNode;
let buyer: AgentsNode;
let api: AdminClient;
let sellerApi: AdminClient;
let base: string;
beforeAll(async () => {
  endpoint = await mockOpenAi();
});
afterAll(() => endpoint.close());
beforeEach(async () => {
  folders = await Promise.all([1, 2].map(() => mkdtemp(join(tmpdir(), 'chorus-credits-'))));
  hub = new MemoryHub();
  ledger = new MemoryLedger();
  await startSeller();
  await startBuyer();
  ledger.mint(ledger.token, buyer.ports.chain.account, 10_000n);
  const file = await chatFile(folders[0]!, endpoint.url, 'guide', { more: 'price: 3 TWIN\n' });
  base = (await seller.services.agents.startAgent({ file })).urls.http!;
});
afterEach(async () => {
  await seller.close();
  await buyer.close();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function startSeller(channels: object = {}): Promise<void> {
  const config = {
    gateway: { enabled: true, requestsPerMinute: 100_000 },
    agents: { tokens: [ledger.token], channels },
  };
  seller = await startAgentsNode(folders[0]!, hub, config, undefined, new AgentsWorld(ledger));
  sellerApi = createAdminClient(await readAdmin(folders[0]!));
}

async function startBuyer(spend: object = {}): Promise<void> {
  const config = { agents: { tokens: [ledger.token], spend } };
  buyer = await startAgentsNode(folders[1]!, hub, config, undefined, new AgentsWorld(ledger), 2);
  api = createAdminClient(await readAdmin(folders[1]!));
}

const paidOf = ({ id, header, nonce, token, amount, channel }: PaidDocument): Paid => ({
  ...{ id, header, nonce, channel, token: token as Paid['token'] },
  amount: BigInt(amount),
});

interface Calling {
  /** The most to pay besides what is prepaid; null: nothing. */
  most?: string | null;
  /** Stands between buyer and seller. */
  wrap?: (send: Send) => Send;
}

let questions = 0;
/** One call, paid by the buying node; `intent` is the same when it is repeated. */
async function ask(
  text: string,
  { most = null, wrap }: Calling = {},
  intent = `intent-of-call-${questions++}`,
) {
  const ids: string[] = [];
  const purse: Purse = {
    resume: async (request) => {
      const { payment } = await api.resumePayment({ intent, request });
      return payment && paidOf(payment);
    },
    pay: async (required, request) => {
      const paid = await api.pay({ agent: base, intent, request, required, most });
      ids.push(paid.id);
      return paidOf(paid);
    },
    ended: async (id, ending) => (await api.endPayment(id, ending)).again,
  };
  let paying: PayingFetch | undefined;
  const through = (inner: Send) => {
    const receipts = (nonce: string, url: string) => url.replace(/\/a2a$/, `/receipts/${nonce}`);
    paying = payingFetch(wrap ? wrap(inner) : inner, purse, receipts, 0);
    return paying.send;
  };
  const agent = await connectAgent(base, { allowPrivate: true, through });
  let answer = '';
  for await (const event of agent.call(text, { messageId: intent })) {
    if (event.type === 'text') answer += event.text;
  }
  await paying!.done();
  return { answer, ids };
}

async function accepts(): Promise<unknown[]> {
  const agent = await connectAgent(base, { allowPrivate: true, through: (send) => send });
  return promisedTerms(agent.card) as unknown[];
}
const open = async (amount: string): Promise<CreditDocument> =>
  api.openCredit({ agent: base, accepts: await accepts(), amount });
const balance = (account: Address) => ledger.balance(ledger.token, account);
const answered = () => seller.services.agents.show('guide').answers.completed;
const blocks = () => ledger.block;

const decoded = (header: string) => JSON.parse(Buffer.from(header, 'base64').toString());
const encoded = (document: object) => Buffer.from(JSON.stringify(document)).toString('base64');
const withoutPayment = (headers: RequestInit['headers']): Record<string, string> => {
  const own = new Headers(headers);
  own.delete('payment-signature');
  return Object.fromEntries(own);
};

describe('a prepaid channel', () => {
  it('pays any number of calls with two transactions, and both sides can explain each of them', async () => {
    const before = blocks();
    const { id, state, receiver } = await open('400 TWIN');
    expect({ state, receiver }).toEqual({ state: 'open', receiver: seller.ports.chain.account });
    for (let i = 0; i < 2; i++) {
      // At once: their vouchers arrive in any order.
      await Promise.all(Array.from({ length: 10 }, (_, j) => ask(`call ${i} ${j}`)));
    }
    expect(answered()).toBe(20);
    expect(blocks() - before).toBe(1);
    const { channels } = await sellerApi.credits();
    expect(channels).toMatchObject([{ id, calls: 20, waiting: 20, charged: '60', unclaimed: '60' }]);
    expect((await sellerApi.revenue()).credits).toMatchObject([{ unclaimed: '60', claimed: '0' }]);
    const { claims } = await sellerApi.claimCredits();
    expect(claims).toMatchObject([{ channels: 1, amounts: [{ amount: '60', symbol: 'TWIN' }] }]);
    expect(blocks() - before).toBe(2);
    expect(balance(seller.ports.chain.account)).toBe(60n);
    expect((await sellerApi.revenue()).credits).toMatchObject([{ unclaimed: '0', claimed: '60' }]);
    expect((await api.credits()).credits).toMatchObject([{ id, balance: '400', spent: '60', left: '340' }]);
    const [out] = (await api.payments({ most: 1 })).payments;
    expect(out).toMatchObject({
      direction: 'out',
      channel: id,
      state: 'answered',
      transaction: null,
      amount: '3',
    });
    const [got] = (await sellerApi.payments({ most: 1 })).payments;
    expect(got).toMatchObject({ direction: 'in', channel: id, state: 'answered', id: out!.id, amount: '3' });
    for (const { checks } of [out!, got!]) {
      expect(checks.filter(({ ok }) => !ok)).toEqual([]);
      expect(checks.map(({ check }) => check)).toEqual(expect.arrayContaining(['receipt', 'chain']));
    }
    expect((await sellerApi.agent('guide')).earned).toMatchObject([{ amount: '60', calls: 20 }]);
  });

  it('pays nothing beyond its balance: what it cannot cover is paid as if there were none, or not at all', async () => {
    await open('31 TWIN');
    for (let i = 0; i < 10; i++) await ask(`call ${i}`);
    await expect(ask('one too many')).rejects.toMatchObject({ code: 'E_PAYMENT_REQUIRED' });
    expect(answered()).toBe(10);
    const before = balance(seller.ports.chain.account);
    await ask('by a transfer', { most: '3 TWIN' });
    expect(balance(seller.ports.chain.account) - before).toBe(3n);
    const [{ id }] = (await api.credits()).credits as [CreditDocument];
    expect(await api.addCredit(id!, { amount: '29 TWIN' })).toMatchObject({ balance: '60', left: '30' });
    await ask('prepaid again');
    expect(answered()).toBe(12);
  });

  it('counts in the caps, each call on its own', async () => {
    await open('100 TWIN');
    await buyer.close();
    await startBuyer({ perCall: '2 TWIN' });
    await expect(ask('too dear')).rejects.toMatchObject({ code: 'E_PAYMENT_CAP' });
    await buyer.close();
    await startBuyer({ perDay: '7 TWIN' });
    await ask('one');
    await ask('two');
    await expect(ask('three')).rejects.toMatchObject({ code: 'E_PAYMENT_CAP', facts: { most: '7 TWIN' } });
    await buyer.close();
    await startBuyer({ approveAbove: '1 TWIN' });
    await expect(ask('unasked')).rejects.toMatchObject({ code: 'E_PAYMENT_APPROVAL' });
    expect((await sellerApi.credits()).channels).toMatchObject([{ calls: 2, charged: '6' }]);
  });

  it('the seller claims by itself when its payer withdraws, and the payer gets exactly the rest', async () => {
    const start = balance(buyer.ports.chain.account);
    const { id } = await open('90 TWIN');
    for (let i = 0; i < 5; i++) await ask(`call ${i}`);
    const closing = await api.closeCredit(id!);
    expect(closing).toMatchObject({ state: 'closing' });
    expect(Date.parse(closing.availableAt!) / 1000).toBeGreaterThanOrEqual(ledger.now() + 86_000);
    // A channel that is being closed pays for nothing more.
    await expect(ask('late')).rejects.toMatchObject({ code: 'E_PAYMENT_REQUIRED' });
    // A restart looks at once.
    await seller.close();
    await startSeller();
    await until(() => balance(seller.ports.chain.account) === 15n);
    expect(await api.closeCredit(id!)).toMatchObject({ state: 'closing' });
    ledger.passTime(86_401);
    expect(await api.closeCredit(id!)).toMatchObject({ state: 'closed', left: '0' });
    expect(balance(buyer.ports.chain.account)).toBe(start - 15n);
    expect((await sellerApi.credits()).channels).toMatchObject([{ claimed: '15', unclaimed: '0' }]);
    expect(ledger.channels.owed(ledger.token)).toBe(0n);
  });

  it('survives a restart of both, and a call that was paid and not answered is asked again, and paid once', async () => {
    await open('90 TWIN');
    await ask('first');
    const lost: Calling = {
      wrap: (send) => async (url, init) => {
        const response = await send(url, init);
        if (response.status !== 200 || init.method !== 'POST') return response;
        throw new Error('the connection broke');
      },
    };
    await expect(ask('second', lost, 'the-second-call-of-all')).rejects.toThrow();
    await until(() => answered() === 2);
    await buyer.close();
    await startBuyer();
    const { answer } = await ask('second', {}, 'the-second-call-of-all').catch((error) => {
      // Answers of streams are kept a day; what was done is not done again.
      expect(error).toMatchObject({ code: 'E_PAYMENT_DONE' });
      return { answer: '' };
    });
    if (answer !== '') expect(answer).toContain('second');
    await ask('third');
    expect((await sellerApi.credits()).channels).toMatchObject([{ calls: 3, charged: '9' }]);
    expect((await api.credits()).credits).toMatchObject([{ spent: '9' }]);
  });

  it('a buyer that has lost what it knew learns from the seller where the channel is, by its own signature', async () => {
    const { id } = await open('90 TWIN');
    for (let i = 0; i < 4; i++) await ask(`call ${i}`);
    // As of a backup from before the calls.
    buyer.store.transact(() => {
      buyer.store.db.prepare('DELETE FROM agents_purchases WHERE channel = ?').run(id);
      buyer.store.db.prepare("UPDATE agents_credits SET charged = '0' WHERE id = ?").run(id);
    });
    expect((await api.credits()).credits).toMatchObject([{ spent: '0' }]);
    const { answer, ids } = await ask('after the loss');
    expect(answer).toContain('after the loss');
    expect(ids).toHaveLength(2);
    expect((await api.credits()).credits).toMatchObject([{ spent: '15' }]);
    expect((await sellerApi.credits()).channels).toMatchObject([{ calls: 5, charged: '15' }]);
  });

  it('a seller that refuses each voucher, and says it was charged for, is paid no more than the caps allow', async () => {
    await open('900 TWIN');
    await buyer.close();
    await startBuyer({ perDay: '10 TWIN' });
    let signed = 0n;
    const thief: Calling = {
      wrap: (send) => async (url, init) => {
        const response = await send(url, { ...init, headers: withoutPayment(init.headers) });
        const header = new Headers(init.headers).get('payment-signature');
        if (header === null || response.status !== 402) return response;
        const { voucher } = decoded(header).payload;
        signed = BigInt(voucher.maxClaimableAmount) > signed ? BigInt(voucher.maxClaimableAmount) : signed;
        const required = decoded(response.headers.get('payment-required')!);
        required.accepts[1].extra = {
          ...required.accepts[1].extra,
          channelState: { channelId: voucher.channelId, chargedCumulativeAmount: voucher.maxClaimableAmount },
          voucherState: { signedMaxClaimable: voucher.maxClaimableAmount, signature: voucher.signature },
        };
        return new Response('', { status: 402, headers: { 'payment-required': encoded(required) } });
      },
    };
    // One voucher for each call: the most that one call may cost holds for this seller too.
    for (const sum of [3n, 6n, 9n]) {
      await expect(ask('again', { ...thief, most: '3 TWIN' })).rejects.toMatchObject({
        code: 'E_PAYMENT_REFUSED',
      });
      expect(signed).toBe(sum);
    }
    // What it could claim: every voucher counts, as long as it lasts.
    await expect(ask('fourth', thief)).rejects.toMatchObject({ code: 'E_PAYMENT_CAP' });
    expect(signed).toBe(9n);
  });

  it('pays no other agent that asks for it, and no higher price, unless the user says so', async () => {
    const { agent: known } = await open('900 TWIN');
    const { headers } = await fetch(new URL('a2a', base), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'a2a-version': '1.0' },
      body: JSON.stringify({
        ...{ jsonrpc: '2.0', id: 1, method: 'SendMessage' },
        params: { message: { messageId: 'm1', role: 'ROLE_USER', parts: [{ text: 'x' }] } },
      }),
    });
    const required = headers.get('payment-required')!;
    const dearer = decoded(required);
    for (const entry of dearer.accepts) entry.amount = '800';
    const pay = (agent: string, asked: string, most: string | null) =>
      api.pay({ agent, required: asked, most, intent: 'i'.repeat(64), request: `sha256:${'0'.repeat(64)}` });
    // One that has the vouchers could spend them at the agent that the channel is for.
    await expect(pay('https://thief.example/', required, null)).rejects.toMatchObject({
      code: 'E_PAYMENT_REQUIRED',
    });
    await expect(pay(known, encoded(dearer), null)).rejects.toMatchObject({ code: 'E_PAYMENT_REQUIRED' });
    expect((await api.credits()).credits).toMatchObject([{ spent: '0' }]);
    expect(await pay(known, required, null)).toMatchObject({ amount: '3', channel: expect.any(String) });
    expect(await pay(known, encoded(dearer), '800 TWIN')).toMatchObject({ amount: '800' });
  });

  it('agents of a node that has switched channels off take none', async () => {
    await seller.close();
    await startSeller({ enabled: false });
    await until(() => seller.services.agents.show('guide').urls?.http != null);
    base = seller.services.agents.show('guide').urls!.http!;
    expect(await accepts()).toHaveLength(1);
    await expect(open('90 TWIN')).rejects.toMatchObject({ code: 'E_PAYMENT_OFFER' });
  });

  it('a deposit is shown with its cost first, and one to a network without channels says so', async () => {
    const planned = await api.openCredit({
      agent: base,
      accepts: await accepts(),
      amount: '90 TWIN',
      dryRun: true,
    });
    expect(planned).toMatchObject({ id: null, state: 'new', balance: '90', withdrawSeconds: 86_400 });
    expect((await api.credits()).credits).toEqual([]);
    await expect(open('20000 TWIN')).rejects.toMatchObject({ code: 'E_CHAIN_STAKE_REQUIRED' });
    expect((await api.credits()).credits).toEqual([]);
    const { id: known } = await open('90 TWIN');
    await expect(open('90 TWIN')).rejects.toMatchObject({ code: 'E_PAYMENT_CHANNEL' });
    // What would be refused is not shown as if it could be made.
    const plan = async (amount: string) =>
      api.openCredit({ agent: base, accepts: await accepts(), amount, dryRun: true });
    await expect(plan('90 TWIN')).rejects.toMatchObject({ code: 'E_PAYMENT_CHANNEL' });
    for (const nothing of ['0 TWIN', '-1 TWIN', '1e3 TWIN', '1 2 TWIN', '90 OTHER', ''])
      await expect(plan(nothing), nothing).rejects.toThrow();
    await expect(api.addCredit(known!, { amount: '0 TWIN', dryRun: true })).rejects.toMatchObject({
      code: 'E_AGENT_PRICE',
    });
    await api.closeCredit(known!);
    await expect(api.addCredit(known!, { amount: '9 TWIN', dryRun: true })).rejects.toMatchObject({
      code: 'E_PAYMENT_CHANNEL',
    });
    ledger.hasChannels = false;
    await expect(open('90 TWIN')).rejects.toMatchObject({ code: 'E_CHAIN_NO_CHANNELS' });
  });
});
