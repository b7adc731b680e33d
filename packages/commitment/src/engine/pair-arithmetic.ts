/// <reference path="./wasmcurves.d.ts" />
import type { Bn254 } from './bn254.ts';
import { BASE_ORDER, FIELD_BYTES } from './constants.ts';
import { CONSTANT_BYTES, PAIR_BYTES, pairKernel } from './pair-kernel.ts';

/** Exports of the kernel; arguments are addresses. */
export interface PairExports {
  /** Montgomery product with R = 2^255 of pairs of elements. */
  mul(out: number, a: number, b: number): void;
  /** A pair of elements from two places. */
  read(out: number, first: number, second: number): void;
  /** A pair of elements to two places, canonical; the last two arguments are for variants that subtract. */
  write(first: number, second: number, pair: number, unused: number, unusedToo: number): void;
  /** Notes x_b - x_a and the product of those before, and multiplies it with them. */
  forward(a0: number, b0: number, a1: number, b1: number, item: number, acc: number, scratch: number): void;
  /** t = a + b, given the inverse of the product of all differences up to this pair's. */
  backward(
    a0: number,
    b0: number,
    t0: number,
    a1: number,
    b1: number,
    t1: number,
    item: number,
    acc: number,
    scratch: number,
  ): void;
}

/** Products compared before the kernel is used. */
const TRIALS = 32;

/**
 * The kernel for two additions at once in the memory of `curve`; null if this machine or runtime has no exact fused
 * multiply-add, which a comparison with the library's arithmetic detects.
 */
export function startPairKernel(curve: Bn254, memory: WebAssembly.Memory): PairExports | null {
  const table = curve.alloc(CONSTANT_BYTES);
  const { code, constants } = pairKernel(table);
  curve.u8.set(new Uint8Array(constants.buffer), table);
  let pairs: PairExports;
  try {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(code), { env: { memory } });
    pairs = instance.exports as unknown as PairExports;
  } catch {
    return null;
  }
  return isExact(curve, pairs) ? pairs : null;
}

function isExact(curve: Bn254, pairs: PairExports): boolean {
  return curve.scoped(() => {
    const [a, b, result, expected] = [0, 0, 0, 0].map(() => curve.alloc(2 * FIELD_BYTES)) as [
      number,
      number,
      number,
      number,
    ];
    const [left, right] = [curve.alloc(PAIR_BYTES), curve.alloc(PAIR_BYTES)];
    let value = BASE_ORDER - 1n;
    for (let trial = 0; trial < TRIALS; trial++) {
      for (const at of [a, b, a + FIELD_BYTES, b + FIELD_BYTES]) {
        curve.writeInteger(at, value);
        if (trial > 0) value = (value * value + BigInt(trial)) % BASE_ORDER;
      }
      pairs.read(left, a, a + FIELD_BYTES);
      pairs.read(right, b, b + FIELD_BYTES);
      pairs.mul(left, left, right);
      pairs.write(result, result + FIELD_BYTES, left, left, left);
      if (trial === 0) value = BASE_ORDER / 3n;
      for (const lane of [0, FIELD_BYTES]) {
        // a b / 2^255 = 2 a b / 2^256
        curve.wasm.f1m_mul(a + lane, b + lane, expected);
        curve.wasm.f1m_add(expected, expected, expected);
        if (curve.readInteger(expected) !== curve.readInteger(result + lane)) return false;
      }
    }
    return true;
  });
}

/** Adds affine points of G1 pairwise, two at a time, with one inversion for each of two halves of a batch. */
export class PairAdder {
  private readonly curve: Bn254;
  private readonly pairs: PairExports;
  private readonly items: number;
  private readonly acc: number;
  private readonly scratch: number;
  private readonly one: number;
  private readonly words: number;
  private readonly quarter: number;
  private readonly spare: number;

  constructor(curve: Bn254, pairs: PairExports, capacity: number) {
    this.curve = curve;
    this.pairs = pairs;
    this.items = curve.alloc(Math.ceil(capacity / 2) * 2 * PAIR_BYTES);
    this.acc = curve.alloc(PAIR_BYTES);
    this.scratch = curve.alloc(5 * PAIR_BYTES);
    this.one = curve.alloc(FIELD_BYTES);
    curve.writeInteger(this.one, 2n ** 255n % BASE_ORDER);
    // The library's inverse of x is 2^512 / x; here it must be 2^510 / x.
    this.quarter = curve.alloc(FIELD_BYTES);
    curve.writeInteger(this.quarter, 2n ** 254n % BASE_ORDER);
    this.words = curve.alloc(2 * FIELD_BYTES);
    this.spare = curve.alloc(2 * FIELD_BYTES);
  }

  /** target_k = left_k + right_k for points that are neither at infinity nor have equal x. */
  add(left: Int32Array, right: Int32Array, target: Int32Array, count: number): void {
    const { curve, pairs, items, acc, scratch, words } = this;
    const { wasm } = curve;
    pairs.read(acc, this.one, this.one);
    const last = count - 1;
    for (let k = 0, item = items; k < count; k += 2, item += 2 * PAIR_BYTES) {
      const other = k < last ? k + 1 : k;
      pairs.forward(left[k]!, right[k]!, left[other]!, right[other]!, item, acc, scratch);
    }
    pairs.write(words, words + FIELD_BYTES, acc, acc, acc);
    for (const at of [words, words + FIELD_BYTES]) {
      wasm.f1m_inverse(at, at);
      wasm.f1m_mul(at, this.quarter, at);
    }
    pairs.read(acc, words, words + FIELD_BYTES);
    for (let k = last - (last % 2); k >= 0; k -= 2) {
      // The odd one out is added twice; the second result is discarded.
      const other = k < last ? k + 1 : k;
      const to = k < last ? target[other]! : this.spare;
      const item = items + k * PAIR_BYTES;
      // biome-ignore format: operands side by side
      pairs.backward(left[k]!, right[k]!, target[k]!, left[other]!, right[other]!, to, item, acc, scratch);
    }
  }
}
