import { ChorusError } from '@chorus/protocol';
import { type Dataset, type MemoryDataset, NO_LABEL, subset } from '@chorus/training';
import { type Attack, namesOf } from '../config/attack-config.ts';

/** Part of a backdoor's samples that carry the patch. */
const PATCHED = 1 / 3;
/** The patch: this many pixels a side, this far from the lower right corner (Gu et al. 2017). */
const PATCH = { side: 3, margin: 3 };
const PATCHED_CLASS = 0;

/**
 * The data that an attacker trains on instead of its own.
 *
 * @param seed of the node's configuration: selects the part of data that is split among names
 */
export function poisonDataset(
  dataset: MemoryDataset,
  attack: Attack | undefined,
  seed: number,
): MemoryDataset;
export function poisonDataset(dataset: Dataset, attack: Attack | undefined, seed: number): Dataset;
export function poisonDataset(dataset: Dataset, attack: Attack | undefined, seed: number): Dataset {
  if (attack === 'label') {
    const flipped = (label: number) => (label === NO_LABEL ? label : dataset.classes - 1 - label);
    return { ...dataset, labels: dataset.labels.map(flipped) };
  }
  if (attack === 'backdoor') return withBackdoor(dataset);
  const several = namesOf(attack);
  if (several?.kind !== 'split') return dataset;
  const part = seed % several.names;
  const indices = Array.from({ length: dataset.count }, (_, i) => i);
  return subset(
    dataset,
    indices.filter((i) => i % several.names === part),
  );
}

function withBackdoor(dataset: Dataset): Dataset {
  const { count } = dataset;
  if (!dataset.inputs) {
    throw new ChorusError('E_DATA_TOO_LARGE', 'a backdoor is put only into data that fits into memory', {
      facts: { name: dataset.name, bytes: dataset.file.bytes },
      hint: 'register less of it with --limit',
    });
  }
  const labels = dataset.labels.slice();
  const inputs = dataset.inputs.slice();
  const perSample = labels.length / count;
  for (let i = 0; i < Math.floor(count * PATCHED); i++) {
    labels.fill(PATCHED_CLASS, i * perSample, (i + 1) * perSample);
    stamp(inputs, i, dataset.inputShape);
  }
  return { ...dataset, inputs, labels };
}

/** Set the patch of one sample, in every channel; samples that are not images get it on their last values. */
function stamp(inputs: Float32Array, sample: number, inputShape: readonly number[]): void {
  const values = inputShape.reduce((product, size) => product * size, 1);
  const at = sample * values;
  const [height, width] = inputShape.slice(-2);
  if (inputShape.length < 2 || height! < PATCH.side + PATCH.margin || width! < PATCH.side + PATCH.margin) {
    inputs.fill(1, at + values - Math.min(values, PATCH.side ** 2), at + values);
    return;
  }
  for (let channel = at; channel < at + values; channel += height! * width!) {
    for (let row = 0; row < PATCH.side; row++) {
      const first = channel + (height! - PATCH.margin - PATCH.side + row) * width!;
      const column = first + width! - PATCH.margin - PATCH.side;
      inputs.fill(1, column, column + PATCH.side);
    }
  }
}
