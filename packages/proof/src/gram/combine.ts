import { type Bn254, FIELD_BYTES, SCALAR_ORDER } from '@chorus/commitment/engine';

/** Limbs of a coefficient, signed, 32 bits each. */
const LIMBS = 8;
const LIMB = 2 ** 32;
/** Elements converted at once: their float64 copies fit the first-level cache. */
const BLOCK = 256;

/** Largest magnitude that an entry of a leading row may have; 15 references of 32767, or the novelty of their sum. */
export const MAX_HEAD_ENTRY = 2 ** 20 - 1;

/** Largest sum over all rows of their largest magnitudes. */
export const MAX_ENTRIES = 2 ** 22 - 1;

/**
 * Writes sum_i coefficients_i * rows_i to `output`, in Montgomery form.
 *
 * Exact without big integers: coefficients are cut in signed 32-bit limbs, and sums of limb * entry stay below
 * 2^31 * MAX_ENTRIES < 2^53, inside float64's exact integers. Limbs are carried into 32-byte words once per element.
 *
 * @param rows at most 68 rows of one length, within `MAX_ENTRIES`
 */
export function combineRows(
  curve: Bn254,
  rows: readonly (Int16Array | Int32Array)[],
  coefficients: readonly bigint[],
  output: number,
): void {
  const length = rows[0]?.length ?? 0;
  const limbs = Float64Array.from(coefficients.flatMap(signedLimbs));
  const entries = new Float64Array(BLOCK * rows.length);
  const sums = new Float64Array(LIMBS * BLOCK);
  curve.scoped(() => {
    // montgomery(a) * R^3 / R = a * 2^256 in Montgomery form, since R = 2^256.
    const overflow = curve.alloc(FIELD_BYTES);
    curve.writeInteger(overflow, (1n << 768n) % SCALAR_ORDER);
    const high = curve.alloc(FIELD_BYTES);
    curve.u8.fill(0, high, high + FIELD_BYTES);
    const product = curve.alloc(FIELD_BYTES);
    for (let from = 0; from < length; from += BLOCK) {
      const count = Math.min(BLOCK, length - from);
      transpose(rows, from, count, entries);
      multiply(entries, limbs, rows.length, count, sums);
      for (let j = 0; j < count; j++) {
        const at = output + (from + j) * FIELD_BYTES;
        let carry = 0;
        for (let k = 0; k < LIMBS; k++) {
          const sum = sums[j * LIMBS + k]! + carry;
          carry = Math.floor(sum / LIMB);
          curve.u32[(at >> 2) + k] = sum - carry * LIMB;
        }
        curve.wasm.frm_toMontgomery(at, at);
        if (carry === 0) continue;
        curve.u32[high >> 2] = Math.abs(carry);
        curve.wasm.frm_mul(high, overflow, product);
        if (carry > 0) curve.wasm.frm_add(at, product, at);
        else curve.wasm.frm_sub(at, product, at);
      }
    }
  });
}

/** entries[j][i] = rows[i][from + j] */
function transpose(
  rows: readonly (Int16Array | Int32Array)[],
  from: number,
  count: number,
  entries: Float64Array,
): void {
  for (const [i, row] of rows.entries()) {
    for (let j = 0; j < count; j++) entries[j * rows.length + i] = row[from + j]!;
  }
}

/** sums[j][k] = sum_i entries[j][i] * limbs[i][k] */
function multiply(
  entries: Float64Array,
  limbs: Float64Array,
  rows: number,
  count: number,
  sums: Float64Array,
): void {
  for (let j = 0; j < count; j++) {
    let [s0, s1, s2, s3, s4, s5, s6, s7] = [0, 0, 0, 0, 0, 0, 0, 0];
    for (let i = 0; i < rows; i++) {
      const entry = entries[j * rows + i]!;
      const at = i * LIMBS;
      s0 += entry * limbs[at]!;
      s1 += entry * limbs[at + 1]!;
      s2 += entry * limbs[at + 2]!;
      s3 += entry * limbs[at + 3]!;
      s4 += entry * limbs[at + 4]!;
      s5 += entry * limbs[at + 5]!;
      s6 += entry * limbs[at + 6]!;
      s7 += entry * limbs[at + 7]!;
    }
    const to = j * LIMBS;
    sums[to] = s0;
    sums[to + 1] = s1;
    sums[to + 2] = s2;
    sums[to + 3] = s3;
    sums[to + 4] = s4;
    sums[to + 5] = s5;
    sums[to + 6] = s6;
    sums[to + 7] = s7;
  }
}

/** A scalar in [0, p) as eight digits of base 2^32, each in [-2^31, 2^31]; the top one is small, as p < 2^254. */
function signedLimbs(scalar: bigint): number[] {
  const limbs: number[] = [];
  let rest = scalar;
  for (let k = 0; k < LIMBS; k++) {
    const digit = BigInt.asIntN(32, rest);
    limbs.push(Number(digit));
    rest = (rest - digit) >> 32n;
  }
  return limbs;
}
