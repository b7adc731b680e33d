import { canNameClasses, type Terms } from '@chorus/protocol';
import { type Dataset, isNumbered } from '@chorus/training';

/** A task's description of its samples: with the names of the classes, if they have names and the terms have room. */
export function termsData({
  inputShape,
  classes,
  classNames,
}: Pick<Dataset, 'inputShape' | 'classes' | 'classNames'>): Terms['data'] {
  const named = classNames && !isNumbered(classNames) && !isBytes(classNames) && canNameClasses(classNames);
  return { kind: 'classification', inputShape, classes, ...(named ? { classNames: [...classNames] } : {}) };
}

/** The vocabulary of text, which every node has. */
const isBytes = (names: readonly string[]) => names.length === 256 && names[0] === '\\x00';
