import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { circuitArtifacts } from '@chorus/circuits';
import { developmentSrs, type Srs } from '@chorus/commitment';
import { Bn254, FIELD_BYTES, SCALAR_ORDER } from '@chorus/commitment/engine';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { power, powers, reduce } from '../statement/field.ts';
import { referenceGramProof } from '../testing/reference-prover.ts';
import { generator, randomRound, type TestRound } from '../testing/rounds.ts';
import { runChecks } from '../verify/checks.ts';
import { wasmCurve } from '../verify/wasm-curve.ts';
import { combineRows, MAX_ENTRIES } from './combine.ts';
import { rootOfUnity } from './cross-term.ts';
import { GramProver } from './prover.ts';

const curve = new Bn254();
const { verificationKey } = circuitArtifacts(16);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-gram-'));
});
afterAll(() => rm(folder, { recursive: true }));

const noGroth16 = { a: { x: 1n, y: 2n }, b: { x: [0n, 0n], y: [0n, 0n] }, c: { x: 1n, y: 2n } } as const;

async function proveBy(prover: GramProver, { statement, vectors }: TestRound) {
  return prover.finish(statement, vectors, await prover.begin(statement, vectors));
}

function checksOf(srs: Srs, { statement }: TestRound, gramProof: Awaited<ReturnType<typeof proveBy>>) {
  const proof = { ...gramProof, groth16: structuredClone(noGroth16) as never };
  return runChecks(wasmCurve(curve), { statement, proof, srs, verificationKey, gramOnly: true });
}

describe('the Gram argument', () => {
  it.each([
    { N: 2, trainers: 1, threads: 1 },
    { N: 2, trainers: 2, threads: 2 },
    { N: 4, trainers: 3, threads: 3 },
    { N: 16, trainers: 16, threads: 2 },
    { N: 16, dimension: 9, trainers: 5, threads: 2, absent: [1, 4] },
    { N: 32, dimension: 17, trainers: 4, threads: 4 },
    { N: 64, trainers: 9, threads: 3, amplitude: 60000 },
    { N: 64, dimension: 33, trainers: 40, threads: 2, size: 64 as const, amplitude: 60000 },
    { N: 2, trainers: 1, threads: 1, rule: 'reference-projection' as const },
    { N: 16, dimension: 9, trainers: 16, threads: 2, absent: [1, 4], rule: 'reference-projection' as const },
    { N: 32, trainers: 5, threads: 3, amplitude: 60000, rule: 'reference-projection' as const },
    { N: 16, trainers: 64, threads: 2, size: 64 as const, rule: 'reference-projection' as const },
  ])(
    'the Gram argument sends exactly the messages of the reference prover, and they verify: %o',
    async (shape) => {
      const srs = await developmentSrs(Math.log2(shape.N), { cacheDir: folder });
      const prover = await GramProver.create(srs, shape.threads);
      try {
        // Twice, since a prover is reused.
        for (const seed of [7, 8]) {
          const round = randomRound({ seed, ...shape });
          const proof = await proveBy(prover, round);
          expect(proof).toEqual(referenceGramProof(round.statement, round.vectors));
          const checks = checksOf(srs, round, proof);
          expect(checks.filter((c) => !c.ok)).toEqual([]);
          expect(checks.map((c) => c.check)).toContain('opening');
        }
      } finally {
        await prover.close();
      }
    },
  );

  it('the Gram argument holds for a round in which all vectors but the reference are zero', async () => {
    const srs = await developmentSrs(4, { cacheDir: folder });
    const prover = await GramProver.create(srs, 2);
    const round = randomRound({ seed: 3, N: 16, trainers: 2, absent: [0, 1] });
    const proof = await proveBy(prover, round);
    await prover.close();
    expect(proof).toEqual(referenceGramProof(round.statement, round.vectors));
    expect(checksOf(srs, round, proof).every((c) => c.ok)).toBe(true);
  });

  it('the Gram argument reports progress that ends at 1, rejects at once when aborted, and proves again afterwards', async () => {
    const srs = await developmentSrs(10, { cacheDir: folder });
    const prover = await GramProver.create(srs, 2);
    const round = randomRound({ seed: 5, N: 1024, trainers: 3 });
    const controller = new AbortController();
    const reason = new Error('enough');
    const committed = await prover.begin(round.statement, round.vectors);
    const aborted = prover.finish(round.statement, round.vectors, committed, {
      signal: controller.signal,
      onProgress: (done) => done > 0.3 && controller.abort(reason),
    });
    await expect(aborted).rejects.toBe(reason);
    const seen: number[] = [];
    const again = await prover.begin(round.statement, round.vectors);
    const proof = await prover.finish(round.statement, round.vectors, again, {
      onProgress: (d) => void seen.push(d),
    });
    expect(checksOf(srs, round, proof).every((c) => c.ok)).toBe(true);
    expect(seen.at(-1)).toBeCloseTo(1);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    await prover.close();
  });

  it.each<[string, (r: TestRound) => TestRound]>([
    ['another N', (r) => ({ ...r, statement: { ...r.statement, N: 32 } })],
    ['no trainers', (r) => ({ ...r, vectors: r.vectors.slice(0, 1) })],
    ['no reference', (r) => ({ ...r, vectors: [null, ...r.vectors.slice(1)] })],
    ['a vector longer than N', (r) => ({ ...r, vectors: [r.vectors[0]!, new Int16Array(17)] })],
    ['an update that is not int16', (r) => ({ ...r, vectors: [r.vectors[0]!, new Int32Array(16)] })],
    ['a leading row no sum can be', (r) => ({ ...r, vectors: [Int32Array.of(2 ** 20), r.vectors[1]!] })],
  ])('refuses %s', async (_, change) => {
    const prover = await GramProver.create(await developmentSrs(4, { cacheDir: folder }), 1);
    const { statement, vectors } = change(randomRound({ seed: 1, N: 16, trainers: 2 }));
    await expect(prover.begin(statement, vectors)).rejects.toMatchObject({ code: 'E_PROOF_INPUT' });
    await prover.close();
  });
});

describe('combineRows', () => {
  it('combineRows is the exact combination, up to the largest entries and coefficients', () => {
    const extreme = fc.constantFrom(-1, 0, 1, 0.5, -0.37);
    fc.assert(
      fc.property(
        fc.constantFrom(1, 2, 17, 65),
        fc.constantFrom(1, 3, 256, 300),
        fc.array(extreme, { minLength: 70, maxLength: 70 }),
        fc.array(
          fc.oneof(
            fc.constantFrom(0n, 1n, SCALAR_ORDER - 1n),
            fc.bigInt({ min: 0n, max: SCALAR_ORDER - 1n }),
          ),
          {
            minLength: 65,
            maxLength: 65,
          },
        ),
        (count, length, signs, all) => {
          const coefficients = all.slice(0, count);
          const entry = (i: number, j: number, largest: number) =>
            Math.trunc(largest * signs[(i * 7 + j) % 70]!);
          const rows = coefficients.map((_, i) =>
            i === 0
              ? Int32Array.from({ length }, (_, j) =>
                  entry(i, j, MAX_ENTRIES - 32767 * (coefficients.length - 1)),
                )
              : Int16Array.from({ length }, (_, j) => entry(i, j, 32767)),
          );
          curve.scoped(() => {
            const output = curve.alloc(length * FIELD_BYTES);
            combineRows(curve, rows, coefficients, output);
            for (let j = 0; j < length; j++) {
              const expected = reduce(
                rows.reduce((sum, row, i) => sum + BigInt(row[j]!) * coefficients[i]!, 0n),
              );
              expect(curve.readScalar(output + j * FIELD_BYTES)).toBe(expected);
            }
          });
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('rootOfUnity', () => {
  it.each([1, 2, 5, 10])('rootOfUnity is the root the FFT of size 2^%s evaluates at', (log2) => {
    const n = 2 ** log2;
    const random = generator(log2);
    const f = Array.from({ length: n }, () => BigInt(Math.floor(random() * 2 ** 53)));
    const root = rootOfUnity(log2);
    expect(power(root, n)).toBe(1n);
    expect(power(root, n / 2)).toBe(SCALAR_ORDER - 1n);
    expect(power(rootOfUnity(log2 + 1), 2)).toBe(root);
    curve.scoped(() => {
      const at = curve.alloc(n * FIELD_BYTES);
      f.forEach((x, k) => void curve.writeScalar(at + k * FIELD_BYTES, x));
      curve.wasm.frm_fft(at, n);
      for (const i of [0, 1, n - 1]) {
        const xs = powers(power(root, i), n);
        const expected = reduce(f.reduce((sum, c, k) => sum + c * xs[k]!, 0n));
        expect(curve.readScalar(at + i * FIELD_BYTES)).toBe(expected);
      }
    });
  });
});
