import { ChorusError } from '@chorus/protocol';
import { checkLabels, type Dataset, labelsPerSample, valuesOf } from '../data/dataset.ts';
import type { Opened } from '../jobs/messages.ts';

/**
 * Check that a model can take a data set, before any work.
 *
 * The shape of a sample must be the model's; a model that takes flat samples also takes images of as many
 * values.
 * @throws ChorusError `E_DATA_EMPTY`, `E_DATA_SHAPE`, `E_DATA_LABEL`
 */
export function checkFit(
  dataset: Dataset,
  { sampleShape, classes, predicts }: Pick<Opened, 'sampleShape' | 'classes' | 'predicts'>,
): void {
  if (dataset.count === 0) {
    throw new ChorusError('E_DATA_EMPTY', 'the data set has no samples', { facts: { name: dataset.name } });
  }
  if (sampleShape && !takes(sampleShape, dataset.inputShape)) {
    throw new ChorusError('E_DATA_SHAPE', 'the samples do not have the shape that the model takes', {
      facts: {
        name: dataset.name,
        samples: dataset.inputShape.join('x'),
        model: sampleShape.map((dim) => dim ?? '?').join('x'),
      },
      hint: 'use data of the shape the task names, or another model',
    });
  }
  if (predicts !== dataset.kind) {
    throw new ChorusError(
      'E_DATA_SHAPE',
      predicts === 'tokens'
        ? 'the model predicts a token at each position, and the samples have one class each'
        : 'the samples have a label at each position, and the model predicts one class',
      {
        facts: { name: dataset.name },
        hint: 'train a language model on texts, a classifier on labelled samples',
      },
    );
  }
  if (
    dataset.labels.length !== dataset.count * labelsPerSample(dataset) ||
    (dataset.file
      ? (dataset.rows?.length ?? dataset.count) !== dataset.count
      : dataset.inputs.length !== dataset.count * valuesOf(dataset.inputShape))
  ) {
    throw new ChorusError('E_DATA_SHAPE', 'the data set contradicts itself', {
      facts: { name: dataset.name },
    });
  }
  if (classes !== null) checkLabels(dataset.labels, { ...dataset, classes });
}

function takes(model: readonly (number | null)[], sample: readonly number[]): boolean {
  if (model.length === sample.length) return model.every((dim, k) => dim === null || dim === sample[k]);
  return model.length === 1 && (model[0] === null || model[0] === valuesOf(sample));
}
