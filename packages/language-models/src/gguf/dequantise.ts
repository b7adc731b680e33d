import { corrupt, shown } from './faults.ts';
import { halves } from './half.ts';
import type { GgufTensor, TensorType } from './model.ts';

/**
 * The numbers of a tensor in float32, in the order of the file: the innermost axis varies fastest.
 *
 * Every value is the exact result rounded once to float32, so it has the same bits on every machine: a product of a
 * half-precision scale and an integer of 8 bits is exact, and JavaScript adds in float64.
 *
 * @throws ChorusError `E_MODEL_CORRUPT` if a number is infinite or not a number
 */
export function dequantise({ name, type, data }: GgufTensor): Float32Array {
  const values = READERS[type](data);
  // One pass: a sum is finite unless a value is not, for weights of any sensible size.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  if (!Number.isFinite(sum)) {
    const at = values.findIndex((value) => !Number.isFinite(value));
    throw corrupt('a weight is not a finite number', { tensor: shown(name), at });
  }
  return values;
}

/** The bytes at a place that any typed array can begin at; `slice` of a Buffer would be a view. */
const copied = (data: Uint8Array): ArrayBuffer => new Uint8Array(data).buffer;

/** Elements of a block of the quantised types (QK4_0, QK4_1, QK8_0 of ggml-common.h). */
const BLOCK = 32;

const READERS: Readonly<Record<TensorType, (data: Uint8Array) => Float32Array>> = {
  F32: (data) => new Float32Array(copied(data)),
  F16: (data) => {
    const table = halves();
    return Float32Array.from(new Uint16Array(copied(data)), (bits) => table[bits]!);
  },
  // The upper half of a float32.
  BF16: (data) =>
    new Float32Array(Uint32Array.from(new Uint16Array(copied(data)), (bits) => bits << 16).buffer),
  // Scale d, then 32 integers of 8 bits: d q.
  Q8_0: (data) =>
    blocks(data, 34, (at, scale, out, to) => {
      for (let i = 0; i < BLOCK; i++) out[to + i] = scale * ((data[at + 2 + i]! << 24) >> 24);
    }),
  // Scale d, then 16 bytes: the low halves are the first 16 integers, the high halves the others; d (q - 8).
  Q4_0: (data) =>
    blocks(data, 18, (at, scale, out, to) => {
      for (let i = 0; i < BLOCK / 2; i++) {
        const both = data[at + 2 + i]!;
        out[to + i] = scale * ((both & 15) - 8);
        out[to + i + BLOCK / 2] = scale * ((both >> 4) - 8);
      }
    }),
  // Scale d and least value m, then 16 bytes as in Q4_0: d q + m.
  Q4_1: (data) => {
    const table = halves();
    return blocks(data, 20, (at, scale, out, to) => {
      const least = table[data[at + 2]! | (data[at + 3]! << 8)]!;
      for (let i = 0; i < BLOCK / 2; i++) {
        const both = data[at + 4 + i]!;
        out[to + i] = scale * (both & 15) + least;
        out[to + i + BLOCK / 2] = scale * (both >> 4) + least;
      }
    });
  },
};

/** Reads block after block; each begins with its scale in half precision. */
function blocks(
  data: Uint8Array,
  blockBytes: number,
  read: (at: number, scale: number, out: Float32Array, to: number) => void,
): Float32Array {
  const table = halves();
  const count = data.length / blockBytes;
  const out = new Float32Array(count * BLOCK);
  for (let b = 0; b < count; b++) {
    const at = b * blockBytes;
    read(at, table[data[at]! | (data[at + 1]! << 8)]!, out, b * BLOCK);
  }
  return out;
}
