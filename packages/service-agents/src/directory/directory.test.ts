import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keysOfSeed } from '@chorus/a2a/names';
import type { DirectoryList } from '@chorus/admin-api';
import { type Beacon, beaconTopic, placeOf, signBeacon } from '@chorus/directory';
import { type AnyEvent, readNodeKey } from '@chorus/node';
import { ChorusError } from '@chorus/protocol';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MemoryChain } from '../../../../test/twins/chain.ts';
import { MemoryHub } from '../../../../test/twins/network.ts';
import { type MockOpenAi, mockOpenAi } from '../../../inference/src/testing/mock-openai.ts';
import { type AgentsNode, AgentsWorld, chatFile, startAgentsNode, until } from '../testing/agents-node.ts';
import { catchUp } from './catch-up.ts';
import { HeardBeacons } from './heard-beacons.ts';
import { Listings } from './listings.ts';

let endpoint: MockOpenAi;
beforeAll(async () => {
  endpoint = await mockOpenAi();
});
afterAll(() => endpoint.close());

let folder: string;
let hub: MemoryHub;
let world: AgentsWorld;
let events: AnyEvent[];
let nodes: AgentsNode[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-directory-'));
  hub = new MemoryHub();
  world = new AgentsWorld();
  events = [];
  nodes = [];
});
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await rm(folder, { recursive: true, force: true });
});

/** Node number `n` of this network, connected with those that were started before. */
async function start(n: number, config: object = {}): Promise<AgentsNode> {
  const home = join(folder, `node-${n}`);
  await mkdir(home, { recursive: true });
  const node = await startAgentsNode(home, hub, config, (event) => events.push(event), world, n);
  for (const other of nodes) hub.link(node.ports.network.peerId, other.ports.network.peerId);
  nodes.push(node);
  return node;
}

async function stop(node: AgentsNode): Promise<void> {
  nodes.splice(nodes.indexOf(node), 1);
  await node.close();
}

async function serve(node: AgentsNode, name: string, more = ''): Promise<void> {
  const file = await chatFile(folder, endpoint.url, name, { more });
  await node.services.agents.startAgent({ file });
}

const find = (node: AgentsNode, text?: string): Promise<DirectoryList> =>
  node.services.agents.findAgents({ ...(text === undefined ? {} : { text }), limit: 20 });
const found = async (node: AgentsNode, text?: string) =>
  (await find(node, text)).agents.map(({ title }) => title);

describe('an agent that is registered', () => {
  it('costs two transactions once, and nothing when it is repeated', async () => {
    const node = await start(1);
    await serve(node, 'harbour');
    const { agents } = node.services;
    const asked = await agents.registerAgent('harbour', { dryRun: true });
    expect(asked).toMatchObject({ agentId: null, transactions: [], cost: { gas: '0' } });
    const done = await agents.registerAgent('harbour');
    expect(done.transactions).toHaveLength(2);
    expect(agents.show('harbour').identity).toEqual({ agentId: done.agentId, retired: false });
    const again = await agents.registerAgent('harbour');
    expect(again).toEqual({ ...done, transactions: [] });
  });

  it('is found by another node, which checks every link', async () => {
    const [one, two] = [await start(1), await start(2)];
    await serve(one, 'harbour', 'description: Knows the ferries\n');
    await serve(one, 'hidden');
    const { agentId } = await one.services.agents.registerAgent('harbour');
    await until(async () => (await found(two)).length > 0);
    for (const node of [one, two]) {
      expect(await found(node, 'ferry')).toEqual(['harbour']);
      expect(await found(node, 'mountain')).toEqual([]);
      expect(await node.services.agents.inspectAgent(BigInt(agentId!))).toMatchObject({
        agentId,
        title: 'harbour',
        proven: true,
        owner: one.ports.chain.account,
      });
    }
    const [agent] = (await find(two)).agents;
    expect(agent).toMatchObject({
      peerId: one.ports.network.peerId,
      url: one.services.agents.show('harbour').urls.libp2p,
    });
    expect(agent!.score).toBeGreaterThan(0);
  });

  it('is found by a node that starts later, without its next beacon', async () => {
    const one = await start(1);
    await serve(one, 'harbour');
    await one.services.agents.registerAgent('harbour');
    await until(async () => (await found(one)).length > 0);
    const two = await start(2);
    await until(async () => (await found(two)).length > 0);
    // From a node that does not serve it itself, too.
    hub.unlink(one.ports.network.peerId);
    const three = await start(3);
    hub.unlink(one.ports.network.peerId);
    hub.link(three.ports.network.peerId, two.ports.network.peerId);
    await three.ports.network.learn(one.ports.network.peerId, one.ports.network.multiaddrs());
    await until(async () => (await found(three)).length > 0);
  });

  it('has its identity again after a restart, and others forget it at once when it ends', async () => {
    const [one, two] = [await start(1), await start(2)];
    await serve(one, 'harbour');
    const { agentId } = await one.services.agents.registerAgent('harbour');
    await until(async () => (await found(two)).length > 0);
    await stop(one);
    await until(async () => (await found(two)).length === 0);
    const again = await start(1);
    await until(async () => (await found(two)).length > 0);
    expect(again.services.agents.show('harbour').identity).toEqual({ agentId, retired: false });
    await again.services.agents.stopAgent('harbour');
    await until(async () => (await found(two)).length === 0);
  });

  it('that is retired is no longer announced, says so on chain, and comes back under its number', async () => {
    const [one, two] = [await start(1), await start(2)];
    await serve(one, 'harbour');
    const { agentId, uri } = await one.services.agents.registerAgent('harbour');
    await until(async () => (await found(two)).length > 0);
    const retired = await one.services.agents.retireAgent('harbour');
    expect(retired.agentId).toBe(agentId);
    expect(retired.uri).not.toBe(uri);
    await until(async () => (await found(two)).length === 0);
    const seen = await two.services.agents.inspectAgent(BigInt(agentId!));
    expect(seen.proven).toBe(false);
    expect(seen.links.find(({ name }) => name === 'file')?.says).toMatch(/retired/);
    await one.services.agents.registerAgent('harbour');
    await until(async () => (await found(two)).length > 0);
    expect((await find(two)).agents[0]!.agentId).toBe(agentId);
  });

  it('whose registration was cut off goes on where it was, under the same number', async () => {
    const one = await start(1);
    await serve(one, 'harbour');
    const place = placeOf(one.ports.network.peerId, 'harbour');
    const { agentId } = await one.ports.chain.registerAgent(place);
    const done = await one.services.agents.registerAgent('harbour');
    expect(done).toMatchObject({ agentId: agentId.toString() });
    expect(done.transactions).toHaveLength(1);
  });

  it('that is not served cannot be registered, and one without an identity not retired', async () => {
    const one = await start(1);
    await expect(one.services.agents.registerAgent('harbour')).rejects.toMatchObject({
      code: 'E_AGENT_UNKNOWN',
    });
    await serve(one, 'harbour');
    await expect(one.services.agents.retireAgent('harbour')).rejects.toMatchObject({
      code: 'E_AGENT_UNREGISTERED',
    });
  });

  it('with a price is found by what it costs, and its price goes to its wallet', async () => {
    const tokens = [world.ledger.token];
    const one = await start(1, { agents: { tokens } });
    const two = await start(2, { agents: { tokens } });
    for (const [name, price] of [
      ['free', ''],
      ['cheap', 'price: 2 TWIN\n'],
      ['dear', 'price: 6 TWIN\n'],
    ] as const) {
      await serve(one, name, price);
      await one.services.agents.registerAgent(name);
    }
    await until(async () => (await found(two)).length === 3);
    const bounded = await two.services.agents.findAgents({ maxPrice: '2 TWIN', limit: 9 });
    // The cheapest is as good as a free one: which of them is first depends on how fast they answered.
    expect(bounded.agents.map(({ title, price }) => [title, price?.text]).sort()).toEqual([
      ['cheap', '2 TWIN'],
      ['free', undefined],
    ]);
    const { agents } = await find(two);
    expect(agents.at(-1)).toMatchObject({ title: 'dear', price: { units: '6', token: world.ledger.token } });
    const seen = await two.services.agents.inspectAgent(BigInt(agents.at(-1)!.agentId));
    expect(seen.proven).toBe(true);
    expect(seen.links.at(-1)).toMatchObject({ name: 'payee', says: expect.stringContaining('6 TWIN') });
    // A number that no identity has, and that SQLite cannot hold.
    expect(await two.services.agents.inspectAgent(2n ** 64n)).toMatchObject({ proven: false, owner: null });
    for (const maxPrice of ['2 OTHER', 'a lot']) {
      await expect(two.services.agents.findAgents({ maxPrice, limit: 9 })).rejects.toMatchObject({
        code: 'E_AGENT_PRICE',
      });
    }
  });

  it('is announced though another agent of its node cannot be', async () => {
    const [one, two] = [await start(1), await start(2)];
    await serve(one, 'astray');
    const { agentId } = await one.services.agents.registerAgent('astray');
    const { registeredAgent } = one.ports.chain;
    one.ports.chain.registeredAgent = async (id) => {
      if (id === BigInt(agentId!)) throw new ChorusError('E_CHAIN_UNREACHABLE', 'no answer');
      return registeredAgent.call(one.ports.chain, id);
    };
    await serve(one, 'astray', 'description: Has a new card\n');
    await serve(one, 'harbour');
    await one.services.agents.registerAgent('harbour');
    await until(async () => (await found(two, 'harbour')).length > 0);
  });

  it('is neither announced nor believed when its identity was given to someone who has not agreed', async () => {
    const [one, two] = [await start(1), await start(2)];
    await serve(one, 'harbour');
    const { agentId } = await one.services.agents.registerAgent('harbour');
    await until(async () => (await found(two)).length > 0);
    world.ledger.owners[Number(agentId)] = `0x${'77'.repeat(20)}`;
    const seen = await two.services.agents.inspectAgent(BigInt(agentId!));
    expect(seen).toMatchObject({ proven: false, owner: `0x${'77'.repeat(20)}` });
    expect(seen.links.find(({ name }) => name === 'place')).toMatchObject({
      holds: false,
      says: expect.stringMatching(/earlier owner/),
    });
    // With the next beacon, which a change of the card brings on, it is taken back.
    await serve(one, 'harbour', 'description: Knows the ferries\n');
    await until(async () => (await found(two)).length === 0);
    expect(await found(one)).toEqual([]);
  });

  it('is not listed by a node that keeps no directory', async () => {
    const [one, two] = [await start(1), await start(2, { agents: { directory: false } })];
    await serve(one, 'harbour');
    await one.services.agents.registerAgent('harbour');
    await until(async () => (await found(one)).length > 0);
    expect(await found(two)).toEqual([]);
  });
});

describe('a stranger who announces agents', () => {
  const seed = new Uint8Array(32).fill(7);

  async function stranger(node: AgentsNode) {
    const { peerId } = keysOfSeed(seed);
    const network = hub.create(peerId);
    hub.link(peerId, node.ports.network.peerId);
    const chain = new MemoryChain(world.ledger, `0x${'9'.padStart(64, '0')}`);
    const registry = { chainId: chain.chainId, address: await chain.identityRegistry() };
    const say = async (changes: Partial<Beacon> = {}) => {
      const now = Math.floor(Date.now() / 1_000);
      const beacon = {
        agentId: 0n,
        peerId,
        name: 'harbour',
        cardDigest: new Uint8Array(32),
        issuedAt: now,
        expiresAt: now + 900,
        addresses: [],
        ...changes,
      };
      await network.publish(beaconTopic(registry), signBeacon(registry, beacon, seed));
    };
    let asked = 0;
    network.serve(() => {
      asked++;
      return new Response('no', { status: 404 });
    });
    return { peerId, network, chain, say, asked: () => asked };
  }

  /** Whatever was sent before has been judged when this has been found. */
  async function settled(node: AgentsNode, other: AgentsNode): Promise<void> {
    await serve(other, 'last');
    await other.services.agents.registerAgent('last');
    await until(async () => (await found(node, 'last')).length > 0);
  }

  it('cannot announce an agent whose identity names another place, or no identity at all', async () => {
    const [one, two] = [await start(1), await start(2)];
    await serve(one, 'harbour');
    const { agentId } = await one.services.agents.registerAgent('harbour');
    await until(async () => (await found(two)).length > 0);
    const bad = await stranger(two);
    const before = (await find(two)).agents[0]!;
    const later = Math.floor(Date.now() / 1_000) + 30;
    await bad.say({ agentId: BigInt(agentId!), issuedAt: later, expiresAt: later + 900 });
    await bad.say({ agentId: 999n });
    await settled(two, one);
    expect((await find(two, 'harbour')).agents[0]).toMatchObject({ peerId: before.peerId, agentId });
    // Not even called: what the chain says is read first.
    expect(bad.asked()).toBe(0);
  });

  it('is not heard for a while after three agents that the chain knows nothing of, and no sooner', async () => {
    const one = await start(1);
    const bad = await stranger(one);
    const registry = { chainId: bad.chain.chainId, address: await bad.chain.identityRegistry() };
    const heard = new HeardBeacons({
      ports: one.ports,
      registry,
      listings: new Listings(one.store),
      signal: new AbortController().signal,
    });
    const now = Math.floor(Date.now() / 1_000);
    const say = (agentId: bigint) => {
      const beacon = { agentId, peerId: bad.peerId, name: 'harbour', issuedAt: now, expiresAt: now + 900 };
      const whole = { ...beacon, cardDigest: new Uint8Array(32), addresses: [] };
      return heard.onMessage({ data: signBeacon(registry, whole, seed), from: bad.peerId });
    };
    for (const agentId of [901n, 902n, 903n]) {
      expect(say(agentId)).toBe('accept');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await until(() => say(904n) === 'ignore' || say(905n) === 'ignore');
    expect(say(906n)).toBe('ignore');
  });

  it('cannot take back another’s agent', async () => {
    const [one, two] = [await start(1), await start(2)];
    await serve(one, 'harbour');
    const { agentId } = await one.services.agents.registerAgent('harbour');
    await until(async () => (await found(two)).length > 0);
    const bad = await stranger(two);
    const later = Math.floor(Date.now() / 1_000) + 30;
    await bad.say({ agentId: BigInt(agentId!), issuedAt: later, expiresAt: later });
    await settled(two, one);
    expect(await found(two, 'harbour')).toEqual(['harbour']);
  });

  it('with an identity of its own, but without a card, is not listed', async () => {
    const [one, two] = [await start(1), await start(2)];
    const bad = await stranger(two);
    const { agentId } = await bad.chain.registerAgent(placeOf(bad.peerId, 'harbour'));
    await bad.say({ agentId });
    await until(() => bad.asked() > 0);
    await settled(two, one);
    expect(await found(two)).toEqual(['last']);
    const seen = await two.services.agents.inspectAgent(agentId);
    expect(seen.links.find(({ name }) => name === 'answers')).toMatchObject({ holds: false });
  });

  it('is blamed for what is no beacon, and for a beacon of another peer', async () => {
    const one = await start(1);
    const bad = await stranger(one);
    const { peerId: other } = keysOfSeed(new Uint8Array(32).fill(8));
    const registry = { chainId: bad.chain.chainId, address: await bad.chain.identityRegistry() };
    const heard = new HeardBeacons({
      ports: one.ports,
      registry,
      listings: new Listings(one.store),
      signal: new AbortController().signal,
    });
    expect(heard.onMessage({ data: Uint8Array.of(1), from: bad.peerId })).toBe('reject');
    const now = Math.floor(Date.now() / 1_000);
    const beacon = {
      agentId: 1n,
      peerId: bad.peerId,
      name: 'x',
      cardDigest: new Uint8Array(32),
      issuedAt: now,
      expiresAt: now + 900,
      addresses: [],
    };
    const data = signBeacon(registry, beacon, seed);
    expect(heard.onMessage({ data, from: other })).toBe('reject');
    const old = signBeacon(registry, { ...beacon, issuedAt: now - 2_000, expiresAt: now - 1_100 }, seed);
    expect(heard.onMessage({ data: old, from: bad.peerId })).toBe('ignore');
    const early = signBeacon(registry, { ...beacon, issuedAt: now + 600, expiresAt: now + 700 }, seed);
    expect(heard.onMessage({ data: early, from: bad.peerId })).toBe('ignore');
  });

  it('with many identities costs this node a bounded number of looks at the chain', async () => {
    const one = await start(1);
    const bad = await stranger(one);
    const registry = { chainId: bad.chain.chainId, address: await bad.chain.identityRegistry() };
    let looks = 0;
    const chain = {
      ...one.ports.chain,
      registeredAgent: async () => {
        looks++;
        return null;
      },
    };
    const heard = new HeardBeacons({
      ports: { chain: chain as never, network: one.ports.network },
      registry,
      listings: new Listings(one.store),
      signal: new AbortController().signal,
    });
    const now = Math.floor(Date.now() / 1_000);
    const verdicts = Array.from({ length: 2_000 }, (_, i) => {
      const beacon = {
        agentId: BigInt(i),
        peerId: bad.peerId,
        name: 'x',
        cardDigest: new Uint8Array(32),
        issuedAt: now,
        expiresAt: now + 900,
        addresses: [],
      };
      return heard.onMessage({ data: signBeacon(registry, beacon, seed), from: bad.peerId });
    });
    expect(verdicts.filter((verdict) => verdict === 'accept').length).toBeLessThanOrEqual(128);
    expect(looks).toBeLessThanOrEqual(128);
  });

  it('cannot have an honest peer refused by passing on its old beacons', async () => {
    const [one, two] = [await start(1), await start(2)];
    const { seed: key } = (await readNodeKey(join(folder, 'node-1')))!;
    const { peerId } = one.ports.network;
    const registry = { chainId: two.ports.chain.chainId, address: await two.ports.chain.identityRegistry() };
    await serve(one, 'harbour');
    hub.unlink(peerId);
    const { agentId } = await one.services.agents.registerAgent('harbour');
    hub.link(peerId, two.ports.network.peerId);
    const listings = new Listings(two.store);
    const { signal } = new AbortController();
    let looks = 0;
    const chain = {
      registeredAgent: async (id: bigint) => {
        looks++;
        return two.ports.chain.registeredAgent(id);
      },
    };
    const heard = new HeardBeacons({
      ports: { chain: chain as never, network: two.ports.network },
      registry,
      listings,
      signal,
    });
    const now = Math.floor(Date.now() / 1_000);
    const beacon = { peerId, name: 'harbour', issuedAt: now - 60, expiresAt: now + 600, addresses: [] };
    const old = [
      // Of an earlier card, and of an identity that has moved elsewhere since.
      { ...beacon, agentId: BigInt(agentId!), cardDigest: new Uint8Array(32) },
      { ...beacon, agentId: 999n, cardDigest: new Uint8Array(32) },
    ];
    for (const each of old) heard.onPassedOn(signBeacon(registry, each, key));
    await until(() => looks === 2);
    await until(async () => (await found(two)).length > 0);
    const cardDigest = Buffer.from(listings.get(BigInt(agentId!))!.listing!.card, 'hex');
    listings.remove(BigInt(agentId!));
    const fresh = { ...beacon, agentId: BigInt(agentId!), cardDigest, issuedAt: now + 30 };
    expect(heard.onMessage({ data: signBeacon(registry, fresh, key), from: peerId })).toBe('accept');
    await until(() => listings.get(BigInt(agentId!))?.listing != null);
  });

  it('cannot keep an agent from its check, nor a known one from being shown until then', async () => {
    const [one, two] = [await start(1), await start(2)];
    await serve(one, 'harbour');
    const { agentId } = await one.services.agents.registerAgent('harbour');
    await until(async () => (await found(two)).length > 0);
    const registry = { chainId: two.ports.chain.chainId, address: await two.ports.chain.identityRegistry() };
    const listings = new Listings(two.store);
    const known = listings.get(BigInt(agentId!))!;
    // Its next check is due.
    listings.put({ ...known, probedAt: 0 });
    const gate = Promise.withResolvers<void>();
    const checked: string[] = [];
    const heard = new HeardBeacons({
      ports: {
        chain: {
          registeredAgent: async (id: bigint) => {
            await gate.promise;
            const found = await two.ports.chain.registeredAgent(id);
            checked.push(String(id));
            return found;
          },
        } as never,
        network: two.ports.network,
      },
      registry,
      listings,
      signal: new AbortController().signal,
    });
    const { seed: key } = (await readNodeKey(join(folder, 'node-1')))!;
    const issuedAt = known.issuedAt + 10;
    const beacon: Beacon = {
      agentId: BigInt(agentId!),
      peerId: known.peerId,
      name: 'harbour',
      cardDigest: Buffer.from(known.listing!.card, 'hex'),
      issuedAt,
      expiresAt: issuedAt + 900,
      addresses: [],
    };
    // Others fill all places of checks, and announce the same agent.
    const bad = keysOfSeed(seed).peerId;
    for (let i = 0; i < 8; i++) {
      const other = { ...beacon, agentId: BigInt(500 + i), peerId: bad };
      heard.onMessage({ data: signBeacon(registry, other, seed), from: bad });
    }
    heard.onMessage({ data: signBeacon(registry, beacon, key), from: known.peerId });
    heard.onMessage({ data: signBeacon(registry, { ...beacon, peerId: bad }, seed), from: bad });
    expect(listings.get(BigInt(agentId!))).toMatchObject({
      expiresAt: issuedAt + 900,
      listing: { title: 'harbour' },
    });
    gate.resolve();
    await until(() => checked.filter((id) => id === agentId).length === 2);
    await until(() => listings.get(BigInt(agentId!))!.probedAt !== 0);
    expect(listings.get(BigInt(agentId!))).toMatchObject({ peerId: known.peerId, problem: null });
  });

  it('that answers slowly which agents it knows is not listened to without end', async () => {
    const one = await start(1);
    const { chain } = one.ports;
    const registry = { chainId: chain.chainId, address: await chain.identityRegistry() };
    const network = {
      request: (_: string, __: string, ___: Uint8Array, options?: { signal?: AbortSignal }) =>
        new Promise<never>((_resolve, reject) => {
          options?.signal?.addEventListener('abort', () => reject(options.signal!.reason));
        }),
    };
    const { signal } = new AbortController();
    expect(await catchUp(network, registry, 'x', () => {}, signal, 20)).toBe(false);
  });
});
