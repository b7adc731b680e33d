import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Address, Hex } from '@chorus/protocol';
import { createProving, type NodeEvent } from '@chorus/service-training';
import { describe, expect, it } from 'vitest';
import { provingWithoutProof } from '../e2e/twins.ts';
import { MemoryChain, MemoryLedger } from '../twins/chain.ts';
import { SOAK_LIMITS, SoakNode } from './crash/soak-node.ts';
import { tinyParams, tinyTask } from './crash/tiny-task.ts';

/** Rounds that are measured, for a shorter or longer soak: CHORUS_SOAK_ROUNDS. */
const ROUNDS = Number(process.env.CHORUS_SOAK_ROUNDS ?? 200);
/**
 * Tasks before that, of that number of rounds: caches fill, the compiler settles, and the requester keeps as many models with
 * a thread each as it ever does.
 */
const WARM_UP = [40, 2, 2, 2];
/** The measured rounds are those of several tasks: what a task leaves behind counts as well. */
const TASKS = 2;
const TRAINERS = 2;
/** Whatever runs out some seconds after the last round, such as the timeouts of messages. */
const REST_MILLISECONDS = 15_000;

/**
 * What the heap of a process with four nodes may have grown by, a round. The ledger in memory remembers every round,
 * and the journals two thousand; a leak of one payload a node would be 26 KB.
 */
const HEAP_BYTES_A_ROUND = 10_000;
/**
 * What the process may have taken from the system over the whole. The threads' own heaps are in it, and the spare room
 * of all heaps, which comes and goes with the load by tens of megabytes: this sees only what leaks fast outside the heap.
 */
const RSS_BYTES = 100_000_000;
const FILE_DESCRIPTORS = 10;

interface Sample {
  /** With array buffers and native objects. */
  heap: number;
  rss: number;
  descriptors: number;
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
      const run = async (rounds: number): Promise<number[]> => {
        ended.clear();
        models.clear();
        round = 0;
        const params = tinyParams(ledger.token, TRAINERS, rounds, appointed);
        const taskId = await requester.node.services.training.publish({
          terms: task.terms,
          model: task.model,
          params,
        });
        const descriptors: number[] = [];
        for (let next = 10; ended.size < nodes.length; ) {
          await new Promise((resolve) => setTimeout(resolve, 50));
          if (round < next || ended.size > 0) continue;
          next = round + 10;
          descriptors.push((await sample()).descriptors);
          for (const node of nodes) await expectBounded(node);
        }
        expect(await requester.node.ports.chain.task(taskId)).toMatchObject({
          status: 'ended',
          round: rounds,
        });
        for (const [number, digests] of models) expect(digests.size, `models of round ${number}`).toBe(1);
        expect(models.size).toBe(rounds);
        expect(await requester.node.services.training.opensCommitment(taskId)).toBe(true);
        return descriptors;
      };

      for (const rounds of WARM_UP) await run(rounds);
      const before = await atRest();
      const descriptors: number[] = [];
      for (let i = 0; i < TASKS; i++) descriptors.push(...(await run(ROUNDS / TASKS)));
      const after = await atRest();
      const told = JSON.stringify({ before, after, descriptors });
      if (process.env.CHORUS_SOAK_TELL) process.stderr.write(`${told}\n`);
      expect((after.heap - before.heap) / ROUNDS, told).toBeLessThan(HEAP_BYTES_A_ROUND);
      expect(after.rss - before.rss, told).toBeLessThan(RSS_BYTES);
      expect(after.descriptors - before.descriptors, told).toBeLessThanOrEqual(1);
      expect(Math.max(...descriptors) - Math.min(...descriptors), told).toBeLessThanOrEqual(FILE_DESCRIPTORS);
      const rounds = ROUNDS + WARM_UP.reduce((sum, each) => sum + each, 0);
      for (const { name, node } of nodes) {
        expect(node.services.training.journal.totals()[0], name).toMatchObject({ settled: rounds, void: 0 });
      }
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

async function sample(): Promise<Sample> {
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return {
    heap: heapUsed + external,
    rss,
    descriptors: process.platform === 'linux' ? (await readdir('/proc/self/fd')).length : 0,
  };
}

/** Some time after the last round. */
async function atRest(): Promise<Sample> {
  await new Promise((resolve) => setTimeout(resolve, REST_MILLISECONDS));
  return sample();
}
