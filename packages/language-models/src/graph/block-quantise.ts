/** Numbers that share a scale. */
export const BLOCK_SIZE = 32;

/** Stored for zero: integers of 8 bits without sign, as MatMulNBits of onnxruntime takes them without zero points. */
const ZERO = 128;
/** Largest integer on each side of zero. */
const MOST = 127;

/** Rows of a matrix in integers of 8 bits, each block of 32 along a row with its own scale. */
export interface QuantisedRows {
  /** [rows, columns]: a number is scale (stored - 128). */
  readonly data: Uint8Array;
  /** [rows, columns / 32] */
  readonly scales: Float32Array;
}

/**
 * Quantises rows, one matrix under the other: scale = largest magnitude of the block / 127, integer = round(number /
 * scale). The same bits on every machine.
 *
 * @param matrices each [rows, columns], row-major
 * @throws RangeError if they are no multiple of 32
 */
export function quantiseRows(matrices: readonly Float32Array[], columns: number): QuantisedRows {
  if (columns % BLOCK_SIZE !== 0) throw new RangeError(`rows of ${columns} are no multiple of ${BLOCK_SIZE}`);
  const elements = matrices.reduce((sum, { length }) => sum + length, 0);
  const data = new Uint8Array(elements);
  const scales = new Float32Array(elements / BLOCK_SIZE);
  let to = 0;
  for (const values of matrices) {
    for (let from = 0; from < values.length; from += BLOCK_SIZE) {
      const end = from + BLOCK_SIZE;
      let most = 0;
      for (let at = from; at < end; at++) {
        const value = values[at]!;
        if (value > most) most = value;
        else if (-value > most) most = -value;
      }
      const scale = Math.fround(most / MOST);
      scales[to / BLOCK_SIZE] = scale;
      const inverse = scale === 0 ? 0 : 1 / scale;
      // The array cuts off the fraction: with a half more, that rounds. All of it is between 1 and 256.
      for (let at = from; at < end; at++) data[to++] = values[at]! * inverse + (ZERO + 0.5);
    }
  }
  return { data, scales };
}
