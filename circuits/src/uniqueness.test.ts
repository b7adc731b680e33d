import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CompiledCircuit, compile } from '../scripts/compile.ts';
import { circuitArtifacts } from './artifacts.ts';
import type { CircuitRule } from './gram.ts';
import { brokenConstraints, type ConstraintSystem, occurrences, parseR1cs } from './testing/r1cs.ts';
import { freedom, survivingMutations } from './testing/underconstrained.ts';
import { CIRCUITS, compiledCircuit, itIsUnique, USUAL_ROUND } from './testing/uniqueness.ts';
import { calculateWitness } from './testing/witness.ts';

const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');

describe.each(Object.keys(CIRCUITS) as CircuitRule[])('the circuit of %s for n = 16', (rule) => {
  let circuit: CompiledCircuit;
  let system: ConstraintSystem;

  beforeAll(async () => {
    circuit = await compiledCircuit(rule);
    system = parseR1cs(circuit.r1cs);
  });

  it('the circuit compiles from the sources bit for bit, and is that of the committed keys', () => {
    const { hashes, constraints } = circuitArtifacts(16, rule);
    expect(sha256(circuit.r1cs)).toBe(hashes.r1cs);
    expect(sha256(circuit.wasm)).toBe(hashes.wasm);
    expect(system.constraints).toHaveLength(constraints);
  });

  it('the circuit has every wire in a constraint', () => {
    expect(occurrences(system).flatMap((entries, wire) => (entries.length === 0 ? [wire] : []))).toEqual([]);
  });

  // The rounds at the edges are in uniqueness.slow.ts.
  itIsUnique(rule, [USUAL_ROUND]);
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
