import { type ChainPort, explain, hasCode } from '@chorus/protocol';
import { makeFolder } from '@chorus/utils';
import type { HostConfig } from '../config/host-config.ts';
import { mergeCatalogues } from '../events/catalogue.ts';
import { EventHub } from '../events/event-hub.ts';
import type { AnyEvent, EventSink, HostEvent } from '../events/events.ts';
import { HOST_EVENTS } from '../events/host-catalogue.ts';
import type { GatewayServer } from '../gateway/server.ts';
import { Governance } from '../governance/index.ts';
import { type NodeKey, readNodeKey, writeNewNodeKey } from '../identity/node-key.ts';
import { openWallet, type PasswordSource } from '../identity/wallet.ts';
import { meteredChain } from '../metrics/metered-chain.ts';
import type { OpenAdmin } from '../node-admin/open-admin.ts';
import { ResourceBudget } from '../resources/resource-budget.ts';
import { startOrder } from '../service/order.ts';
import type { Ports } from '../service/ports.ts';
import type { EventsOf, Running, Services } from '../service/service.ts';
import { ServiceHost } from '../service/service-host.ts';
import { type Collectable, DiskWatch } from '../status/disk-watch.ts';
import { NodeConditions } from '../status/node-conditions.ts';
import { NodeStore } from '../store/node-store.ts';
import { ChorusNode } from './chorus-node.ts';
import { chainInTime, openChain } from './open-chain.ts';
import { openNetwork } from './open-network.ts';
import { openStorage } from './open-storage.ts';
import { Teardown } from './teardown.ts';

export interface CreateNodeOptions<S extends Services> {
  /** Of the host and of all these services: see `defineConfig`. */
  config: HostConfig;
  /** By the name of each. */
  services: S;
  /** Sees every event of the node, from the first on. */
  emit?: (event: HostEvent | EventsOf<S>) => void;
  /** Returns the password of an encrypted wallet. */
  password?: PasswordSource | undefined;
  /**
   * Wait for a chain that does not answer yet, for a service that starts with the machine; by default that is an
   * error. `signal` ends the wait.
   */
  patient?: boolean;
  signal?: AbortSignal;
  /** Called when the admin API requests the end; by default the process gets SIGTERM, as from a service manager. */
  onShutdown?: () => void;
  /** Folder of a web page of the node's owner, which the admin API serves at `/`; by default it serves no page. */
  page?: string;
  /** Instead of those that the configuration names; the node closes them. For tests, and other networks. */
  ports?: Ports;
}

/**
 * Put a node together and start it: the only composition. What is opened is closed again if a later part fails.
 *
 * @example
 * const node = await createNode({ config, services: { training: training() } });
 * await node.services.training.join(7n);
 * await node.close();
 *
 * @throws ChorusError `E_WALLET_MISSING`, `E_PASSWORD_MISSING`, `E_PASSWORD_WRONG`, `E_WALLET_UNENCRYPTED`,
 *   `E_CHAIN_WRONG_ID`, `E_STORE_*` (see `openStore`) and the errors of the parts and services
 */
export async function createNode<S extends Services>(options: CreateNodeOptions<S>): Promise<ChorusNode<S>> {
  const { config, services } = options;
  const teardown = new Teardown();
  const abort = new AbortController();
  try {
    const host = new ServiceHost(services, startOrder(services));
    await makeFolder(config.dataDir, 0o700);
    const key = (await readNodeKey(config.dataDir)) ?? (await writeNewNodeKey(config.dataDir));
    const wallet = options.ports ? null : await openWallet(config.dataDir, options.password);
    const prepared = await host.prepare(config, options.signal);
    // Opened before anything that leaves a trace elsewhere: one process at a time works in a data folder.
    const store = NodeStore.open(config.dataDir);
    teardown.add(() => store.close());
    for (const [name, { migrations = [] }] of Object.entries(services)) store.migrate(name, migrations);

    const hub = eventHub(options);
    const emit: EventSink = (event) => hub.emit(event);
    const admin = config.admin.enabled
      ? await openAdmin({
          config,
          services,
          host,
          hub,
          abort,
          shutdown: options.onShutdown,
          page: options.page,
        })
      : null;
    if (admin) teardown.add(() => admin.close());

    const resources = new ResourceBudget({ limits: config.limits, emit });
    const connect = async (): Promise<ChainPort> => {
      const open = () => openChain(config, wallet!, store, emit);
      const signal = options.signal ?? new AbortController().signal;
      return options.patient ? chainInTime(open, emit, signal) : open();
    };
    const opened = options.ports ?? (await openPorts(config, key, host, connect, emit, teardown));
    if (options.ports) closeGiven(opened, teardown);
    const ports = admin ? { ...opened, chain: meteredChain(opened.chain, admin.transaction) } : opened;
    store.bind(ports.chain);

    const { signal } = abort;
    const onEvent = (listener: (event: AnyEvent) => void) => hub.listen(listener);
    const meter = admin?.meter ?? null;
    const { seed: keySeed } = key;
    const anyEmit = <E extends AnyEvent>(event: E) => hub.emit(event);
    teardown.add(() => stopServices(host, ports.chain, config.shutdownSeconds));
    const gateway: { server: GatewayServer | null } = { server: null };
    const gatewayUrl = () => gateway.server?.url ?? null;
    await host.create(
      { config, ports, store, resources, keySeed, meter, signal, emit: anyEmit, onEvent, gatewayUrl },
      prepared,
    );
    const node = new ChorusNode({
      services: host.byName as Running<S>,
      ports,
      resources,
      store,
      abort,
      teardown: () => teardown.run(),
    });
    resources.start();
    teardown.add(() => resources.close());
    const disk = diskWatch(config, node, host, emit);
    teardown.add(() => disk.close());
    const conditions = new NodeConditions(node, emit);
    teardown.add(() => conditions.close());
    admin?.attach({ node, conditions, gatewayUrl });
    await disk.start();
    if (config.gateway.enabled) {
      const server = await openGateway({
        config,
        services,
        host,
        emit,
        page: options.page,
        chain: ports.chain,
      });
      gateway.server = server;
      teardown.add(() => server.close());
    }
    for (const service of host.running) await service.start?.();
    connectToPeers(config, ports, signal, emit);
    hub.emit({
      type: 'ready',
      address: ports.chain.account,
      peerId: ports.network.peerId,
      multiaddrs: ports.network.multiaddrs(),
    });
    conditions.start();
    return node;
  } catch (error) {
    // Work of services that have started waits for it.
    abort.abort();
    await teardown.run().catch(() => {});
    throw error;
  }
}

function eventHub<S extends Services>({ services, emit }: CreateNodeOptions<S>): EventHub {
  const hub = new EventHub(
    mergeCatalogues(HOST_EVENTS, ...Object.values(services).map((each) => each.events)),
  );
  // Every event comes from the host or from one of these services.
  if (emit) hub.listen(emit as unknown as (event: AnyEvent) => void);
  return hub;
}

/** Loaded only if used: the HTTP server and the metrics take some 10 MB. */
async function openAdmin(
  options: Parameters<typeof import('../node-admin/open-admin.ts').openAdmin>[0],
): Promise<OpenAdmin> {
  const module = await import('../node-admin/open-admin.ts');
  return module.openAdmin(options);
}

interface OpenGateway {
  config: HostConfig;
  services: Services;
  host: ServiceHost;
  emit: EventSink;
  page: string | undefined;
  chain: ChainPort;
}

/** What the services offer to strangers, on a server of its own. */
async function openGateway({
  config,
  services,
  host,
  emit,
  page,
  chain,
}: OpenGateway): Promise<GatewayServer> {
  const { startGateway } = await import('../gateway/server.ts');
  const all = Object.entries(services);
  const apps = all.flatMap(([name, { gateway }]) => gateway?.(() => host.find(name)!) ?? []);
  if (config.gateway.explorer) {
    const { explorerApp } = await import('../gateway/explorer.ts');
    const { governanceApp } = await import('../admin/host-areas/governance.ts');
    const governance = new Governance(chain);
    const areas = all.flatMap(([name, { admin }]) => admin?.(() => host.find(name)!) ?? []);
    apps.push(explorerApp({ areas: [governanceApp(() => governance), ...areas], page }));
  }
  const onError = (error: unknown) => emit({ type: 'warning', ...explain(error) });
  return startGateway({ config: config.gateway, apps, onError });
}

/** The chain, libp2p and IPFS of the configuration; each is closed before those it uses. */
async function openPorts(
  config: HostConfig,
  key: NodeKey,
  host: ServiceHost,
  connect: () => Promise<ChainPort>,
  emit: EventSink,
  teardown: Teardown,
): Promise<Ports> {
  const chain = await connect();
  teardown.add(() => chain.close());
  const network = await openNetwork(config, key.bytes, (peer) => host.peerScore(peer), emit);
  teardown.add(() => network.close());
  const storage = await openStorage(config, network, () => host.pinned(), emit);
  teardown.add(() => storage.close());
  return { chain, network, storage };
}

function closeGiven({ chain, network, storage }: Ports, teardown: Teardown): void {
  teardown.add(() => chain.close());
  teardown.add(() => network.close());
  teardown.add(() => storage.close());
}

/**
 * Stop the services, the latest first. An endpoint that does not answer leaves half of the time to the rest: what was
 * sent is in the journal.
 */
async function stopServices(host: ServiceHost, chain: ChainPort, seconds: number): Promise<void> {
  const giveUp = setTimeout(() => void chain.close(), seconds * 500);
  const stopping = new Teardown();
  for (const service of host.running) stopping.add(() => service.stop?.());
  try {
    await stopping.run();
  } finally {
    clearTimeout(giveUp);
  }
}

function diskWatch(config: HostConfig, node: ChorusNode, host: ServiceHost, emit: EventSink): DiskWatch {
  const { storage } = node.ports;
  return new DiskWatch({
    folder: config.dataDir,
    quotaBytes: config.limits.disk ?? null,
    storage: isCollectable(storage) ? storage : null,
    keep: () => host.pinned(),
    state: node.resources.disk,
    onError: (error) => emit({ type: 'warning', ...explain(error) }),
  });
}

/** The network keeps trying; a node that stays without peers reports it as a condition. */
function connectToPeers({ network }: HostConfig, ports: Ports, signal: AbortSignal, emit: EventSink): void {
  for (const peer of network.bootstrap) {
    ports.network.connect(peer, { signal }).catch((error) => {
      if (signal.aborted || hasCode(error, 'E_NETWORK_DIAL')) return;
      emit({ type: 'warning', ...explain(error) });
    });
  }
}

const isCollectable = (storage: object): storage is Collectable =>
  'collectGarbage' in storage && 'usage' in storage;
