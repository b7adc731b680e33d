import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AgentClient, connectAgent } from '@chorus/a2a';
import { type AdminClient, createAdminClient, type PaidDocument, readAdmin } from '@chorus/admin-api';
import { type Paid, type PayingFetch, type Purse, payingFetch, type Send } from '@chorus/payments';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../../../test/patience.ts';
import { MemoryLedger } from '../../../../test/twins/chain.ts';
import { MemoryHub } from '../../../../test/twins/network.ts';
import { type MockOpenAi, mockOpenAi } from '../../../inference/src/testing/mock-openai.ts';
import { type AgentsNode, AgentsWorld, chatFile, startAgentsNode } from '../testing/agents-node.ts';

let endpoint: MockOpenAi;
let folders: string[];
let hub: MemoryHub;
let ledger: MemoryLedger;
let seller: AgentsNode;
let buyer: AgentsNode;
let api: AdminClient;
let base: string;
beforeAll(async () => {
  endpoint = await mockOpenAi();
});
afterAll(() => endpoint.close());
beforeEach(async () => {
  folders = await Promise.all([1, 2].map(() => mkdtemp(join(tmpdir(), 'chorus-buys-'))));
  hub = new MemoryHub();
  ledger = new MemoryLedger();
  seller = await startAgentsNode(
    folders[0]!,
    hub,
    { gateway: { enabled: true }, agents: { tokens: [ledger.token] } },
    undefined,
    new AgentsWorld(ledger),
  );
  await startBuyer();
  ledger.mint(ledger.token, buyer.ports.chain.account, 1_000n);
  const file = await chatFile(folders[0]!, endpoint.url, 'guide', { more: 'price: 3 TWIN\n' });
  base = (await seller.services.agents.startAgent({ file })).urls.http!;
});
afterEach(async () => {
  await seller.close();
  await buyer.close();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

/** The buying node has a wallet of its own on the seller's chain. */
async function startBuyer(spend: object = {}): Promise<void> {
  const config = { agents: { tokens: [ledger.token], spend } };
  buyer = await startAgentsNode(folders[1]!, hub, config, undefined, new AgentsWorld(ledger), 2);
  api = createAdminClient(await readAdmin(folders[1]!));
}

const paidOf = ({ id, header, nonce, token, amount, channel }: PaidDocument): Paid => ({
  ...{ id, header, nonce, channel, token: token as Paid['token'] },
  amount: BigInt(amount),
});

/** A program that calls an agent, and lets the buying node pay. */
function caller(intent: string, most = '10 TWIN', send?: (send: Send) => Send) {
  const purse: Purse = {
    resume: async (request) => {
      const { payment } = await api.resumePayment({ intent, request });
      return payment && paidOf(payment);
    },
    pay: async (required, request) => paidOf(await api.pay({ agent: base, intent, request, required, most })),
    ended: async (id, ending) => (await api.endPayment(id, ending)).again,
  };
  let paying: PayingFetch | undefined;
  const through = (inner: Send) => {
    const receipts = (nonce: string, url: string) => url.replace(/\/a2a$/, `/receipts/${nonce}`);
    paying = payingFetch(send ? send(inner) : inner, purse, receipts);
    return paying.send;
  };
  const call = async (text: string): Promise<string> => {
    const options = { allowPrivate: true, through };
    const agent: AgentClient = await connectAgent(base, options);
    let answer = '';
    for await (const event of agent.call(text, { messageId: intent })) {
      if (event.type === 'text') answer += event.text;
    }
    await paying!.done();
    return answer;
  };
  return { call };
}

const INTENT = 'an-intent-of-the-user';
const spent = () => 1_000n - ledger.balance(ledger.token, buyer.ports.chain.account);
const payments = async () => (await api.payments()).payments;

describe('a node that buys', () => {
  it('pays a call within the limits, and both sides can explain the sum', async () => {
    expect(await caller(INTENT).call('ahoy')).toBe('echo: ahoy \u{1f40c}');
    expect(spent()).toBe(3n);
    const [out] = await payments();
    expect(out).toMatchObject({
      direction: 'out',
      agent: base,
      amount: '3',
      symbol: 'TWIN',
      state: 'answered',
      payer: buyer.ports.chain.account,
      payee: seller.ports.chain.account,
    });
    expect(out!.checks.map(({ check, ok }) => [check, ok])).toEqual([
      ['receipt', true],
      ...(out!.output === null ? [] : [['answer', true]]),
      ['chain', true],
    ]);
    const sellerApi = createAdminClient(await readAdmin(folders[0]!));
    await until(() => seller.services.agents.show('guide').answers.completed === 1);
    const [got] = (await sellerApi.payments({ agent: 'guide' })).payments;
    expect(got).toMatchObject({
      direction: 'in',
      agent: 'guide',
      id: out!.id,
      amount: '3',
      input: out!.input,
      transaction: out!.transaction,
      signer: out!.signer,
    });
    expect(got!.checks).toEqual([
      expect.objectContaining({ check: 'receipt', ok: true }),
      expect.objectContaining({ check: 'chain', ok: true }),
    ]);
    expect((await sellerApi.agent('guide')).earned).toEqual([
      { token: ledger.token, symbol: 'TWIN', decimals: 0, amount: '3', calls: 1 },
    ]);
  });

  it('pays nothing above what its user or its owner allows, and the journal has no trace of it', async () => {
    await expect(caller(INTENT, '2 TWIN').call('ahoy')).rejects.toMatchObject({ code: 'E_PAYMENT_CAP' });
    await buyer.close();
    await startBuyer({ perCall: '2 TWIN' });
    await expect(caller(INTENT).call('ahoy')).rejects.toMatchObject({
      code: 'E_PAYMENT_CAP',
      facts: { costs: '3 TWIN', most: '2 TWIN' },
    });
    await buyer.close();
    await startBuyer({ approveAbove: '2 TWIN' });
    await expect(caller(INTENT).call('ahoy')).rejects.toMatchObject({ code: 'E_PAYMENT_APPROVAL' });
    expect(spent()).toBe(0n);
    expect(await payments()).toEqual([]);
  });

  it('whose wallet has too little of the token says so, and signs nothing that counts', async () => {
    ledger.mint(ledger.token, buyer.ports.chain.account, -998n);
    await expect(caller(INTENT).call('ahoy')).rejects.toMatchObject({
      code: 'E_PAYMENT_FUNDS',
      facts: { costs: '3 TWIN' },
    });
    expect((await payments()).map(({ state }) => state)).toEqual(['void']);
  });

  it('holds the cap of a day over restarts', async () => {
    await buyer.close();
    await startBuyer({ perDay: '7 TWIN' });
    await caller('an-intent-of-the-user-1').call('one');
    await caller('an-intent-of-the-user-2').call('two');
    await buyer.close();
    await startBuyer({ perDay: '7 TWIN' });
    await expect(caller('an-intent-of-the-user-3').call('three')).rejects.toMatchObject({
      code: 'E_PAYMENT_CAP',
    });
    expect(spent()).toBe(6n);
  });

  it('that lost the answer gets it with the same payment, and pays again only for another call', async () => {
    // The connection breaks when the answer, which was paid for, arrives.
    const breaking = (send: Send): Send => {
      return async (url, init) => {
        const response = await send(url, init);
        if (!new Headers(init.headers).has('payment-signature')) return response;
        await response.text();
        throw new Error('the connection broke');
      };
    };
    await expect(caller(INTENT, '10 TWIN', breaking).call('ahoy')).rejects.toThrow();
    expect(spent()).toBe(3n);
    await until(() => seller.services.agents.show('guide').answers.completed === 1);
    await buyer.close();
    await startBuyer();
    expect(await caller(INTENT).call('ahoy')).toBe('echo: ahoy \u{1f40c}');
    expect(spent()).toBe(3n);
    expect(seller.services.agents.show('guide').answers.completed).toBe(1);
    expect(await caller(INTENT).call('ahoy')).toBe('echo: ahoy \u{1f40c}');
    expect(spent()).toBe(6n);
  });

  it('does not pay in a token that its owner has not named, nor to a price that is malformed', async () => {
    await buyer.close();
    buyer = await startAgentsNode(folders[1]!, hub, {}, undefined, new AgentsWorld(ledger), 2);
    api = createAdminClient(await readAdmin(folders[1]!));
    await expect(caller(INTENT).call('ahoy')).rejects.toMatchObject({ code: 'E_AGENT_PRICE' });
    const lying = (send: Send): Send => {
      return async (url, init) => {
        const response = await send(url, init);
        if (response.status !== 402) return response;
        return new Response(null, { status: 402, headers: { 'payment-required': 'e30=' } });
      };
    };
    await buyer.close();
    await startBuyer();
    await expect(caller(INTENT, '10 TWIN', lying).call('ahoy')).rejects.toMatchObject({
      code: 'E_PAYMENT_OFFER',
    });
    expect(spent()).toBe(0n);
  });

  it('says so if the chain does not have a payment, or a receipt is for another one', async () => {
    await caller(INTENT).call('ahoy');
    ledger.transfers.clear();
    buyer.store.db.exec("UPDATE agents_purchases SET amount = '4'");
    const [out] = await payments();
    const failed = out!.checks.filter(({ ok }) => !ok).map(({ check, detail }) => [check, detail]);
    expect(failed).toEqual([
      ['receipt', 'it names another amount'],
      ['chain', expect.stringContaining('does not have it')],
    ]);
  });

  it.each([
    ['GET', '/list'],
    ['POST', '/pay'],
    ['POST', '/resume'],
    ['POST', '/pay_0123456789abcdef/end'],
  ])('%s of payments%s is for the owner alone, and for no page of another origin', async (method, path) => {
    const { url, token } = await readAdmin(folders[1]!);
    const at = `${url}/v1/agents/payments${path}`;
    const ask = async (headers: Record<string, string>) =>
      (await fetch(at, { method, headers, ...(method === 'POST' ? { body: '{}' } : {}) })).status;
    const json = { 'content-type': 'application/json' };
    const bearer = { authorization: `Bearer ${token}` };
    expect(await ask(json)).toBe(401);
    expect(await ask({ ...json, authorization: 'Bearer x' })).toBe(401);
    expect(await ask({ ...json, ...bearer, origin: 'https://evil.example' })).toBe(403);
    if (method === 'POST') expect(await ask({ ...bearer, 'content-type': 'text/plain' })).toBe(415);
    expect(spent()).toBe(0n);
  });
});
