import { FIELD_ORDER } from '../gram.ts';
import { type ConstraintSystem, evaluate, mod, occurrences } from './r1cs.ts';
import { sparseRank } from './rank.ts';

const FAR = FIELD_ORDER / 5n + 1234567n;
const MUTATIONS: Record<string, (value: bigint) => bigint> = {
  'plus one': (x) => x + 1n,
  'minus one': (x) => x - 1n,
  negated: (x) => (x === 0n ? FAR : -x),
  'flipped as a bit': (x) => 1n - x,
  'far away': (x) => x + FAR,
};

/** Changes of one wire, all others as they are, that break no constraint: none in a sound circuit. */
export function survivingMutations(system: ConstraintSystem, witness: readonly bigint[]): string[] {
  const values = system.constraints.map(({ a, b }) => [evaluate(a, witness), evaluate(b, witness)] as const);
  return occurrences(system).flatMap((entries, wire) => {
    if (wire === 0) return [];
    return Object.entries(MUTATIONS).flatMap(([name, mutate]) => {
      const delta = mod(mutate(witness[wire]!) - witness[wire]!);
      // With A B = C before, (A + a delta)(B + b delta) - (C + c delta) is delta (a B + b A + a b delta - c).
      const breaks = entries.some(({ constraint, a, b, c }) => {
        const [A, B] = values[constraint]!;
        return mod(a * B + b * A + a * b * delta - c) !== 0n;
      });
      return breaks || delta === 0n ? [] : [`wire ${wire}, ${name}`];
    });
  });
}

/**
 * How many dimensions of freedom a witness has when its inputs are held.
 *
 * Let all other wires move: to first order a constraint A B = C allows changes with B dA + A dB = dC. Where this
 * linear system has full rank, 0 is returned and no continuous family of witnesses passes through the given one:
 * several signals changed together, however they cancel, are caught unless a bit flips, and flipped bits are what
 * the small instances of the templates enumerate.
 */
export function freedom(system: ConstraintSystem, witness: readonly bigint[]): number {
  const inputs = system.publicInputs + system.privateInputs;
  const tangents = system.constraints.map(({ a, b, c }) => {
    const [A, B] = [evaluate(a, witness), evaluate(b, witness)];
    const slope = new Map<number, bigint>();
    const add = (wire: number, value: bigint) => {
      const isInput = wire > system.outputs && wire <= system.outputs + inputs;
      if (wire > 0 && !isInput) slope.set(wire, mod((slope.get(wire) ?? 0n) + value));
    };
    for (const [wire, coefficient] of a) add(wire, coefficient * B);
    for (const [wire, coefficient] of b) add(wire, coefficient * A);
    for (const [wire, coefficient] of c) add(wire, -coefficient);
    return new Map([...slope].filter(([, value]) => value !== 0n));
  });
  return system.wires - 1 - inputs - sparseRank(tangents, system.wires);
}
