import { ChorusError } from '@chorus/protocol';
import { MAX_SAMPLE_VALUES } from './limits.ts';

/** Use of each column of a CSV file. */
export interface Columns {
  header: string[];
  label: number;
  /** Columns that are trained on, in their order. */
  inputs: number[];
  leftOut: { column: string; why: string }[];
  /** The first line was a sample already. */
  headless: boolean;
}

export interface ColumnOptions {
  /** The label's column by name, or by number from 0; -1 is the last. */
  labelColumn?: string | number;
  /** Names of columns that are not trained on. */
  leaveOut?: readonly string[];
}

const LABEL_NAMES = ['label', 'labels', 'class', 'target', 'y'];

/** Names of columns that number the rows: the same on every node, for any rows. */
const ROW_NUMBERS = /^(?:id|index|row|row[ _]?(?:id|number|names?)|sample[ _]?id)$/i;

const NUMBER = /^[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:e[+-]?\d+)?$/i;

/**
 * Tell the columns of a CSV file apart by its first line.
 *
 * Columns without a name (`Unnamed: 0` too, as pandas calls them) hold the index that programs add to data, and are
 * not trained on; nor are those called `id` or `index`, unless the options state which columns to leave out.
 * @throws ChorusError `E_DATA_FORMAT`
 */
export function columnsOf(first: readonly string[], options: ColumnOptions, path: string): Columns {
  const header = [...first];
  if (header.length < 2 || header.length > MAX_SAMPLE_VALUES) {
    throw new ChorusError('E_DATA_FORMAT', 'a CSV file needs a label and at least one value per line', {
      facts: { path, columns: header.length },
      hint: header[0]?.startsWith('#')
        ? 'the first line is a comment: remove the lines before that of the names'
        : header.length < 2
          ? 'say what separates the values with --separator'
          : 'use samples of fewer values',
    });
  }
  const headless = isSample(header, options.labelColumn);
  const names = headless ? header.map((_, column) => `column ${column}`) : header;
  const label = findLabel(names, headless, options.labelColumn, path);
  const leftOut: Columns['leftOut'] = [];
  const inputs: number[] = [];
  const unwanted = new Set(options.leaveOut?.map((name) => name.trim()));
  const absent = new Set(unwanted);
  names.forEach((name, column) => {
    if (column === label) return;
    const shown = name === '' ? `column ${column}, without a name` : `"${name}"`;
    if (unwanted.has(name)) {
      // Two columns may have one name.
      absent.delete(name);
      leftOut.push({ column: shown, why: 'as asked' });
    } else if (name === '' || /^Unnamed: \d+$/.test(name))
      leftOut.push({ column: shown, why: 'an index without a name' });
    else if (options.leaveOut === undefined && ROW_NUMBERS.test(name))
      leftOut.push({ column: shown, why: 'it numbers the rows' });
    else inputs.push(column);
  });
  if (absent.size > 0) {
    throw new ChorusError('E_DATA_FORMAT', 'a column to be left out is not in the CSV file', {
      facts: { path, wanted: [...absent].slice(0, 8).join(', '), header: shortly(names) },
      hint: 'write the names as the first line of the file does',
    });
  }
  if (inputs.length === 0) {
    throw new ChorusError('E_DATA_FORMAT', 'no column of the CSV file is left to train on', {
      facts: { path, header: shortly(names) },
      hint: 'say which columns are left out with --leave-out NAMES; with --leave-out "" every named column is trained on',
    });
  }
  return { header: names, label, inputs, leftOut, headless };
}

/** All numbers, and not the numbers of the columns, which pandas writes if columns have no names. */
function isSample(fields: readonly string[], wanted: ColumnOptions['labelColumn']): boolean {
  const name =
    typeof wanted === 'string' && !/^-?\d+$/.test(wanted.trim()) ? wanted.trim().toLowerCase() : null;
  if (name !== null && fields.some((field) => field.toLowerCase() === name)) return false;
  const numbers = fields.filter((field) => NUMBER.test(field)).length;
  // A label may be text: iris without a header is four numbers and a name.
  if (numbers < Math.max(1, fields.length - 1)) return false;
  const columns = fields.every((field, column) => field === '' || field === String(column));
  const named = fields.some((field) => LABEL_NAMES.includes(field.toLowerCase()));
  return !columns && !named && (numbers === fields.length || fields.length > 2);
}

function findLabel(
  names: readonly string[],
  headless: boolean,
  wanted: string | number | undefined,
  path: string,
): number {
  const refuse = (message: string, hint: string) =>
    new ChorusError('E_DATA_FORMAT', message, {
      facts: { path, wanted: wanted ?? LABEL_NAMES.join('|'), header: shortly(names) },
      hint,
    });
  const matching = (test: (name: string) => boolean) =>
    names.flatMap((name, column) => (test(name) ? [column] : []));
  if (wanted === undefined) {
    const found = headless ? [] : matching((name) => LABEL_NAMES.includes(name.toLowerCase()));
    if (found.length === 1) return found[0]!;
    if (found.length > 1) {
      throw refuse(
        'several columns of the CSV file may hold the labels',
        'say which with --label-column NAME',
      );
    }
    throw refuse(
      headless
        ? 'the first line of the CSV file is not a header, and no option names the column of labels'
        : 'no column of the CSV file holds the labels',
      'say which with --label-column NAME, or its number from 0 (-1 is the last); samples without labels cannot be used',
    );
  }
  if (typeof wanted === 'string') {
    const name = wanted.trim();
    const exact = matching((each) => each === name);
    const found = exact.length > 0 ? exact : matching((each) => each.toLowerCase() === name.toLowerCase());
    if (found.length === 1) return found[0]!;
    if (found.length > 1) {
      throw refuse('several columns of the CSV file have the name of the label', 'give its number from 0');
    }
  }
  const number = typeof wanted === 'number' || /^-?\d+$/.test(wanted.trim()) ? Number(wanted) : Number.NaN;
  const column = number < 0 ? names.length + number : number;
  if (Number.isInteger(column) && column >= 0 && column < names.length) return column;
  throw refuse(
    'no column of the CSV file holds the labels',
    'give --label-column the name of a column as the first line has it, or its number from 0',
  );
}

const shortly = (names: readonly string[]) =>
  names.slice(0, 8).join(',') + (names.length > 8 ? `,... (${names.length})` : '');
