import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AnyEvent,
  type ChorusNode,
  createNode,
  defineConfig,
  parseConfig,
  readNodeKey,
  writeNewNodeKey,
} from '@chorus/node';
import { ChorusError, digestOfCid, type Hex } from '@chorus/protocol';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MemoryChain, MemoryLedger } from '../../../test/twins/chain.ts';
import { MemoryHub } from '../../../test/twins/network.ts';
import { MemorySwarm } from '../../../test/twins/storage.ts';
import { MARKET_SECTION, type MarketNodeConfig } from './config/market-config.ts';
import { type Market, market } from './market.ts';

type MarketNode = ChorusNode<{ market: Market }>;

const DAY = 86_400;
let folder: string;
let ledger: MemoryLedger;
let hub: MemoryHub;
let swarm: MemorySwarm;
let events: AnyEvent[];
let nodes: Map<string, MarketNode>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-market-'));
  [ledger, hub, swarm, events, nodes] = [
    new MemoryLedger(),
    new MemoryHub(),
    new MemorySwarm(),
    [],
    new Map(),
  ];
});
afterEach(async () => {
  await Promise.all([...nodes.values()].map((node) => node.close()));
  await rm(folder, { recursive: true, force: true });
});

/** A node that looks at its jobs when a test says so; again with the same name, it is that node after a restart. */
async function start(name: string, account: number, config: object = {}): Promise<MarketNode> {
  await nodes.get(name)?.close();
  const dataDir = join(folder, name);
  await mkdir(dataDir, { recursive: true });
  const { peerId } = (await readNodeKey(dataDir)) ?? (await writeNewNodeKey(dataDir));
  const chain = new MemoryChain(ledger, `0x${account.toString(16).padStart(64, '0')}`);
  const node = await createNode({
    config: parseConfig(
      defineConfig([MARKET_SECTION]),
      {
        dataDir,
        chain: { url: 'http://127.0.0.1:1', contract: ledger.contract },
        market: { checkSeconds: 3600, ...config },
      },
      'test',
    ) as MarketNodeConfig,
    services: { market: market() },
    emit: (event) => events.push(event),
    ports: { chain, network: hub.create(peerId), storage: swarm.create() },
  });
  nodes.set(name, node);
  return node;
}

/** A node with tokens, and an identity with stake behind it. */
async function staked(name: string, account: number): Promise<MarketNode> {
  const node = await start(name, account);
  const { chain } = node.ports;
  ledger.mint(ledger.token, chain.account, 10n ** 9n);
  const { agentId } = await chain.registerIdentity('');
  await chain.depositStake(ledger.token, agentId, 10n ** 7n);
  return node;
}

const jobsOf = (node: MarketNode) => node.services.market.jobs;
const work = new TextEncoder().encode('a chart');

async function submitted(client: MarketNode, provider: MarketNode, bytes = work) {
  const { jobId } = await jobsOf(client).create({
    ...{ provider: provider.ports.chain.account, budget: '1000', seconds: 10 * DAY },
    ...{ description: 'a chart', fund: true },
  });
  const { digest } = await jobsOf(provider).storeFile('chart.svg', bytes);
  const job = await jobsOf(provider).act(BigInt(jobId), { action: 'submit', deliverable: digest });
  return { jobId: BigInt(jobId), job };
}

/** A dispute of a job that was defended, and its three jurors, who wait to vote. */
async function drawn() {
  const [client, provider] = [await staked('client', 1), await staked('provider', 2)];
  const judges = [await staked('a', 3), await staked('b', 4), await staked('c', 5)] as const;
  for (const judge of judges) await judge.services.market.seat(true);
  ledger.passTime(1);
  const { jobId } = await submitted(client, provider);
  await jobsOf(client).act(jobId, { action: 'dispute' });
  await jobsOf(provider).act(jobId, { action: 'defend' });
  await client.services.market.look();
  return { client, provider, judges, jobId };
}

const statusOf = async (node: MarketNode, jobId: bigint) => (await jobsOf(node).show(jobId)).status;
const waits = () => events.filter(({ type }) => type === 'market.waits');

describe('the market of a node', () => {
  it('a node reminds its owner once of what waits, again after a restart, and settles what it gains from', async () => {
    const [client, provider] = [await staked('client', 1), await staked('provider', 2)];
    const { jobId, job } = await submitted(client, provider);
    expect(job).toMatchObject({
      status: 'submitted',
      roles: ['provider'],
      step: { what: 'accept-or-dispute' },
    });
    expect((await jobsOf(client).file(jobId, 'deliverable', 100)).bytes).toEqual(work);
    await client.services.market.look();
    await client.services.market.look();
    expect(waits()).toMatchObject([{ jobId: `${jobId}`, what: 'accept-or-dispute' }]);
    await (await start('client', 1)).services.market.look();
    expect(waits()).toHaveLength(2);
    ledger.passTime(DAY);
    const restarted = await start('provider', 2);
    await restarted.services.market.look();
    await restarted.services.market.look();
    expect(events.filter(({ type }) => type === 'market.done')).toHaveLength(1);
    expect(await statusOf(restarted, jobId)).toBe('completed');
  });

  it('a node that is not to settle leaves it to its owner; a client’s node takes back what has expired', async () => {
    const [client, provider] = [await staked('client', 1), await staked('provider', 2)];
    await start('provider', 2, { settle: false });
    const { jobId } = await submitted(client, nodes.get('provider')!);
    ledger.passTime(DAY);
    await nodes.get('provider')!.services.market.look();
    expect(await statusOf(client, jobId)).toBe('submitted');
    ledger.passTime(10 * DAY);
    await client.services.market.look();
    expect(await statusOf(client, jobId)).toBe('expired');
    expect(provider.ports.chain.account).not.toBe(client.ports.chain.account);
  });

  it('a dispute is drawn, revealed and carried out by the nodes, and a seat sees whether the work was there', async () => {
    const [client, provider] = [await staked('client', 1), await staked('provider', 2)];
    const judges = [await staked('a', 3), await staked('b', 4), await staked('c', 5)];
    for (const judge of judges) await judge.services.market.seat(true);
    ledger.passTime(1);
    const { jobId } = await submitted(client, provider);
    const { digest } = await jobsOf(client).storeFile('why.md', new TextEncoder().encode('no chart'));
    await jobsOf(client).act(jobId, { action: 'dispute', grounds: digest });
    for (const judge of judges) await judge.services.market.look();
    await jobsOf(provider).act(jobId, { action: 'defend' });
    await client.services.market.look();
    for (const judge of judges) await jobsOf(judge).act(jobId, { action: 'vote', vote: 'reject' });
    await expect(jobsOf(judges[0]!).act(jobId, { action: 'vote', vote: 'complete' })).rejects.toMatchObject({
      code: 'E_JOB_VOTE',
    });
    await expect.poll(async () => (await jobsOf(judges[0]!).show(jobId)).dispute?.available).toBe(true);
    expect((await jobsOf(judges[0]!).show(jobId)).dispute).toMatchObject({ grounds: digest });
    // The vote of a node is kept through its restart.
    judges[0] = await start('a', 3);
    for (const judge of judges) await judge.services.market.look();
    await client.services.market.look();
    expect(await jobsOf(client).show(jobId)).toMatchObject({
      status: 'rejected',
      dispute: { outcome: 'upheld' },
    });
    expect((await judges[0]!.services.market.withdraw()).withdrawn).toMatchObject([
      { what: 'bonds', amount: '16' },
    ]);
    expect((await judges[0]!.services.market.withdraw()).withdrawn).toEqual([]);
  });

  it('a juror that keeps no vote reveals none, and an account without an identity has no seat', async () => {
    const node = await start('node', 9);
    await expect(node.services.market.seat(true)).rejects.toMatchObject({ code: 'E_JOB_VOTE' });
    const juror = await staked('juror', 3);
    const { jobId } = await submitted(await staked('client', 1), await staked('provider', 2));
    await expect(jobsOf(juror).act(jobId, { action: 'reveal' })).rejects.toMatchObject({
      code: 'E_JOB_VOTE',
    });
    await expect(
      jobsOf(juror).create({ budget: '1', seconds: 10 * DAY, description: 'x', fund: true }),
    ).rejects.toMatchObject({
      code: 'E_JOB_TERMS',
    });
  });

  it('jobs that strangers make, however many, do not hide those that the owner has acted on', async () => {
    const [client, provider] = [await staked('client', 1), await staked('provider', 2)];
    const { jobId } = await submitted(client, provider);
    const { evaluator } = (await client.ports.chain.marketTerms())!;
    const request = { token: ledger.token, provider: null, evaluator, description: 'spam' };
    const expiredAt = (await client.ports.chain.now()) + 20 * DAY;
    for (let i = 0; i < 260; i++) await client.ports.chain.createJob({ ...request, expiredAt });
    for (let i = 0; i < 6; i++) await provider.services.market.look();
    ledger.passTime(DAY);
    await provider.services.market.look();
    expect(await statusOf(provider, jobId)).toBe('completed');
    await provider.services.market.look();
    // Ended, and still in the list.
    expect((await jobsOf(provider).list()).jobs.map((job) => job.jobId)).toEqual([`${jobId}`]);
  });

  it('a vote that was sent, unanswered, before its owner changed it is revealed as it was sent', async () => {
    const { judges, jobId } = await drawn();
    const [judge, ...rest] = judges;
    const unanswered = new ChorusError('E_CHAIN_NOT_MINED', 'the transaction was not mined in time');
    const commit = vi.spyOn(MemoryChain.prototype, 'commitVote').mockRejectedValue(unanswered);
    for (const vote of ['reject', 'complete'] as const) {
      await expect(jobsOf(judge).act(jobId, { action: 'vote', vote })).rejects.toBe(unanswered);
    }
    const [first] = commit.mock.calls;
    commit.mockRestore();
    await judge.ports.chain.commitVote(...first!);
    for (const other of rest) await jobsOf(other).act(jobId, { action: 'vote', vote: 'reject' });
    await judge.services.market.look();
    const jury = (await judge.ports.chain.jobDispute(jobId))!.jury;
    expect(jury.filter(({ vote }) => vote !== null)).toMatchObject([{ vote: 'reject' }]);
  });

  it('a new job that cannot be read keeps a node from none of its own', async () => {
    const [client, provider] = [await staked('client', 1), await staked('provider', 2)];
    const { jobId } = await submitted(client, provider);
    await provider.services.market.look();
    const { jobId: next } = await submitted(client, provider);
    ledger.passTime(DAY);
    const job = MemoryChain.prototype.job;
    vi.spyOn(MemoryChain.prototype, 'job').mockImplementation(function (this: MemoryChain, id) {
      return id === next
        ? Promise.reject(new Error('deferred error during ABI decoding'))
        : job.call(this, id);
    });
    await provider.services.market.look();
    vi.restoreAllMocks();
    expect(await statusOf(provider, jobId)).toBe('completed');
  });

  it('a job that expired before its dispute was decided leaves no bond behind', async () => {
    const { client, provider, jobId } = await drawn();
    ledger.passTime(20 * DAY);
    await client.services.market.look();
    expect(await jobsOf(client).show(jobId)).toMatchObject({
      status: 'expired',
      step: { what: 'settle', otherwise: 'the bonds stay in escrow' },
    });
    await client.services.market.look();
    expect(await jobsOf(client).show(jobId)).toMatchObject({ dispute: { outcome: 'undecided' }, step: null });
    expect((await provider.services.market.withdraw()).withdrawn).toMatchObject([{ amount: '100' }]);
  });

  it('a token that cannot be paid out keeps no other back', async () => {
    const { client, provider, jobId } = await drawn();
    ledger.passTime(20 * DAY);
    for (let i = 0; i < 2; i++) await client.services.market.look();
    const { chain } = provider.ports;
    const other = `0x${'ee'.repeat(20)}` as const;
    const [job, owed, pay] = (['job', 'owedByMarket', 'withdrawFromMarket'] as const).map((name) =>
      MemoryChain.prototype[name].bind(chain),
    ) as [typeof chain.job, typeof chain.owedByMarket, typeof chain.withdrawFromMarket];
    vi.spyOn(MemoryChain.prototype, 'job').mockImplementation(async (id) => ({
      ...(await job(id)),
      token: other,
    }));
    vi.spyOn(MemoryChain.prototype, 'owedByMarket').mockImplementation(async (token, account) =>
      token === other ? { payments: 5n, bonds: 0n } : owed(token, account),
    );
    const refused = new ChorusError('E_CHAIN_REVERTED', 'the contract refused');
    vi.spyOn(MemoryChain.prototype, 'withdrawFromMarket').mockImplementation((token, what) =>
      token === other ? Promise.reject(refused) : pay(token, what),
    );
    expect((await provider.services.market.withdraw()).withdrawn).toMatchObject([{ what: 'bonds' }]);
    await expect(provider.services.market.withdraw()).rejects.toBe(refused);
    vi.restoreAllMocks();
    expect((await jobsOf(provider).show(jobId)).status).toBe('expired');
  });

  it('on a network without jobs a node says so, and has nothing to watch', async () => {
    ledger.hasMarket = false;
    const node = await start('node', 1);
    await node.services.market.look();
    await expect(node.services.market.overview()).rejects.toMatchObject({ code: 'E_CHAIN_NO_MARKET' });
    expect(events.filter(({ type }) => type.startsWith('market.'))).toEqual([]);
  });
});

describe('files of jobs', () => {
  const manifest = (changes: object) => ({
    ...{
      format: 'chorus-job-file',
      version: 1,
      name: 'chart.svg',
      bytes: 7,
      cid: 'bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e',
    },
    ...changes,
  });

  it.each([
    ['something else', 'a text'],
    ['another format', JSON.stringify(manifest({ format: 'zip' }))],
    ['more bytes than any file may have', JSON.stringify(manifest({ bytes: 2 ** 40 }))],
    ['a field that is not known', JSON.stringify(manifest({ path: '/etc' }))],
  ])('a digest that names %s is no deliverable', async (_, text) => {
    const [client, provider] = [await staked('client', 1), await staked('provider', 2)];
    const cid = await provider.ports.storage.put(new TextEncoder().encode(text));
    const { jobId } = await jobsOf(client).create({
      ...{ provider: provider.ports.chain.account, budget: '10', seconds: 10 * DAY },
      ...{ description: 'a chart', fund: true },
    });
    await provider.ports.chain.submitJob(BigInt(jobId), digestOfCid(cid) as Hex);
    await expect(jobsOf(client).file(BigInt(jobId), 'deliverable', 100)).rejects.toMatchObject({
      code: 'E_JOB_FILE',
    });
  });

  it('a file is refused before it is fetched if it is larger than wanted, or longer than its manifest says', async () => {
    const [client, provider] = [await staked('client', 1), await staked('provider', 2)];
    const { jobId } = await submitted(client, provider);
    await expect(jobsOf(client).file(jobId, 'deliverable', 3)).rejects.toMatchObject({
      code: 'E_STORAGE_TOO_LARGE',
    });
    await expect(jobsOf(client).file(jobId, 'answer', 3)).rejects.toMatchObject({ code: 'E_JOB_FILE' });
    const cid = await provider.ports.storage.put(work);
    const lie = await provider.ports.storage.put(
      new TextEncoder().encode(JSON.stringify(manifest({ cid, bytes: 5 }))),
    );
    const { jobId: second } = await jobsOf(client).create({
      ...{ provider: provider.ports.chain.account, budget: '10', seconds: 10 * DAY },
      ...{ description: 'a chart', fund: true },
    });
    await provider.ports.chain.submitJob(BigInt(second), digestOfCid(lie) as Hex);
    await expect(jobsOf(client).file(BigInt(second), 'deliverable', 100)).rejects.toMatchObject({
      code: 'E_STORAGE_TOO_LARGE',
    });
  });
});
