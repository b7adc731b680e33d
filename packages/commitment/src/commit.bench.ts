import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { G1Point } from '@chorus/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCommitter } from './committer.ts';
import { developmentSrs } from './development-srs.ts';
import { Bn254, G1_JACOBIAN_BYTES } from './engine/bn254.ts';
import { addPoints, negatePoint } from './points.ts';
import type { Srs } from './srs.ts';

type MultiExp = (bases: number, scalars: number, bytes: number, n: number, result: number) => void;
const runs = { iterations: 3, time: 0, warmupIterations: 1, warmupTime: 0 };
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-bench-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The design's prototype: positive and negative parts with 2-byte scalars, by the library's own multi-exponentiation. */
function prototype(srs: Srs): (update: Int16Array) => G1Point {
  const curve = new Bn254();
  const bases = curve.alloc(srs.g1.length);
  curve.u8.set(srs.g1, bases);
  const [scalars, result] = [curve.alloc(2 * 2 ** srs.log2Size), curve.alloc(G1_JACOBIAN_BYTES)];
  const { g1m_multiexpAffine } = curve.wasm as unknown as { g1m_multiexpAffine: MultiExp };
  const part = (update: Int16Array, sign: number): G1Point => {
    const magnitudes = Uint16Array.from(update, (x) => Math.max(0, sign * x));
    curve.u8.set(new Uint8Array(magnitudes.buffer), scalars);
    g1m_multiexpAffine(bases, scalars, 2, update.length, result);
    return curve.readG1Jacobian(result);
  };
  return (update) => addPoints([part(update, 1), negatePoint(part(update, -1))]);
}

describe('commit to random int16', () => {
  for (const log2Size of [16, 18, 20]) {
    it(`2^${log2Size} entries`, { timeout: 600_000 }, async ({ bench }) => {
      const srs = await developmentSrs(log2Size, { cacheDir: folder });
      const update = Int16Array.from({ length: 2 ** log2Size }, () =>
        Math.round((Math.random() - 0.5) * 65534),
      );
      const naive = prototype(srs);
      const one = await createCommitter(srs, { threads: 1 });
      const two = await createCommitter(srs, { threads: 2 });
      expect(await two.commit(update)).toEqual(naive(update));
      const results = await bench.compare(
        bench('the prototype, 1 thread', () => void naive(update)),
        bench('1 thread', async () => void (await one.commit(update))),
        bench('2 threads', async () => void (await two.commit(update))),
        runs,
      );
      await Promise.all([one.close(), two.close()]);
      expect(results.get('1 thread')).toBeFasterThan(results.get('the prototype, 1 thread'));
      if (log2Size === 20) expect(results.get('2 threads').latency.mean).toBeLessThan(2000);
    });
  }
});

describe('make the development string', () => {
  it('2^16 powers', { timeout: 600_000 }, async ({ bench }) => {
    let turn = 0;
    const result = await bench('2 threads', async () => {
      await developmentSrs(16, { cacheDir: join(folder, String(turn++)), threads: 2 });
    }).run(runs);
    expect(result.latency.mean).toBeLessThan(5000);
  });
});
