import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Devnet, deployChorus, startDevnet } from '@chorus/chain';
import { developmentKey } from '@chorus/commitment';
import { CONFIG_FILE, createIdentity, loadConfig, upgradeFile, WALLET_KEY_FILE } from '@chorus/node';
import type { Address } from '@chorus/protocol';
import { Wallet } from 'ethers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type NodeConfigInput, parseConfig, TRAINING_NODE } from './config/node-config.ts';
import type { NodeEvent } from './events/training-events.ts';
import { startNode } from './service/start-node.ts';

let devnet: Devnet;
let contract: Address;
/** The same chain, which says that it is number 5. */
let public5: Server;
let public5Url: string;

beforeAll(async () => {
  devnet = await startDevnet({ accounts: 3 });
  const deployed = await deployChorus({
    url: devnet.url,
    privateKey: devnet.privateKeys[0]!,
    verifier: developmentKey(),
  });
  contract = deployed.taskManager;
  public5 = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const call = JSON.parse(Buffer.concat(parts).toString());
    const isChainId = call.method === 'eth_chainId';
    const answer = isChainId
      ? { jsonrpc: '2.0', id: call.id, result: '0x5' }
      : await (
          await fetch(devnet.url, {
            method: 'POST',
            body: JSON.stringify(call),
            headers: { 'content-type': 'application/json' },
          })
        ).json();
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  await once(public5, 'listening');
  public5Url = `http://127.0.0.1:${(public5.address() as AddressInfo).port}`;
});
afterAll(async () => {
  public5.closeAllConnections();
  public5.close();
  await devnet.close();
});

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'chorus-start-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const developmentWallet = () => writeFile(join(dataDir, WALLET_KEY_FILE), devnet.privateKeys[1]!);

const config = (change: Partial<NodeConfigInput> = {}, url = devnet.url, chainId?: number) =>
  parseConfig(
    {
      dataDir,
      roles: [],
      chain: { url, contract, ...(chainId === undefined ? {} : { chainId }) },
      ...change,
    },
    'test',
  );

describe('a wallet', () => {
  it('an encrypted wallet is opened with its password, and is the account of the node', async () => {
    const wallet = new Wallet(devnet.privateKeys[2]!);
    const { address, peerId } = await createIdentity(dataDir, 'a good password', { wallet, scryptN: 2 });
    const node = await startNode(config(), () => {}, { password: async () => 'a good password' });
    expect(node.ports.chain.account).toBe(address);
    expect(node.ports.network.peerId).toBe(peerId);
    await node.close();
    const code = (password?: string) =>
      startNode(config(), () => {}, password ? { password: async () => password } : {}).then(
        () => 'started',
        (error) => error.code,
      );
    expect(await code()).toBe('E_PASSWORD_MISSING');
    expect(await code('another password')).toBe('E_PASSWORD_WRONG');
  });

  it('an unencrypted wallet works only on a development chain', async () => {
    await developmentWallet();
    const node = await startNode(config(), () => {});
    await node.close();
    await expect(startNode(config({}, public5Url), () => {})).rejects.toMatchObject({
      code: 'E_WALLET_UNENCRYPTED',
      facts: { chainId: 5 },
    });
  });
});

describe('a configuration', () => {
  it('a node waits until its chain answers, or until its start is cancelled', async () => {
    await developmentWallet();
    const told: NodeEvent[] = [];
    const stop = new AbortController();
    const url = public5Url.replace(/:\d+$/, ':1/v3/0123456789abcdef0123456789abcdef');
    const starting = startNode(config({}, url), (event) => told.push(event), {
      patient: true,
      signal: stop.signal,
    });
    starting.catch(() => {});
    await vi.waitFor(() => expect(told.map(({ type }) => type)).toEqual(['condition-began']));
    expect(JSON.stringify(told)).toContain('nothing listens there');
    expect(JSON.stringify(told)).not.toContain('0123456789abcdef');
    stop.abort(new Error('enough'));
    await expect(starting).rejects.toThrow('enough');
    await expect(startNode(config({}, url), () => {})).rejects.toMatchObject({ code: 'E_CHAIN_UNREACHABLE' });
  });

  it('a configuration with another chain than the endpoint is refused', async () => {
    await developmentWallet();
    await expect(startNode(config({}, devnet.url, 1), () => {})).rejects.toMatchObject({
      code: 'E_CHAIN_WRONG_ID',
      facts: { configured: 1, found: 31337 },
    });
  });

  it('a simulated attack is refused except on development chains', async () => {
    await createIdentity(dataDir, 'a good password', { scryptN: 2 });
    const started = startNode(config({ training: { attack: 'label' } }, public5Url), () => {}, {
      password: async () => 'a good password',
    });
    await expect(started).rejects.toMatchObject({ code: 'E_CONFIG', facts: { field: 'training.attack' } });
  });

  it('an IPFS daemon that does not answer is reported once, and the node works without it', async () => {
    await developmentWallet();
    const ipfsApi = public5Url.replace(/:\d+$/, ':1');
    const told: NodeEvent[] = [];
    const node = await startNode(config({ storage: { ipfsApi } }), (event) => told.push(event));
    const began = () => told.filter(({ type }) => type === 'condition-began');
    await vi.waitFor(() => expect(began()).toMatchObject([{ code: 'E_STORAGE_KUBO' }]));
    expect(told.some(({ type }) => type === 'ready')).toBe(true);
    await node.close();
  });
});

describe('a folder of release 0.1', () => {
  it('a node starts on a folder that release 0.1 made, with its keys, limits and earnings', async () => {
    const fixture = new URL('../../../test/fixtures/node-folder-0.1/', import.meta.url);
    await cp(fixture, dataDir, { recursive: true });
    const path = join(dataDir, CONFIG_FILE);
    expect(await upgradeFile(TRAINING_NODE, path)).not.toEqual([]);
    const set = [`chain.url=${devnet.url}`, `chain.contract=${contract}`];
    const { config: own } = await loadConfig(TRAINING_NODE, path, { set });
    const identity = JSON.parse(await readFile(join(dataDir, 'identity.json'), 'utf8'));

    const node = await startNode(own, () => {}, { password: async () => 'a good password' });
    expect(node.ports.chain.account.toLowerCase()).toBe(identity.address);
    expect(node.ports.network.peerId).toBe(identity.peerId);
    const { journal } = node.services.training;
    expect(journal.totals()).toMatchObject([{ rewards: 12_345_678_901_234_567_890n, fees: 7n, settled: 1 }]);
    expect(journal.dataUses()).toMatchObject([{ data: 'digits', steps: 100 }]);
    expect(own.training.stake.owners).toEqual(['0x5fbdb2315678afecb367f032d93f642f64180aa5']);
    await node.close();
    expect(await readdir(dataDir)).toEqual(
      expect.arrayContaining(['config.yaml.before-upgrade', 'journal.sqlite.v5']),
    );
  });
});
