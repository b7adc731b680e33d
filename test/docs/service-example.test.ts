import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readAdmin } from '@chorus/admin-api';
import {
  type AnyEvent,
  type ChorusNode,
  createNode,
  defineConfig,
  HOST_EVENTS,
  mergeCatalogues,
  messageOf,
  NodeStore,
  parseConfig,
} from '@chorus/node';
import { TRAINING_SECTION, training } from '@chorus/service-training';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { guests } from '../../docs/examples/service.ts';
import { MemoryChain, MemoryLedger } from '../twins/chain.ts';
import { MemoryHub } from '../twins/network.ts';
import { MemorySwarm } from '../twins/storage.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'chorus-service-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const services = { guests: guests(), training: training({ dataset: null }) };
type Node = ChorusNode<typeof services>;

/** A node with training and the guest book, on memory alone. */
async function start(section: object = {}): Promise<{ node: Node; events: AnyEvent[] }> {
  const ledger = new MemoryLedger();
  const events: AnyEvent[] = [];
  const config = parseConfig(
    defineConfig([TRAINING_SECTION, services.guests.config]),
    { dataDir, chain: { url: 'http://127.0.0.1:1', contract: ledger.contract }, guests: section },
    'test',
  );
  const key = `0x${'1'.padStart(64, '0')}` as const;
  const node = await createNode({
    config,
    services,
    emit: (event) => events.push(event),
    ports: {
      chain: new MemoryChain(ledger, key),
      network: new MemoryHub().create('12D3KooWHrcpHAoJTphatu2wiKqVacQD8n2oavPmk7CAafY2j6vB'),
      storage: new MemorySwarm().create(),
    },
  });
  return { node, events };
}

describe('docs/examples/service.ts', () => {
  it('a service adds a key, a table, an event, a metric and a route, without a change of the host', async () => {
    const { node, events } = await start({ longest: 5 });
    node.services.guests.sign('Ada Lovelace');
    expect(events).toContainEqual({ type: 'guests.signed', name: 'Ada L' });
    const catalogue = mergeCatalogues(HOST_EVENTS, services.guests.events);
    expect(messageOf({ type: 'guests.signed', name: 'Ada L' } as AnyEvent, catalogue)).toEqual({
      level: 'info',
      text: 'Ada L signed the guest book.',
    });
    const { url, token } = await readAdmin(dataDir);
    const headers = { authorization: `Bearer ${token}` };
    expect(await (await fetch(`${url}/v1/guests`, { headers })).json()).toEqual(['Ada L']);
    expect((await fetch(`${url}/v1/guests`)).status).toBe(401);
    expect(await (await fetch(`${url}/metrics`, { headers })).text()).toContain(
      '\nchorus_guests_signed_total 1\n',
    );
    const openapi = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: object };
    expect(openapi.paths).toHaveProperty('/v1/guests');
    expect(openapi.paths).toHaveProperty('/v1/tasks');
    await node.close();
  });

  it('what a service keeps is there after a restart, next to the tables of the other services', async () => {
    const first = await start();
    first.node.services.guests.sign('Ada');
    await first.node.close();
    const again = await start();
    expect(again.node.services.guests.names()).toEqual(['Ada']);
    expect(again.node.services.training.followed()).toEqual([]);
    await again.node.close();
    const store = NodeStore.open(dataDir);
    const versions = store.db.prepare('SELECT service, version FROM service_migrations').all();
    expect(versions).toEqual([
      { service: 'guests', version: 1 },
      { service: 'training', version: 1 },
    ]);
    store.close();
  });
});
