import { ChorusError } from '@chorus/protocol';
import { MAX_AXES, MAX_CLASSES, MAX_DATASET_BYTES, MAX_SAMPLE_VALUES, MAX_SAMPLES } from './limits.ts';
import type { DataReport } from './report.ts';
import type { SampleFile } from './sample-file.ts';

/** The label of a position at which nothing is to be predicted: it counts neither in the loss nor in the accuracy. */
export const NO_LABEL = -1;

/**
 * Samples with labels, all of one shape, apart from their values. In a `classification` each sample has one class; in
 * `tokens` each position of a sequence has one, the next token.
 */
interface LabelledSamples {
  readonly kind: 'classification' | 'tokens';
  /**
   * The classes, 0 <= label < classes, sample after sample: one of each sample, or one of each position of `inputShape`,
   * which may be {@link NO_LABEL}.
   */
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

/** Labels of one sample: one, or one for each position of a token sequence. */
export function labelsPerSample({ kind, inputShape }: Pick<LabelledSamples, 'kind' | 'inputShape'>): number {
  return kind === 'tokens' ? valuesOf(inputShape) : 1;
}

/** A data set in memory. */
export interface MemoryDataset extends LabelledSamples {
  /** `count` samples of `inputShape`, row-major, sample after sample. */
  readonly inputs: Float32Array;
  readonly file?: undefined;
}

/** A data set whose values lie in a file, from which each batch is read. Labels are in memory. */
export interface FileDataset extends LabelledSamples {
  readonly file: SampleFile;
  /** The place of each sample in the file; absent if they lie in their order. */
  readonly rows?: Int32Array;
  readonly inputs?: undefined;
}

/**
 * Samples with one class each, all of one shape, in memory or in a file: training and evaluation give the same bits
 * for both.
 *
 * Treat it as immutable: a trainer sends it to its worker once and knows it by identity.
 */
export type Dataset = MemoryDataset | FileDataset;

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

/** A sample, its classes and its labels, to be checked. */
type Checked = Pick<LabelledSamples, 'labels' | 'inputShape' | 'classes' | 'name'>;

/**
 * A data set made of checked parts. @throws ChorusError `E_DATA_FORMAT` if the parts do not fit each other,
 * `E_DATA_LABEL` if a label is outside its range, `E_DATA_VALUE` if an input is not finite
 * @param parts.kind default: `classification`
 */
export function createDataset(
  parts: Omit<MemoryDataset, 'kind' | 'count' | 'file'> & Partial<Pick<MemoryDataset, 'kind'>>,
): MemoryDataset {
  const { inputs, labels, inputShape, name, kind = 'classification' } = parts;
  const width = checkSamples({ ...parts, kind });
  const perSample = labelsPerSample({ kind, inputShape });
  if (inputs.length * perSample !== labels.length * width) {
    throw malformed(name, 'inputs and labels do not belong together', {
      values: inputs.length,
      labels: labels.length,
      shape: inputShape.join('x'),
    });
  }
  for (let i = 0; i < inputs.length; i++) {
    if (!Number.isFinite(inputs[i]!)) {
      throw new ChorusError('E_DATA_VALUE', 'an input value is not a finite number', {
        facts: { name, sample: Math.floor(i / width), value: inputs[i]! },
        hint: 'remove or repair the sample',
      });
    }
  }
  return { ...parts, kind, inputShape: [...inputShape], count: labels.length / perSample };
}

/**
 * A data set whose values, finite ones, were written to a file. @throws ChorusError `E_DATA_FORMAT`, `E_DATA_LABEL` as
 * {@link createDataset}
 */
export function createFileDataset(parts: Omit<FileDataset, 'kind' | 'count' | 'inputs'>): FileDataset {
  checkSamples(parts);
  return {
    ...parts,
    kind: 'classification',
    inputShape: [...parts.inputShape],
    count: parts.labels.length,
  };
}

/** A data set of values that are in memory, or were written to a file. */
export function datasetOf(
  values: { inputs: Float32Array } | { file: SampleFile },
  parts: Omit<MemoryDataset, 'kind' | 'count' | 'inputs' | 'file'>,
): Dataset {
  return 'file' in values
    ? createFileDataset({ ...parts, ...values })
    : createDataset({ ...parts, ...values });
}

/** @returns values of one sample */
function checkSamples({
  labels,
  inputShape,
  classes,
  name,
  kind = 'classification',
}: Checked & Partial<Pick<LabelledSamples, 'kind'>>): number {
  if (inputShape.length > MAX_AXES || !inputShape.every((dim) => Number.isSafeInteger(dim) && dim > 0)) {
    throw malformed(name, 'a sample has an impossible shape', { shape: inputShape.join('x') });
  }
  const width = valuesOf(inputShape);
  if (width > MAX_SAMPLE_VALUES) {
    throw malformed(
      name,
      'a sample is too large',
      { values: width, limit: MAX_SAMPLE_VALUES },
      'use smaller images with --shape, or fewer columns with --leave-out',
    );
  }
  if (!Number.isSafeInteger(classes) || classes < 2 || classes > MAX_CLASSES) {
    throw malformed(
      name,
      'classification needs at least two classes',
      { classes },
      'state them with --classes',
    );
  }
  if (labels.length > MAX_SAMPLES) throw tooManySamples(name);
  checkLabels(labels, { classes, name, kind });
  return width;
}

/** The refusal of more samples than indices and labels have room for. */
export function tooManySamples(name: string): ChorusError {
  return new ChorusError('E_DATA_TOO_LARGE', 'the data has more samples than one data set may have', {
    facts: { name, limit: MAX_SAMPLES },
    hint: 'use fewer with --limit',
  });
}

function malformed(
  name: string,
  message: string,
  facts: Record<string, string | number>,
  hint?: string,
): ChorusError {
  return new ChorusError('E_DATA_FORMAT', message, { facts: { name, ...facts }, ...(hint ? { hint } : {}) });
}

/** @throws ChorusError `E_DATA_LABEL` naming the first label that is not in [0, classes), nor left out in a sequence */
export function checkLabels(
  labels: Int32Array,
  { classes, name, kind }: Pick<LabelledSamples, 'classes' | 'name' | 'kind'>,
): void {
  const least = kind === 'tokens' ? NO_LABEL : 0;
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (label < least || label >= classes) {
      throw new ChorusError('E_DATA_LABEL', `a label is outside 0..${classes - 1}`, {
        facts: { name, sample: i, label, classes },
        hint: 'the data and the model must agree on the number of classes',
      });
    }
  }
}

/**
 * The samples at `indices`, in that order: copied if they are in memory, so that the rest is not kept there; else the
 * file is shared.
 * @throws {RangeError} on an index outside the data set
 */
export function subset(dataset: MemoryDataset, indices: ArrayLike<number>): MemoryDataset;
export function subset(dataset: Dataset, indices: ArrayLike<number>): Dataset;
export function subset(dataset: Dataset, indices: ArrayLike<number>): Dataset {
  const perSample = labelsPerSample(dataset);
  const labels = new Int32Array(indices.length * perSample);
  for (let k = 0; k < indices.length; k++) {
    const i = indices[k]!;
    if (!(Number.isInteger(i) && i >= 0 && i < dataset.count)) {
      throw new RangeError(`sample ${i} of ${dataset.count}`);
    }
    labels.set(dataset.labels.subarray(i * perSample, (i + 1) * perSample), k * perSample);
  }
  const { report: _ofTheWhole, ...rest } = dataset;
  const count = indices.length;
  if (rest.file) {
    const rows = Int32Array.from(indices, (i) => rest.rows?.[i] ?? i);
    return { ...rest, labels, rows, count };
  }
  const width = valuesOf(dataset.inputShape);
  const inputs = sharedFloats(count * width);
  for (let k = 0; k < count; k++) {
    const i = indices[k]!;
    inputs.set(rest.inputs.subarray(i * width, (i + 1) * width), k * width);
  }
  return { ...rest, inputs, labels, count };
}
