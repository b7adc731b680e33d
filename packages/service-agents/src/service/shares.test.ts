import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChorusError } from '@chorus/protocol';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MemoryHub } from '../../../../test/twins/network.ts';
import { type MockOpenAi, mockOpenAi } from '../../../inference/src/testing/mock-openai.ts';
import { type AgentsNode, AgentsWorld, chatFile, startAgentsNode, until } from '../testing/agents-node.ts';
import { stockBuyer } from '../testing/paying.ts';

const WEEK = 7 * 86_400;

let endpoint: MockOpenAi;
let folder: string;
let hub: MemoryHub;
let world: AgentsWorld;
let nodes: AgentsNode[];
let one: AgentsNode;
beforeAll(async () => {
  endpoint = await mockOpenAi();
});
afterAll(() => endpoint.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-shares-'));
  hub = new MemoryHub();
  world = new AgentsWorld();
  nodes = [];
  one = await start(1);
});
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await rm(folder, { recursive: true, force: true });
});

async function start(n: number): Promise<AgentsNode> {
  const home = join(folder, `node-${n}`);
  await mkdir(home, { recursive: true });
  const config = {
    gateway: { enabled: true, requestsPerMinute: 10_000 },
    agents: { tokens: [world.ledger.token] },
  };
  const node = await startAgentsNode(home, hub, config, undefined, world, n);
  for (const other of nodes) hub.link(node.ports.network.peerId, other.ports.network.peerId);
  nodes.push(node);
  return node;
}

/** Serve an agent with a price of 1000, from a file that may have changed; returns its base URL. */
async function serve(share: string, node = one, name = 'guide'): Promise<string> {
  const more = `price: 1000 TWIN\n${share}`;
  const file = await chatFile(folder, endpoint.url, name, { more });
  return (await node.services.agents.startAgent({ file })).urls.http!;
}

/** Who an agent wants to be paid, by its card and by its answer 402. */
async function payees(base: string): Promise<string[]> {
  const card = (await (await fetch(new URL('.well-known/agent-card.json', base))).json()) as {
    capabilities: { extensions: { params: { accepts?: { payTo: string }[] } }[] };
  };
  const asked = await ask(fetch, base);
  const required = JSON.parse(Buffer.from(asked.headers.get('payment-required')!, 'base64').toString());
  const { extensions } = card.capabilities;
  const all = [...extensions.flatMap(({ params }) => params.accepts ?? []), ...required.accepts];
  return [...new Set(all.map(({ payTo }) => payTo))];
}

const ask = (by: typeof fetch, base: string) =>
  by(new URL('a2a', base), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'a2a-version': '1.0' },
    body: JSON.stringify({
      ...{ jsonrpc: '2.0', id: 1, method: 'SendMessage' },
      params: { message: { messageId: 'm1', role: 'ROLE_USER', parts: [{ text: 'hello' }] } },
    }),
  });

const buyer = () => {
  const { token } = world.ledger;
  const one = stockBuyer(token, 1_000n);
  world.ledger.mint(token, one.address, 100_000n);
  return one;
};
const revenue = async (node: AgentsNode) => (await node.services.agents.revenue()).overview([]);
const register = async (name = 'guide', node = one) => {
  const done = await node.services.agents.registerAgent(name);
  return { ...done, agentId: BigInt(done.agentId!) };
};

describe('an agent whose file gives parts of a payment to others', () => {
  it('is paid to its wallet until it has an identity, and to its till from then on', async () => {
    const two = await start(2);
    await serve('', two, 'tool');
    const tool = await register('tool', two);
    const base = await serve(`share: { tools: [{ agent: ${tool.agentId}, percent: 25 }] }\n`);
    const { account } = one.ports.chain;
    expect(await payees(base)).toEqual([account]);
    const { agentId, till, transactions } = await register();
    expect(transactions).toHaveLength(3);
    expect(till).toEqual({
      address: await one.ports.chain.tillOf(agentId),
      terms: { holders: 0, trainers: [], tools: [{ agent: tool.agentId.toString(), percent: 25 }] },
      effectiveAt: null,
    });
    expect(await payees(base)).toEqual([till!.address]);
    expect((await register()).transactions).toEqual([]);
    await until(
      async () => (await two.services.agents.findAgents({ text: 'guide', limit: 9 })).agents.length > 0,
    );
    expect(await two.services.agents.inspectAgent(agentId)).toMatchObject({
      proven: true,
      till: till!.terms,
    });
  });

  it('has what it is paid divided, and each part claimed by its owner, to the unit', async () => {
    const two = await start(2);
    await serve('', two, 'tool');
    const tool = await register('tool', two);
    const base = await serve(`share: { holders: 10, tools: [{ agent: ${tool.agentId}, percent: 25 }] }\n`);
    const { agentId } = await register();
    const { token, treasury } = world.ledger;
    const held = (node: AgentsNode) => world.ledger.balance(token, node.ports.chain.account);
    expect((await ask(buyer().fetch, base)).status).toBe(200);
    expect(held(one)).toBe(0n);
    expect((await revenue(one)).tills).toMatchObject([{ agent: 'guide', waiting: [{ amount: '1000' }] }]);
    const claimed = await (await one.services.agents.revenue()).claim({});
    // 1 % of 1000 is the network's, a quarter of the other 990 the tool's; no unit is out.
    expect(claimed.paid).toMatchObject([{ from: 'tills', amount: '743' }]);
    expect(held(one)).toBe(743n);
    expect(await (await two.services.agents.revenue()).collect(tool.agentId)).toMatchObject({
      collected: [{ paid: '0', passed: '247', protocolFee: '0', rest: '247' }],
    });
    expect(await revenue(two)).toMatchObject({ owed: [{ amount: '247' }] });
    await (await two.services.agents.revenue()).claim({});
    expect(held(two)).toBe(247n);
    expect(await one.ports.chain.owedByTills(token, treasury)).toBe(10n);
    expect((await (await one.services.agents.revenue()).collect(agentId)).collected).toEqual([]);
    expect((await (await one.services.agents.revenue()).claim({})).paid).toEqual([]);
  });

  it('changes its terms a week after it proposed that, and the same command applies them', async () => {
    await serve('share: { holders: 10 }\n');
    await register();
    await serve('share: { holders: 5 }\n');
    const proposed = await register();
    expect(proposed.till).toMatchObject({ terms: { holders: 5 }, effectiveAt: expect.any(String) });
    expect((await register()).transactions).toEqual([]);
    world.ledger.passTime(WEEK + 1);
    const applied = await register();
    expect(applied).toMatchObject({ till: { terms: { holders: 5 }, effectiveAt: null } });
    expect(applied.transactions).toHaveLength(1);
    expect((await one.ports.chain.till(applied.agentId)).terms.holdersBps).toBe(500);
  });

  it('is the same after a restart', async () => {
    await serve('share: { holders: 10 }\n');
    const { till } = await register();
    await one.close();
    nodes = [];
    one = await start(1);
    await until(() => one.services.agents.show('guide').state === 'serving');
    expect(await payees(one.services.agents.show('guide').urls.http!)).toEqual([till!.address]);
  });
});

describe('an agent whose till does not say what its file does', () => {
  const isPaidTo = async () => (await payees(one.services.agents.show('guide').urls.http!))[0];
  const restart = async () => {
    await one.close();
    nodes = nodes.filter((node) => node !== one);
    one = await start(1);
    await until(() => one.services.agents.show('guide').state === 'serving');
  };

  it('is paid to its wallet if its registration broke off before the terms', async () => {
    await serve('share: { holders: 40 }\n');
    one.ports.chain.setTillTerms = async () => {
      throw new ChorusError('E_CHAIN_UNREACHABLE', 'the chain did not answer', {});
    };
    await expect(register()).rejects.toMatchObject({ code: 'E_CHAIN_UNREACHABLE' });
    await restart();
    expect(await isPaidTo()).toBe(one.ports.chain.account);
    const { till } = await register();
    expect(await isPaidTo()).toBe(till!.address);
  });

  it('is paid to its wallet if its till has no terms yet', async () => {
    await serve('');
    await register();
    await serve('share: { holders: 40 }\n');
    expect(await isPaidTo()).toBe(one.ports.chain.account);
  });

  it('is paid to its wallet, and not to the till of a new owner, if its identity was given away', async () => {
    await serve('share: { holders: 10 }\n');
    const { agentId } = await register();
    const two = await start(2);
    world.ledger.owners[Number(agentId)] = two.ports.chain.account;
    await restart();
    expect(await isPaidTo()).toBe(one.ports.chain.account);
  });

  it('withdraws a proposal that its file has given up, so that no stranger applies it', async () => {
    await serve('share: { holders: 10 }\n');
    const { agentId } = await register();
    await serve('share: { holders: 90 }\n');
    await register();
    await serve('share: { holders: 10 }\n');
    expect((await register()).transactions).toHaveLength(1);
    world.ledger.passTime(WEEK + 1);
    const two = await start(2);
    await expect(two.ports.chain.applyTillTerms(agentId)).rejects.toMatchObject({
      code: 'E_CHAIN_WRONG_PHASE',
    });
    expect((await one.ports.chain.till(agentId)).terms.holdersBps).toBe(1000);
  });

  it('proposes again what was not applied in time', async () => {
    await serve('share: { holders: 10 }\n');
    await register();
    await serve('share: { holders: 5 }\n');
    await register();
    world.ledger.passTime(2 * WEEK + 1);
    const again = await register();
    expect(again.transactions).toHaveLength(1);
    expect(again.till!.effectiveAt).not.toBeNull();
  });
});

describe('a wallet that trained in many tasks', () => {
  it('has their royalties read and claimed a few at a time, each task once, and is paid the others if one claim fails', async () => {
    const asked: bigint[][] = [];
    const { chain } = one.ports;
    chain.royalties = async (_token, _account, tasks) => BigInt(tasks.length);
    chain.claimRoyalties = async (_token, tasks) => {
      asked.push(tasks);
      if (tasks.includes(1n)) throw new ChorusError('E_CHAIN_REVERTED', 'the token refused', {});
      return { transaction: '0x01', block: 1, gasUsed: 1n, amount: BigInt(tasks.length) };
    };
    const tasks = Array.from({ length: 45 }, (_, i) => BigInt(i + 1));
    const source = await one.services.agents.revenue();
    expect((await source.overview([...tasks, 7n])).royalties).toMatchObject([{ amount: '45' }]);
    const { paid, failed } = await source.claim({ tasks: tasks.map(String) });
    expect(asked.flat()).toEqual(tasks);
    expect(Math.max(...asked.map(({ length }) => length))).toBeLessThanOrEqual(20);
    expect(failed).toMatchObject([{ code: 'E_CHAIN_REVERTED' }]);
    expect(paid.reduce((sum, { amount }) => sum + Number(amount), 0)).toBe(25);
  });
});

describe('a network without tills', () => {
  it('has agents that are paid to their wallets, refuses shares before anything is sent, and shows no revenue', async () => {
    world.ledger.hasTills = false;
    const base = await serve('share: { holders: 10 }\n');
    const before = world.ledger.block;
    await expect(register()).rejects.toMatchObject({ code: 'E_CHAIN_NO_TILLS' });
    expect(world.ledger.block).toBe(before);
    expect(await payees(base)).toEqual([one.ports.chain.account]);
    await serve('', one, 'plain');
    await register('plain');
    expect(await revenue(one)).toMatchObject({ tills: [], owed: [], royalties: [], units: [] });
    expect(await (await one.services.agents.revenue()).claim({ tasks: ['1'] })).toEqual({
      paid: [],
      failed: [],
    });
  });
});

describe('units of an agent', () => {
  it('are launched by its owner, bought on another node, and bring their holder a part of each call', async () => {
    const two = await start(2);
    const base = await serve('share: { holders: 20 }\n');
    const { agentId } = await register();
    const [mine, theirs] = [await one.services.agents.revenue(), await two.services.agents.revenue()];
    await expect(mine.units(agentId)).rejects.toMatchObject({ code: 'E_UNITS_UNKNOWN' });
    const launch = { base: '100', slope: '10', cap: '50', holders: 20, description: 'Knows ferries' };
    expect(await mine.launchUnits(agentId, launch)).toMatchObject({ supply: '0', sale: null, holders: 20 });
    const { ledger } = world;
    ledger.mint(ledger.token, two.ports.chain.account, 1_000n);
    const quoted = (await theirs.units(agentId, 4n)).purchase!;
    expect(quoted).toEqual({ amount: '460', fee: '4' });
    await expect(theirs.buyUnits(agentId, { amount: '4', limit: '463' })).rejects.toMatchObject({
      code: 'E_CHAIN_WRONG_PHASE',
    });
    expect(await theirs.buyUnits(agentId, { amount: '4', limit: '464' })).toMatchObject({ amount: '464' });
    expect((await ask(buyer().fetch, base)).status).toBe(200);
    await mine.collect(agentId);
    expect((await revenue(two)).units).toMatchObject([{ held: '4', revenue: { amount: '198' } }]);
    expect((await theirs.claim({})).paid).toMatchObject([{ from: 'units', amount: '198' }]);
    expect(await theirs.sellUnits(agentId, { amount: '4', limit: '456' })).toMatchObject({ amount: '456' });
    expect(ledger.balance(ledger.token, two.ports.chain.account)).toBe(1_000n - 464n + 198n + 456n);
    expect((await revenue(two)).units).toEqual([]);
  });
});
