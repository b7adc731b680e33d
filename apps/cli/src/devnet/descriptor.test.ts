import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type DevnetDescriptor, devnetFolder, findDevnet, readDevnet, writeDevnet } from './descriptor.ts';
import { freePorts, homeIn, parsePlan } from './layout.ts';

const ADDRESS = `0x${'ab'.repeat(20)}` as const;

const devnet = (change: Partial<DevnetDescriptor> = {}): DevnetDescriptor => ({
  version: 1,
  chainId: 31_337,
  rpc: 'http://127.0.0.1:8545',
  deployment: { chainId: 31_337, taskManager: ADDRESS, token: ADDRESS },
  bootstrap: ['/ip4/127.0.0.1/tcp/1/p2p/12D3KooW'],
  nodes: [{ name: 'trainer-1', roles: ['trainer'], address: ADDRESS, peerId: '12D3KooW', home: '/a' }],
  sampleData: '/a/digits.shard',
  pid: process.pid,
  ...change,
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-devnet-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

describe('the file of a devnet', () => {
  it('is read as it was written, and only its owner can read it', async () => {
    await writeDevnet(folder, devnet());
    expect(await readDevnet(folder)).toEqual(devnet());
    const [file] = await readdir(folder);
    expect((await stat(join(folder, file!))).mode & 0o077).toBe(0);
  });

  it('says that the devnet is down if its process has gone without a word', async () => {
    // The largest number that a system gives is below this.
    await writeDevnet(folder, devnet({ pid: 2 ** 22 + 1 }));
    expect(await findDevnet(folder)).toMatchObject({ pid: null });
    await expect(readDevnet(folder)).rejects.toMatchObject({
      code: 'E_DEVNET_DOWN',
      hint: expect.stringContaining('chorus devnet up'),
    });
  });

  it('is missing where none was ever started', async () => {
    expect(await findDevnet(folder)).toBeNull();
    await expect(readDevnet(folder)).rejects.toMatchObject({ code: 'E_DEVNET_DOWN' });
  });

  it('that is damaged is an error, not a devnet that is down', async () => {
    await writeDevnet(folder, devnet());
    const [file] = await readdir(folder);
    for (const text of ['{', '{}', JSON.stringify({ ...devnet(), rpc: 'here' })]) {
      await writeFile(join(folder, file!), text);
      await expect(findDevnet(folder), text).rejects.toMatchObject({ code: 'E_DEVNET_FILE' });
    }
  });

  it('is in the folder of the option, before that of the variable', () => {
    vi.stubEnv('CHORUS_DEVNET', '/from/variable');
    expect(devnetFolder('/from/option')).toBe('/from/option');
    expect(devnetFolder()).toBe('/from/variable');
  });
});

describe('the plan of a devnet', () => {
  const contracts = [
    'token',
    'taskManager',
    'parameters',
    'stakes',
    'attestor',
    'identities',
    'reputations',
    'validations',
    'governor',
    'timelock',
    'treasury',
  ];
  const plan = {
    port: 8545,
    deployment: {
      chainId: 31_337,
      startBlock: 1,
      verifiers: { 'reference-trust': ADDRESS, 'reference-projection': ADDRESS },
      ...Object.fromEntries(contracts.map((name) => [name, ADDRESS])),
    },
    nodes: [{ name: 'trainer-1', roles: ['trainer'], multiaddr: '/ip4/127.0.0.1/tcp/1/p2p/12D3KooW' }],
  };

  it('of a devnet from before there were tills has none', () => {
    expect(parsePlan(JSON.stringify(plan)).deployment.revenue).toBeNull();
  });

  it('that is damaged says how to make another', () => {
    expect(() => parsePlan(JSON.stringify({ ...plan, port: 0 }))).toThrow(
      expect.objectContaining({ code: 'E_DEVNET_FILE', hint: expect.stringContaining('--delete') }),
    );
  });

  it('gives each node a folder and a port of its own', async () => {
    expect(homeIn('/d', 'trainer-1')).toBe('/d/nodes/trainer-1');
    const ports = await freePorts(5);
    expect(new Set(ports).size).toBe(5);
  });
});
