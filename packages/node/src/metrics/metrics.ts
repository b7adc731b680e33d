import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { NodeEvent } from '../events/events.ts';

/** Upper bounds in seconds: a round of a small model takes seconds, one of a large model many minutes. */
const STAGE_BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900];
const PROOF_BUCKETS = [1, 2, 5, 10, 20, 30, 60, 120, 300];

/** Values that are read when the metrics are requested. */
export interface MetricValues {
  peers: number;
  banned: number;
  /** By topic and verdict: accepted, ignored, rejected or published. */
  gossip: { topic: string; verdict: string; count: number }[];
  /** Bytes since the start; null if the network does not count them. */
  bytes: { in: number; out: number } | null;
  requests: { outcome: string; count: number }[];
  /** Duties in progress or waiting for a retry. */
  queue: number;
  tasks: { status: string; count: number }[];
  chain: { height: number | null; lagSeconds: number | null };
  /** Amounts by token, in its smallest unit; a float of 53 bits, exact enough for display but not for accounting. */
  earned: { token: string; kind: 'reward' | 'fee'; amount: number }[];
  claimable: { token: string; amount: number }[];
  staked: { token: string; amount: number }[];
  /** Decimals of these tokens, as far as the chain says: an amount divided by 10^decimals is in whole tokens. */
  decimals: { token: string; decimals: number }[];
  diskBytes: number | null;
  paused: boolean;
}

/**
 * The metrics of a node in the format of Prometheus. Counters follow the node's events; states are read on request.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #rounds = this.#counter('rounds_total', 'Rounds of followed tasks that have ended', ['outcome']);
  readonly #stages = new Histogram({
    name: 'chorus_stage_seconds',
    help: 'Time of one stage of a round',
    labelNames: ['stage'],
    buckets: STAGE_BUCKETS,
    registers: [this.#registry],
  });
  readonly #proofs = new Histogram({
    name: 'chorus_proof_seconds',
    help: 'Time of one proof of contribution',
    buckets: PROOF_BUCKETS,
    registers: [this.#registry],
  });
  readonly #gas = this.#counter('gas_used_total', 'Gas used by transactions of this node', ['action']);
  readonly #transactions = this.#counter('transactions_total', 'Transactions of this node', [
    'action',
    'outcome',
  ]);
  readonly #refusedTasks = this.#counter('tasks_refused_total', 'Tasks seen and not joined', ['code']);
  readonly #refusedPayloads = this.#counter('payloads_refused_total', 'Payloads left out of an aggregate', [
    'code',
  ]);
  readonly #warnings = this.#counter('warnings_total', 'Warnings given', ['code']);

  readonly #peers = this.#gauge('peers', 'Connected peers');
  readonly #banned = this.#gauge('banned_peers', 'Banned peers');
  readonly #gossip = this.#counter('gossip_messages_total', 'Gossip by topic and verdict', [
    'topic',
    'verdict',
  ]);
  readonly #bytes = this.#counter('network_bytes_total', 'Bytes over libp2p connections', ['direction']);
  readonly #requests = this.#counter('requests_total', 'Requests of peers by outcome', ['outcome']);
  readonly #queue = this.#gauge('queue_depth', 'Duties in progress or waiting for a retry');
  readonly #tasks = this.#gauge('tasks', 'Followed tasks by status on chain', ['status']);
  readonly #height = this.#gauge('chain_height', 'Number of the latest block');
  readonly #lag = this.#gauge(
    'chain_lag_seconds',
    'How far the latest block is behind the clock of this machine',
  );
  readonly #earned = this.#gauge('earned_tokens', "Earned in all rounds, in the token's smallest unit", [
    'token',
    'kind',
  ]);
  readonly #claimable = this.#gauge(
    'claimable_tokens',
    "Amount that can be claimed on chain now, in the token's smallest unit",
    ['token'],
  );
  readonly #staked = this.#gauge('staked_tokens', "Stake locked in tasks, in the token's smallest unit", [
    'token',
  ]);
  readonly #decimals = this.#gauge(
    'token_decimals',
    'Decimals of a token: amounts are in its smallest unit, 10^-decimals of a token',
    ['token'],
  );
  readonly #disk = this.#gauge('disk_bytes', 'Size of the data folder');
  readonly #paused = this.#gauge('paused', '1 while a limit stops the node from accepting anything new');

  constructor() {
    // nodejs_eventloop_lag_*, process_cpu_*, process_resident_memory_bytes, process_open_fds, nodejs_gc_* ...
    collectDefaultMetrics({ register: this.#registry });
  }

  /** Count an event of the node. */
  observe(event: NodeEvent): void {
    switch (event.type) {
      case 'stage':
        this.#stages.observe({ stage: event.stage }, event.seconds);
        if (event.stage === 'prove') this.#proofs.observe(event.seconds);
        break;
      case 'task-refused':
        this.#refusedTasks.inc({ code: event.code ?? 'E_UNEXPECTED' });
        break;
      case 'payload-refused':
        this.#refusedPayloads.inc({ code: event.code });
        break;
      case 'warning':
      case 'condition-began':
        this.#warnings.inc({ code: event.code });
        break;
      case 'round-ended':
        this.#rounds.inc({ outcome: event.outcome });
        break;
    }
  }

  /** Count a transaction; `gasUsed` is null if it was refused. */
  transaction(action: string, gasUsed: bigint | null): void {
    this.#transactions.inc({ action, outcome: gasUsed === null ? 'refused' : 'mined' });
    if (gasUsed !== null) this.#gas.inc({ action }, Number(gasUsed));
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Names of all metrics, for checking a dashboard. */
  names(): string[] {
    return this.#registry.getMetricsAsArray().map((metric) => metric.name);
  }

  async text(readings: MetricValues): Promise<string> {
    this.#read(readings);
    return this.#registry.metrics();
  }

  #read(now: MetricValues): void {
    this.#peers.set(now.peers);
    this.#banned.set(now.banned);
    set(this.#gossip, now.gossip, ({ topic, verdict, count }) => [{ topic, verdict }, count]);
    if (now.bytes) {
      set(this.#bytes, Object.entries(now.bytes), ([direction, bytes]) => [{ direction }, bytes]);
    }
    set(this.#requests, now.requests, ({ outcome, count }) => [{ outcome }, count]);
    this.#queue.set(now.queue);
    set(this.#tasks, now.tasks, ({ status, count }) => [{ status }, count]);
    if (now.chain.height !== null) this.#height.set(now.chain.height);
    if (now.chain.lagSeconds !== null) this.#lag.set(now.chain.lagSeconds);
    set(this.#earned, now.earned, ({ token, kind, amount }) => [{ token, kind }, amount]);
    set(this.#claimable, now.claimable, ({ token, amount }) => [{ token }, amount]);
    set(this.#staked, now.staked, ({ token, amount }) => [{ token }, amount]);
    set(this.#decimals, now.decimals, ({ token, decimals }) => [{ token }, decimals]);
    if (now.diskBytes !== null) this.#disk.set(now.diskBytes);
    this.#paused.set(now.paused ? 1 : 0);
  }

  #counter<L extends string = never>(name: string, help: string, labelNames: L[] = []): Counter<L> {
    return new Counter({ name: `chorus_${name}`, help, labelNames, registers: [this.#registry] });
  }

  #gauge<L extends string = never>(name: string, help: string, labelNames: L[] = []): Gauge<L> {
    return new Gauge({ name: `chorus_${name}`, help, labelNames, registers: [this.#registry] });
  }
}

/** Replace all values of a metric: values that no longer exist must not be reported. */
function set<T, L extends string>(
  metric: Counter<L> | Gauge<L>,
  rows: readonly T[],
  read: (row: T) => [Partial<Record<L, string>>, number],
): void {
  metric.reset();
  for (const row of rows) {
    const [labels, value] = read(row);
    metric.inc(labels, value);
  }
}
