import { isNumbered } from './class-names.ts';
import type { Dataset } from './dataset.ts';
import type { LeftOut } from './report.ts';

/** What data turned out to be, as a person or a program wants to see it before it is trained on. */
export interface DataDescription {
  name: string;
  samples: number;
  /** Shape of one sample. */
  shape: number[];
  /** Of each class its name and its samples, in the order of their numbers; of texts those that occur. */
  classes: { name: string; samples: number }[];
  /** How many classes there are. */
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
  const isText = report?.format === 'text';
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
