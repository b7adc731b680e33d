import { type Bn254, FIELD_BYTES } from '@chorus/commitment/engine';
import { rootOfUnity } from '../gram/cross-term.ts';
import { COEFFICIENT_BYTES } from './proving-key.ts';

/** A sparse matrix of the circuit's constraints, in the order of the key. */
export interface Matrix {
  readonly rows: Uint32Array;
  readonly wires: Uint32Array;
  /** Address of the entries' values, times 2^512 mod p: multiplied with a plain value they give its Montgomery form. */
  readonly values: number;
}

/** Splits a key's coefficients in A and B; their values go to fresh memory of `curve`. */
export function readMatrices(curve: Bn254, coefficients: Uint8Array): [a: Matrix, b: Matrix] {
  const view = new DataView(coefficients.buffer, coefficients.byteOffset, coefficients.byteLength);
  const entries = coefficients.length / COEFFICIENT_BYTES;
  const read = (matrix: number): Matrix => {
    let count = 0;
    for (let k = 0; k < entries; k++) if (view.getUint32(k * COEFFICIENT_BYTES, true) === matrix) count++;
    const [rows, wires] = [new Uint32Array(count), new Uint32Array(count)];
    const values = curve.alloc(count * FIELD_BYTES);
    for (let k = 0, to = 0; k < entries; k++) {
      const at = k * COEFFICIENT_BYTES;
      if (view.getUint32(at, true) !== matrix) continue;
      rows[to] = view.getUint32(at + 4, true);
      wires[to] = view.getUint32(at + 8, true);
      curve.u8.set(coefficients.subarray(at + 12, at + COEFFICIENT_BYTES), values + to * FIELD_BYTES);
      to++;
    }
    return { rows, wires, values };
  };
  return [read(0), read(1)];
}

/**
 * output[row] = sum over the row's entries of value * witness[wire], in Montgomery form; zero for an empty row.
 *
 * @param witness address of the canonical values of all wires, most of which are zero and cost nothing
 */
export function multiplyMatrix(
  curve: Bn254,
  matrix: Matrix,
  witness: number,
  output: number,
  size: number,
): void {
  const { rows, wires, values } = matrix;
  const { wasm } = curve;
  curve.u8.fill(0, output, output + size * FIELD_BYTES);
  curve.scoped(() => {
    const product = curve.alloc(FIELD_BYTES);
    // After the allocation, which may replace the view.
    const { u32 } = curve;
    for (let k = 0; k < rows.length; k++) {
      const at = witness + wires[k]! * FIELD_BYTES;
      const w = at >> 2;
      const high = u32[w + 1]! | u32[w + 2]! | u32[w + 3]! | u32[w + 4]! | u32[w + 5]! | u32[w + 6]!;
      if ((u32[w]! | high | u32[w + 7]!) === 0) continue;
      const to = output + rows[k]! * FIELD_BYTES;
      wasm.frm_mul(values + k * FIELD_BYTES, at, product);
      wasm.frm_add(to, product, to);
    }
  });
}

/**
 * Turns a polynomial's values at the roots of X^size - 1 into its values at the roots of X^size + 1, in place.
 *
 * There, `A B - C` is -2 times the quotient by X^size - 1: the key's points H are for exactly these values.
 */
export function shiftDomain(curve: Bn254, values: number, size: number): void {
  const { wasm } = curve;
  curve.scoped(() => {
    const generator = rootOfUnity(Math.log2(size) + 1);
    wasm.frm_ifft(values, size);
    wasm.frm_batchApplyKey(values, size, curve.scalar(1n), curve.scalar(generator), values);
    wasm.frm_fft(values, size);
  });
}
