import { type Bn254, FIELD_BYTES } from '@chorus/commitment/engine';

/** f(x) by Horner's rule, for `count` coefficients in Montgomery form. */
export function evaluate(curve: Bn254, coefficients: number, count: number, x: bigint): bigint {
  return curve.scoped(() => {
    const [at, sum] = [curve.scalar(x), curve.scalar(0n)];
    for (let j = count - 1; j >= 0; j--) {
      curve.wasm.frm_mul(sum, at, sum);
      curve.wasm.frm_add(sum, coefficients + j * FIELD_BYTES, sum);
    }
    return curve.readScalar(sum);
  });
}

/** Input of a slice's division: F = v + gamma w + gamma^2 S, divisor X^2 - trace X + 1, and the remainder above. */
export interface DivisionInput {
  gamma: bigint;
  /** z + 1/z */
  trace: bigint;
  /** The remainder, constant first, of the part of F above the slice (as a polynomial starting there). */
  above: readonly [bigint, bigint];
}

/**
 * A slice of the quotient of F by (X - z)(X - 1/z), to `output`, canonical and not in Montgomery form.
 *
 * With g the slice's coefficients followed by the remainder from above, q_j = g_(j+2) + trace q_(j+1) - q_(j+2) from the
 * top: one recurrence instead of two divisions by linear factors. Slices are independent, since the remainder
 * above each is the line through the values of the upper slices at z and 1/z, which are known.
 *
 * @returns the remainder of the slice itself, constant first: the slice below gets it as `above`
 */
export function divideSlice(
  curve: Bn254,
  { v, w, s, count }: { v: number; w: number; s: number; count: number },
  input: DivisionInput,
  output: number,
): [bigint, bigint] {
  const { wasm } = curve;
  return curve.scoped(() => {
    const [gamma, gamma2] = [curve.scalar(input.gamma), curve.scalar(input.gamma * input.gamma)];
    const trace = curve.scalar(input.trace);
    // Two steps ahead of j: g_(j+2), g_(j+1); and the quotient's last two coefficients.
    let [g2, g1, spare] = [curve.scalar(input.above[1]), curve.scalar(input.above[0]), curve.scalar(0n)];
    let [q1, q2, q0] = [curve.scalar(0n), curve.scalar(0n), curve.scalar(0n)];
    const term = curve.alloc(FIELD_BYTES);
    for (let j = count - 1; j >= 0; j--) {
      wasm.frm_mul(trace, q1, q0);
      wasm.frm_add(q0, g2, q0);
      wasm.frm_sub(q0, q2, q0);
      const at = j * FIELD_BYTES;
      // Fold the next coefficient in before the output overwrites anything it might share.
      wasm.frm_mul(gamma2, s + at, spare);
      wasm.frm_mul(gamma, w + at, term);
      wasm.frm_add(spare, term, spare);
      wasm.frm_add(spare, v + at, spare);
      wasm.frm_fromMontgomery(q0, output + at);
      [g2, g1, spare] = [g1, spare, g2];
      [q2, q1, q0] = [q1, q0, q2];
    }
    // The remainder: g_1 + trace q_0 - q_1 at X, g_0 - q_0 at 1.
    wasm.frm_mul(trace, q1, q0);
    wasm.frm_add(q0, g2, q0);
    wasm.frm_sub(q0, q2, q0);
    wasm.frm_sub(g1, q1, spare);
    return [curve.readScalar(spare), curve.readScalar(q0)] as [bigint, bigint];
  });
}
