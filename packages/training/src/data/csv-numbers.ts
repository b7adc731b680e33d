import { ChorusError } from '@chorus/protocol';
import type { Dialect } from './csv-dialect.ts';

/** Place of a value, for messages. */
export interface Place {
  path: string;
  line: number;
  column: string;
}

/** A label unchanged, or with a decimal point if numbers have commas. */
export function labelIn(field: string, { decimalComma }: Pick<Dialect, 'decimalComma'>): string {
  return decimalComma ? field.replace(/^([+-]?\d+),(\d+)$/, '$1.$2') : field;
}

/**
 * The number in a field of a CSV file.
 * @throws ChorusError `E_DATA_FORMAT` naming line and column if it is not one, or beyond a 32-bit float
 */
export function numberIn(
  field: string,
  { decimalComma }: Pick<Dialect, 'decimalComma'>,
  { path, line, column }: Place,
): number {
  const value = parsed(field, decimalComma);
  if (Number.isFinite(Math.fround(value))) return value;
  const tooLarge = Number.isFinite(value);
  throw new ChorusError(
    'E_DATA_FORMAT',
    tooLarge ? 'a value of the CSV file is too large' : 'a value of the CSV file is not a number',
    {
      facts: { path, line, column, value: field.slice(0, 40) },
      hint: tooLarge
        ? 'values become 32-bit floats, up to 3.4e38: scale the column, or leave it out with --leave-out NAME'
        : hintOn(field, decimalComma),
    },
  );
}

const NINE = '9'.charCodeAt(0);

/** NaN unless it is a decimal number in the style of the file: no `0x10`, and no `1.234` among `0,5`. */
function parsed(field: string, decimalComma: boolean): number {
  if (field === '') return Number.NaN;
  // A letter follows the first digit: rare, and the only place where a number in another base begins.
  if (field.charCodeAt(1) > NINE && /^0[xbo]/i.test(field)) return Number.NaN;
  if (!decimalComma) return Number(field);
  return field.includes('.') ? Number.NaN : Number(field.replace(',', '.'));
}

function hintOn(field: string, decimalComma: boolean): string {
  const leaveOut = 'or leave the column out with --leave-out NAME';
  if (/^[+-]?\d{1,3}(?:[., '\u00a0\u202f]\d{3})+(?:[.,]\d+)?$/.test(field)) {
    return `write numbers without a thousands separator, ${leaveOut}`;
  }
  if (/^[+-]?\d+(?:[.,]\d+)?\s*[^\s\d.,]{1,3}$/.test(field)) {
    return `write numbers without their unit, ${leaveOut}`;
  }
  if (decimalComma && /^[+-]?\d+\.\d+$/.test(field)) {
    return `other numbers of the file have a decimal comma: write this one so too, ${leaveOut}`;
  }
  return `only the label may be text: fill in or remove incomplete lines, ${leaveOut}`;
}
