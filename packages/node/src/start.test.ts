import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Devnet, deployChorus, startDevnet } from '@chorus/chain';
import { developmentKey } from '@chorus/commitment';
import type { Address } from '@chorus/protocol';
import { Wallet } from 'ethers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type NodeConfigInput, parseConfig } from './config.ts';
import { createIdentity } from './identity/identity.ts';
import { WALLET_KEY_FILE } from './identity/wallet.ts';
import { startNode } from './start.ts';

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
  it('that is encrypted is opened with its password, and is the account of the node', async () => {
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

  it('that is not encrypted works on a development chain alone', async () => {
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
  it('that means another chain than the endpoint is refused', async () => {
    await developmentWallet();
    await expect(startNode(config({}, devnet.url, 1), () => {})).rejects.toMatchObject({
      code: 'E_CHAIN_WRONG_ID',
      facts: { configured: 1, found: 31337 },
    });
  });

  it('that misbehaves on purpose is refused on other chains than those for development', async () => {
    await createIdentity(dataDir, 'a good password', { scryptN: 2 });
    const started = startNode(config({ attack: 'label' }, public5Url), () => {}, {
      password: async () => 'a good password',
    });
    await expect(started).rejects.toMatchObject({ code: 'E_CONFIG', facts: { field: 'attack' } });
  });

  it('that names an IPFS daemon which does not answer is refused, and the node can be started again', async () => {
    await developmentWallet();
    const ipfsApi = public5Url.replace(/:\d+$/, ':1');
    await expect(startNode(config({ storage: { ipfsApi } }), () => {})).rejects.toMatchObject({
      code: 'E_STORAGE_KUBO',
    });
    const node = await startNode(config(), () => {});
    await node.close();
  });
});
