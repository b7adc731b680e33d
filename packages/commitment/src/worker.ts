import type { G1Point, G2Point } from '@chorus/protocol';
import { BASE_ORDER, Bn254, FIELD_BYTES, G1_BYTES, G1_JACOBIAN_BYTES, G2_BYTES } from './engine/bn254.ts';
import { type Digits, digitsOfIntegers, digitsOfScalars } from './engine/digits.ts';
import { multiScalar } from './engine/msm.ts';
import { powersInG1 } from './engine/powers.ts';
import { serve, type WorkerContext } from './engine/serve.ts';

/** Integers an MSM accepts: updates, aggregates, model sums below 2^53. */
export type Integers = Int16Array | Int32Array | Float64Array;

const curve = new Bn254();
/** The slice of the reference string that this worker holds. */
let bases = 0;
let baseCount = 0;

/** Words of q, little-endian. */
const ORDER = Uint32Array.from({ length: 8 }, (_, k) => Number((BASE_ORDER >> BigInt(32 * k)) & 0xffffffffn));

function sumOfProducts(digits: Digits, context: WorkerContext): G1Point {
  return curve.scoped(() => {
    const result = curve.alloc(G1_JACOBIAN_BYTES);
    multiScalar(curve, bases, digits, result, (done, windows) => context.checkpoint(done / windows));
    return curve.readG1Jacobian(result);
  });
}

function writeIntegers(values: Integers): number {
  const at = curve.alloc(values.length * FIELD_BYTES);
  for (let j = 0; j < values.length; j++) curve.writeScalar(at + j * FIELD_BYTES, BigInt(values[j]!));
  return at;
}

/** f(z) by Horner's rule; scalars in Montgomery form. */
function evaluate(coefficients: number, count: number, z: bigint): bigint {
  return curve.scoped(() => {
    const [x, sum] = [curve.scalar(z), curve.scalar(0n)];
    for (let j = count - 1; j >= 0; j--) {
      curve.wasm.frm_mul(sum, x, sum);
      curve.wasm.frm_add(sum, coefficients + j * FIELD_BYTES, sum);
    }
    return curve.readScalar(sum);
  });
}

serve({
  load({ points }: { points: Uint8Array }): void {
    baseCount = points.length / G1_BYTES;
    bases = curve.alloc(points.length);
    curve.u8.set(points, bases);
  },

  commit({ values }: { values: Integers }, context): G1Point {
    if (values.length > baseCount) throw new RangeError('more scalars than points');
    return sumOfProducts(digitsOfIntegers(values), context);
  },

  evaluate({ values, z }: { values: Integers; z: bigint }): bigint {
    return curve.scoped(() => evaluate(writeIntegers(values), values.length, z));
  },

  /** This slice of the quotient (f - f(z)) / (X - z), committed; `carry` is the part of f above the slice, at z. */
  openSlice({ values, z, carry }: { values: Integers; z: bigint; carry: bigint }, context): G1Point {
    return curve.scoped(() => {
      const { wasm } = curve;
      const coefficients = writeIntegers(values);
      const [x, quotient, next] = [curve.scalar(z), curve.scalar(carry), curve.scalar(0n)];
      // q_j = f_{j+1} + z q_{j+1}, from the top; plain form for the digits.
      for (let j = values.length - 1; j >= 0; j--) {
        const at = coefficients + j * FIELD_BYTES;
        wasm.frm_mul(quotient, x, next);
        wasm.frm_add(next, at, next);
        wasm.frm_fromMontgomery(quotient, at);
        wasm.frm_copy(next, quotient);
      }
      return sumOfProducts(digitsOfScalars(curve, coefficients, values.length), context);
    });
  },

  pairingProductIsOne({ pairs }: { pairs: [G1Point, G2Point][] }): boolean {
    return curve.pairingProductIsOne(pairs);
  },

  /** Powers of a public tau, written to shared memory. */
  powers(
    { tau, from, output }: { tau: bigint; from: number; output: Uint8Array<SharedArrayBuffer> },
    context,
  ): void {
    curve.scoped(() => {
      const count = output.length / G1_BYTES;
      const at = curve.alloc(output.length);
      powersInG1(curve, tau, from, count, at, (done) => context.checkpoint(done / count));
      output.set(curve.u8.subarray(at, at + output.length));
    });
  },

  /** Reads points from their stored form. */
  decode({ g1, g2 }: { g1: Uint8Array; g2: Uint8Array }): { g1: G1Point[]; g2: G2Point[] } {
    return curve.scoped(() => {
      const [a, b] = [curve.alloc(g1.length), curve.alloc(g2.length)];
      curve.u8.set(g1, a);
      curve.u8.set(g2, b);
      return {
        g1: Array.from({ length: g1.length / G1_BYTES }, (_, k) => curve.readG1(a + k * G1_BYTES)),
        g2: Array.from({ length: g2.length / G2_BYTES }, (_, k) => curve.readG2(b + k * G2_BYTES)),
      };
    });
  },

  isInG2({ points }: { points: G2Point[] }): boolean {
    return points.every((point) => curve.isInG2(point));
  },

  /** Index of the first loaded point that is not a canonical finite point of the curve, or -1. */
  firstBadPoint(_: unknown, context): number {
    for (let j = 0; j < baseCount; j++) {
      const at = bases + j * G1_BYTES;
      if (!isCanonicalCoordinate(at) || !isCanonicalCoordinate(at + FIELD_BYTES)) return j;
      if (curve.isInfinity(at) || curve.wasm.g1m_inCurveAffine(at) !== 1) return j;
      if (j % 65536 === 0) context.checkpoint(j / baseCount);
    }
    return -1;
  },

  /** sum_j coefficients_j * point_j over the loaded points, for 16 random bytes per point. */
  combineLoaded({ coefficients }: { coefficients: Uint8Array }, context): G1Point {
    return curve.scoped(() => {
      const count = coefficients.length / 16;
      const scalars = curve.alloc(count * FIELD_BYTES);
      curve.u8.fill(0, scalars, scalars + count * FIELD_BYTES);
      for (let j = 0; j < count; j++) {
        curve.u8.set(coefficients.subarray(16 * j, 16 * j + 16), scalars + j * FIELD_BYTES);
      }
      return sumOfProducts(digitsOfScalars(curve, scalars, count), context);
    });
  },
});

/** True if the 32 bytes at `at`, as an integer, are below q. */
function isCanonicalCoordinate(at: number): boolean {
  for (let k = 7; k >= 0; k--) {
    const word = curve.u32[(at >> 2) + k]!;
    if (word !== ORDER[k]!) return word < ORDER[k]!;
  }
  return false;
}
