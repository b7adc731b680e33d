import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createProving, type NodeEvent } from '@chorus/node';
import type { Address, Hex } from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import { provingWithoutProof } from '../e2e/twins.ts';
import { MemoryChain, MemoryLedger } from '../twins/chain.ts';
import { SOAK_LIMITS, SoakNode } from './crash/soak-node.ts';
import { tinyParams, tinyTask } from './crash/tiny-task.ts';

/** Length, for a shorter or longer soak: CHORUS_SOAK_ROUNDS. */
const ROUNDS = Number(process.env.CHORUS_SOAK_ROUNDS ?? 200);
const TRAINERS = 2;
/** Caches, meshes and the compiler settle in these. */
const WARM_UP = Math.min(60, Math.floor(ROUNDS / 2));
const EVERY = Math.max(1, Math.floor((ROUNDS - WARM_UP) / 14));

/**
 * What a process with four nodes may grow by in a round, by the line that fits its samples best. The ledger in
 * memory remembers every round, some 8 KB of the heap; a leak of one payload a node would be 26 KB.
 */
const HEAP_BYTES_A_ROUND = 20_000;
const RSS_BYTES_A_ROUND = 128_000;
const FILE_DESCRIPTORS = 6;

interface Sample {
  round: number;
  heap: number;
  /** Of array buffers and native objects. */
  external: number;
  rss: number;
  descriptors: number;
  resources: number;
}

describe('soak', () => {
  it(`${ROUNDS} short rounds: memory and file descriptors are flat; journal, payloads, blocks and logs bounded`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'chorus-soak-'));
    const nodes: SoakNode[] = [];
    const ledger = new MemoryLedger();
    const workers = createProving(ledger.chainId);
    const proving = provingWithoutProof(workers);
    const task = await tinyTask(TRAINERS);
    const ended = new Set<string>();
    const models = new Map<number, Set<Hex>>();
    let round = 0;
    const add = async (name: string, roles: Role[], shard: number | null) => {
      const chain = new MemoryChain(ledger, `0x${String(nodes.length + 1).padStart(64, '0')}`);
      ledger.mint(ledger.token, chain.account, 10n ** 12n);
      const node = await SoakNode.start({
        name,
        folder,
        chain,
        roles,
        dataset: shard === null ? null : task.shards[shard]!,
        proving,
        bootstrap: nodes[0]?.network.multiaddrs() ?? [],
        seed: nodes.length + 1,
        onEvent: (event: NodeEvent) => {
          if (event.type === 'task-ended') ended.add(name);
          if (event.type !== 'model') return;
          models.set(event.round, (models.get(event.round) ?? new Set()).add(event.digest));
          if (name === 'requester') round = event.round;
        },
      });
      nodes.push(node);
      return node;
    };
    try {
      const requester = await add('requester', [], null);
      for (let i = 0; i < TRAINERS; i++) await add(`trainer-${i + 1}`, ['trainer'], i);
      const validator = await add('validator', ['validator', 'aggregator'], TRAINERS);
      const appointed: Address[] = [validator.node.ports.chain.account];
      const params = tinyParams(ledger.token, TRAINERS, ROUNDS, appointed);
      const taskId = await requester.node.publish({ terms: task.terms, model: task.model, params });

      const samples: Sample[] = [];
      for (let next = WARM_UP; ended.size < nodes.length; ) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        if (round < next || ended.size > 0) continue;
        next = round + EVERY;
        samples.push(await sample(round));
        for (const node of nodes) await expectBounded(node);
      }

      expect(samples.length).toBeGreaterThanOrEqual(Math.min(8, ROUNDS - WARM_UP));
      const told = JSON.stringify(samples);
      expect(slope(samples, 'heap'), told).toBeLessThan(HEAP_BYTES_A_ROUND);
      expect(slope(samples, 'rss'), told).toBeLessThan(RSS_BYTES_A_ROUND);
      const descriptors = samples.map((s) => s.descriptors);
      expect(Math.max(...descriptors) - Math.min(...descriptors), told).toBeLessThanOrEqual(FILE_DESCRIPTORS);

      expect(await requester.node.ports.chain.task(taskId)).toMatchObject({ status: 'ended', round: ROUNDS });
      for (const [number, digests] of models) expect(digests.size, `models of round ${number}`).toBe(1);
      expect(await requester.node.opensCommitment(taskId)).toBe(true);
      for (const { node } of nodes)
        expect(node.journal.totals()[0]).toMatchObject({ settled: ROUNDS, void: 0 });
    } finally {
      await Promise.allSettled(nodes.map((node) => node.close()));
      await workers.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

type Role = 'trainer' | 'validator' | 'aggregator';

/** What a node keeps on disk while a task runs. */
async function expectBounded(node: SoakNode): Promise<void> {
  const files = await node.usage('tasks');
  // The terms, and of the last rounds a payload and a model each.
  expect(files.files, `files of ${node.name}`).toBeLessThanOrEqual(10);
  expect((await node.usage('blocks')).bytes, `blocks of ${node.name}`).toBeLessThanOrEqual(
    SOAK_LIMITS.blocks * 1.2,
  );
  expect((await node.usage('logs')).bytes, `logs of ${node.name}`).toBeLessThanOrEqual(
    SOAK_LIMITS.log * (SOAK_LIMITS.logFiles + 1),
  );
  const all = await node.usage();
  const journal =
    all.bytes - files.bytes - (await node.usage('blocks')).bytes - (await node.usage('logs')).bytes;
  // The write-ahead log is cut back at 4 MiB.
  expect(journal, `journal of ${node.name}`).toBeLessThanOrEqual(5 * 1024 * 1024 + ROUNDS * 2_000);
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

async function sample(round: number): Promise<Sample> {
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return {
    round,
    heap: heapUsed,
    external,
    rss,
    descriptors: process.platform === 'linux' ? (await readdir('/proc/self/fd')).length : 0,
    resources: process.getActiveResourcesInfo().length,
  };
}

/** Of the least-squares line through the samples, a round. */
function slope(samples: Sample[], key: 'heap' | 'rss'): number {
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const x = mean(samples.map((s) => s.round));
  const y = mean(samples.map((s) => s[key]));
  const over = samples.reduce((sum, s) => sum + (s.round - x) * (s[key] - y), 0);
  const under = samples.reduce((sum, s) => sum + (s.round - x) ** 2, 0);
  return over / under;
}
