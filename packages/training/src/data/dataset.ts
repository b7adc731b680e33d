import { ChorusError } from '@chorus/protocol';
import { MAX_AXES, MAX_CLASSES, MAX_DATASET_BYTES, MAX_SAMPLE_VALUES, MAX_SAMPLES } from './limits.ts';
import type { DataReport } from './report.ts';

/**
 * Samples with one class each, all of one shape, in memory.
 *
 * Treat it as immutable: a trainer sends it to its worker once and knows it by identity.
 */
export interface Dataset {
  readonly kind: 'classification';
  /** `count` samples of `inputShape`, row-major, sample after sample. */
  readonly inputs: Float32Array;
  /** The class of each sample, 0 <= label < classes. */
  readonly labels: Int32Array;
  /** Shape of one sample without the batch axis; images are [channels, height, width]. */
  readonly inputShape: number[];
  readonly classes: number;
  readonly count: number;
  /** Its origin, for display. */
  readonly name: string;
  /** Class names in the order of their numbers, if the data states them. */
  readonly classNames?: string[];
  /** How the files were interpreted, for data read from files. */
  readonly report?: DataReport;
}

/** A text as a sequence of tokens, for next-token prediction. */
export interface TextDataset {
  readonly kind: 'text';
  /** 0 <= token < vocabulary.length */
  readonly tokens: Int32Array;
  readonly vocabulary: string[];
  readonly name: string;
}

/** The number of values in a tensor of this shape. */
export function valuesOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/**
 * Float memory that worker threads read without a copy.
 * @throws ChorusError `E_DATA_TOO_LARGE`
 */
export function sharedFloats(length: number): Float32Array<SharedArrayBuffer> {
  if (length * 4 > MAX_DATASET_BYTES) {
    throw new ChorusError('E_DATA_TOO_LARGE', 'the data set does not fit into the memory allowed for one', {
      facts: { bytes: length * 4, limit: MAX_DATASET_BYTES },
      hint: 'use fewer samples with --limit, or smaller images with --shape',
    });
  }
  return new Float32Array(new SharedArrayBuffer(length * 4));
}

/**
 * A data set made of checked parts. @throws ChorusError `E_DATA_FORMAT` if the parts do not fit each other,
 * `E_DATA_LABEL` if a label is outside its range, `E_DATA_VALUE` if an input is not finite
 */
export function createDataset(parts: Omit<Dataset, 'kind' | 'count'>): Dataset {
  const { inputs, labels, inputShape, classes, name, classNames, report } = parts;
  const malformed = (message: string, facts: Record<string, string | number>, hint?: string) =>
    new ChorusError('E_DATA_FORMAT', message, { facts: { name, ...facts }, ...(hint ? { hint } : {}) });
  if (inputShape.length > MAX_AXES || !inputShape.every((dim) => Number.isSafeInteger(dim) && dim > 0)) {
    throw malformed('a sample has an impossible shape', { shape: inputShape.join('x') });
  }
  const width = valuesOf(inputShape);
  if (width > MAX_SAMPLE_VALUES) {
    throw malformed(
      'a sample is too large',
      { values: width, limit: MAX_SAMPLE_VALUES },
      'use smaller images with --shape, or fewer columns with --leave-out',
    );
  }
  if (!Number.isSafeInteger(classes) || classes < 2 || classes > MAX_CLASSES) {
    throw malformed('classification needs at least two classes', { classes }, 'state them with --classes');
  }
  if (labels.length > MAX_SAMPLES || inputs.length !== labels.length * width) {
    throw malformed('inputs and labels do not belong together', {
      values: inputs.length,
      labels: labels.length,
      shape: inputShape.join('x'),
    });
  }
  checkLabels(labels, classes, name);
  for (let i = 0; i < inputs.length; i++) {
    if (!Number.isFinite(inputs[i]!)) {
      throw new ChorusError('E_DATA_VALUE', 'an input value is not a finite number', {
        facts: { name, sample: Math.floor(i / width), value: inputs[i]! },
        hint: 'remove or repair the sample',
      });
    }
  }
  return {
    kind: 'classification',
    inputs,
    labels,
    inputShape: [...inputShape],
    classes,
    count: labels.length,
    name,
    ...(classNames ? { classNames } : {}),
    ...(report ? { report } : {}),
  };
}

/** @throws ChorusError `E_DATA_LABEL` naming the first label that is not in [0, classes) */
export function checkLabels(labels: Int32Array, classes: number, name: string): void {
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (label < 0 || label >= classes) {
      throw new ChorusError('E_DATA_LABEL', `a label is outside 0..${classes - 1}`, {
        facts: { name, sample: i, label, classes },
        hint: 'the data and the model must agree on the number of classes',
      });
    }
  }
}

/**
 * The samples at `indices`, in that order, copied, so that the rest is not kept in memory.
 * @throws {RangeError} on an index outside the data set
 */
export function subset(dataset: Dataset, indices: ArrayLike<number>): Dataset {
  const width = valuesOf(dataset.inputShape);
  const inputs = sharedFloats(indices.length * width);
  const labels = new Int32Array(indices.length);
  for (let k = 0; k < indices.length; k++) {
    const i = indices[k]!;
    if (!(Number.isInteger(i) && i >= 0 && i < dataset.count)) {
      throw new RangeError(`sample ${i} of ${dataset.count}`);
    }
    inputs.set(dataset.inputs.subarray(i * width, (i + 1) * width), k * width);
    labels[k] = dataset.labels[i]!;
  }
  const { report: _ofTheWhole, ...rest } = dataset;
  return { ...rest, inputs, labels, count: indices.length };
}
