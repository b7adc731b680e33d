import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AdminClient, createAdminClient, readAdmin } from '@chorus/admin-api';
import { ratingWords } from '@chorus/directory';
import { parseSum } from '@chorus/protocol';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MemoryChain } from '../../../../test/twins/chain.ts';
import { MemoryHub } from '../../../../test/twins/network.ts';
import { type MockOpenAi, mockOpenAi } from '../../../inference/src/testing/mock-openai.ts';
import { type AgentsNode, AgentsWorld, chatFile, startAgentsNode, until } from '../testing/agents-node.ts';

let endpoint: MockOpenAi;
let folders: string[];
let world: AgentsWorld;
let seller: AgentsNode;
let buyer: AgentsNode;
let api: AdminClient;
let agentId: bigint;
beforeAll(async () => {
  endpoint = await mockOpenAi();
});
afterAll(() => endpoint.close());
beforeEach(async () => {
  folders = await Promise.all([1, 2].map(() => mkdtemp(join(tmpdir(), 'chorus-rated-'))));
  world = new AgentsWorld();
  const hub = new MemoryHub();
  const start = (n: 1 | 2) =>
    startAgentsNode(folders[n - 1]!, hub, { agents: { tokens: [world.ledger.token] } }, undefined, world, n);
  [seller, buyer] = await Promise.all([start(1), start(2)]);
  hub.link(seller.ports.network.peerId, buyer.ports.network.peerId);
  world.ledger.mint(world.ledger.token, buyer.ports.chain.account, 1_000n);
  api = createAdminClient(await readAdmin(folders[1]!));
  agentId = await served('guide', 'share: {}\n');
});
afterEach(async () => {
  await Promise.all([seller.close(), buyer.close()]);
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function served(name: string, share: string): Promise<bigint> {
  const file = await chatFile(folders[0]!, endpoint.url, name, { more: `price: 9 TWIN\n${share}` });
  const { agents } = seller.services;
  await agents.startAgent({ file });
  return BigInt((await agents.registerAgent(name)).agentId!);
}

/** One call of the agent, paid by the buyer; returns the transaction. */
async function pay(agent = agentId, text = `hello ${Math.random()}`): Promise<string> {
  const options = { pay: parseSum('9 TWIN'), signal: new AbortController().signal };
  for await (const _ of buyer.services.agents.callAgent(
    agent,
    { from: 'caller' as const, text, files: [], data: [] },
    options,
  ));
  return (await api.payments()).payments[0]!.transaction!;
}

const stranger = (n: number) => new MemoryChain(world.ledger, `0x${n.toString(16).padStart(64, '0')}`);

/** Pay the till of the agent without a call. */
async function transfer(from: MemoryChain, amount: bigint) {
  const { token } = world.ledger;
  world.ledger.mint(token, from.account, amount);
  const to = (await from.tillOf(agentId))!;
  const times = { validAfter: 0n, validBefore: BigInt(await from.now()) + 600n };
  const nonce = `0x${from.account.slice(2).padStart(64, '0')}` as const;
  return from.sendTransfer(await from.signTransfer({ token, to, value: amount, ...times, nonce }));
}

/** What `from` writes into the registry, of a payment that need not exist. */
async function words(from: MemoryChain, rating: number, transaction: `0x${string}`, payer = from.account) {
  return ratingWords(rating, {
    registry: { chainId: from.chainId, address: await from.identityRegistry() },
    agentId,
    endpoint: '',
    proof: { from: payer, to: (await from.tillOf(agentId))!, chainId: from.chainId, transaction },
    at: new Date(),
  });
}

describe('ratings of an agent', () => {
  it('a caller that has paid rates the agent, others read it from the chain, and can take the order from it', async () => {
    expect(await api.reputation(agentId)).toMatchObject({ score: 50, raters: 0, feedback: [] });
    const transaction = await pay();
    const planned = await api.giveFeedback(agentId, { rating: 90, dryRun: true });
    expect(planned).toMatchObject({ payment: { transaction, amount: '9', symbol: 'TWIN' }, given: null });
    const { given } = await api.giveFeedback(agentId, { rating: 90 });
    expect(given).toMatchObject({ index: '1' });
    // The fee on 9 tokens against that on the one of a neutral 50: (50 + 9 * 90) / 10.
    for (const node of [api, createAdminClient(await readAdmin(folders[0]!))]) {
      expect(await node.reputation(agentId)).toMatchObject({
        score: 86,
        raters: 1,
        paid: '9',
        feedback: [{ client: buyer.ports.chain.account, rating: 90, paid: '9', part: 1, uncounted: null }],
      });
    }
    expect((await api.reputation(agentId)).feedback[0]!.own).toBe(true);
    const find = () => buyer.services.agents.findAgents({ text: 'guide', limit: 9 });
    await until(async () => (await find()).agents[0]?.reputation?.score === 86);
    const [found] = (await find()).agents;
    expect(found!.parts.find(({ name }) => name === 'reputation')).toMatchObject({ value: 0.86 });
  });

  it('each payment is rated once, the largest first, and can be rated otherwise later', async () => {
    const first = await pay();
    await api.giveFeedback(agentId, { rating: 100 });
    await expect(api.giveFeedback(agentId, { rating: 100 })).rejects.toMatchObject({
      code: 'E_AGENT_FEEDBACK',
      message: expect.stringContaining('has rated every payment'),
    });
    const second = await pay();
    expect(second).not.toBe(first);
    expect((await api.giveFeedback(agentId, { rating: 100 })).payment.transaction).toBe(second);
    await api.giveFeedback(agentId, { rating: 0, payment: first });
    const { feedback, paid } = await api.reputation(agentId);
    expect(paid).toBe('18');
    expect(feedback.map(({ rating, uncounted }) => [rating, uncounted])).toEqual([
      [100, 'replaced'],
      [100, null],
      [0, null],
    ]);
    await api.revokeFeedback(agentId, 3n);
    expect((await api.reputation(agentId)).feedback.map(({ uncounted }) => uncounted)).toEqual([null, null]);
  });

  it('a wallet that has not paid cannot rate, and the error says why', async () => {
    await expect(api.giveFeedback(agentId, { rating: 1 })).rejects.toMatchObject({
      code: 'E_AGENT_FEEDBACK',
      message: 'this wallet has paid nothing to the till of the agent',
    });
    const other = await served('wallet', '');
    await pay(other);
    await expect(api.giveFeedback(other, { rating: 1 })).rejects.toMatchObject({ code: 'E_AGENT_FEEDBACK' });
    await expect(api.reputation(999n)).rejects.toMatchObject({ code: 'E_AGENT_UNREGISTERED' });
    const payment = `0x${'12'.repeat(32)}`;
    await expect(api.giveFeedback(agentId, { rating: 1, payment })).rejects.toMatchObject({
      message: expect.stringContaining('paid nothing from this wallet'),
    });
    for (const rating of [-1, 101, 1.5]) {
      await expect(api.giveFeedback(agentId, { rating })).rejects.toMatchObject({
        code: 'E_ADMIN_BAD_REQUEST',
      });
    }
  });

  it('a payment whose block is not confirmed yet cannot be rated, and the error says to wait', async () => {
    const transaction = await pay();
    const { chain } = buyer.ports;
    const { movedIn } = chain;
    chain.movedIn = async () => null;
    await expect(api.giveFeedback(agentId, { rating: 1 })).rejects.toMatchObject({
      code: 'E_AGENT_FEEDBACK',
      facts: { latest: transaction },
      hint: expect.stringContaining('wait'),
    });
    chain.movedIn = movedIn;
    expect((await api.giveFeedback(agentId, { rating: 1, dryRun: true })).payment).toMatchObject({
      transaction,
    });
  });

  it('feedback without a payment of its own counts for nothing, whatever it claims', async () => {
    const transaction = (await pay()) as `0x${string}`;
    await api.giveFeedback(agentId, { rating: 80 });
    const before = await api.reputation(agentId);
    const [liar, thief, paying] = [stranger(11), stranger(12), stranger(13)];
    // A payment that does not exist; another's; one's own, told as another's; none; a number out of scale; noise.
    await liar.giveAgentFeedback(agentId, await words(liar, 0, `0x${'ee'.repeat(32)}`));
    await thief.giveAgentFeedback(agentId, await words(thief, 0, transaction));
    await thief.giveAgentFeedback(agentId, await words(thief, 0, transaction, buyer.ports.chain.account));
    const real = await transfer(paying, 1_000n);
    const honest = await words(paying, 0, real.transaction);
    await paying.giveAgentFeedback(agentId, { ...honest, uri: '', digest: `0x${'00'.repeat(32)}` });
    await paying.giveAgentFeedback(agentId, { ...honest, value: -100n });
    await paying.giveAgentFeedback(agentId, { ...honest, tag1: 'uptime' });
    await paying.giveAgentFeedback(agentId, { ...honest, digest: `0x${'11'.repeat(32)}` });
    await paying.giveAgentFeedback(agentId, { ...honest, uri: 'https://example.com/feedback.json' });
    const after = await api.reputation(agentId);
    expect(after).toMatchObject({ score: before.score, raters: 1, paid: '9' });
    expect(after.feedback.slice(1).map(({ uncounted }) => uncounted)).toEqual([
      'payment not found',
      'payment not found',
      'no payment named',
      'no payment named',
      'no rating',
      'no rating',
      'no payment named',
      'no payment named',
    ]);
    // The same payment, told as it was: it weighs a hundred times the other.
    await paying.giveAgentFeedback(agentId, honest);
    const slandered = await api.reputation(agentId);
    expect(slandered.score).toBeLessThan(1);
    expect(slandered.raters).toBe(2);
  });

  it('many names that pay as much as one weigh as much as one', async () => {
    for (const n of [21, 22, 23, 24]) {
      const each = stranger(n);
      await each.giveAgentFeedback(agentId, await words(each, 100, (await transfer(each, 25n)).transaction));
    }
    const split = (await api.reputation(agentId)).score;
    const whole = (50 + 100 * 100) / 101;
    expect(split).toBeCloseTo(whole, 1);
  });
});
