import { join } from 'node:path';
import { createNetwork, type NetworkEvent, type NetworkOptions } from '@chorus/network';
import {
  type ChainPort,
  ChorusError,
  explain,
  hasCode,
  keepUrlSecret,
  type StoragePort,
} from '@chorus/protocol';
import { createHeliaStorage, createKuboStorage, laterStorage, withDaemon } from '@chorus/storage';
import type { Dataset } from '@chorus/training';
import { makeFolder, pause } from '@chorus/utils';
import type { OpenAdmin } from './admin-source/open-admin.ts';
import type { NodeConfig } from './config/config.ts';
import { listData, openData } from './data/registry.ts';
import type { EventSink, NodeEvent } from './events/events.ts';
import { type NodeKey, readNodeKey, writeNewNodeKey } from './identity/node-key.ts';
import { type OpenedWallet, openWallet, type PasswordSource } from './identity/wallet.ts';
import { Journal } from './journal/journal.ts';
import type { StepGate } from './journal/steps.ts';
import { ChorusNode } from './lifecycle/chorus-node.ts';
import { openChain } from './lifecycle/open-chain.ts';
import { meteredChain } from './metrics/metered-chain.ts';
import { DiskWatch } from './status/disk-watch.ts';
import { keptFiles } from './status/kept-files.ts';
import { NodeConditions } from './status/node-conditions.ts';
import { peerScore } from './tasks/peer-score.ts';
import { RETRY_MILLISECONDS } from './utils/background.ts';

export interface StartOptions {
  /** Returns the password of an encrypted wallet. */
  password?: PasswordSource;
  /** Only for crash tests: see {@link StepGate}. */
  stepGate?: StepGate;
  /**
   * Wait for a chain that does not answer yet, for a service that starts with the machine; by default that is an
   * error. `signal` ends the wait.
   */
  patient?: boolean;
  signal?: AbortSignal;
  /** Called when the admin API requests the end; by default the process gets SIGTERM, as from a service manager. */
  onShutdown?: () => void;
}

/**
 * The composition root: wires libp2p, IPFS, the chain and local data into a node and starts it.
 *
 * @throws ChorusError `E_WALLET_MISSING`, `E_PASSWORD_MISSING`, `E_PASSWORD_WRONG`, `E_WALLET_UNENCRYPTED`,
 *   `E_CHAIN_WRONG_ID`, `E_DATA_UNREADABLE`, `E_STORE_*` (see `openStore`) and the errors of the parts
 */
export async function startNode(
  config: NodeConfig,
  emit: EventSink,
  options: StartOptions = {},
): Promise<ChorusNode> {
  await makeFolder(config.dataDir, 0o700);
  const nodeKey = (await readNodeKey(config.dataDir)) ?? (await writeNewNodeKey(config.dataDir));
  const wallet = await openWallet(config.dataDir, options.password);
  const dataset = await datasetOf(config, options.signal);
  // Opened before anything that leaves a trace elsewhere: one process at a time works in a data folder.
  const journal = Journal.open(config.dataDir, { stepGate: options.stepGate });
  try {
    return await startParts(config, emit, {
      nodeKey,
      wallet,
      dataset,
      journal,
      waiting: options.patient ? (options.signal ?? new AbortController().signal) : null,
      onShutdown: options.onShutdown ?? (() => process.kill(process.pid, 'SIGTERM')),
    });
  } catch (error) {
    journal.close();
    throw error;
  }
}

interface NodeParts {
  nodeKey: NodeKey;
  wallet: OpenedWallet;
  dataset: Dataset | null;
  journal: Journal;
  /** Ends the wait for the chain; null: do not wait. */
  waiting: AbortSignal | null;
  onShutdown: () => void;
}

async function startParts(config: NodeConfig, told: EventSink, parts: NodeParts): Promise<ChorusNode> {
  const { nodeKey, wallet, dataset, journal, waiting, onShutdown } = parts;
  const closers: (() => Promise<void>)[] = [];
  const admin = config.admin.enabled ? await serveAdmin(config, told, onShutdown) : null;
  if (admin) closers.push(() => admin.close());
  const emit: EventSink = (event) => {
    admin?.observe(event);
    told(event);
  };
  try {
    const open = () => openChain(config, wallet, journal, emit);
    const connected = await (waiting ? chainInTime(open, emit, waiting) : open());
    closers.push(() => connected.close());
    const chain = admin ? meteredChain(connected, admin.transaction) : connected;
    // When the network and storage start, there is no node yet: no members, and nothing to keep.
    let node: ChorusNode | null = null;
    const network = await createNetwork({
      ...networkOptions(config.network),
      ...(config.limits.upload ? { uploadBytesPerSecond: config.limits.upload } : {}),
      ...(config.limits.download ? { downloadBytesPerSecond: config.limits.download } : {}),
      privateKey: nodeKey.bytes,
      banFile: join(config.dataDir, 'bans.json'),
      onEvent: (event) => forwardEvent(event, emit),
      peerScore: peerScore(() => node?.followed() ?? []),
    });
    closers.push(() => network.close());
    const keep = () => (node ? [...keptFiles(node.followed()), ...node.publications.models()] : []);
    const own = await createHeliaStorage({
      libp2p: network.libp2p,
      path: join(config.dataDir, 'blocks'),
      onWrongBlock: (peer) => network.blame(peer, 'wrong-block'),
      onFlood: (peer) => network.blame(peer, 'bitswap-flood'),
      ...(config.limits.disk === undefined ? {} : { limit: { maxBytes: config.limits.disk, keep } }),
    });
    closers.push(() => own.close());
    const { ipfsApi } = config.storage;
    const storage = ipfsApi
      ? withDaemon(own, daemonAt(ipfsApi, emit), (error) => emit(warningOf(error)))
      : own;
    const dataName = await dataNameOf(config);
    const ports = { chain, network, storage };
    node = new ChorusNode(config, { ports, keySeed: nodeKey.seed, dataset, dataName, journal, emit });
    const { resources } = node;
    const disk = new DiskWatch({
      folder: config.dataDir,
      quotaBytes: config.limits.disk ?? null,
      storage,
      keep,
      state: resources.disk,
      onError: (error) => emit(warningOf(error)),
    });
    closers.push(() => disk.close());
    const conditions = new NodeConditions(node, emit);
    closers.push(async () => conditions.close());
    admin?.attach(node, conditions);
    await disk.start();
    await node.start();
    conditions.start();
    const closing = [() => conditions.close(), () => disk.close(), ...(admin ? [() => admin.close()] : [])];
    for (const close of closing) node.onClosed(close);
    return node;
  } catch (error) {
    // Close the latest first: storage before the network it uses.
    for (const close of closers.reverse()) await close().catch(() => {});
    throw error;
  }
}

/** Pause between two attempts to reach the chain. */
const LONGEST_WAIT_MILLISECONDS = 10_000;

/**
 * The chain as soon as it answers. A failure is reported once with its reason, and again if the reason changes.
 * @throws if another chain answers, and the reason that `signal` is aborted with
 */
async function chainInTime(
  open: () => Promise<ChainPort>,
  emit: EventSink,
  signal: AbortSignal,
): Promise<ChainPort> {
  const since = performance.now();
  let told: ChorusError | null = null;
  for (let wait = RETRY_MILLISECONDS.first; ; wait = Math.min(2 * wait, LONGEST_WAIT_MILLISECONDS)) {
    try {
      const chain = await open();
      if (told) {
        const seconds = Math.round((performance.now() - since) / 1000);
        emit({ type: 'condition-ended', code: told.code, message: told.message, seconds });
      }
      return chain;
    } catch (error) {
      if (!(error instanceof ChorusError) || !hasCode(error, 'E_CHAIN_UNREACHABLE')) throw error;
      if (told?.message !== error.message) {
        const hint = `the node waits for it${error.hint ? `; ${error.hint}` : ''}`;
        emit({ type: 'condition-began', code: error.code, message: error.message, hint });
      }
      told = error;
      await pause(wait, signal);
      signal.throwIfAborted();
    }
  }
}

/** An IPFS daemon, which may start later: until then the node works without it. */
function daemonAt(url: string, emit: EventSink): StoragePort {
  keepUrlSecret(url);
  let away = 0;
  return laterStorage(
    () => createKuboStorage({ url }),
    (error) => {
      const code = 'E_STORAGE_KUBO';
      const message = 'the IPFS daemon does not answer';
      if (error !== null) {
        away = performance.now();
        const hint = 'the node goes on without it; check storage.ipfsApi, and that the daemon is up';
        emit({ type: 'condition-began', code, message, hint });
      } else {
        const seconds = Math.round((performance.now() - away) / 1000);
        emit({ type: 'condition-ended', code, message, seconds });
      }
    },
  );
}

/** Loaded only if used: the HTTP server and the metrics take some 10 MB. */
async function serveAdmin(config: NodeConfig, emit: EventSink, onShutdown: () => void): Promise<OpenAdmin> {
  const { openAdmin } = await import('./admin-source/open-admin.ts');
  return openAdmin(config, emit, onShutdown);
}

function warningOf(error: unknown): NodeEvent {
  return { type: 'warning', ...explain(error) };
}

/** Reports connections as events of the node. */
function forwardEvent(event: NetworkEvent, emit: EventSink): void {
  switch (event.type) {
    case 'peer-connected':
      emit({ type: event.type, peerId: event.peer, address: event.address, direction: event.direction });
      break;
    case 'peer-disconnected':
      emit({ type: event.type, peerId: event.peer });
      break;
    case 'banned': {
      const until = Number.isFinite(event.until) ? event.until : null;
      emit({ type: 'peer-banned', peerId: event.peer, until, reason: event.reason });
      break;
    }
    case 'warning':
      emit({ type: 'warning', code: 'E_NETWORK', message: event.message, hint: null });
      break;
  }
}

function networkOptions({ dht, ...network }: NodeConfig['network']): NetworkOptions {
  const { maxConnections, maxConnectionsPerHost, ...rest } = network;
  return {
    ...rest,
    ...(dht === 'off' ? {} : { dht }),
    ...(maxConnections === undefined ? {} : { maxConnections }),
    ...(maxConnectionsPerHost === undefined ? {} : { maxConnectionsPerHost }),
  };
}

/** The private data of a node, if its roles need data. */
async function datasetOf(
  { roles, dataDir, data, limits }: NodeConfig,
  signal: AbortSignal | undefined,
): Promise<Dataset | null> {
  if (roles.every((role) => role === 'aggregator')) return null;
  return openData(dataDir, data, {}, { quotaBytes: limits.disk, ...(signal ? { signal } : {}) });
}

/** The name of the data in the privacy record: its registered name, or its path. */
async function dataNameOf({ dataDir, data }: NodeConfig): Promise<string> {
  return data ?? (await listData(dataDir))[0]?.name ?? '';
}
