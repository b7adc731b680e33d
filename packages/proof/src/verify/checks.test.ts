import { circuitArtifacts } from '@chorus/circuits';
import { developmentKey } from '@chorus/commitment';
import { Bn254, SCALAR_ORDER } from '@chorus/commitment/engine';
import { afterEach, expect, it, vi } from 'vitest';
import { isUsablePoint } from '../statement/transcript.ts';
import { referenceGramProof } from '../testing/reference-prover.ts';
import { randomRound } from '../testing/rounds.ts';
import { runChecks } from './checks.ts';
import { wasmCurve } from './wasm-curve.ts';

// z is a hash, and no known input makes it 0, 1 or -1: the test replaces the hash instead.
const forced = vi.hoisted(() => ({ z: undefined as bigint | undefined }));
vi.mock(import('../statement/transcript.ts'), async (original) => {
  const transcript = await original();
  return {
    ...transcript,
    pointChallenge: (...input) => {
      const derived = transcript.pointChallenge(...input);
      return forced.z === undefined ? derived : { ...derived, z: forced.z };
    },
  };
});
afterEach(() => {
  forced.z = undefined;
});

it.each([0n, 1n, SCALAR_ORDER - 1n])('an opening point of %s is caught by the challenge', (z) => {
  expect(isUsablePoint(z)).toBe(false);
  const { statement, vectors } = randomRound({ seed: 1, trainers: 2, N: 4 });
  const groth16 = { a: { x: 1n, y: 2n }, b: developmentKey().g2, c: { x: 1n, y: 2n } };
  const proof = { ...referenceGramProof(statement, vectors), groth16 };
  const { verificationKey } = circuitArtifacts(16);
  const input = { statement, proof, srs: developmentKey(), verificationKey, gramOnly: true };
  const curve = wasmCurve(new Bn254());
  expect(runChecks(curve, input).every((r) => r.ok)).toBe(true);
  forced.z = z;
  const failed = runChecks(curve, input).filter((r) => !r.ok);
  expect(failed.map((r) => r.check)).toEqual(['challenge', 'inner product', 'opening']);
  expect(failed[1]?.detail).toContain('not checked');
});

it('every other point is usable', () => {
  for (const z of [2n, 3n, SCALAR_ORDER - 2n]) expect(isUsablePoint(z)).toBe(true);
});
