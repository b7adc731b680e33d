import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { circuitArtifacts } from '@chorus/circuits';
import { developmentSrs } from '@chorus/commitment';
import { RULE_NAMES, type RuleName } from '@chorus/protocol';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createProver } from './prover.ts';
import { randomRound } from './testing/rounds.ts';
import { createVerifier } from './verifier.ts';

/** For a longer run: CHORUS_PROOF_RUNS. */
const RUNS = Number(process.env.CHORUS_PROOF_RUNS ?? 8);

it('random rounds of every size prove and verify, circuit included', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'chorus-slow-'));
  const srs = await developmentSrs(8, { cacheDir: folder });
  const circuits = (rule: RuleName) => circuitArtifacts(16, rule);
  const [prover, verifier] = [await createProver({ srs, circuits }), createVerifier()];
  const shape = fc.record({
    rule: fc.constantFrom(...RULE_NAMES),
    seed: fc.nat(),
    trainers: fc.integer({ min: 1, max: 16 }),
    dimension: fc.integer({ min: 1, max: 256 }),
    amplitude: fc.constantFrom(1, 2, 30, 1000, 60000),
    absent: fc.uniqueArray(fc.nat({ max: 15 }), { maxLength: 8 }),
  });
  try {
    await fc.assert(
      fc.asyncProperty(shape, async (options) => {
        const { statement, vectors } = randomRound({ ...options, N: 256 });
        const { proof } = await prover.prove(statement, vectors);
        const checks = await verifier.verify(statement, proof, {
          srs,
          verificationKey: circuits(options.rule).verificationKey,
        });
        expect(checks.filter((check) => !check.ok)).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  } finally {
    await Promise.all([prover.close(), verifier.close()]);
    await rm(folder, { recursive: true });
  }
});
