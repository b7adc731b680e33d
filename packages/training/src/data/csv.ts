import { createReadStream } from 'node:fs';
import { ChorusError } from '@chorus/protocol';
import { CsvError, parse } from 'csv-parse';
import { labelsFrom } from './class-names.ts';
import { createDataset, type Dataset, sharedFloats } from './dataset.ts';
import { MAX_CSV_RECORD_BYTES, MAX_DATASET_BYTES, MAX_SAMPLE_VALUES, MAX_SAMPLES } from './limits.ts';
import { unreadable } from './unreadable.ts';

export interface CsvOptions {
  /** Name of the label's column, or its number from 0. */
  labelColumn?: string | number;
  limit?: number;
  classNames?: string[];
  /** Which rows (numbered from 0) to take; all by default. */
  keep?: (row: number) => boolean;
}

const LABEL_NAMES = ['label', 'class', 'target', 'y'];

/**
 * Read a CSV file: a header line, one column of labels, every other column a number.
 *
 * Values are taken as they are, because scaling by local statistics would differ from node to node; only
 * columns that are all named `pixel...` (as in Kaggle's digits) are divided by 255, and become
 * [1, side, side] where they fill a square.
 * @throws ChorusError `E_DATA_UNREADABLE`, `E_DATA_FORMAT` naming line and column
 */
export async function loadCsv(path: string, name: string, options: CsvOptions = {}): Promise<Dataset> {
  const { limit = MAX_SAMPLES, keep = () => true } = options;
  const values = growingFloats(path);
  const labels: string[] = [];
  let header: string[] | undefined;
  let labelIndex = -1;
  const file = createReadStream(path);
  const parser = parse({
    bom: true,
    trim: true,
    skip_empty_lines: true,
    max_record_size: MAX_CSV_RECORD_BYTES,
  });
  file.on('error', (error) => parser.destroy(error));
  file.pipe(parser);
  try {
    let row = -1;
    for await (const fields of parser as AsyncIterable<string[]>) {
      if (header === undefined) {
        header = fields;
        labelIndex = findLabel(fields, options.labelColumn, path);
        continue;
      }
      row++;
      if (!keep(row)) continue;
      if (labels.length >= limit) break;
      fields.forEach((field, column) => {
        if (column === labelIndex) labels.push(field);
        else values.push(numberIn(field, path, row + 2, header![column]!));
      });
    }
  } catch (cause) {
    if (cause instanceof ChorusError) throw cause;
    if (!(cause instanceof CsvError)) throw unreadable(path, cause);
    throw new ChorusError('E_DATA_FORMAT', 'the CSV file cannot be understood', {
      facts: { path, reason: cause.code },
      hint: 'every line needs as many comma-separated fields as the header',
      cause,
    });
  } finally {
    file.destroy();
    parser.destroy();
  }
  if (header === undefined || labels.length === 0) {
    throw new ChorusError('E_DATA_FORMAT', 'the CSV file has no rows to use', { facts: { path } });
  }
  const columns = header.filter((_, column) => column !== labelIndex);
  const inputs = values.finish();
  const pixels = columns.every((column) => /^pixel/i.test(column));
  if (pixels) for (let i = 0; i < inputs.length; i++) inputs[i] = inputs[i]! / 255;
  const side = Math.round(Math.sqrt(columns.length));
  const { indices, classNames } = labelsFrom(labels, options.classNames, path);
  return createDataset({
    inputs,
    labels: indices,
    inputShape: pixels && side * side === columns.length ? [1, side, side] : [columns.length],
    classes: classNames.length,
    classNames,
    name,
  });
}

function findLabel(header: string[], wanted: string | number | undefined, path: string): number {
  if (header.length < 2 || header.length > MAX_SAMPLE_VALUES) {
    throw new ChorusError('E_DATA_FORMAT', 'a CSV file needs a label and at least one value per line', {
      facts: { path, columns: header.length },
    });
  }
  const index =
    typeof wanted === 'number'
      ? wanted
      : header.findIndex((column) =>
          wanted === undefined ? LABEL_NAMES.includes(column.toLowerCase()) : column === wanted,
        );
  if (Number.isInteger(index) && index >= 0 && index < header.length) return index;
  throw new ChorusError('E_DATA_FORMAT', 'no column of the CSV file holds the labels', {
    facts: { path, wanted: wanted ?? LABEL_NAMES.join('|'), header: header.slice(0, 8).join(',') },
    hint: 'name one column "label" in the first line, or say which column it is',
  });
}

function numberIn(field: string, path: string, line: number, column: string): number {
  const value = field === '' ? Number.NaN : Number(field);
  if (Number.isFinite(Math.fround(value))) return value;
  throw new ChorusError('E_DATA_FORMAT', 'a value of the CSV file is not a number', {
    facts: { path, line, column, value: field.slice(0, 40) },
    hint: 'only the label may be text; fill in or remove incomplete lines',
  });
}

/** Floats whose number is not known beforehand; doubling, with the bound of a data set. */
function growingFloats(path: string) {
  let array = new Float32Array(1 << 16);
  let length = 0;
  return {
    push(value: number): void {
      if (length === array.length) {
        if (length * 4 >= MAX_DATASET_BYTES) {
          throw new ChorusError('E_DATA_TOO_LARGE', 'the CSV file holds more than fits into memory', {
            facts: { path, limit: MAX_DATASET_BYTES },
            hint: 'load fewer samples with a limit',
          });
        }
        const larger = new Float32Array(2 * length);
        larger.set(array);
        array = larger;
      }
      array[length++] = value;
    },
    finish(): Float32Array {
      const result = sharedFloats(length);
      result.set(array.subarray(0, length));
      return result;
    },
  };
}
