import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address } from '@chorus/protocol';
import { ContractFactory, id, type JsonRpcProvider, NonceManager, Wallet, zeroPadValue } from 'ethers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Devnet, startDevnet } from '../devnet/devnet.ts';
import { openProvider } from '../rpc/rpc.ts';
import { EventIndex, type EventIndexOptions, type IndexChange } from './event-index.ts';
import { memoryEventStore } from './memory-store.ts';
import { sqliteEventStore } from './sqlite-store.ts';
import type { EventStore } from './store.ts';

/** A contract that logs the word it is called with: LOG1(calldata[0..32], topic = keccak256("Said")). */
const SAID = id('Said');
const RUNTIME = `5f355f527f${SAID.slice(2)}60205fa100`;
const LOGGER = `0x60${(RUNTIME.length / 2).toString(16)}600a5f3960${(RUNTIME.length / 2).toString(16)}5ff3${RUNTIME}`;

describe('the event index', () => {
  let devnet: Devnet;
  let provider: JsonRpcProvider;
  let signer: NonceManager;
  let contract: Address;
  const abort = new AbortController();
  const cleanups: (() => Promise<void>)[] = [];

  const say = async (value: number): Promise<void> => {
    signer.reset();
    const data = zeroPadValue(`0x${value.toString(16).padStart(2, '0')}`, 32);
    await (await signer.sendTransaction({ to: contract, data, gasLimit: 100_000 })).wait();
  };
  const mine = (blocks = 1) => provider.send('anvil_mine', [`0x${blocks.toString(16)}`]);
  const snapshot = () => provider.send('evm_snapshot', []) as Promise<string>;
  const revert = async (to: string): Promise<void> => {
    await provider.send('evm_revert', [to]);
  };
  const open = async (options: Partial<EventIndexOptions> = {}): Promise<EventIndex> =>
    new EventIndex({
      provider,
      chainId: 31337,
      contracts: [contract],
      fromBlock: (await provider.getBlockNumber()) + 1,
      store: memoryEventStore(),
      pollMilliseconds: 10,
      signal: abort.signal,
      ...options,
    });
  const said = (changes: IndexChange[]) =>
    changes.map(({ kind, log }) => `${kind === 'applied' ? '+' : '-'}${Number(log.data)}`);
  const kept = async (store: EventStore) => (await store.logs()).map((log) => Number(log.data));

  beforeAll(async () => {
    devnet = await startDevnet({ accounts: 1 });
    ({ provider } = await openProvider(devnet.url));
    provider.pollingInterval = 10;
    signer = new NonceManager(new Wallet(devnet.privateKeys[0]!, provider));
    const deployed = await new ContractFactory([], LOGGER, signer).deploy();
    await deployed.waitForDeployment();
    contract = (await deployed.getAddress()).toLowerCase() as Address;
  });
  beforeEach(async () => {
    await mine(2);
  });
  afterAll(async () => {
    abort.abort();
    for (const cleanup of cleanups) await cleanup();
    provider?.destroy();
    await devnet?.close();
  });

  const stores: Record<string, () => Promise<EventStore>> = {
    'in memory': async () => memoryEventStore(),
    'in a file': async () => {
      const folder = await mkdtemp(join(tmpdir(), 'chorus-index-'));
      const store = sqliteEventStore(join(folder, 'events.sqlite'));
      cleanups.push(async () => {
        await store.close();
        await rm(folder, { recursive: true, force: true });
      });
      return store;
    },
  };
  for (const [name, create] of Object.entries(stores)) {
    it(`the event index reverts the events that a reorganisation undid and reads the new ones (${name})`, async () => {
      const store = await create();
      const index = await open({ store });
      await say(1);
      expect(said(await index.sync())).toEqual(['+1']);
      const before = await snapshot();
      await say(2);
      await say(3);
      expect(said(await index.sync())).toEqual(['+2', '+3']);
      await revert(before);
      // The other branch is shorter first, then as long, then longer.
      await say(4);
      expect(said(await index.sync())).toEqual(['-3', '-2', '+4']);
      expect(await kept(store)).toEqual([1, 4]);
      await mine(3);
      await say(5);
      expect(said(await index.sync())).toEqual(['+5']);
      expect(await kept(store)).toEqual([1, 4, 5]);
      expect((await store.head())!.number).toBe(await provider.getBlockNumber());
      expect(await index.sync()).toEqual([]);
    });
  }

  it('the event index notices a branch of the same length, by its blocks’ hashes', async () => {
    const index = await open();
    const before = await snapshot();
    await say(1);
    expect(said(await index.sync())).toEqual(['+1']);
    await revert(before);
    await say(2);
    expect(said(await index.sync())).toEqual(['-1', '+2']);
  });

  it('the event index notices a reorganisation that the node itself makes', async () => {
    const index = await open();
    await say(1);
    await say(2);
    await say(3);
    expect(said(await index.sync())).toEqual(['+1', '+2', '+3']);
    await provider.send('anvil_reorg', [2, []]);
    const changes = said(await index.sync());
    expect(changes.slice(0, 2)).toEqual(['-3', '-2']);
  });

  it('the event index restarts from its first block if the chain shares no block with it', async () => {
    const before = await snapshot();
    const index = await open();
    await say(1);
    await say(2);
    expect(said(await index.sync())).toEqual(['+1', '+2']);
    await revert(before);
    await mine(1);
    expect(said(await index.sync())).toEqual(['-2', '-1']);
  });

  it('the event index reports an event after its confirmations, so consumers never see a shallow reorganisation', async () => {
    const index = await open({ confirmations: 3 });
    await say(1);
    expect(await index.sync()).toEqual([]);
    const before = await snapshot();
    await say(2);
    await mine(1);
    expect(await index.sync()).toEqual([]);
    await revert(before);
    await say(3);
    await mine(2);
    expect(said(await index.sync())).toEqual(['+1']);
    await mine(1);
    expect(said(await index.sync())).toEqual(['+3']);
  });

  it('the event index waits for 12 confirmations on a chain that is not a development chain', async () => {
    const index = await open({ chainId: 56 });
    await say(1);
    await mine(11);
    expect(await index.sync()).toEqual([]);
    await mine(1);
    expect(said(await index.sync())).toEqual(['+1']);
  });

  it('the event index resumes where it stopped, and repeats changes that it reported but did not store', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'chorus-index-'));
    const path = join(folder, 'events.sqlite');
    const fromBlock = (await provider.getBlockNumber()) + 1;
    try {
      const first = sqliteEventStore(path);
      const one = await open({ store: first, fromBlock });
      await say(1);
      expect(said(await one.sync())).toEqual(['+1']);
      await say(2);
      // The consumer ends while it handles the event.
      for await (const change of one.follow(abort.signal)) {
        expect(said([change])).toEqual(['+2']);
        break;
      }
      await first.close();
      const second = sqliteEventStore(path);
      await say(3);
      const two = await open({ store: second, fromBlock });
      expect(said(await two.sync())).toEqual(['+2', '+3']);
      expect(await kept(second)).toEqual([1, 2, 3]);
      const other = await open({ store: second, fromBlock: fromBlock + 1 });
      await expect(other.sync()).rejects.toMatchObject({ code: 'E_CHAIN_INDEX' });
      await second.close();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('the event index asks for shorter ranges if the endpoint refuses long ones, and reads everything', async () => {
    const fromBlock = (await provider.getBlockNumber()) + 1;
    await say(1);
    await mine(60);
    await say(2);
    await mine(60);
    await say(3);
    const { provider: limited } = await openProvider(devnet.url);
    const good = limited.send.bind(limited);
    const asked: number[] = [];
    limited.send = (method, params) => {
      if (method !== 'eth_getLogs') return good(method, params);
      const [{ fromBlock: from, toBlock: to }] = params as [{ fromBlock: string; toBlock: string }];
      const range = Number(to) - Number(from) + 1;
      asked.push(range);
      if (range <= 10) return good(method, params);
      const error = { code: -32005, message: 'query returned more than 10000 results' };
      return Promise.reject(Object.assign(new Error('refused'), { code: 'UNKNOWN_ERROR', error }));
    };
    const index = await open({ provider: limited, fromBlock });
    expect(said(await index.sync())).toEqual(['+1', '+2', '+3']);
    limited.destroy();
    expect(asked.filter((range) => range > 10).length).toBeLessThan(12);
    expect(asked.filter((range) => range <= 10).length).toBeLessThan(40);
  });

  it('the event index continues after the chain did not answer, and skips or repeats nothing', async () => {
    const { provider: flaky } = await openProvider(devnet.url);
    const good = flaky.send.bind(flaky);
    let calls = 0;
    flaky.send = (method, params) =>
      ++calls % 3 === 0 ? Promise.reject(new Error('socket hang up')) : good(method, params);
    const index = await open({ provider: flaky });
    const stop = new AbortController();
    const heard: IndexChange[] = [];
    const listening = (async () => {
      for await (const change of index.follow(stop.signal)) {
        heard.push(change);
        if (heard.length === 3) stop.abort();
      }
    })();
    for (const value of [1, 2, 3]) await say(value);
    await listening;
    flaky.destroy();
    expect(said(heard)).toEqual(['+1', '+2', '+3']);
  });
});
