import { readFile } from 'node:fs/promises';
import { ChorusError, explain } from '@chorus/protocol';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { AdminEnv } from '../admin/env.ts';
import { eventsApp } from '../admin/host-areas/events.ts';
import { governanceApp } from '../admin/host-areas/governance.ts';
import { healthApp } from '../admin/host-areas/health.ts';
import { networkApp } from '../admin/host-areas/network.ts';
import { nodeApp } from '../admin/host-areas/node.ts';
import { type AdminServer, startAdmin } from '../admin/server.ts';
import type { HostConfig } from '../config/host-config.ts';
import type { EventHub } from '../events/event-hub.ts';
import { Governance } from '../governance/index.ts';
import { HostMetrics, type HostReadings } from '../metrics/host-metrics.ts';
import { PrometheusMeter } from '../metrics/meter.ts';
import type { TransactionSink } from '../metrics/metered-chain.ts';
import type { Service, Services } from '../service/service.ts';
import type { ServiceHost } from '../service/service-host.ts';
import { lagSeconds } from '../status/chain-watch.ts';
import { HostInfo } from '../status/host-info.ts';
import { isLoopback } from '../utils/is-loopback.ts';
import { AttachedNode, type RunningNode } from './attached-node.ts';
import { healthSource } from './health.ts';
import { networkSource } from './network.ts';
import { statusSource } from './status.ts';

export interface OpenAdminOptions {
  config: HostConfig;
  services: Services;
  host: ServiceHost;
  hub: EventHub;
  abort: AbortController;
  /** Begins to end the process; by default it gets SIGTERM, as from a service manager. */
  shutdown: (() => void) | undefined;
  /** Folder of the web page to serve. */
  page: string | undefined;
}

/** The admin API of a node that is about to start. */
export interface OpenAdmin {
  server: AdminServer;
  meter: PrometheusMeter;
  transaction: TransactionSink;
  /** The node, as soon as there is one. */
  attach(running: RunningNode): void;
  close(): Promise<void>;
}

/**
 * Serve the admin API of a node: the host's areas, and those of its services. It answers that the node is starting
 * until one is attached.
 *
 * @throws ChorusError `E_ADMIN_LISTEN`
 */
export async function openAdmin(options: OpenAdminOptions): Promise<OpenAdmin> {
  const { config, hub } = options;
  const machine = new HostInfo();
  try {
    const attached = new AttachedNode(hub, options.abort.signal);
    const meter = new PrometheusMeter();
    const metrics = new HostMetrics(meter, () => readingsOf(attached));
    hub.listen((event) => metrics.observe(event));
    const version = await readVersion();
    const server = await startAdmin({
      config: config.admin,
      dataDir: config.dataDir,
      version,
      areas: areasOf(options, { attached, machine, meter, version }),
      page: options.page,
      onError: (error) => hub.emit({ type: 'warning', ...explain(asFailure(error)) }),
    });
    if (!isLoopback(config.admin.host)) {
      hub.emit({
        type: 'warning',
        code: 'E_ADMIN_EXPOSED',
        message: `the admin API listens on ${config.admin.host}, in the clear`,
        hint: 'set admin.host to 127.0.0.1, or put TLS in front of it',
      });
    }
    return {
      server,
      meter,
      transaction: metrics.transaction,
      attach: (running) => attached.attach(running),
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

interface AdminParts {
  attached: AttachedNode;
  machine: HostInfo;
  meter: PrometheusMeter;
  version: string;
}

function areasOf(
  { config, services, host, hub, shutdown }: OpenAdminOptions,
  { attached, machine, meter, version }: AdminParts,
): OpenAPIHono<AdminEnv>[] {
  const running = (): readonly Service[] => host.running;
  const { dataDir } = config;
  const end = shutdown ?? (() => process.kill(process.pid, 'SIGTERM'));
  const status = statusSource({ attached, hub, machine, version, dataDir, services: running });
  return [
    healthApp(healthSource({ attached, hub, machine, meter, services: running })),
    nodeApp({ ...status, shutdown: end }),
    networkApp(networkSource(attached, running)),
    eventsApp(hub.ring),
    governanceApp(governanceOf(attached)),
    ...Object.entries(services).flatMap(
      ([name, { admin }]) => admin?.(() => serviceOf(name, host, attached)) ?? [],
    ),
  ];
}

/** Governance over the chain of the node, once it runs. */
function governanceOf(attached: AttachedNode): () => Governance {
  let made: Governance | undefined;
  return () => {
    const { chain } = attached.running().node.ports;
    made ??= new Governance(chain);
    return made;
  };
}

/** A service, once the node runs. */
function serviceOf(name: string, host: ServiceHost, attached: AttachedNode): Service {
  attached.running();
  return host.find(name) ?? attached.notReady();
}

async function readingsOf(attached: AttachedNode): Promise<HostReadings | null> {
  if (!attached.current) return null;
  const { node, conditions } = attached.current;
  const [head, network] = await Promise.all([conditions.chain.view(), attached.network()?.stats() ?? null]);
  return {
    peers: node.ports.network.peers().length,
    network,
    chain: { height: head.height, lagSeconds: lagSeconds(head) },
    diskBytes: node.resources.disk.usedBytes,
    paused: node.resources.pauses().length > 0,
  };
}

const asFailure = (error: unknown) =>
  error instanceof ChorusError
    ? error
    : new ChorusError('E_ADMIN_FAILED', 'the admin API failed', { cause: error });

async function readVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
