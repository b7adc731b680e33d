import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { developmentSrs } from '@chorus/commitment';
import { G1_INFINITY } from '@chorus/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CircuitSize, RoundStatement } from '../statement/statement.ts';
import { startPrototype } from '../testing/prototype.ts';
import { generator } from '../testing/rounds.ts';
import { GramProver } from './prover.ts';

const runs = { iterations: 3, time: 0, warmupIterations: 1, warmupTime: 0 };
/** Beyond this a run of the prototype takes too long to repeat. */
const LARGEST_PROTOTYPE = 16;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-bench-'));
});
afterAll(() => rm(folder, { recursive: true }));

function vectorsOf(log2Size: number, trainers: number): Int16Array[] {
  const random = generator(trainers);
  const one = (): Int16Array => Int16Array.from({ length: 2 ** log2Size }, () => (random() - 0.5) * 20000);
  return Array.from({ length: trainers + 1 }, one);
}

/** The messages do not depend on whether commitments and weights fit: the bench measures the prover alone. */
function statementOf(log2Size: number, size: CircuitSize): RoundStatement {
  return {
    rule: 'reference-trust',
    chainId: 31337,
    contract: '0x00000000000000000000000000000000c0ffee01',
    taskId: 1n,
    round: 1,
    prover: '0x0000000000000000000000000000000000000001',
    size,
    N: 2 ** log2Size,
    commitments: Array.from({ length: size + 1 }, () => ({ ...G1_INFINITY })),
    weights: new Array<number>(size).fill(0),
    shares: new Array<number>(size).fill(0),
    aggregate: { ...G1_INFINITY },
  };
}

async function timed(log2Size: number, trainers: number) {
  const prover = await GramProver.create(await developmentSrs(log2Size, { cacheDir: folder }), 2);
  const vectors = vectorsOf(log2Size, trainers);
  const statement = statementOf(log2Size, trainers > 16 ? 64 : 16);
  const prove = async (timing = {}): Promise<object> => {
    await prover.finish(statement, vectors, await prover.begin(statement, vectors, { timing }), { timing });
    return timing;
  };
  return { vectors, prove, close: () => prover.close() };
}

describe('the Gram argument against the prototype, 16 trainers', () => {
  for (const log2Size of [12, 14, LARGEST_PROTOTYPE]) {
    it(`2^${log2Size} entries`, { timeout: 600_000 }, async ({ bench }) => {
      const srs = await developmentSrs(log2Size, { cacheDir: folder });
      const ours = await timed(log2Size, 16);
      const prototype = await startPrototype(Uint8Array.from(srs.g1));
      const results = await bench.compare(
        bench('the prototype', () => prototype.prove(ours.vectors)),
        bench('this prover', async () => void (await ours.prove())),
        runs,
      );
      await ours.close();
      await prototype.close();
      // The fastest run of each: other load disturbed it least.
      const ratio = results.get('the prototype').latency.min / results.get('this prover').latency.min;
      console.info(`2^${log2Size}: ${ratio.toFixed(1)} times as fast as the prototype`);
      expect(ratio).toBeGreaterThan(1);
    });
  }
});

describe('the Gram argument by size', () => {
  it.each([
    { log2Size: 16, trainers: 16, seconds: 4 },
    { log2Size: 18, trainers: 4, seconds: 14 },
    { log2Size: 18, trainers: 16, seconds: 14 },
    { log2Size: 18, trainers: 64, seconds: 14 },
    { log2Size: 20, trainers: 16, seconds: 60 },
  ])('$trainers trainers, 2^$log2Size: under $seconds s on two cores', { timeout: 600_000 }, async (c) => {
    const { prove, close } = await timed(c.log2Size, c.trainers);
    const delay = monitorEventLoopDelay({ resolution: 10 });
    delay.enable();
    const start = performance.now();
    const before = process.cpuUsage();
    const timing = await prove();
    const seconds = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(before);
    const busy = (user + system) / 1e6;
    delay.disable();
    const memory = process.memoryUsage.rss() / 2 ** 20;
    await close();
    console.info(
      `2^${c.log2Size}, n = ${c.trainers}: ${seconds.toFixed(2)} s (${busy.toFixed(2)} s of CPU), ${memory.toFixed(0)} MiB resident, ` +
        `event loop at most ${(delay.max / 1e6).toFixed(0)} ms late, ${JSON.stringify(timing)}`,
    );
    // Two cores' worth of work: other load on the machine stretches the wall clock, not this.
    expect(busy / 2).toBeLessThan(c.seconds);
  });
});
