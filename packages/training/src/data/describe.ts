import { isNumbered } from './class-names.ts';
import type { Dataset } from './dataset.ts';
import { isWritten, type LeftOut } from './report.ts';

/** Description of data for a user or program to see before training. */
export interface DataDescription {
  name: string;
  samples: number;
  /** Shape of one sample. */
  shape: number[];
  /** Name and number of samples of each class, in the order of their numbers; for texts only those that occur. */
  classes: { name: string; samples: number }[];
  /** Number of classes. */
  classCount: number;
  notes: string[];
  leftOut: LeftOut[];
}

/** Describe data: shape, classes with counts, what was left out and why. */
export function describeDataset(dataset: Dataset): DataDescription {
  const { name, count, inputShape, classes, labels, classNames, report } = dataset;
  const counts = new Uint32Array(classes);
  for (const label of labels) counts[label]!++;
  const named = Array.from(counts, (samples, i) => ({ name: classNames?.[i] ?? String(i), samples }));
  const lacking = named.filter(({ samples }) => samples === 0).map((each) => each.name);
  const isText = isWritten(report);
  const notes = [...(report?.notes ?? [])];
  if (lacking.length > 0 && !isText) {
    notes.push(
      `no sample is of ${lacking.length === 1 ? 'class' : 'the classes'} ${lacking.slice(0, 12).join(', ')}` +
        (lacking.length > 12 ? ` and ${lacking.length - 12} more` : ''),
    );
  }
  if (classNames && !isText && !isNumbered(classNames) && classNames.every((each) => /^[+-]?\d/.test(each))) {
    notes.push('labels are numbers, but not from 0: classes are numbered in their order');
  }
  const alike = isText ? [] : alikeBut(classNames ?? []);
  if (alike.length > 0) notes.push(`classes that differ in capital letters only: ${alike.join(', ')}`);
  return {
    name,
    samples: count,
    shape: [...inputShape],
    classes: isText ? named.filter(({ samples }) => samples > 0) : named,
    classCount: classes,
    notes,
    leftOut: report?.leftOut ?? [],
  };
}

/** Names that are one without regard to capital letters, at most a few of them. */
function alikeBut(names: readonly string[]): string[] {
  const byName = new Map<string, string[]>();
  for (const name of names) {
    const key = name.toLowerCase();
    const group = byName.get(key);
    if (group) group.push(name);
    else byName.set(key, [name]);
  }
  return [...byName.values()]
    .filter((group) => group.length > 1)
    .flat()
    .slice(0, 6);
}
