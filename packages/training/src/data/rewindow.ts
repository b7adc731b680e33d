import { createDataset, createFileDataset, type Dataset, sharedFloats } from './dataset.ts';
import { MAX_SAMPLE_VALUES, MEMORY_DATASET_BYTES } from './limits.ts';
import { windowNote } from './text.ts';
import { isOfText, textInMemory } from './text-of.ts';

/** The windows last made of each data set, so that a trainer that was sent them knows them again. */
const made = new WeakMap<Dataset, { context: number; windows: Dataset }>();

/**
 * The text of a data set in windows of another length. Longer windows are fewer by what they are longer; of shorter ones
 * those are left out that would begin before the first label. Windows in memory that would take more than `memoryBytes`
 * begin some bytes apart; windows in a file share it.
 *
 * @param context bytes of a window
 * @param memoryBytes default: what a data set may take before it goes to a file
 * @returns the same data set if its windows have this length; `undefined` if it is not made of texts, or too short
 */
export function rewindowed(
  dataset: Dataset,
  context: number,
  memoryBytes = MEMORY_DATASET_BYTES,
): Dataset | undefined {
  if (!isOfText(dataset)) return undefined;
  const longer = context - dataset.inputShape[0]!;
  if (longer === 0) return dataset;
  const fits = Number.isInteger(context) && context > 0 && context <= MAX_SAMPLE_VALUES;
  if (!fits || longer >= dataset.count) return undefined;
  const known = made.get(dataset);
  if (known?.context === context) return known.windows;
  const windows = windowsOf(dataset, context, memoryBytes);
  made.set(dataset, { context, windows });
  return windows;
}

function windowsOf(dataset: Dataset, context: number, memoryBytes: number): Dataset {
  const { classes, classNames, name, report } = dataset;
  const longer = context - dataset.inputShape[0]!;
  // The label of a window is the byte after it: those of longer windows are labels of later ones.
  const labels = dataset.labels.slice(Math.max(0, longer));
  const common = { inputShape: [context], classes, name, ...(classNames ? { classNames } : {}) };
  const asText = { report: { ...report!, notes: [windowNote(context)] } };
  const skipped = Math.max(0, -longer);
  if (dataset.file) {
    const file = { ...dataset.file, offset: dataset.file.offset + skipped };
    return createFileDataset({ ...common, ...asText, labels, file });
  }
  const stride = Math.ceil((labels.length * context * 4) / memoryBytes);
  const text = textInMemory(dataset).subarray(skipped);
  const count = Math.ceil(labels.length / stride);
  const inputs = sharedFloats(count * context);
  for (let k = 0; k < count; k++) {
    inputs.set(text.subarray(k * stride, k * stride + context), k * context);
  }
  if (stride === 1) return createDataset({ ...common, ...asText, inputs, labels });
  // Windows with gaps between them are no whole text any more, which the report would say.
  return createDataset({ ...common, inputs, labels: labels.filter((_, k) => k % stride === 0) });
}
