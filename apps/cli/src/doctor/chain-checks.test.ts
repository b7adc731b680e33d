import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address } from '@chorus/protocol';
import type { NodeConfig } from '@chorus/service-training';
import { keccak256 } from 'ethers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEPLOYMENT_FILE } from '../chain/deployment.ts';
import { diagnoseChain } from './chain-checks.ts';

const CONTRACT = `0x${'12'.repeat(20)}` as Address;
const WALLET = `0x${'34'.repeat(20)}` as Address;
const SECRET = 'a-secret-key';

/** What the endpoint answers; a test changes it. */
let chain: { chainId: number; code: string; blockAge: number; dateAhead: number; balance: bigint };
let server: Server;
let home: string;
let url: string;

function answer(method: string): unknown {
  switch (method) {
    case 'eth_chainId':
      return `0x${chain.chainId.toString(16)}`;
    case 'eth_getCode':
      return chain.code;
    case 'eth_getBalance':
      return `0x${chain.balance.toString(16)}`;
    case 'eth_getBlockByNumber':
      return { timestamp: `0x${Math.round(Date.now() / 1000 - chain.blockAge).toString(16)}` };
    default:
      return '0x';
  }
}

beforeEach(async () => {
  chain = { chainId: 5, code: '0x6001', blockAge: 3, dateAhead: 0, balance: 10n ** 18n };
  home = await mkdtemp(join(tmpdir(), 'chorus-doctor-'));
  server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    const asked = JSON.parse(body);
    const one = ({ id, method }: { id: number; method: string }) => ({
      jsonrpc: '2.0',
      id,
      result: answer(method),
    });
    response.setHeader('date', new Date(Date.now() + chain.dateAhead * 1000).toUTCString());
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(Array.isArray(asked) ? asked.map(one) : one(asked)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/${SECRET}`;
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(home, { recursive: true, force: true });
});

const diagnose = (change: { url?: string; chainId?: number } = {}, wallet: Address | null = WALLET) =>
  diagnoseChain({ chain: { url, contract: CONTRACT, ...change } } as unknown as NodeConfig, wallet, home);

const of = async (what: string, ...args: Parameters<typeof diagnose>) =>
  (await diagnose(...args)).find((finding) => finding.what === what);

describe('the checks of a chain', () => {
  it('find a chain that answers, with its host and without the key in its address', async () => {
    const findings = await diagnose();
    expect(findings[0]).toMatchObject({
      what: 'chain',
      state: 'ok',
      found: expect.stringContaining('chain 5 at'),
    });
    expect(JSON.stringify(findings)).not.toContain(SECRET);
  });

  it('end with the first if no endpoint answers, without the key in its address', async () => {
    server.close();
    server.closeAllConnections();
    const findings = await diagnose();
    expect(findings).toMatchObject([{ what: 'chain', state: 'problem', todo: expect.any(String) }]);
    expect(JSON.stringify(findings)).not.toContain(SECRET);
  });

  it('report an endpoint of another chain than configured', async () => {
    expect(await of('chain', { chainId: 6 })).toMatchObject({
      state: 'problem',
      found: expect.stringMatching(/is chain 5, configured is 6$/),
    });
  });

  it('report a contract address without code', async () => {
    chain.code = '0x';
    expect(await of('contracts')).toMatchObject({
      state: 'problem',
      found: expect.stringContaining(CONTRACT),
    });
  });

  it('compare the code with the deployment file of the node, and name the contract that differs', async () => {
    const file = (codeHash: string, chainId = 5) =>
      writeFile(
        join(home, DEPLOYMENT_FILE),
        JSON.stringify({
          format: 'chorus-deployment',
          chainId,
          contracts: { taskManager: { address: CONTRACT, codeHash } },
        }),
      );
    expect(await of('contracts')).toMatchObject({
      state: 'ok',
      found: expect.stringContaining('no deployment.json'),
    });
    await file(keccak256(chain.code));
    expect(await of('contracts')).toMatchObject({
      state: 'ok',
      found: expect.stringContaining('1 code hashes agree'),
    });
    await file(keccak256('0x6002'));
    expect(await of('contracts')).toMatchObject({
      state: 'problem',
      found: expect.stringContaining('taskManager'),
    });
    await file(keccak256(chain.code), 6);
    expect(await of('contracts')).toMatchObject({
      state: 'problem',
      found: expect.stringContaining('of chain 6'),
    });
  });

  it('find no fault in the clock by an old block: it may just be the latest', async () => {
    chain.blockAge = 3 * 3600;
    expect(await of('clock')).toMatchObject({ state: 'ok', found: expect.stringContaining('3 h old') });
  });

  it('report a clock that is behind by a block from the future, and one that is ahead by the time of the endpoint', async () => {
    chain.blockAge = -60;
    expect(await of('clock')).toMatchObject({
      state: 'problem',
      found: expect.stringMatching(/\d+ s behind/),
    });
    chain = { ...chain, blockAge: 3, dateAhead: -90 };
    expect(await of('clock')).toMatchObject({
      state: 'problem',
      found: expect.stringMatching(/\d+ s ahead/),
    });
  });

  it('report a wallet that cannot pay for a round, and none if there is no wallet', async () => {
    chain.balance = 10n ** 15n;
    expect(await of('wallet')).toMatchObject({ state: 'problem', found: `${WALLET}, 0.001 for gas` });
    chain.balance = 10n ** 16n;
    expect(await of('wallet')).toMatchObject({ state: 'ok' });
    expect(await of('wallet', {}, null)).toBeUndefined();
  });

  it('turn an answer that makes no sense into a finding, and go on with the others', async () => {
    const findings = await diagnose();
    // The endpoint above answers calls of contracts with nothing.
    expect(findings.filter(({ state }) => state === 'problem')).toHaveLength(1);
    expect(findings.map(({ what }) => what)).toContain('wallet');
  });
});
