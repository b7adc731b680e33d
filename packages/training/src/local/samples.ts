import { SampleReader } from '../data/sample-file.ts';
import type { SentData } from '../jobs/messages.ts';

/** Samples and labels as the computing thread has them. */
export interface Samples {
  readonly labels: Int32Array;
  /** Values of one sample. */
  readonly width: number;
  /** All values, if they are in memory. */
  readonly inputs: Float32Array | null;
  /** The values of these samples, in this order; valid until the next call. */
  gather(indices: ArrayLike<number>): Float32Array;
  /** Samples whose values may be gathered at once. */
  readonly most: number;
  close(): void;
}

/** Values gathered from a file at once: 4 MiB, which caches hold, but at least one sample. */
const MOST_VALUES = 2 ** 20;

/**
 * The samples that a message brings, or names the file of.
 * @throws ChorusError `E_DATA_UNREADABLE` if that is gone
 */
export function samplesOf({ labels, width, inputs, file, rows }: SentData): Samples {
  if (!file) {
    return {
      labels,
      width,
      inputs: inputs!,
      gather(indices) {
        const values = new Float32Array(indices.length * width);
        for (let k = 0; k < indices.length; k++) {
          const i = indices[k]!;
          values.set(inputs!.subarray(i * width, (i + 1) * width), k * width);
        }
        return values;
      },
      most: Number.POSITIVE_INFINITY,
      close() {},
    };
  }
  const reader = new SampleReader(file, width);
  let values = new Float32Array(0);
  return {
    labels,
    width,
    inputs: null,
    gather(indices) {
      const length = indices.length * width;
      // New memory for every batch costs more than reading it.
      if (values.length < length) values = new Float32Array(length);
      const places = rows ? Int32Array.from(indices, (i) => rows[i]!) : indices;
      return reader.read(places, values.subarray(0, length));
    },
    most: Math.max(1, Math.floor(MOST_VALUES / width)),
    close: () => reader.close(),
  };
}
