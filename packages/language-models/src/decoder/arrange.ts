import type { WeightPlace } from './weights.ts';

/** Rows and columns that are moved together, so that both sides of a copy stay in the cache. */
const TILE = 32;

/**
 * The row of a head at which llama.cpp's conversion put each row. Hugging Face rotates number i of a head with number
 * i + size / 2; ggml's llama rotates neighbours, so the conversion interleaves the halves
 * (`LlamaModel.permute` of convert_hf_to_gguf.py).
 *
 * @param row a row in Hugging Face's order, over all heads
 * @param headSize rows of one head
 */
export function interleavedRow(row: number, headSize: number): number {
  const within = row % headSize;
  const half = headSize / 2;
  return row - within + (within < half ? 2 * within : 2 * (within - half) + 1);
}

/** Hugging Face's row that llama.cpp's conversion put at a row: the inverse of {@link interleavedRow}. */
export function originalRow(row: number, headSize: number): number {
  const within = row % headSize;
  return row - within + (within >> 1) + (within % 2) * (headSize / 2);
}

/**
 * Rows in another order.
 *
 * @param values [rows, columns], row-major
 * @param from where each row of the result is in `values`
 */
export function reordered(
  values: Float32Array,
  rows: number,
  columns: number,
  from: (row: number) => number,
): Float32Array {
  const out = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const at = from(row) * columns;
    out.set(values.subarray(at, at + columns), row * columns);
  }
  return out;
}

/**
 * The transpose of a matrix.
 *
 * @param values [rows, columns], row-major
 * @returns [columns, rows]
 */
export function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(rows * columns);
  for (let r0 = 0; r0 < rows; r0 += TILE) {
    const r1 = Math.min(rows, r0 + TILE);
    for (let c0 = 0; c0 < columns; c0 += TILE) {
      const c1 = Math.min(columns, c0 + TILE);
      for (let c = c0; c < c1; c++) {
        for (let r = r0; r < r1; r++) out[c * rows + r] = values[r * columns + c]!;
      }
    }
  }
  return out;
}

/** A weight as products take it, from its rows: matrices of the layers are turned, [out, in] to [in, out]. */
export function turned({ shape, order }: WeightPlace, rows: Float32Array): Float32Array {
  const [columns, count] = shape as [number, number];
  return order === 'as-is' ? rows : transposed(rows, count, columns);
}
