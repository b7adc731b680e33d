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

/**
 * The transpose of a matrix whose rows may be in another order.
 *
 * @param stored [rows, columns], row-major
 * @param storedRow where each row is in `stored`
 * @returns [columns, rows]
 */
export function transposed(
  stored: Float32Array,
  rows: number,
  columns: number,
  storedRow: (row: number) => number = (row) => row,
): Float32Array {
  const out = new Float32Array(rows * columns);
  for (let r0 = 0; r0 < rows; r0 += TILE) {
    const r1 = Math.min(rows, r0 + TILE);
    const from = Array.from({ length: r1 - r0 }, (_, i) => storedRow(r0 + i) * columns);
    for (let c0 = 0; c0 < columns; c0 += TILE) {
      const c1 = Math.min(columns, c0 + TILE);
      for (let c = c0; c < c1; c++) {
        for (let r = r0; r < r1; r++) out[c * rows + r] = stored[from[r - r0]! + c]!;
      }
    }
  }
  return out;
}
