import { readFile } from 'node:fs/promises';
import { ChorusError, explain } from '@chorus/protocol';
import { isLoopback } from '../admin/guard.ts';
import { type AdminServer, startAdmin } from '../admin/server.ts';
import type { EventSink, NodeEvent } from '../events/training-events.ts';
import type { ChorusNode } from '../lifecycle/chorus-node.ts';
import type { TransactionSink } from '../metrics/metered-chain.ts';
import { Metrics } from '../metrics/metrics.ts';
import { HostInfo } from '../status/host-info.ts';
import type { NodeConditions } from '../status/node-conditions.ts';
import type { NodeConfig } from '../training-config/settings.ts';
import { createNodeAdmin } from './node-admin.ts';

/** The admin API of a node that is about to start. */
export interface OpenAdmin {
  server: AdminServer;
  observe: (event: NodeEvent) => void;
  transaction: TransactionSink;
  attach(node: ChorusNode, conditions: NodeConditions): void;
  close(): Promise<void>;
}

/**
 * Serve the admin API of a node; it answers that the node is starting until one is attached.
 * @throws ChorusError `E_ADMIN_LISTEN`
 */
export async function openAdmin(
  config: NodeConfig,
  emit: EventSink,
  onShutdown: () => void,
): Promise<OpenAdmin> {
  const machine = new HostInfo();
  try {
    const metrics = new Metrics();
    const version = await readVersion();
    const admin = createNodeAdmin({ config, version, machine, metrics, onShutdown });
    const server = await startAdmin({
      config: config.admin,
      dataDir: config.dataDir,
      version,
      areas: admin.areas,
      onError: (error) =>
        emit({
          type: 'warning',
          ...explain(
            error instanceof ChorusError
              ? error
              : new ChorusError('E_ADMIN_FAILED', 'the admin API failed', { cause: error }),
          ),
        }),
    });
    if (!isLoopback(config.admin.host)) {
      emit({
        type: 'warning',
        code: 'E_ADMIN_EXPOSED',
        message: `the admin API listens on ${config.admin.host}, in the clear`,
        hint: 'set admin.host to 127.0.0.1, or put TLS in front of it',
      });
    }
    return {
      server,
      observe: (event) => admin.observe(event),
      transaction: (action, gasUsed) => metrics.transaction(action, gasUsed),
      attach: (node, conditions) => admin.attach(node, conditions),
      close: async () => {
        await server.close();
        machine.close();
      },
    };
  } catch (error) {
    machine.close();
    throw error;
  }
}

async function readVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
