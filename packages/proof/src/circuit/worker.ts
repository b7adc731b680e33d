import {
  Bn254,
  digitsOfScalars,
  FIELD_BYTES,
  type Group,
  multiScalar,
  multiScalarBySize,
  SCALAR_ORDER,
  serve,
} from '@chorus/commitment/engine';
import { ChorusError, type ContributionProof, type G1Point, type G2Point } from '@chorus/protocol';
import { type ProvingKeyLayout, parseProvingKey, type Range } from './proving-key.ts';
import { type Matrix, multiplyMatrix, readMatrices, shiftDomain } from './quotient.ts';
import { type Signals, WitnessCalculator } from './witness.ts';

/** Sums over the witness, by the key's points. */
export type WitnessSum = 'a' | 'b1' | 'b2' | 'c';
/** A matrix's product with the witness, or that of A and B, entry by entry. */
export type Polynomial = 'a' | 'b' | 'c';

export interface LoadInput {
  file: Uint8Array<SharedArrayBuffer>;
  generator: Uint8Array<SharedArrayBuffer>;
}

/** The data of one proof that the workers share. */
export interface SharedValues {
  /** Canonical values of all wires, 32 bytes each. */
  witness: Uint8Array<SharedArrayBuffer>;
  /** Values of A, B and C at the roots of X^size + 1, in Montgomery form. */
  polynomials: Record<Polynomial, Uint8Array<SharedArrayBuffer>>;
}

export interface FinishInput {
  sums: { a: G1Point; b1: G1Point; b2: G2Point; c: G1Point; h: G1Point };
  /** The proof's randomness. */
  r: bigint;
  s: bigint;
}

/** Points without those at infinity, which most wires have in B, and the wires they belong to. */
interface Bases {
  group: Group;
  points: number;
  wires: Uint32Array;
}

interface Key {
  file: Uint8Array;
  layout: ProvingKeyLayout;
}

const curve = new Bn254();
let key: Key | undefined;
let calculator: WitnessCalculator | undefined;
let matrices: [Matrix, Matrix] | undefined;
const bases = new Map<WitnessSum, Bases>();
const quotientPoints = new Map<number, number>();

function current(): Key {
  if (key === undefined) throw new Error('no key is loaded');
  return key;
}

function part([from, to]: Range): Uint8Array {
  return current().file.subarray(from, to);
}

/** Copies bytes to memory that stays allocated. */
function keep(bytes: Uint8Array): number {
  const at = curve.alloc(bytes.length);
  curve.u8.set(bytes, at);
  return at;
}

/** The points of a sum, copied on first use and kept. */
function basesOf(name: WitnessSum): Bases {
  const known = bases.get(name);
  if (known !== undefined) return known;
  const { layout } = current();
  const group = name === 'b2' ? curve.g2 : curve.g1;
  const firstWire = name === 'c' ? layout.publicSignals + 1 : 0;
  const points = keep(part(layout[name]));
  const wires: number[] = [];
  for (let k = 0; k < layout.wires - firstWire; k++) {
    const at = points + k * group.pointBytes;
    if (curve.isInfinity(at, group)) continue;
    group.copyAffine(at, points + wires.length * group.pointBytes);
    wires.push(firstWire + k);
  }
  const made = { group, points, wires: Uint32Array.from(wires) };
  bases.set(name, made);
  return made;
}

function matrixPair(): [Matrix, Matrix] {
  matrices ??= readMatrices(curve, part(current().layout.coefficients));
  return matrices;
}

serve({
  /** Reads the key, and compiles the witness generator if this worker runs it. */
  load({ file, generator }: LoadInput): ProvingKeyLayout {
    const layout = parseProvingKey(file);
    key = { file, layout };
    if (generator.length === 0) return layout;
    // A compiler does not take shared memory.
    calculator = new WitnessCalculator(generator.slice());
    if (calculator.wires !== layout.wires) {
      throw new ChorusError(
        'E_PROVING_KEY',
        'proving key and witness generator belong to different circuits',
        {
          facts: { keyWires: layout.wires, generatorWires: calculator.wires },
        },
      );
    }
    for (const [name, range] of Object.entries({ alpha1: layout.alpha1, delta1: layout.delta1 })) {
      curve.scoped(() => {
        if (curve.wasm.g1m_inCurveAffine(keep(part(range))) === 1) return;
        throw new ChorusError('E_PROVING_KEY', `the proving key's point ${name} is not on the curve`);
      });
    }
    return layout;
  },

  witness({ signals, output }: { signals: Signals; output: Uint8Array<SharedArrayBuffer> }): bigint[] {
    if (calculator === undefined) throw new Error('this worker calculates no witnesses');
    const words = new Uint32Array(output.buffer);
    calculator.calculate(signals, words);
    return Array.from({ length: current().layout.publicSignals }, (_, k) => {
      let value = 0n;
      for (let j = 7; j >= 0; j--) value = (value << 32n) | BigInt(words[8 * (k + 1) + j]!);
      return value;
    });
  },

  /** One polynomial's values at the roots of X^size + 1, to shared memory. */
  polynomial({ name, shared }: { name: Polynomial; shared: SharedValues }, context): void {
    const size = 2 ** current().layout.log2Domain;
    const [a, b] = matrixPair();
    curve.scoped(() => {
      const witness = keep(shared.witness);
      const values = curve.alloc(size * FIELD_BYTES);
      multiplyMatrix(curve, name === 'b' ? b : a, witness, values, size);
      if (name === 'c') {
        const other = curve.alloc(size * FIELD_BYTES);
        multiplyMatrix(curve, b, witness, other, size);
        for (let at = 0; at < size * FIELD_BYTES; at += FIELD_BYTES) {
          curve.wasm.frm_mul(values + at, other + at, values + at);
        }
      }
      context.checkpoint(0.2);
      shiftDomain(curve, values, size);
      shared.polynomials[name].set(curve.u8.subarray(values, values + size * FIELD_BYTES));
    });
  },

  /** sum_i witness_i * point_i */
  sum({ name, shared }: { name: WitnessSum; shared: SharedValues }, context): G1Point | G2Point {
    const { group, points, wires } = basesOf(name);
    return curve.scoped(() => {
      const scalars = curve.alloc(wires.length * FIELD_BYTES);
      const from = new Uint32Array(shared.witness.buffer);
      for (let k = 0; k < wires.length; k++) {
        const [to, at] = [(scalars >> 2) + 8 * k, 8 * wires[k]!];
        for (let j = 0; j < 8; j++) curve.u32[to + j] = from[at + j]!;
      }
      const result = curve.alloc(group.jacobianBytes);
      const step = (): void => context.checkpoint(0);
      multiScalarBySize(curve, points, scalars, wires.length, result, step, group);
      return name === 'b2' ? curve.readG2Jacobian(result) : curve.readG1Jacobian(result);
    });
  },

  /** The summand of the quotient's commitment from its values [from, to). */
  quotient({ from, to, shared }: { from: number; to: number; shared: SharedValues }, context): G1Point {
    const { layout } = current();
    const { g1 } = curve;
    const count = to - from;
    let points = quotientPoints.get(from);
    if (points === undefined) {
      const start = layout.h[0];
      points = keep(part([start + from * g1.pointBytes, start + to * g1.pointBytes]));
      quotientPoints.set(from, points);
    }
    const base = points;
    return curve.scoped(() => {
      const { wasm } = curve;
      const slice = (name: Polynomial): number =>
        keep(shared.polynomials[name].subarray(from * FIELD_BYTES, to * FIELD_BYTES));
      const [a, b, c] = [slice('a'), slice('b'), slice('c')];
      for (let at = 0; at < count * FIELD_BYTES; at += FIELD_BYTES) {
        wasm.frm_mul(a + at, b + at, a + at);
        wasm.frm_sub(a + at, c + at, a + at);
        wasm.frm_fromMontgomery(a + at, a + at);
      }
      context.checkpoint(0);
      const result = curve.alloc(g1.jacobianBytes);
      multiScalar(curve, base, digitsOfScalars(curve, a, count), result, (done, windows) =>
        context.checkpoint(done / windows),
      );
      return curve.readG1Jacobian(result);
    });
  },

  /**
   * The proof from its sums (Groth 2016, as snarkjs arranges it):
   * A = alpha + sum a + r delta, B = beta + sum b + s delta, C = sum c + H + s A + r B1 - r s delta.
   */
  finish({ sums, r, s }: FinishInput): ContributionProof['groth16'] {
    const { layout } = current();
    return curve.scoped(() => {
      const { g1, g2 } = curve;
      const combine = (
        group: Group,
        terms: readonly (readonly [point: number, scalar: bigint])[],
      ): number => {
        const [total, term] = [curve.alloc(group.jacobianBytes), curve.alloc(group.jacobianBytes)];
        const scalar = curve.alloc(FIELD_BYTES);
        group.zero(total);
        for (const [point, factor] of terms) {
          curve.writeInteger(scalar, factor);
          group.timesScalarAffine(point, scalar, FIELD_BYTES, term);
          group.add(total, term, total);
        }
        const affine = curve.alloc(group.pointBytes);
        group.toAffine(total, affine);
        return affine;
      };
      const point1 = (value: G1Point): number => {
        const at = curve.alloc(g1.pointBytes);
        curve.writeG1(at, value);
        return at;
      };
      const point2 = (value: G2Point): number => {
        const at = curve.alloc(g2.pointBytes);
        curve.writeG2(at, value);
        return at;
      };
      const [alpha1, beta1, delta1] = [
        keep(part(layout.alpha1)),
        keep(part(layout.beta1)),
        keep(part(layout.delta1)),
      ];
      const [beta2, delta2] = [keep(part(layout.beta2)), keep(part(layout.delta2))];
      const a = combine(g1, [
        [alpha1, 1n],
        [point1(sums.a), 1n],
        [delta1, r],
      ]);
      const b1 = combine(g1, [
        [beta1, 1n],
        [point1(sums.b1), 1n],
        [delta1, s],
      ]);
      const b2 = combine(g2, [
        [beta2, 1n],
        [point2(sums.b2), 1n],
        [delta2, s],
      ]);
      const c = combine(g1, [
        [point1(sums.c), 1n],
        [point1(sums.h), 1n],
        [a, s],
        [b1, r],
        [delta1, SCALAR_ORDER - ((r * s) % SCALAR_ORDER)],
      ]);
      return { a: curve.readG1(a), b: curve.readG2(b2), c: curve.readG1(c) };
    });
  },
});
