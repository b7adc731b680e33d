import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { G1_INFINITY, type G1Point } from '@chorus/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Committer, createCommitter } from './committer.ts';
import { DEVELOPMENT_TAU } from './development-key.ts';
import { developmentSrs } from './development-srs.ts';
import { SCALAR_ORDER } from './engine/bn254.ts';
import { combinePoints, G1_GENERATOR } from './points.ts';

const P = SCALAR_ORDER;
let cacheDir: string;
let committer: Committer;

beforeAll(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'chorus-srs-'));
  committer = await createCommitter(await developmentSrs(12, { cacheDir }), { threads: 2 });
});
afterAll(async () => {
  await committer.close();
  await rm(cacheDir, { recursive: true });
});

/** f(tau) * [1]1, by another library: the expected commitment, as tau is known. */
function directly(values: ArrayLike<number>): G1Point {
  let sum = 0n;
  for (let j = values.length - 1; j >= 0; j--) sum = (sum * DEVELOPMENT_TAU + BigInt(values[j]!)) % P;
  return combinePoints([G1_GENERATOR], [sum]);
}

const updates = fc
  .tuple(
    fc.constantFrom(1, 2, 7, 2047, 2048, 2049, 3000, 4096),
    fc.constantFrom(1, 3, 200, 5000, 32767),
    fc.integer(),
  )
  .map(([length, size, seed]) =>
    Int16Array.from({ length }, (_, j) => {
      const x = Math.imul(Math.imul(j + 1, 2654435761) ^ seed, 2246822519);
      return ((x >>> 8) % (2 * size + 1)) - size;
    }),
  );

describe('commit', () => {
  it('commit gives the polynomial at tau, for any length and size of entries', async () => {
    await fc.assert(
      fc.asyncProperty(updates, async (u) => {
        expect(await committer.commit(u)).toEqual(directly(u));
      }),
      { numRuns: 25 },
    );
  });

  it.each([
    ['nothing', Int16Array.of()],
    ['zeros', new Int16Array(4096)],
  ])('commit gives infinity for %s', async (_, vector) => {
    expect(await committer.commit(vector)).toEqual(G1_INFINITY);
  });

  it.each([
    ['all ones', new Int16Array(4096).fill(1)],
    ['all minus ones', new Int16Array(4096).fill(-1)],
    ['all 32767', new Int16Array(4096).fill(32767)],
    ['alternating extremes', Int16Array.from({ length: 4096 }, (_, j) => (j % 2 ? -32767 : 32767))],
    ['one entry', Int16Array.from({ length: 4096 }, (_, j) => (j === 4095 ? -5 : 0))],
  ])('commit handles %s', async (_, vector) => {
    expect(await committer.commit(vector)).toEqual(directly(vector));
  });

  it('commit adds up: the commitment of a weighted sum is the weighted sum of commitments', async () => {
    const a = Int16Array.from({ length: 999 }, (_, j) => (j * 31) % 1000);
    const b = Int16Array.from({ length: 999 }, (_, j) => -((j * 17) % 1000));
    const sum = Int32Array.from(a, (x, j) => 40000 * x + 25536 * b[j]!);
    const [ca, cb] = [await committer.commit(a), await committer.commit(b)];
    expect(await committer.commitIntegers(sum)).toEqual(combinePoints([ca, cb], [40000, 25536]));
  });

  it('commitIntegers accepts exact integers up to 2^53 - 1 in magnitude', async () => {
    const values = Float64Array.from({ length: 4096 }, (_, j) => (j % 2 ? -1 : 1) * (2 ** 53 - 1 - j * 1e11));
    expect(await committer.commitIntegers(values)).toEqual(directly(values));
    expect(await committer.commitIntegers(Int32Array.of(-(2 ** 31), 2 ** 31 - 1))).toEqual(
      directly([-(2 ** 31), 2 ** 31 - 1]),
    );
  });

  it.each([
    ['a fraction', Float64Array.of(0.5)],
    ['not a number', Float64Array.of(Number.NaN)],
    ['infinity', Float64Array.of(Number.POSITIVE_INFINITY)],
    ['2^53', Float64Array.of(2 ** 53)],
    ['more entries than powers', new Int32Array(4097)],
  ])('commit refuses %s', async (_, values) => {
    await expect(committer.commitIntegers(values)).rejects.toMatchObject({ code: 'E_COMMIT_INPUT' });
  });

  it('commit refuses -32768, which no update may hold', async () => {
    await expect(committer.commit(Int16Array.of(1, -32768))).rejects.toMatchObject({
      code: 'E_COMMIT_INPUT',
    });
  });

  it('commit verifies the vector it was made from and no other', async () => {
    const vector = Int16Array.of(1, 2, 3);
    const commitment = await committer.commit(vector);
    expect(await committer.verify(vector, commitment)).toBe(true);
    expect(await committer.verify(Int16Array.of(1, 2, 4), commitment)).toBe(false);
  });

  it('commit rejects at once when it is aborted, and serves the next request', async () => {
    const reason = new Error('enough');
    await expect(committer.commit(Int16Array.of(1), AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const running = committer.commit(new Int16Array(4096).fill(77), controller.signal);
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(await committer.commit(Int16Array.of(9))).toEqual(directly([9]));
  });
});

describe('open', () => {
  it('an opening to f(z) verifies, and any other does not', async () => {
    await fc.assert(
      fc.asyncProperty(
        updates,
        fc.bigInt({ min: 0n, max: P - 1n }),
        fc.bigInt({ min: 1n, max: P - 1n }),
        async (vector, z, off) => {
          const commitment = await committer.commit(vector);
          const opening = await committer.open(vector, z);
          let value = 0n;
          for (let j = vector.length - 1; j >= 0; j--) value = (value * z + BigInt(vector[j]!)) % P;
          expect(opening.value).toBe((value + P) % P);
          expect(await committer.verifyOpening(commitment, z, opening)).toBe(true);
          const forged = { ...opening, value: (opening.value + off) % P };
          expect(await committer.verifyOpening(commitment, z, forged)).toBe(false);
        },
      ),
      { numRuns: 8 },
    );
  });

  it('an opening with points off the curve or non-canonical values does not verify', async () => {
    const vector = Int16Array.of(4, 5, 6);
    const commitment = await committer.commit(vector);
    const opening = await committer.open(vector, 3n);
    expect(await committer.verifyOpening(commitment, 3n, opening)).toBe(true);
    expect(await committer.verifyOpening({ ...commitment, x: commitment.x + 1n }, 3n, opening)).toBe(false);
    expect(await committer.verifyOpening(commitment, 3n, { ...opening, value: opening.value + P })).toBe(
      false,
    );
    expect(await committer.verifyOpening(commitment, 3n + P, opening)).toBe(false);
    expect(await committer.verifyOpening(commitment, 4n, opening)).toBe(false);
  });
});

describe('close', () => {
  it('close ends the workers, and later requests report it', async () => {
    const short = await createCommitter(await developmentSrs(4, { cacheDir }));
    await short.close();
    await short.close();
    await expect(short.commit(Int16Array.of(1))).rejects.toMatchObject({ code: 'E_WORKER_LOST' });
  });
});
