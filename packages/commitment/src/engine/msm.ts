import { AffineAdder } from './affine-adder.ts';
import { type Bn254, G1_BYTES, G1_JACOBIAN_BYTES } from './bn254.ts';
import type { Digits } from './digits.ts';

/** Points added per batch: its working set stays in the second-level cache and one inversion is amortised. */
const CHUNK = 2048;

/**
 * Multi-scalar multiplication by buckets (Pippenger) with batched affine additions.
 *
 * Not constant-time: scalars are published updates and proof polynomials, never keys.
 *
 * @param bases address of `digits.count` affine points, none at infinity
 * @param result address of a Jacobian point
 * @param onWindow called after each window, for progress and cancellation
 */
export function multiScalar(
  curve: Bn254,
  bases: number,
  digits: Digits,
  result: number,
  onWindow: (done: number, windows: number) => void = () => {},
): void {
  const { wasm } = curve;
  curve.scoped(() => {
    const sum = curve.alloc(G1_JACOBIAN_BYTES);
    const buckets = new BucketArray(curve, Math.max(1, ...digits.largest));
    wasm.g1m_zero(result);
    for (let w = digits.windows - 1; w >= 0; w--) {
      for (let k = 0; k < digits.bits && w < digits.windows - 1; k++) wasm.g1m_double(result, result);
      const window = digits.values.subarray(w * digits.count, (w + 1) * digits.count);
      buckets.clear(digits.largest[w]!);
      for (let from = 0; from < digits.count; from += CHUNK) {
        buckets.add(bases + from * G1_BYTES, window.subarray(from, from + CHUNK));
      }
      buckets.sum(sum);
      wasm.g1m_add(result, sum, result);
      onWindow(digits.windows - w, digits.windows);
    }
  });
}

/** Bucket b holds the sum of the points with digit b+1, less those with digit -(b+1). */
class BucketArray {
  private readonly curve: Bn254;
  private readonly adder: AffineAdder;
  private readonly points: number;
  private readonly scratch: number;
  private used = 0;
  /** Which item of the current round waits in a bucket for a partner. */
  private readonly waiting: Int32Array;
  private readonly waitingSince: Int32Array;
  private round = 0;
  private readonly itemBucket = new Int32Array(CHUNK);
  private readonly itemPoint = new Int32Array(CHUNK);
  private readonly itemSlot = new Int32Array(CHUNK);

  constructor(curve: Bn254, size: number) {
    this.curve = curve;
    this.points = curve.alloc(size * G1_BYTES);
    this.scratch = curve.alloc(CHUNK * G1_BYTES);
    this.adder = new AffineAdder(curve, CHUNK);
    this.waiting = new Int32Array(size);
    this.waitingSince = new Int32Array(size);
  }

  /** Empties the first `size` buckets; only they are used until the next call. */
  clear(size: number): void {
    this.used = size;
    this.curve.u8.fill(0, this.points, this.points + size * G1_BYTES);
  }

  /** Adds at most CHUNK points into the buckets their digits name. */
  add(bases: number, digits: Int16Array | Int32Array): void {
    const { curve, adder, itemBucket, itemPoint } = this;
    const count = this.pairUp(this.place(bases, digits));
    for (let k = 0; k < count; k++) {
      const bucket = this.points + itemBucket[k]! * G1_BYTES;
      if (curve.isInfinity(bucket)) curve.wasm.g1m_copyAffine(itemPoint[k]!, bucket);
      else adder.push(bucket, itemPoint[k]!, bucket);
    }
    adder.flush();
  }

  /** One item for each non-zero digit; points of negative digits are negated into scratch space. */
  private place(bases: number, digits: Int16Array | Int32Array): number {
    const { itemBucket, itemPoint, itemSlot, scratch, curve } = this;
    let count = 0;
    for (let j = 0; j < digits.length; j++) {
      const digit = digits[j]!;
      if (digit === 0) continue;
      const slot = scratch + count * G1_BYTES;
      const point = bases + j * G1_BYTES;
      if (digit < 0) curve.wasm.g1m_negAffine(point, slot);
      itemBucket[count] = (digit < 0 ? -digit : digit) - 1;
      itemPoint[count] = digit < 0 ? slot : point;
      itemSlot[count] = slot;
      count++;
    }
    return count;
  }

  /** Adds items of the same bucket pairwise, in rounds, until each bucket has at most one. */
  private pairUp(items: number): number {
    const { itemBucket, itemPoint, itemSlot, waiting, waitingSince, adder } = this;
    let count = items;
    for (;;) {
      const round = ++this.round;
      let kept = 0;
      for (let k = 0; k < count; k++) {
        const bucket = itemBucket[k]!;
        const other = waitingSince[bucket] === round ? waiting[bucket]! : -1;
        if (other >= 0) {
          adder.push(itemPoint[other]!, itemPoint[k]!, itemSlot[other]!);
          itemPoint[other] = itemSlot[other]!;
          waiting[bucket] = -1;
          continue;
        }
        waitingSince[bucket] = round;
        waiting[bucket] = kept;
        itemBucket[kept] = bucket;
        itemPoint[kept] = itemPoint[k]!;
        itemSlot[kept] = itemSlot[k]!;
        kept++;
      }
      if (kept === count) return count;
      adder.flush();
      count = kept;
    }
  }

  /** result = sum_b (b+1) * bucket_b, by a running sum from the top. */
  sum(result: number): void {
    const { curve, points } = this;
    curve.scoped(() => {
      const running = curve.alloc(G1_JACOBIAN_BYTES);
      curve.wasm.g1m_zero(running);
      curve.wasm.g1m_zero(result);
      for (let b = this.used - 1; b >= 0; b--) {
        const bucket = points + b * G1_BYTES;
        if (!curve.isInfinity(bucket)) curve.wasm.g1m_addMixed(running, bucket, running);
        curve.wasm.g1m_add(result, running, result);
      }
    });
  }
}
