import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CompiledCircuit, compile } from '../scripts/compile.ts';
import { circuitArtifacts, circuitName } from './artifacts.ts';
import type { CircuitRule } from './gram.ts';
import type { ContributionInput } from './input.ts';
import {
  honestInput,
  projectionInput,
  randomGram,
  randomProjectionGram,
  sharedProjectionVectors,
  sharedVectors,
} from './testing/matrices.ts';
import { brokenConstraints, type ConstraintSystem, occurrences, parseR1cs } from './testing/r1cs.ts';
import { freedom, survivingMutations } from './testing/underconstrained.ts';
import { calculateWitness } from './testing/witness.ts';

const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');
// No Gram matrix, but the circuits take it: were all of it zero, alpha and beta would not matter.
const nobody = (rows: number) =>
  Array.from({ length: rows }, (_, i) => Array.from({ length: rows }, (_, j) => (i === j ? 0n : 5n)));
const named = <Vector extends { name: string }>(vectors: Vector[], name: string): Vector =>
  vectors.find((v) => v.name === name)!;
const projections = sharedProjectionVectors();

/** Inputs of each circuit, by round. */
const CIRCUITS: Record<CircuitRule, Record<string, () => ContributionInput>> = {
  'reference-trust': {
    'sixteen trainers': () => honestInput(randomGram(16, 1)),
    'five trainers and padding': () => honestInput(randomGram(5, 2)),
    'no trainer present': () => honestInput(nobody(17)),
    'maximal entries': () => honestInput(named(sharedVectors(), 'limits: every entry 2^62 - 1').gram),
  },
  // Coefficients are inputs here, so each is held: what a prover may choose of them is in freedom.test.ts.
  'reference-projection': {
    'sixteen trainers': () => projectionInput(randomProjectionGram(16, 1)),
    'five trainers and padding': () => projectionInput(randomProjectionGram(5, 2)),
    'no trainer present': () => projectionInput(nobody(20)),
    'maximal entries': () =>
      projectionInput(named(projections, 'maximal entries, half of them negative').gram),
    'entries at their limits': () =>
      projectionInput(
        named(projections, 'limits: orthogonal updates, at the bounds of what the circuit takes').gram,
      ),
  },
};

describe.each(Object.entries(CIRCUITS))('the circuit of %s for n = 16', (rule, rounds) => {
  let circuit: CompiledCircuit;
  let system: ConstraintSystem;
  const witnesses: Record<string, bigint[]> = {};

  beforeAll(async () => {
    circuit = await compile(circuitName(16, rule as CircuitRule));
    system = parseR1cs(circuit.r1cs);
    for (const [name, input] of Object.entries(rounds)) {
      witnesses[name] = await calculateWitness(circuit.wasm, input().signals);
    }
  });

  it('the circuit compiles from the sources bit for bit, and is that of the committed keys', () => {
    const { hashes, constraints } = circuitArtifacts(16, rule as CircuitRule);
    expect(sha256(circuit.r1cs)).toBe(hashes.r1cs);
    expect(sha256(circuit.wasm)).toBe(hashes.wasm);
    expect(system.constraints).toHaveLength(constraints);
  });

  it('the circuit has every wire in a constraint', () => {
    expect(occurrences(system).flatMap((entries, wire) => (entries.length === 0 ? [wire] : []))).toEqual([]);
  });

  describe('has no signal, public or private, that can change alone without breaking a constraint', () => {
    for (const round of Object.keys(rounds)) {
      it(round, () => {
        expect(brokenConstraints(system, witnesses[round]!)).toEqual([]);
        expect(survivingMutations(system, witnesses[round]!)).toEqual([]);
      });
    }
  });

  describe('has every signal determined by the inputs, to first order', () => {
    for (const round of Object.keys(rounds)) {
      it(round, () => expect(freedom(system, witnesses[round]!)).toBe(0), 240_000);
    }
  });
});

describe('the checks themselves find', () => {
  async function checked(template: string, signals: object) {
    const main = `pragma circom 2.1.6; include "circomlib/circuits/comparators.circom"; ${template}`;
    const compiled = await compile('small', { sources: { 'small.circom': main } });
    const small = parseR1cs(compiled.r1cs);
    const witness = await calculateWitness(compiled.wasm, signals);
    expect(brokenConstraints(small, witness)).toEqual([]);
    return { survivors: survivingMutations(small, witness).length, freedom: freedom(small, witness) };
  }

  it('the checks find the free inverse of circomlib IsZero at 0, and nothing at 5', async () => {
    const main = 'component main {public [in]} = IsZero();';
    expect(await checked(main, { in: 0 })).toEqual({ survivors: 5, freedom: 1 });
    expect(await checked(main, { in: 5 })).toEqual({ survivors: 0, freedom: 0 });
  });

  it('the checks find two signals that can only move together', async () => {
    const main = `
      template Split() {
        signal input in;
        signal output first;
        signal output second;
        first <-- 3;
        second <-- in / 3;
        first * second === in;
      }
      component main {public [in]} = Split();`;
    expect(await checked(main, { in: 15 })).toEqual({ survivors: 0, freedom: 1 });
  });
});
