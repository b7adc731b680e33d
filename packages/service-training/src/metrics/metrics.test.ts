import { readFile } from 'node:fs/promises';
import { HostMetrics, type HostReadings, meteredChain, PrometheusMeter } from '@chorus/node/testing';
import type { ChainPort } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import type { NodeEvent } from '../events/training-events.ts';
import { type TrainingReadings, trainingMetrics } from './training-metrics.ts';

const TOKEN = '0x00000000000000000000000000000000000000aa';
type Readings = HostReadings & TrainingReadings;

/** The metrics of a node with the training service. */
class Metrics {
  readonly #meter = new PrometheusMeter();
  readonly #host: HostMetrics;
  readonly #training: (event: NodeEvent) => void;
  #now: Readings | null = null;

  constructor() {
    this.#host = new HostMetrics(this.#meter, async () => this.#now);
    this.#training = trainingMetrics(this.#meter, async () => this.#now!);
  }

  observe(event: NodeEvent): void {
    this.#host.observe(event);
    this.#training(event);
  }

  transaction(action: string, gasUsed: bigint | null): void {
    this.#host.transaction(action, gasUsed);
  }

  names(): string[] {
    return this.#meter.registry.getMetricsAsArray().map((metric) => metric.name);
  }

  text(now: Readings): Promise<string> {
    this.#now = now;
    return this.#meter.text();
  }
}

const readings: Readings = {
  peers: 3,
  network: {
    peers: [],
    bans: [{ peer: 'p', until: 1, reason: 'x' }],
    topics: [{ topic: '/chorus/1/tasks', accepted: 0, ignored: 0, rejected: 4, published: 0 }],
    bytes: { in: 10, out: 20 },
    requests: { served: 5 },
  } as unknown as HostReadings['network'],
  queue: 2,
  tasks: [{ status: 'running', count: 1 }],
  chain: { height: 100, lagSeconds: 2 },
  earned: [{ token: TOKEN, kind: 'reward', amount: 1e21 }],
  claimable: [{ token: TOKEN, amount: 5 }],
  staked: [{ token: TOKEN, amount: 6 }],
  decimals: [{ token: TOKEN, decimals: 6 }],
  diskBytes: 7,
  paused: true,
};

/** Sample lines of one metric. */
const samples = (text: string, name: string) => text.split('\n').filter((line) => line.startsWith(name));

describe('the metrics', () => {
  it('metrics count the events of the node', async () => {
    const metrics = new Metrics();
    const round = { taskId: 1n, round: 1 };
    metrics.observe({ type: 'stage', ...round, stage: 'prove', seconds: 3 });
    metrics.observe({ type: 'stage', ...round, stage: 'train', seconds: 0.2 });
    for (const outcome of ['settled', 'settled', 'void'] as const) {
      metrics.observe({
        type: 'round-ended',
        ...round,
        outcome,
        token: TOKEN,
        decimals: 18,
        weight: null,
        share: null,
        reward: 0n,
        fee: 0n,
        reason: '',
      });
    }
    metrics.observe({ type: 'task-refused', taskId: 1n, message: '', code: 'E_LIMIT_HOURS', hint: null });
    metrics.observe({
      type: 'payload-refused',
      ...round,
      author: TOKEN,
      code: 'E_PAYLOAD_MISMATCH',
      message: '',
      hint: null,
    });
    metrics.observe({ type: 'warning', code: 'E_X', message: '', hint: null });
    const text = await metrics.text(readings);
    expect(samples(text, 'chorus_rounds_total')).toEqual([
      'chorus_rounds_total{outcome="settled"} 2',
      'chorus_rounds_total{outcome="void"} 1',
    ]);
    expect(text).toContain('chorus_stage_seconds_bucket{le="5",stage="prove"} 1');
    expect(text).toContain('chorus_stage_seconds_bucket{le="2.5",stage="prove"} 0');
    expect(text).toContain('chorus_proof_seconds_count 1');
    expect(text).toContain('chorus_tasks_refused_total{code="E_LIMIT_HOURS"} 1');
    expect(text).toContain('chorus_payloads_refused_total{code="E_PAYLOAD_MISMATCH"} 1');
    expect(text).toContain('chorus_warnings_total{code="E_X"} 1');
  });

  it('metrics read states on request, and forget values that no longer exist', async () => {
    const metrics = new Metrics();
    const text = await metrics.text(readings);
    for (const line of [
      'chorus_peers 3',
      'chorus_banned_peers 1',
      'chorus_gossip_messages_total{topic="tasks",verdict="rejected"} 4',
      'chorus_network_bytes_total{direction="out"} 20',
      'chorus_requests_total{outcome="served"} 5',
      'chorus_queue_depth 2',
      'chorus_tasks{status="running"} 1',
      'chorus_chain_height 100',
      `chorus_earned_tokens{token="${TOKEN}",kind="reward"} 1e+21`,
      `chorus_token_decimals{token="${TOKEN}"} 6`,
      'chorus_disk_bytes 7',
      'chorus_paused 1',
    ]) {
      expect(text).toContain(`\n${line}\n`);
    }
    const later = await metrics.text({ ...readings, tasks: [], staked: [], paused: false });
    expect(later).not.toContain('chorus_tasks{');
    expect(later).not.toContain('chorus_staked_tokens{');
    expect(later).toContain('\nchorus_paused 0\n');
  });

  it('metrics report the state of the process', async () => {
    const text = await new Metrics().text(readings);
    for (const name of [
      'process_resident_memory_bytes',
      'nodejs_eventloop_lag_p99_seconds',
      'process_open_fds',
    ]) {
      expect(samples(text, `${name} `), name).toHaveLength(1);
    }
  });

  it('metrics count transactions and their gas, refused ones too', async () => {
    const metrics = new Metrics();
    const chain = meteredChain(
      {
        account: TOKEN,
        advance: async () => ({ transaction: '0x01', block: 1, gasUsed: 21_000n }),
        join: async () => {
          throw new Error('refused');
        },
        now: async () => 5,
      } as unknown as ChainPort,
      (action, gasUsed) => metrics.transaction(action, gasUsed),
    );
    expect(chain.account).toBe(TOKEN);
    expect(await chain.now()).toBe(5);
    await chain.advance(1n);
    await expect(chain.join(1n, { agreement: '0x', agentId: 0n, roles: [], peerId: '' })).rejects.toThrow(
      'refused',
    );
    const text = await metrics.text(readings);
    expect(samples(text, 'chorus_gas_used_total')).toEqual(['chorus_gas_used_total{action="advance"} 21000']);
    expect(samples(text, 'chorus_transactions_total')).toEqual([
      'chorus_transactions_total{action="advance",outcome="mined"} 1',
      'chorus_transactions_total{action="join",outcome="refused"} 1',
    ]);
  });
});

describe('the Grafana dashboard', () => {
  it('the dashboard uses only metrics that a node has, and uses all of them', async () => {
    const file = new URL('../../../../docs/reference/grafana/chorus-node.json', import.meta.url);
    const dashboard = JSON.parse(await readFile(file, 'utf8')) as {
      panels: { id: number; title: string; targets?: { expr: string }[] }[];
    };
    const text = await new Metrics().text(readings);
    // `# TYPE name kind`; a histogram is asked for by the names of its parts.
    const known = new Set(
      [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name, kind]) =>
        kind === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name!],
      ),
    );
    const asked = dashboard.panels.flatMap(({ targets = [] }) =>
      targets.flatMap(({ expr }) => expr.match(/\b(?:chorus|nodejs|process)_\w+/g) ?? []),
    );
    expect(asked.length).toBeGreaterThan(30);
    expect([...new Set(asked)].filter((name) => !known.has(name))).toEqual([]);
    const own = new Metrics().names().filter((name) => name.startsWith('chorus_'));
    expect(own.filter((name) => !asked.some((a) => a === name || a.startsWith(`${name}_`)))).toEqual([]);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    // Amounts become whole tokens by their token's own decimals.
    const amounts = dashboard.panels
      .flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
      .filter((expr) => /chorus_\w+_tokens\b/.test(expr));
    expect(amounts).toHaveLength(3);
    for (const expr of amounts) {
      expect(expr).toMatch(
        /^chorus_\w+_tokens\{instance=~"\$node"\} \/ on \(job, instance, token\) (group_left \(\) )?10 \^ chorus_token_decimals\{instance=~"\$node"\}$/,
      );
      // Two kinds of earnings have one token.
      expect(expr.includes('group_left')).toBe(expr.startsWith('chorus_earned'));
    }
  });
});
