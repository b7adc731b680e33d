import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { curves, groth16, zKey } from 'snarkjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ceremonyOf } from '../scripts/zkey.ts';
import { type CircuitArtifacts, circuitArtifacts } from './artifacts.ts';
import { circuitName } from './gram.ts';
import { honestInput, projectionInput, randomGram, randomProjectionGram } from './testing/matrices.ts';
import { witnessFile } from './testing/witness.ts';

const keys = new URL('../keys/', import.meta.url);
const snapshot = JSON.parse(readFileSync(new URL('../constraints.json', import.meta.url), 'utf8'));
const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');

/** Each rule's circuit: the power of two that its constraints are below, and two inputs. */
const CIRCUITS = [
  {
    rule: 'reference-trust',
    power: 15,
    inputs: () => [5, 6].map((seed) => honestInput(randomGram(9, seed))),
  },
  {
    rule: 'reference-projection',
    power: 16,
    inputs: () => [5, 6].map((seed) => projectionInput(randomProjectionGram(9, seed))),
  },
] as const;

// snarkjs keeps worker threads until its curve is terminated.
afterAll(async () => (await curves.getCurveFromName('bn128')).terminate());

describe.each(CIRCUITS)('the committed artifacts of $rule for n = 16', ({ rule, power }) => {
  const name = circuitName(16, rule);
  const transcript = JSON.parse(readFileSync(new URL(`${name}.transcript.json`, keys), 'utf8'));
  let artifacts: CircuitArtifacts;
  beforeAll(() => {
    artifacts = circuitArtifacts(16, rule);
  });

  it('the committed artifacts have the hashes of the transcript', () => {
    expect(sha256(readFileSync(artifacts.wasmPath))).toBe(artifacts.hashes.wasm);
    expect(sha256(readFileSync(artifacts.zkeyPath))).toBe(artifacts.hashes.zkey);
    expect(sha256(readFileSync(new URL(`${name}.vkey.json`, keys)))).toBe(artifacts.hashes.verificationKey);
  });

  it('the committed proving key holds the verification key', async () => {
    const { vk_alphabeta_12: _, ...exported } = await zKey.exportVerificationKey(artifacts.zkeyPath);
    expect(exported).toEqual(artifacts.verificationKey);
  });

  it('the committed key has distinct gamma and delta, neither of them the generator from which setup starts delta', () => {
    const { vk_gamma_2: gamma, vk_delta_2: delta, vk_beta_2: beta } = artifacts.verificationKey;
    expect(delta).not.toEqual(gamma);
    expect(delta).not.toEqual(beta);
    // snarkjs leaves gamma at the generator and starts delta there: a key without phase 2 has them equal.
    expect(gamma[0][0]).toBe('10857046999023057135944570762232829481370756359578518086990519993285655852781');
  });

  it('the committed verification key has one point for each of nine public signals', () => {
    expect(artifacts.verificationKey.nPublic).toBe(9);
    expect(artifacts.verificationKey.IC).toHaveLength(10);
    expect(transcript.publicSignals).toEqual([
      'alpha',
      'beta',
      'innerProduct',
      'gramHash',
      'weightWords[0]',
      'weightWords[1]',
      'shareWords[0]',
      'shareWords[1]',
      'shareWords[2]',
    ]);
  });

  it('the committed artifacts come from at least two contributions to phase 1 and three to phase 2, each phase ended by a beacon', () => {
    for (const [phase, least] of [
      [transcript.phase1, 2],
      [transcript.phase2, 3],
    ]) {
      const kinds = phase.contributions.map((c: { kind: string }) => c.kind);
      expect(kinds.filter((kind: string) => kind === 'entropy').length).toBeGreaterThanOrEqual(least);
      expect(kinds.at(-1)).toBe('beacon');
      const hashes = phase.contributions.map((c: { hash: string }) => c.hash);
      expect(new Set(hashes).size).toBe(hashes.length);
      for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{128}$/);
    }
  });

  it('the committed proving key records the phase 2 of the transcript, contribution by contribution', () => {
    expect(ceremonyOf(readFileSync(artifacts.zkeyPath))).toEqual(transcript.phase2);
  });

  it('the beacons of the committed artifacts are the hash of the contributions before them', () => {
    for (const { contributions } of [transcript.phase1, transcript.phase2]) {
      const before = contributions.slice(0, -1).map((c: { hash: string }) => c.hash);
      expect(contributions.at(-1).beacon).toBe(sha256(Buffer.from(before.join(''))));
    }
  });

  it('the committed artifacts have the constraints of the snapshot, within the power of two with the public signals', () => {
    expect(artifacts.constraints).toBe(snapshot[name]);
    expect(artifacts.constraints + artifacts.verificationKey.nPublic + 1).toBeLessThanOrEqual(2 ** power);
  });
});

describe.each(CIRCUITS)('a proof with the committed key of $rule', ({ rule, inputs }) => {
  const artifacts = circuitArtifacts(16, rule);

  it('a proof with the committed key verifies, and not with any public signal changed', async () => {
    const input = inputs()[0]!;
    const witness = await witnessFile(artifacts.wasmPath, input.signals);
    const { proof, publicSignals } = await groth16.prove(artifacts.zkeyPath, witness);
    expect(publicSignals).toEqual(input.publicSignals.map(String));
    const verify = (signals: string[]) => groth16.verify(artifacts.verificationKey, signals, proof);
    expect(await verify(publicSignals)).toBe(true);
    for (const k of publicSignals.keys()) {
      const changed = publicSignals.map((value, at) => (at === k ? String(BigInt(value) + 1n) : value));
      expect(await verify(changed), `signal ${k}`).toBe(false);
    }
  });

  it('a proof from a witness that breaks a constraint does not verify', async () => {
    const input = inputs()[1]!;
    // One weight more, in the public word of the witness: bytes of wire 5 are little-endian.
    const data = await witnessFile(artifacts.wasmPath, input.signals);
    const values = data.length - 32 * witnessLength(data);
    data[values + 32 * 5]! ^= 1;
    const { proof, publicSignals } = await groth16.prove(artifacts.zkeyPath, data);
    expect(publicSignals[4]).not.toBe(String(input.publicSignals[4]));
    expect(await groth16.verify(artifacts.verificationKey, publicSignals, proof)).toBe(false);
  });
});

/** How many values a wtns file of one values section, its last, holds. */
function witnessLength(data: Uint8Array): number {
  return new DataView(data.buffer, data.byteOffset).getUint32(12 + 12 + 4 + 32, true);
}
