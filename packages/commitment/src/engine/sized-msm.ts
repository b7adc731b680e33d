import { type Bn254, FIELD_BYTES, type Group, SCALAR_ORDER } from './bn254.ts';
import { digitsOfIntegers, digitsOfScalars } from './digits.ts';
import { multiScalar } from './msm.ts';

/** Words of p, little-endian. */
const ORDER = Uint32Array.from({ length: 8 }, (_, k) =>
  Number((SCALAR_ORDER >> BigInt(32 * k)) & 0xffffffffn),
);
/** Integers of at most this number of bits are exact in float64. */
const EXACT_BITS = 53;
/** A class with fewer scalars than this is not worth its own buckets. */
const MIN_CLASS = 256;

/**
 * Multi-scalar multiplication for witnesses: most of their values are zero, one or small, of either sign (p - 1 is -1).
 *
 * Zeros cost nothing, ones and minus ones an addition, integers below 2^53 a few short windows; only the rest takes all
 * windows. For any other scalars it is as fast as {@link multiScalar}, less one pass over them.
 *
 * Not constant-time: the duration reveals how many scalars are small.
 *
 * @param bases address of `count` affine points, none at infinity
 * @param scalars address of `count` canonical scalars, 32 bytes each, not in Montgomery form
 * @param result address of a Jacobian point
 * @param onStep called between pieces of work, for cancellation
 */
export function multiScalarBySize(
  curve: Bn254,
  bases: number,
  scalars: number,
  count: number,
  result: number,
  onStep: () => void = () => {},
  group: Group = curve.g1,
): void {
  const units: number[] = [];
  const small: number[] = [];
  const integers: number[] = [];
  const signs: number[] = [];
  const half: number[] = [];
  const full: number[] = [];
  curve.scoped(() => {
    // Absolute values: a scalar just below p is a small negative one.
    const magnitudes = curve.alloc(count * FIELD_BYTES);
    curve.u8.copyWithin(magnitudes, scalars, scalars + count * FIELD_BYTES);
    for (let j = 0; j < count; j++) {
      const at = (magnitudes >> 2) + 8 * j;
      const negative = curve.u32[at + 7]! >= ORDER[7]! - 1;
      if (negative) subtractFromOrder(curve.u32, at);
      const bits = bitLength(curve.u32, at);
      if (bits === 0) continue;
      const sign = negative ? -1 : 1;
      if (bits === 1) {
        units.push(j);
        signs.push(sign);
      } else if (bits <= EXACT_BITS) {
        small.push(j);
        integers.push(sign * (curve.u32[at]! + curve.u32[at + 1]! * 2 ** 32));
      } else {
        (bits <= 128 ? half : full).push(negative ? -j - 1 : j);
      }
    }
    if (half.length < MIN_CLASS) full.push(...half.splice(0));

    const [points, partial] = [curve.alloc(count * group.pointBytes), curve.alloc(group.jacobianBytes)];
    const gather = (indices: readonly number[]): void => {
      for (const [k, j] of indices.entries()) {
        const to = points + k * group.pointBytes;
        if (j >= 0) group.copyAffine(bases + j * group.pointBytes, to);
        else group.negateAffine(bases + (-j - 1) * group.pointBytes, to);
      }
    };
    const accumulate = (digits: Parameters<typeof multiScalar>[2]): void => {
      multiScalar(curve, points, digits, partial, onStep, group);
      group.add(result, partial, result);
    };
    group.zero(result);
    if (units.length > 0) {
      gather(units);
      accumulate(digitsOfIntegers(Int16Array.from(signs)));
    }
    if (small.length > 0) {
      gather(small);
      accumulate(digitsOfIntegers(Float64Array.from(integers)));
    }
    for (const [indices, bits] of [
      [half, 128],
      [full, 254],
    ] as const) {
      if (indices.length === 0) continue;
      gather(indices);
      // Compact the magnitudes in separate memory: the indices are not in order of their addresses.
      const compact = curve.alloc(indices.length * FIELD_BYTES);
      for (const [k, j] of indices.entries()) {
        const from = magnitudes + (j < 0 ? -j - 1 : j) * FIELD_BYTES;
        curve.u8.copyWithin(compact + k * FIELD_BYTES, from, from + FIELD_BYTES);
      }
      accumulate(digitsOfScalars(curve, compact, indices.length, bits));
    }
  });
}

/** words[at..at+8] = p - words[at..at+8] */
function subtractFromOrder(words: Uint32Array, at: number): void {
  let borrow = 0;
  for (let k = 0; k < 8; k++) {
    const difference = ORDER[k]! - words[at + k]! - borrow;
    borrow = difference < 0 ? 1 : 0;
    words[at + k] = difference;
  }
}

function bitLength(words: Uint32Array, at: number): number {
  for (let k = 7; k >= 0; k--) {
    const word = words[at + k]!;
    if (word !== 0) return 32 * k + 32 - Math.clz32(word);
  }
  return 0;
}
