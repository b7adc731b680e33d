import { type Bn254, FIELD_BYTES, G1_JACOBIAN_BYTES } from './bn254.ts';

/**
 * Adds many independent pairs of affine points at once, sharing one field inversion (Montgomery's trick).
 *
 * An affine addition then costs about 6 multiplications instead of the 11 of a mixed Jacobian one: 0.4
 * against 0.75 microseconds here. Equal, opposite and infinite points take the complete formula.
 */
export class AffineAdder {
  private readonly curve: Bn254;
  private readonly left: Int32Array;
  private readonly right: Int32Array;
  private readonly target: Int32Array;
  private count = 0;
  private readonly differences: number;
  private readonly inverses: number;
  private readonly slope: number;
  private readonly x: number;
  private readonly sum: number;

  constructor(curve: Bn254, capacity: number) {
    this.curve = curve;
    this.left = new Int32Array(capacity);
    this.right = new Int32Array(capacity);
    this.target = new Int32Array(capacity);
    this.differences = curve.alloc(capacity * FIELD_BYTES);
    this.inverses = curve.alloc(capacity * FIELD_BYTES);
    this.slope = curve.alloc(FIELD_BYTES);
    this.x = curve.alloc(FIELD_BYTES);
    this.sum = curve.alloc(G1_JACOBIAN_BYTES);
  }

  /** Notes `target = left + right`; no target may be an operand of another pair of the same batch. */
  push(left: number, right: number, target: number): void {
    this.left[this.count] = left;
    this.right[this.count] = right;
    this.target[this.count] = target;
    this.count++;
  }

  /** Computes what was pushed. */
  flush(): void {
    const { curve, left, right, target, differences, inverses, slope, x, count } = this;
    const { wasm } = curve;
    this.count = 0;
    if (count === 0) return;
    for (let k = 0; k < count; k++) {
      const [a, b, d] = [left[k]!, right[k]!, differences + k * FIELD_BYTES];
      if (curve.isInfinity(a) || curve.isInfinity(b)) {
        this.addCompletely(a, b, target[k]!);
        target[k] = -1;
        // Batch inversion leaves zeros alone.
        wasm.f1m_sub(a, a, d);
        continue;
      }
      wasm.f1m_sub(b, a, d);
      if (curve.u32[d >> 2] === 0 && wasm.f1m_isZero(d) === 1) {
        this.addCompletely(a, b, target[k]!);
        target[k] = -1;
      }
    }
    wasm.f1m_batchInverse(differences, FIELD_BYTES, count, inverses, FIELD_BYTES);
    for (let k = 0; k < count; k++) {
      const to = target[k]!;
      if (to < 0) continue;
      const [a, b] = [left[k]!, right[k]!];
      // slope = (y_b - y_a) / (x_b - x_a); x = slope^2 - x_a - x_b; y = slope (x_a - x) - y_a
      wasm.f1m_sub(b + FIELD_BYTES, a + FIELD_BYTES, slope);
      wasm.f1m_mul(slope, inverses + k * FIELD_BYTES, slope);
      wasm.f1m_square(slope, x);
      wasm.f1m_sub(x, a, x);
      wasm.f1m_sub(x, b, x);
      const [xa, ya] = [a, a + FIELD_BYTES];
      wasm.f1m_sub(xa, x, this.sum);
      wasm.f1m_mul(slope, this.sum, slope);
      wasm.f1m_sub(slope, ya, to + FIELD_BYTES);
      wasm.f1m_copy(x, to);
    }
  }

  private addCompletely(a: number, b: number, target: number): void {
    const { wasm } = this.curve;
    if (this.curve.isInfinity(a)) wasm.g1m_copyAffine(b, target);
    else if (this.curve.isInfinity(b)) wasm.g1m_copyAffine(a, target);
    else {
      wasm.g1m_addAffine(a, b, this.sum);
      wasm.g1m_toAffine(this.sum, target);
    }
  }
}
