import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CompiledCircuit, compile } from '../scripts/compile.ts';
import { circuitArtifacts } from './artifacts.ts';
import { honestInput, randomGram, sharedVectors } from './testing/matrices.ts';
import { brokenConstraints, type ConstraintSystem, occurrences, parseR1cs } from './testing/r1cs.ts';
import { freedom, survivingMutations } from './testing/underconstrained.ts';
import { calculateWitness } from './testing/witness.ts';

const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');
const maximal = sharedVectors().find((v) => v.name === 'limits: every entry 2^62 - 1')!;
const ROUNDS = {
  'sixteen trainers': randomGram(16, 1),
  'five trainers and padding': randomGram(5, 2),
  // No Gram matrix, but the circuit takes it: were all of it zero, alpha and beta would not matter.
  'nobody present': Array.from({ length: 17 }, (_, i) =>
    Array.from({ length: 17 }, (_, j) => (i === j ? 0n : 5n)),
  ),
  'maximal entries': maximal.gram,
};

let circuit: CompiledCircuit;
let system: ConstraintSystem;
const witnesses: Record<string, bigint[]> = {};

beforeAll(async () => {
  circuit = await compile('contribution-16');
  system = parseR1cs(circuit.r1cs);
  for (const [name, gram] of Object.entries(ROUNDS)) {
    witnesses[name] = await calculateWitness(circuit.wasm, honestInput(gram).signals);
  }
});

it('the circuit compiles from the sources bit for bit, and is the one of the committed keys', () => {
  const { hashes, constraints } = circuitArtifacts(16);
  expect(sha256(circuit.r1cs)).toBe(hashes.r1cs);
  expect(sha256(circuit.wasm)).toBe(hashes.wasm);
  expect(system.constraints).toHaveLength(constraints);
});

it('every wire of the n = 16 circuit occurs in a constraint', () => {
  expect(occurrences(system).flatMap((entries, wire) => (entries.length === 0 ? [wire] : []))).toEqual([]);
});

describe('every signal, public or private, breaks a constraint when changed alone', () => {
  for (const round of Object.keys(ROUNDS)) {
    it(round, () => {
      expect(brokenConstraints(system, witnesses[round]!)).toEqual([]);
      expect(survivingMutations(system, witnesses[round]!)).toEqual([]);
    });
  }
});

describe('to first order, the inputs determine every signal', () => {
  for (const round of Object.keys(ROUNDS)) {
    it(round, () => expect(freedom(system, witnesses[round]!)).toBe(0));
  }
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

  it('the free inverse of circomlib IsZero at 0, and nothing at 5', async () => {
    const main = 'component main {public [in]} = IsZero();';
    expect(await checked(main, { in: 0 })).toEqual({ survivors: 5, freedom: 1 });
    expect(await checked(main, { in: 5 })).toEqual({ survivors: 0, freedom: 0 });
  });

  it('two signals that can only move together', async () => {
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
