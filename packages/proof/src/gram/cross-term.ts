import { type Bn254, FIELD_BYTES, SCALAR_ORDER } from '@chorus/commitment/engine';
import { inverse, power } from '../statement/field.ts';

/** 2-adicity of p - 1, and a quadratic non-residue: roots of unity as every BN254 library has them. */
const TWO_ADICITY = 28;
const NON_RESIDUE = 5n;

/** The primitive 2^log2-th root of unity that the WebAssembly FFT uses. */
export function rootOfUnity(log2: number): bigint {
  if (log2 > TWO_ADICITY) throw new RangeError('no root of unity of that order');
  return power(NON_RESIDUE, (SCALAR_ORDER - 1n) >> BigInt(log2));
}

/** Which half of T(X) = v(X) w(1/X) + w(X) v(1/X) is computed: its residue modulo X^N - 1 or X^N + 1. */
export type Half = 'minus' | 'plus';

/**
 * One half of the cross term, in place of `v` (N scalars in Montgomery form; `w` is overwritten too).
 *
 * T(X) = 2c + sum_{k=1}^{N-1} S_k (X^k + X^-k), so
 *   T mod (X^N - 1) has coefficients e_0 = 2c, e_k = S_k + S_{N-k},
 *   T mod (X^N + 1) has coefficients o_0 = 2c, o_k = S_k - S_{N-k},
 * and S_k = (e_k + o_k) / 2. Each half is evaluated on N points, the roots of X^N - 1 or X^N + 1, a set closed under
 * x -> 1/x, so the values at 1/x are a permutation of those at x: two FFTs of size N, a product, one inverse FFT.
 * Both halves together cost what the three FFTs of size 2N of the product v(X) rev(w)(X) would, need half the memory
 * each, and run in two threads without exchanging anything.
 */
export function crossTermHalf(curve: Bn254, half: Half, v: number, w: number, size: number): void {
  const { wasm } = curve;
  curve.scoped(() => {
    // The roots of X^N + 1 are g * eta^i with g^2 = eta: shift coefficients by powers of g.
    const generator = rootOfUnity(Math.log2(size) + 1);
    const [one, g] = [curve.scalar(1n), curve.scalar(generator)];
    if (half === 'plus') for (const f of [v, w]) wasm.frm_batchApplyKey(f, size, one, g, f);
    wasm.frm_fft(v, size);
    wasm.frm_fft(w, size);
    // 1/eta^i = eta^(N-i); 1/(g eta^i) = g eta^(N-1-i).
    const mirror = half === 'minus' ? size : size - 1;
    const [first, second] = [curve.alloc(FIELD_BYTES), curve.alloc(FIELD_BYTES)];
    for (let i = 0; i <= mirror / 2; i++) {
      const j = (mirror - i) % size;
      const [at, other] = [i * FIELD_BYTES, j * FIELD_BYTES];
      wasm.frm_mul(v + at, w + other, first);
      wasm.frm_mul(w + at, v + other, second);
      wasm.frm_add(first, second, v + at);
      wasm.frm_copy(v + at, v + other);
    }
    wasm.frm_ifft(v, size);
    if (half === 'plus') wasm.frm_batchApplyKey(v, size, one, curve.scalar(inverse(generator)), v);
  });
}

/**
 * Coefficients [from, to) of S(X) = sum_k S_k X^(k-1) from both halves, in Montgomery form.
 * @param minus, plus the halves' coefficients, N each, in shared memory
 */
export function joinHalves(
  curve: Bn254,
  minus: Uint8Array,
  plus: Uint8Array,
  from: number,
  to: number,
  output: number,
): void {
  const { wasm } = curve;
  const size = minus.length / FIELD_BYTES;
  // The last coefficient, of X^(N-1), does not exist: S has degree N - 2.
  const last = Math.min(to, size - 1);
  const bytes = (last - from) * FIELD_BYTES;
  curve.u8.fill(0, output, output + (to - from) * FIELD_BYTES);
  curve.scoped(() => {
    const half = curve.scalar(inverse(2n));
    const added = curve.alloc(bytes);
    const start = (from + 1) * FIELD_BYTES;
    curve.u8.set(minus.subarray(start, start + bytes), output);
    curve.u8.set(plus.subarray(start, start + bytes), added);
    for (let at = 0; at < bytes; at += FIELD_BYTES) {
      wasm.frm_add(output + at, added + at, output + at);
      wasm.frm_mul(output + at, half, output + at);
    }
  });
}
