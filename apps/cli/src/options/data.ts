import { ChorusError } from '@chorus/protocol';
import { type ClassOptions, type ImageShape, type LoadOptions, readClassNames } from '@chorus/training';
import type { Command } from 'commander';
import { integer } from './numbers.ts';

/** How to read the data, as commander gives it. */
export interface DataFlags {
  classes?: string;
  labelColumn?: string;
  leaveOut?: string;
  shape?: string;
  separator?: string;
  encoding?: string;
  limit?: string;
}

/** The checked options. */
export type ReadingOptions = Pick<
  LoadOptions,
  'classNames' | 'classes' | 'imageShape' | 'leaveOut' | 'separator' | 'encoding' | 'limit'
> & { labelColumn?: string };

const MAX_CLASSES = 100_000;
const ESCAPES: Record<string, string> = { '\\t': '\t', tab: '\t', space: ' ' };

/** The options of every command that reads data files. */
export function dataOptions(command: Command): Command {
  return command
    .option(
      '--classes <file|n>',
      'all classes of the data: a file with one name a line, in the order of their numbers, or their number',
    )
    .option(
      '--label-column <column>',
      "CSV: the label's column, by name, or by number from 0 (-1 is the last)",
    )
    .option('--leave-out <columns>', 'CSV: columns not to train on, separated by commas ("" for none)')
    .option('--separator <text>', 'CSV: separator of values, such as ";" or tab (detected)')
    .option('--encoding <name>', 'CSV: text encoding, such as windows-1252 (UTF-8 or UTF-16)')
    .option('--shape <sizes>', 'images: channels (1 or 3), height and width to convert to, such as 3x64x64')
    .option('--limit <n>', 'largest number of samples');
}

/**
 * Check the options of {@link dataOptions}.
 * @throws ChorusError `E_USAGE` naming the option, `E_DATA_*` if the file of class names cannot be used
 */
export async function readingOptions(flags: DataFlags): Promise<ReadingOptions> {
  const { labelColumn, leaveOut, shape, separator, encoding, limit } = flags;
  return {
    ...(flags.classes === undefined ? {} : await statedClasses(flags.classes)),
    ...(labelColumn === undefined ? {} : { labelColumn }),
    ...(leaveOut === undefined ? {} : { leaveOut: leaveOut.split(',').filter((name) => name.trim() !== '') }),
    ...(shape === undefined ? {} : { imageShape: imageShape(shape) }),
    ...(separator === undefined ? {} : { separator: separatorOf(separator) }),
    ...(encoding === undefined ? {} : { encoding }),
    ...(limit === undefined ? {} : { limit: integer('limit', limit, 1, 2 ** 31) }),
  };
}

/**
 * The value of `--classes`: the number of classes, or a file of their names.
 * @throws ChorusError `E_USAGE`, `E_DATA_UNREADABLE`, `E_DATA_FORMAT`
 */
export async function statedClasses(text: string): Promise<ClassOptions> {
  if (/^\d+$/.test(text)) return { classes: integer('classes', text, 2, MAX_CLASSES) };
  return { classNames: await readClassNames(text) };
}

function imageShape(text: string): ImageShape {
  const sizes = /^[13]x\d{1,5}x\d{1,5}$/.test(text) ? text.split('x').map(Number) : [];
  const [channels, height, width] = sizes;
  if (channels && height && width) return [channels, height, width];
  throw usage('--shape', text, 'channels (1 is grey, 3 is colour), height and width, such as 3x64x64');
}

function separatorOf(text: string): string {
  const separator = ESCAPES[text] ?? text;
  if (separator.length === 1 && !/["\r\n]/.test(separator)) return separator;
  throw usage('--separator', text, 'one character, or tab, or space');
}

function usage(option: string, value: string, wanted: string): ChorusError {
  return new ChorusError('E_USAGE', `${option} is "${value.slice(0, 60)}"`, { hint: `give ${wanted}` });
}
