import { ChorusError } from '@chorus/protocol';
import { MAX_CLASSES } from './limits.ts';

/**
 * Labels as text to class indices.
 *
 * Nodes must agree on which class is which. Whole numbers from 0 are taken as the index itself; other labels
 * are numbered in the order of their names, so give `known` where a node may lack a class.
 * @throws ChorusError `E_DATA_LABEL` on a label that is not among the `known`, `E_DATA_FORMAT` on one class only
 */
export function labelsFrom(
  labels: readonly string[],
  known: readonly string[] | undefined,
  path: string,
): { indices: Int32Array; classNames: string[] } {
  const classNames = known ? [...known] : nameClasses(labels);
  if (classNames.length < 2 || classNames.length > MAX_CLASSES) {
    throw new ChorusError('E_DATA_FORMAT', 'classification needs at least two classes', {
      facts: { path, classes: classNames.length },
      hint: 'name all classes of the task where this data has only one of them',
    });
  }
  const index = new Map(classNames.map((name, i) => [name, i]));
  const indices = Int32Array.from(labels, (label, sample) => {
    const found = index.get(label);
    if (found === undefined) {
      throw new ChorusError('E_DATA_LABEL', 'a sample has a label that is not among the classes', {
        facts: { path, sample, label: label.slice(0, 60) },
      });
    }
    return found;
  });
  return { indices, classNames };
}

function nameClasses(labels: readonly string[]): string[] {
  const distinct = [...new Set(labels)];
  if (distinct.every((label) => /^(?:0|[1-9]\d{0,5})$/.test(label))) {
    return Array.from({ length: Math.max(...distinct.map(Number)) + 1 }, (_, i) => String(i));
  }
  return distinct.sort((a, b) => (a < b ? -1 : 1)); // by code unit: the same in every locale
}
