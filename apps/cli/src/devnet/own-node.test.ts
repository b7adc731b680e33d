import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONFIG_FILE } from '@chorus/node';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { renderConfig } from '../environment/node-config.ts';
import type { DevnetDescriptor } from './descriptor.ts';
import { orphanLines, ownNodeOn } from './own-node.ts';

const RPC = 'http://127.0.0.1:8545';
const CONTRACT = `0x${'ab'.repeat(20)}` as const;
const devnet = { rpc: RPC, deployment: { taskManager: CONTRACT } } as DevnetDescriptor;

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'chorus-own-node-'));
  vi.stubEnv('CHORUS_HOME', home);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true, force: true });
});

const configured = (url: string) =>
  writeFile(join(home, CONFIG_FILE), renderConfig({ 'chain.url': url, 'chain.contract': CONTRACT }));

it('the node of the usual home is found if it works on the devnet, and on no other chain', async () => {
  expect(await ownNodeOn(devnet)).toBeNull();
  await configured('http://127.0.0.1:1');
  expect(await ownNodeOn(devnet)).toBeNull();
  await configured(RPC);
  expect(await ownNodeOn(devnet)).toEqual({ home, running: false });
});

it('the owner of a node whose devnet is gone learns what to do, and to stop it only if it runs', () => {
  const text = (running: boolean) => orphanLines({ home: '/home/me/.chorus', running }).join('\n');
  expect(text(false)).toContain('mv /home/me/.chorus /home/me/.chorus.old');
  expect(text(false)).not.toContain('chorus stop');
  expect(text(true)).toContain('chorus stop --home /home/me/.chorus');
});
