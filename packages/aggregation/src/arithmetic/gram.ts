import { ChorusError, MAX_DIMENSION } from '@chorus/protocol';

/** Trainers of one Gram matrix. */
export const MAX_TRAINER_ROWS = 64;

/** Vectors of one Gram matrix: at most four head rows (references and their novelty), and the trainers. */
export const MAX_ROWS = 4 + MAX_TRAINER_ROWS;

/** Entries of a row: an int16 update, a sum of at most 15 int16 references (below 2^19), or the sum's novelty. */
const MAX_ROW_ENTRY = 2 ** 20;

/** Entries per block. A block's inner product is below 2^11 * 2^20 * 2^20 = 2^51, so float64 holds it exactly. */
const BLOCK = 2048;

/** Above this a running sum moves to a bigint; with a block's at most 2^51 it stays below 2^53. */
const SPILL = 2 ** 52;

/**
 * The exact Gram matrix of integer vectors: `G[i][j] = sum_k vectors[i][k] * vectors[j][k]`.
 *
 * Symmetric, one row for each vector, all of one length d <= 2^22. The first rows, by convention those of the
 * references, may be int32 sums. Sums run in float64 over blocks that cannot leave the exact range and
 * are carried in bigint beyond it: no rounding anywhere.
 *
 * Synchronous: n = 16 at d = 2^20 takes a few tenths of a second, so call it in a worker thread.
 *
 * @throws ChorusError `E_GRAM_INPUT` for no or too many vectors, unequal lengths, or entries of 2^20 and more
 * @example
 * gramMatrix([Int16Array.of(1, 2), Int16Array.of(3, 4)]); // [[5n, 11n], [11n, 25n]]
 */
export function gramMatrix(vectors: readonly (Int16Array | Int32Array)[]): bigint[][] {
  const rows = vectors.length;
  const length = vectors[0]?.length ?? 0;
  checkRows(vectors, length);

  const sums = new Float64Array(rows * rows);
  const spilled: bigint[] = new Array<bigint>(rows * rows).fill(0n);
  // One block of every vector, as float64, fits the second-level cache.
  const block = Array.from({ length: rows }, () => new Float64Array(BLOCK));
  for (let from = 0; from < length; from += BLOCK) {
    const count = Math.min(BLOCK, length - from);
    for (let i = 0; i < rows; i++) block[i]!.set(vectors[i]!.subarray(from, from + count));
    for (let i = 0; i < rows; i += 2) {
      for (let j = i; j < rows; j += 2) tile(block, sums, rows, i, j, count);
    }
    for (let k = 0; k < sums.length; k++) {
      if (Math.abs(sums[k]!) >= SPILL) {
        spilled[k] = spilled[k]! + BigInt(sums[k]!);
        sums[k] = 0;
      }
    }
  }
  const entry = (i: number, j: number): bigint => spilled[i * rows + j]! + BigInt(sums[i * rows + j]!);
  return Array.from({ length: rows }, (_, i) =>
    Array.from({ length: rows }, (_, j) => (i <= j ? entry(i, j) : entry(j, i))),
  );
}

/** Adds the four inner products of rows i, i+1 with rows j, j+1 over one block: four products per four loads. */
function tile(
  block: readonly Float64Array[],
  sums: Float64Array,
  rows: number,
  i: number,
  j: number,
  count: number,
): void {
  // A missing last row repeats the one before it; its products are not stored.
  const a0 = block[i]!;
  const a1 = block[i + 1] ?? a0;
  const b0 = block[j]!;
  const b1 = block[j + 1] ?? b0;
  let s00 = 0;
  let s01 = 0;
  let s10 = 0;
  let s11 = 0;
  for (let k = 0; k < count; k++) {
    const x0 = a0[k]!;
    const x1 = a1[k]!;
    const y0 = b0[k]!;
    const y1 = b1[k]!;
    s00 += x0 * y0;
    s01 += x0 * y1;
    s10 += x1 * y0;
    s11 += x1 * y1;
  }
  const hasRow = i + 1 < rows;
  const hasColumn = j + 1 < rows;
  sums[i * rows + j]! += s00;
  if (hasColumn) sums[i * rows + j + 1]! += s01;
  // On the diagonal (i = j) s10 lies below it and is the same as s01.
  if (hasRow && j > i) sums[(i + 1) * rows + j]! += s10;
  if (hasRow && hasColumn) sums[(i + 1) * rows + j + 1]! += s11;
}

function checkRows(vectors: readonly (Int16Array | Int32Array)[], length: number): void {
  if (vectors.length < 1 || vectors.length > MAX_ROWS || length < 1 || length > MAX_DIMENSION) {
    throw new ChorusError(
      'E_GRAM_INPUT',
      `a Gram matrix needs 1 to ${MAX_ROWS} vectors of 1 to 2^22 entries`,
      {
        facts: { vectors: vectors.length, entries: length },
      },
    );
  }
  for (const [i, vector] of vectors.entries()) {
    if (vector.length !== length) {
      throw new ChorusError('E_GRAM_INPUT', 'the vectors do not have one length', {
        facts: { vector: i, entries: vector.length, expected: length },
      });
    }
    if (vector instanceof Int16Array) continue;
    for (let k = 0; k < length; k++) {
      if (Math.abs(vector[k]!) >= MAX_ROW_ENTRY) {
        throw new ChorusError('E_GRAM_INPUT', 'an entry is too large for an exact sum', {
          facts: { vector: i, index: k, entry: vector[k]! },
        });
      }
    }
  }
}
