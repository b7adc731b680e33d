import { beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../scripts/compile.ts';
import { FIELD_ORDER } from './gram.ts';
import { honestInput, randomGram, sharedVectors } from './testing/matrices.ts';
import {
  brokenConstraints,
  type ConstraintSystem,
  evaluate,
  mod,
  occurrences,
  parseR1cs,
} from './testing/r1cs.ts';
import { sparseRank } from './testing/rank.ts';
import { calculateWitness } from './testing/witness.ts';

let system: ConstraintSystem;
let byWire: ReturnType<typeof occurrences>;
const ROUNDS = ['sixteen trainers', 'five trainers and padding', 'nobody present', 'maximal entries'];
const witnesses: Record<string, bigint[]> = {};

beforeAll(async () => {
  const circuit = await compile('contribution-16');
  system = parseR1cs(circuit.r1cs);
  byWire = occurrences(system);
  const maximal = sharedVectors().find((v) => v.name === 'limits: every entry 2^62 - 1')!;
  const matrices = {
    'sixteen trainers': randomGram(16, 1),
    'five trainers and padding': randomGram(5, 2),
    // No Gram matrix, but the circuit takes it: with all of it zero, alpha and beta would not matter.
    'nobody present': Array.from({ length: 17 }, (_, i) =>
      Array.from({ length: 17 }, (_, j) => (i === j ? 0n : 5n)),
    ),
    'maximal entries': maximal.gram,
  };
  for (const [name, gram] of Object.entries(matrices)) {
    witnesses[name] = await calculateWitness(circuit.wasm, honestInput(gram).signals);
  }
});

it('every wire of the n = 16 circuit occurs in a constraint', () => {
  const loose = byWire.flatMap((entries, wire) => (entries.length === 0 ? [wire] : []));
  expect(loose).toEqual([]);
});

describe('every signal, public or private, breaks a constraint when changed alone', () => {
  const far = FIELD_ORDER / 5n + 1234567n;
  const mutations: Record<string, (value: bigint) => bigint> = {
    'plus one': (x) => x + 1n,
    'minus one': (x) => x - 1n,
    negated: (x) => (x === 0n ? far : -x),
    'flipped as a bit': (x) => 1n - x,
    'far away': (x) => x + far,
  };
  for (const round of ROUNDS) {
    it(round, () => {
      const witness = witnesses[round]!;
      expect(brokenConstraints(system, witness)).toEqual([]);
      const values = system.constraints.map(
        ({ a, b }) => [evaluate(a, witness), evaluate(b, witness)] as const,
      );
      const survivors: string[] = [];
      for (let wire = 1; wire < system.wires; wire++) {
        for (const [name, mutate] of Object.entries(mutations)) {
          const delta = mod(mutate(witness[wire]!) - witness[wire]!);
          // With A B = C before, (A + a delta)(B + b delta) - (C + c delta) is delta (a B + b A + a b delta - c).
          const breaks = byWire[wire]!.some(({ constraint, a, b, c }) => {
            const [A, B] = values[constraint]!;
            return mod(a * B + b * A + a * b * delta - c) !== 0n;
          });
          if (delta !== 0n && !breaks) survivors.push(`wire ${wire}, ${name}`);
        }
      }
      expect(survivors).toEqual([]);
    });
  }
});

describe('to first order, the inputs determine every signal', () => {
  /**
   * Hold the inputs and let all other wires move: a constraint A B = C allows changes with B dA + A dB = dC. Where
   * this linear system has full rank, no continuous family of witnesses passes through the honest one: several
   * signals changed together, however they cancel, are caught unless a bit flips, and flipped bits are what the
   * small instances of the templates enumerate.
   */
  function tangents(witness: readonly bigint[]): Map<number, bigint>[] {
    const inputs = system.publicInputs + system.privateInputs;
    return system.constraints.map(({ a, b, c }) => {
      const [A, B] = [evaluate(a, witness), evaluate(b, witness)];
      const slope = new Map<number, bigint>();
      const add = (wire: number, value: bigint) => {
        if (wire > inputs) slope.set(wire, mod((slope.get(wire) ?? 0n) + value));
      };
      for (const [wire, coefficient] of a) add(wire, coefficient * B);
      for (const [wire, coefficient] of b) add(wire, coefficient * A);
      for (const [wire, coefficient] of c) add(wire, -coefficient);
      return new Map([...slope].filter(([, value]) => value !== 0n));
    });
  }
  for (const round of ROUNDS) {
    it(round, () => {
      const unknowns = system.wires - 1 - system.publicInputs - system.privateInputs;
      expect(sparseRank(tangents(witnesses[round]!), system.wires)).toBe(unknowns);
    });
  }
});
