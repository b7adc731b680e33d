import { AffineAdder } from './affine-adder.ts';
import type { Bn254, Group } from './bn254.ts';
import type { Digits } from './digits.ts';

/** Points added per batch: its working set stays in the second-level cache and one inversion is amortised. */
const CHUNK = 2048;
/** From this number of buckets on, their weighted sum is cheaper as sums of rows and columns. */
const BUCKETS_FOR_ROWS = 128;

/**
 * Multi-scalar multiplication by buckets (Pippenger) with batched affine additions.
 *
 * Not constant-time: scalars are published updates, proof polynomials and witnesses, never keys.
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
  group: Group = curve.g1,
): void {
  curve.scoped(() => {
    const sum = curve.alloc(group.jacobianBytes);
    const buckets = new BucketArray(curve, group, Math.max(1, ...digits.largest));
    group.zero(result);
    for (let w = digits.windows - 1; w >= 0; w--) {
      for (let k = 0; k < digits.bits && w < digits.windows - 1; k++) group.double(result, result);
      const window = digits.values.subarray(w * digits.count, (w + 1) * digits.count);
      buckets.clear(digits.largest[w]!);
      for (let from = 0; from < digits.count; from += CHUNK) {
        buckets.add(bases + from * group.pointBytes, window.subarray(from, from + CHUNK));
      }
      buckets.sum(sum);
      group.add(result, sum, result);
      onWindow(digits.windows - w, digits.windows);
    }
  });
}

/** Bucket b holds the sum of the points with digit b+1, less those with digit -(b+1). */
class BucketArray {
  private readonly curve: Bn254;
  private readonly group: Group;
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

  constructor(curve: Bn254, group: Group, size: number) {
    this.curve = curve;
    this.group = group;
    this.points = curve.alloc(size * group.pointBytes);
    this.scratch = curve.alloc(CHUNK * group.pointBytes);
    this.adder = new AffineAdder(curve, CHUNK, group);
    this.waiting = new Int32Array(size);
    this.waitingSince = new Int32Array(size);
  }

  /** Empties the first `size` buckets; only they are used until the next call. */
  clear(size: number): void {
    this.used = size;
    this.curve.u8.fill(0, this.points, this.points + size * this.group.pointBytes);
  }

  /** Adds at most CHUNK points into the buckets their digits name. */
  add(bases: number, digits: Int16Array | Int32Array): void {
    const { curve, group, adder, itemBucket, itemPoint } = this;
    const count = this.pairUp(this.place(bases, digits));
    for (let k = 0; k < count; k++) {
      const bucket = this.points + itemBucket[k]! * group.pointBytes;
      if (curve.isInfinity(bucket, group)) group.copyAffine(itemPoint[k]!, bucket);
      else adder.push(bucket, itemPoint[k]!, bucket);
    }
    adder.flush();
  }

  /** One item for each non-zero digit; points of negative digits are negated into scratch space. */
  private place(bases: number, digits: Int16Array | Int32Array): number {
    const { itemBucket, itemPoint, itemSlot, scratch, group } = this;
    let count = 0;
    for (let j = 0; j < digits.length; j++) {
      const digit = digits[j]!;
      if (digit === 0) continue;
      const slot = scratch + count * group.pointBytes;
      const point = bases + j * group.pointBytes;
      if (digit < 0) group.negateAffine(point, slot);
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

  /** result = sum_b (b+1) * bucket_b; the buckets are spent. */
  sum(result: number): void {
    const { curve, group, points, used } = this;
    if (used < BUCKETS_FOR_ROWS) {
      weightedSum(curve, group, points, used, result);
      return;
    }
    // b + 1 = width * row + column + 1: rows weigh width * row, columns weigh column + 1.
    const width = 2 ** Math.ceil(Math.log2(used) / 2);
    const height = Math.ceil(used / width);
    curve.scoped(() => {
      const rows = curve.alloc(width * height * group.pointBytes);
      const bytes = used * group.pointBytes;
      curve.u8.copyWithin(rows, points, points + bytes);
      curve.u8.fill(0, rows + bytes, rows + width * height * group.pointBytes);
      const columns = curve.alloc(width * height * group.pointBytes);
      curve.u8.copyWithin(columns, rows, rows + width * height * group.pointBytes);
      // Row r ends up in rows[r * width]; column c in columns[c].
      this.fold(rows, width, height, 1, width);
      this.fold(columns, height, width, width, 1);
      for (let r = 1; r < height; r++) {
        group.copyAffine(rows + r * width * group.pointBytes, rows + (r - 1) * group.pointBytes);
      }
      const sum = curve.alloc(group.jacobianBytes);
      weightedSum(curve, group, rows, height - 1, result);
      for (let k = 1; k < width; k *= 2) group.double(result, result);
      weightedSum(curve, group, columns, width, sum);
      group.add(result, sum, result);
    });
  }

  /** Adds `length` items, `step` apart, into the first, for each of `lanes` lines that are `stride` apart, by halving. */
  private fold(at: number, length: number, lanes: number, step: number, stride: number): void {
    const { curve, group, adder } = this;
    for (let left = length; left > 1; ) {
      const kept = Math.ceil(left / 2);
      let pushed = 0;
      for (let lane = 0; lane < lanes; lane++) {
        for (let k = kept; k < left; k++) {
          const to = at + (lane * stride + (k - kept) * step) * group.pointBytes;
          const from = at + (lane * stride + k * step) * group.pointBytes;
          if (curve.isInfinity(from, group)) continue;
          adder.push(to, from, to);
          if (++pushed === CHUNK) {
            adder.flush();
            pushed = 0;
          }
        }
      }
      adder.flush();
      left = kept;
    }
  }
}

/** result = sum_k (k+1) * point_k over affine points, by a running sum from the top. */
function weightedSum(curve: Bn254, group: Group, points: number, count: number, result: number): void {
  curve.scoped(() => {
    const running = curve.alloc(group.jacobianBytes);
    group.zero(running);
    group.zero(result);
    for (let k = count - 1; k >= 0; k--) {
      const point = points + k * group.pointBytes;
      if (!curve.isInfinity(point, group)) group.addMixed(running, point, running);
      group.add(result, running, result);
    }
  });
}
