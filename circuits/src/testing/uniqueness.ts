import { beforeAll, expect, it } from 'vitest';
import { type CompiledCircuit, compile } from '../../scripts/compile.ts';
import type { CircuitRule } from '../gram.ts';
import { circuitName } from '../gram.ts';
import type { ContributionInput } from '../input.ts';
import {
  honestInput,
  projectionInput,
  randomGram,
  randomProjectionGram,
  sharedProjectionVectors,
  sharedVectors,
} from './matrices.ts';
import { brokenConstraints, type ConstraintSystem, parseR1cs } from './r1cs.ts';
import { freedom, survivingMutations } from './underconstrained.ts';
import { calculateWitness } from './witness.ts';

// No Gram matrix, but the circuits take it: were all of it zero, alpha and beta would not matter.
const nobody = (rows: number) =>
  Array.from({ length: rows }, (_, i) => Array.from({ length: rows }, (_, j) => (i === j ? 0n : 5n)));
const named = <Vector extends { name: string }>(vectors: Vector[], name: string): Vector =>
  vectors.find((v) => v.name === name)!;
const projections = sharedProjectionVectors();

/** Inputs of each circuit, by round. */
export const CIRCUITS: Record<CircuitRule, Record<string, () => ContributionInput>> = {
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

/** A round in which every row counts; the others are at the edges of what a circuit takes. */
export const USUAL_ROUND = 'sixteen trainers';

/** That these rounds leave a circuit no freedom: no witness but one fits their inputs. */
export function itIsUnique(rule: CircuitRule, rounds: readonly string[]): void {
  let system: ConstraintSystem;
  const witnesses: Record<string, bigint[]> = {};

  beforeAll(async () => {
    const circuit = await compiledCircuit(rule);
    system = parseR1cs(circuit.r1cs);
    for (const round of rounds) {
      witnesses[round] = await calculateWitness(circuit.wasm, CIRCUITS[rule][round]!().signals);
    }
  });

  it.each(rounds)(
    'no signal, public or private, can change alone without breaking a constraint: %s',
    (round) => {
      expect(brokenConstraints(system, witnesses[round]!)).toEqual([]);
      expect(survivingMutations(system, witnesses[round]!)).toEqual([]);
    },
  );

  it.each(rounds)('every signal is determined by the inputs, to first order: %s', (round) => {
    expect(freedom(system, witnesses[round]!)).toBe(0);
  });
}

const compiled = new Map<CircuitRule, Promise<CompiledCircuit>>();

/** A circuit for 16 trainers, compiled once from the sources. */
export function compiledCircuit(rule: CircuitRule): Promise<CompiledCircuit> {
  const known = compiled.get(rule) ?? compile(circuitName(16, rule));
  compiled.set(rule, known);
  return known;
}
