import { FIELD_ORDER } from '../gram.ts';

/** Wire -> coefficient. */
export type LinearCombination = readonly (readonly [wire: number, coefficient: bigint])[];

/** <a, w> <b, w> = <c, w>. */
export interface Constraint {
  a: LinearCombination;
  b: LinearCombination;
  c: LinearCombination;
}

export interface ConstraintSystem {
  wires: number;
  /** Wire 0 is 1; then outputs, public inputs, private inputs, the rest. */
  outputs: number;
  publicInputs: number;
  privateInputs: number;
  constraints: Constraint[];
}

/** Reads iden3's binary r1cs format, version 1 (github.com/iden3/r1csfile, doc/r1cs_bin_format.md). */
export function parseR1cs(bytes: Uint8Array): ConstraintSystem {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sections = new Map<number, number>();
  let at = 12;
  for (let count = view.getUint32(8, true); count > 0; count--) {
    sections.set(view.getUint32(at, true), at + 12);
    at += 12 + Number(view.getBigUint64(at + 4, true));
  }
  const header = sections.get(1)! + 4;
  const word = (index: number) => view.getUint32(header + 32 + 4 * index, true);
  const prime = fieldElement(view, header);
  if (prime !== FIELD_ORDER) throw new Error(`r1cs over another field: ${prime}`);

  at = sections.get(2)!;
  const combination = (): LinearCombination => {
    const terms: [number, bigint][] = [];
    const count = view.getUint32(at, true);
    at += 4;
    for (let k = 0; k < count; k++, at += 36) {
      terms.push([view.getUint32(at, true), fieldElement(view, at + 4)]);
    }
    return terms;
  };
  const constraints = Array.from({ length: word(6) }, () => ({
    a: combination(),
    b: combination(),
    c: combination(),
  }));
  return { wires: word(0), outputs: word(1), publicInputs: word(2), privateInputs: word(3), constraints };
}

function fieldElement(view: DataView, at: number): bigint {
  let value = 0n;
  for (let limb = 3; limb >= 0; limb--) value = (value << 64n) | view.getBigUint64(at + 8 * limb, true);
  return value;
}

export function mod(x: bigint): bigint {
  const r = x % FIELD_ORDER;
  return r < 0n ? r + FIELD_ORDER : r;
}

export function evaluate(combination: LinearCombination, witness: readonly bigint[]): bigint {
  return (
    combination.reduce((sum, [wire, coefficient]) => sum + coefficient * witness[wire]!, 0n) % FIELD_ORDER
  );
}

/** Indices of the constraints that the witness breaks. */
export function brokenConstraints(system: ConstraintSystem, witness: readonly bigint[]): number[] {
  return system.constraints.flatMap(({ a, b, c }, index) =>
    mod(evaluate(a, witness) * evaluate(b, witness) - evaluate(c, witness)) === 0n ? [] : [index],
  );
}

/** For each wire, the constraints it occurs in, with its coefficients there. */
export function occurrences(
  system: ConstraintSystem,
): { constraint: number; a: bigint; b: bigint; c: bigint }[][] {
  const byWire: Map<number, { constraint: number; a: bigint; b: bigint; c: bigint }>[] = Array.from(
    { length: system.wires },
    () => new Map(),
  );
  for (const [index, constraint] of system.constraints.entries()) {
    for (const side of ['a', 'b', 'c'] as const) {
      for (const [wire, coefficient] of constraint[side]) {
        const entry = byWire[wire]!.get(index) ?? { constraint: index, a: 0n, b: 0n, c: 0n };
        entry[side] = mod(entry[side] + coefficient);
        byWire[wire]!.set(index, entry);
      }
    }
  }
  return byWire.map((entries) => [...entries.values()]);
}
