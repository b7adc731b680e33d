import { type Dataset, isNumbered, isWritten } from '@chorus/training';

/**
 * The names of the classes as the text of a file, one a line, as an agent file and `--classes` take it; null if they are
 * the numbers, or the values of bytes.
 */
export function classFileText({ classNames, report }: Pick<Dataset, 'classNames' | 'report'>): string | null {
  if (!classNames || isNumbered(classNames) || isWritten(report)) return null;
  // A name of several lines would read as several names.
  if (classNames.some((name) => /[\r\n]/.test(name))) return null;
  return `${classNames.join('\n')}\n`;
}

/** Where that file lies: next to the trained model. */
export const classFileOf = (model: string): string => `${model.replace(/\.onnx$/i, '')}.classes.txt`;
