import type { NetworkStats } from '@chorus/network';
import type { AnyEvent, HostEvent } from '../events/events.ts';
import { type Meter, setRows } from '../service/meter.ts';
import type { TransactionSink } from './metered-chain.ts';

/** The host's state when its metrics are read. */
export interface HostReadings {
  peers: number;
  /** Null if the network has no details. */
  network: NetworkStats | null;
  chain: { height: number | null; lagSeconds: number | null };
  diskBytes: number | null;
  paused: boolean;
}

/** The host's own metrics. */
export class HostMetrics {
  readonly transaction: TransactionSink;
  readonly #observe: (event: HostEvent) => void;

  /** `read` returns null while the node is starting. */
  constructor(meter: Meter, read: () => Promise<HostReadings | null>) {
    const gas = meter.counter('gas_used_total', 'Gas used by transactions of this node', ['action']);
    const transactions = meter.counter('transactions_total', 'Transactions of this node', [
      'action',
      'outcome',
    ]);
    this.transaction = (action, gasUsed) => {
      transactions.inc({ action, outcome: gasUsed === null ? 'refused' : 'mined' });
      if (gasUsed !== null) gas.inc({ action }, Number(gasUsed));
    };
    const warnings = meter.counter('warnings_total', 'Warnings given', ['code']);
    this.#observe = (event) => {
      if (event.type === 'warning' || event.type === 'condition-began') warnings.inc({ code: event.code });
    };
    const apply = readings(meter);
    meter.beforeRead(async () => {
      const now = await read();
      if (now) apply(now);
    });
  }

  /** Count an event of the node. */
  observe(event: AnyEvent): void {
    this.#observe(event as HostEvent);
  }
}

function readings(meter: Meter): (now: HostReadings) => void {
  const peers = meter.gauge('peers', 'Connected peers');
  const banned = meter.gauge('banned_peers', 'Banned peers');
  const gossip = meter.counter('gossip_messages_total', 'Gossip by topic and verdict', ['topic', 'verdict']);
  const bytes = meter.counter('network_bytes_total', 'Bytes over libp2p connections', ['direction']);
  const requests = meter.counter('requests_total', 'Requests of peers by outcome', ['outcome']);
  const height = meter.gauge('chain_height', 'Number of the latest block');
  const lag = meter.gauge(
    'chain_lag_seconds',
    'How far the latest block is behind the clock of this machine',
  );
  const disk = meter.gauge('disk_bytes', 'Size of the data folder');
  const paused = meter.gauge('paused', '1 while a limit stops the node from accepting anything new');
  return ({ network, ...now }) => {
    peers.set(now.peers);
    banned.set(network?.bans.length ?? 0);
    setRows(gossip, network?.topics.flatMap(verdicts) ?? [], ({ topic, verdict, count }) => [
      { topic, verdict },
      count,
    ]);
    setRows(bytes, Object.entries(network?.bytes ?? {}), ([direction, count]) => [{ direction }, count]);
    setRows(requests, Object.entries(network?.requests ?? {}), ([outcome, count]) => [{ outcome }, count]);
    if (now.chain.height !== null) height.set(now.chain.height);
    if (now.chain.lagSeconds !== null) lag.set(now.chain.lagSeconds);
    if (now.diskBytes !== null) disk.set(now.diskBytes);
    paused.set(now.paused ? 1 : 0);
  };
}

/** Messages of a topic by verdict; only the topic's kind, because the rest of its name is the same for all. */
function verdicts({ topic, accepted, ignored, rejected, published }: NetworkStats['topics'][number]) {
  return Object.entries({ accepted, ignored, rejected, published }).map(([verdict, count]) => ({
    topic: topic.split('/').at(-1) ?? topic,
    verdict,
    count,
  }));
}
