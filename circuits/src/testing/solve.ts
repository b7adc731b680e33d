import { FIELD_ORDER } from '../gram.ts';
import { type Constraint, type ConstraintSystem, type LinearCombination, mod } from './r1cs.ts';

type Partial = (bigint | undefined)[];

/**
 * Every witness of a small constraint system that extends the given wires: all of them over the whole field, not
 * only those with small values.
 *
 * Constraints with one unknown are solved; once that stops, one that leaves two values for its unknown (a bit)
 * branches. Wires that no constraint determines make it throw, so a returned list is complete.
 *
 * @param known - values of inputs and outputs by wire; wire 0 is 1 by itself
 */
export function allWitnesses(system: ConstraintSystem, known: ReadonlyMap<number, bigint>): bigint[][] {
  const witness: Partial = new Array(system.wires).fill(undefined);
  witness[0] = 1n;
  for (const [wire, value] of known) witness[wire] = value;
  const found: bigint[][] = [];
  extend(system.constraints, witness, found);
  return found;
}

function extend(open: Constraint[], witness: Partial, found: bigint[][]): void {
  let remaining = open;
  for (let progress = true; progress; ) {
    progress = false;
    const next: Constraint[] = [];
    for (const constraint of remaining) {
      const unknown = solutions(constraint, witness);
      if (unknown === 'broken') return;
      if (unknown === 'holds') {
        progress = true;
      } else if (unknown !== 'open' && unknown.values.length === 1) {
        witness[unknown.wire] = unknown.values[0]!;
        progress = true;
      } else {
        next.push(constraint);
      }
    }
    remaining = next;
  }
  for (const constraint of remaining) {
    const unknown = solutions(constraint, witness);
    if (typeof unknown === 'string') continue;
    for (const value of unknown.values) {
      const branch = witness.slice();
      branch[unknown.wire] = value;
      extend(remaining, branch, found);
    }
    return;
  }
  const free = witness.indexOf(undefined);
  if (free >= 0) throw new Error(`wire ${free} is determined by no constraint`);
  found.push(witness as bigint[]);
}

/** What a constraint says with the values known so far. */
function solutions(
  { a, b, c }: Constraint,
  witness: Partial,
): 'holds' | 'broken' | 'open' | { wire: number; values: bigint[] } {
  const left = substitute(a, witness);
  const right = substitute(b, witness);
  const product = substitute(c, witness);
  if (left.unknown.size === 0) return linear(right, left.constant, product);
  if (right.unknown.size === 0) return linear(left, right.constant, product);

  const wires = new Set([...left.unknown.keys(), ...right.unknown.keys(), ...product.unknown.keys()]);
  if (wires.size > 1) return 'open';
  if (product.unknown.size > 0 || product.constant !== 0n) {
    throw new Error('a quadratic constraint that is not a product of two factors');
  }
  const [wire] = wires;
  const roots = [left, right].map((f) => mod(-f.constant * inverse(f.unknown.get(wire!)!)));
  return { wire: wire!, values: [...new Set(roots)] };
}

interface Affine {
  constant: bigint;
  unknown: Map<number, bigint>;
}

/** factor * form = product, as far as one unknown goes. */
function linear(form: Affine, factor: bigint, product: Affine): ReturnType<typeof solutions> {
  const unknown = new Map<number, bigint>();
  const add = (wire: number, coefficient: bigint) => {
    const sum = mod((unknown.get(wire) ?? 0n) + coefficient);
    if (sum === 0n) unknown.delete(wire);
    else unknown.set(wire, sum);
  };
  for (const [wire, coefficient] of form.unknown) add(wire, factor * coefficient);
  for (const [wire, coefficient] of product.unknown) add(wire, -coefficient);
  const constant = mod(factor * form.constant - product.constant);
  if (unknown.size === 0) return constant === 0n ? 'holds' : 'broken';
  if (unknown.size > 1) return 'open';
  const [wire, coefficient] = [...unknown][0]!;
  return { wire, values: [mod(-constant * inverse(coefficient))] };
}

function substitute(combination: LinearCombination, witness: Partial): Affine {
  let constant = 0n;
  const unknown = new Map<number, bigint>();
  for (const [wire, coefficient] of combination) {
    const value = witness[wire];
    if (value === undefined) unknown.set(wire, coefficient);
    else constant += coefficient * value;
  }
  return { constant: mod(constant), unknown };
}

/** 1 / x modulo the field's order, by the extended Euclidean algorithm. */
export function inverse(x: bigint): bigint {
  let [r0, r1] = [FIELD_ORDER, mod(x)];
  let [t0, t1] = [0n, 1n];
  while (r1 !== 0n) {
    const quotient = r0 / r1;
    [r0, r1] = [r1, r0 - quotient * r1];
    [t0, t1] = [t1, t0 - quotient * t1];
  }
  return mod(t0);
}
