import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { MemoryChain, MemoryLedger } from '../../../../test/twins/chain.ts';
import { MemoryHub } from '../../../../test/twins/network.ts';
import { MemorySwarm } from '../../../../test/twins/storage.ts';
import { defineConfig, parseConfig } from '../config/index.ts';
import type { Components } from '../service/components.ts';
import type { Service, ServiceDefinition } from '../service/service.ts';
import { createNode } from './create-node.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-node-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const service = (name: string, make: (components: Components<never>) => Service): ServiceDefinition => ({
  config: { name, schema: z.strictObject({}).prefault({}), descriptions: { [name]: 'For a test.' } },
  events: {},
  create: make,
});

function start(services: Record<string, ServiceDefinition>) {
  const ledger = new MemoryLedger();
  const chain = { url: 'http://127.0.0.1:1', contract: ledger.contract };
  return createNode({
    config: parseConfig(
      defineConfig(Object.values(services).map(({ config }) => config)),
      { dataDir: folder, chain },
      'test',
    ),
    services,
    ports: {
      chain: new MemoryChain(ledger, `0x${'1'.padStart(64, '0')}`),
      network: new MemoryHub().create(),
      storage: new MemorySwarm().create(),
    },
  });
}

it('a service that cannot start ends the node, also one whose other services are at work', async () => {
  const working = service('working', ({ signal }) => {
    const done = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    return { stop: () => done };
  });
  const failing = service('failing', () => ({ start: () => Promise.reject(new Error('no start')) }));
  await expect(start({ working, failing })).rejects.toThrow('no start');
  // The folder is free again.
  await (await start({})).close();
});

it('a service that fails to stop does not keep the others from it, and the failure is reported', async () => {
  const stopped: string[] = [];
  const stopping = (name: string, error?: Error) =>
    service(name, () => ({
      stop: () => {
        stopped.push(name);
        if (error) throw error;
      },
    }));
  const node = await start({
    first: stopping('first'),
    second: stopping('second', new Error('no stop')),
    third: stopping('third'),
  });
  await expect(node.close()).rejects.toThrow('no stop');
  expect(stopped).toEqual(['third', 'second', 'first']);
});
