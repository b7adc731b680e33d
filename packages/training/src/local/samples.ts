import { SampleReader } from '../data/sample-file.ts';
import type { SentData } from '../jobs/messages.ts';

/** Samples and labels as the computing thread has them. */
export interface Samples {
  /** Number of samples. */
  readonly count: number;
  /** All labels, sample after sample. */
  readonly labels: Int32Array;
  /** Labels of one sample. */
  readonly perSample: number;
  /** Values of one sample. */
  readonly width: number;
  /** All values, if they are in memory. */
  readonly inputs: Float32Array | null;
  /** The values of these samples, in this order; valid until the next call. */
  gather(indices: ArrayLike<number>): Float32Array;
  /** The labels of these samples, in this order. */
  labelsOf(indices: ArrayLike<number>): Int32Array;
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
export function samplesOf({ labels, perSample, width, inputs, file, rows }: SentData): Samples {
  const shared = {
    count: labels.length / perSample,
    labels,
    perSample,
    width,
    labelsOf: (indices: ArrayLike<number>) =>
      gathered(labels, perSample, indices, new Int32Array(indices.length * perSample)),
  };
  if (!file) {
    return {
      ...shared,
      inputs: inputs!,
      gather: (indices) => gathered(inputs!, width, indices, new Float32Array(indices.length * width)),
      most: Number.POSITIVE_INFINITY,
      close() {},
    };
  }
  const reader = new SampleReader(file, width);
  let values = new Float32Array(0);
  return {
    ...shared,
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

/** Rows of `width` entries, copied into `target` in the order of `indices`. */
function gathered<T extends Float32Array | Int32Array>(
  from: T,
  width: number,
  indices: ArrayLike<number>,
  target: T,
): T {
  for (let k = 0; k < indices.length; k++) {
    const i = indices[k]!;
    target.set(from.subarray(i * width, (i + 1) * width), k * width);
  }
  return target;
}
