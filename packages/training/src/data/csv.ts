import { Readable } from 'node:stream';
import { ChorusError } from '@chorus/protocol';
import { CsvError, type Info, parse } from 'csv-parse';
import { type ClassOptions, canonicalLabel, classNamesOf, numberLabels } from './class-names.ts';
import { type ColumnOptions, type Columns, columnsOf } from './csv-columns.ts';
import { type Dialect, dialectOf, lineDecoder, type StatedDialect } from './csv-dialect.ts';
import { createDataset, type Dataset, sharedFloats } from './dataset.ts';
import { MAX_CLASSES, MAX_CSV_RECORD_BYTES, MAX_DATASET_BYTES, MAX_SAMPLES } from './limits.ts';
import { openBytes, readingError } from './open-bytes.ts';
import { Tally } from './report.ts';

export interface CsvOptions extends ClassOptions, ColumnOptions, StatedDialect {
  limit?: number;
  /** Which rows (numbered from 0) to take; all by default. The classes are always those of all rows. */
  keep?: (row: number) => boolean;
}

/**
 * Read a CSV file, gzip or not: a header line, one column of labels, every other column a number.
 *
 * Encoding, separator and decimal comma are detected unless stated. Values are taken unchanged, because scaling by
 * local statistics would differ from node to node; only columns that are all named `pixel...` (as in Kaggle's digits)
 * are divided by 255, and become [1, side, side] if they fill a square. Rows with an empty label are left out and
 * counted. Lines in messages are those of an editor.
 * @throws ChorusError `E_DATA_UNREADABLE`, `E_DATA_FORMAT` naming line and column, `E_DATA_LABEL`, `E_DATA_TOO_LARGE`
 */
export async function loadCsv(path: string, name: string, options: CsvOptions = {}): Promise<Dataset> {
  const { limit = MAX_SAMPLES, keep = () => true } = options;
  const stated = options.classNames !== undefined || options.classes !== undefined;
  const dialect = await dialectOf(path, options);
  const leftOut = new Tally();
  const values = growingFloats(path);
  const labels: string[] = [];
  const everyLabel = new Set<string>();
  let columns: Columns | undefined;
  let row = -1;
  for await (const { fields, line } of rowsOf(path, dialect)) {
    if (columns === undefined) {
      columns = columnsOf(fields, options, path);
      if (!columns.headless) continue;
    }
    row++;
    const label = labelIn(fields[columns.label]!, dialect);
    if (!stated) {
      everyLabel.add(label);
      if (everyLabel.size > 4 * MAX_CLASSES) throw tooManyLabels(path, columns);
    }
    if (!keep(row)) continue;
    if (labels.length >= limit) {
      if (stated) break;
      continue;
    }
    if (label === '') {
      leftOut.add('samples without a label', `line ${line}`);
      continue;
    }
    labels.push(label);
    for (const column of columns.inputs) {
      values.push(numberIn(fields[column]!, dialect, path, line, columns.header[column]!), labels.length);
    }
  }
  if (columns === undefined || row < 0) {
    throw new ChorusError('E_DATA_FORMAT', 'the CSV file has no rows to use', {
      facts: { path },
      hint: 'it needs a line of names and, below it, one sample a line',
    });
  }
  if (labels.length === 0 && leftOut.list().length === 0) {
    throw new ChorusError('E_DATA_FORMAT', 'this part of the CSV file has no samples', {
      facts: { path, part: name, rows: row + 1 },
      hint: 'where nothing divides the data, every fifth row is the test part: more rows are needed',
    });
  }
  if (labels.length === 0) {
    throw new ChorusError('E_DATA_FORMAT', 'no row of the CSV file has a label', {
      facts: { path, column: columns.header[columns.label] },
      hint: 'say which column holds the labels with --label-column; samples without labels cannot be used',
    });
  }
  const classNames = classNamesOf(everyLabel, options, path);
  const width = columns.inputs.length;
  const samples = withoutMissing(values.finish(), numberLabels(labels, classNames, path), width, (k) =>
    leftOut.add('samples without a label', `the label ${labels[k]}`),
  );
  const pixels = columns.inputs.every((column) => /^pixel/i.test(columns.header[column]!));
  if (pixels) for (let i = 0; i < samples.inputs.length; i++) samples.inputs[i] = samples.inputs[i]! / 255;
  const side = Math.round(Math.sqrt(width));
  return createDataset({
    ...samples,
    inputShape: pixels && side * side === width ? [1, side, side] : [width],
    classes: classNames.length,
    classNames,
    name,
    report: { format: 'csv', notes: notesOn(dialect, columns, pixels), leftOut: leftOut.list() },
  });
}

/**
 * The names of the classes in a whole CSV file, without its values.
 * @throws ChorusError as {@link loadCsv}
 */
export async function csvClassNames(path: string, options: CsvOptions = {}): Promise<string[]> {
  const found = new Set<string>();
  let columns: Columns | undefined;
  const dialect = await dialectOf(path, options);
  for await (const { fields } of rowsOf(path, dialect)) {
    if (columns === undefined) {
      columns = columnsOf(fields, options, path);
      if (!columns.headless) continue;
    }
    found.add(canonicalLabel(labelIn(fields[columns.label]!, dialect)));
    if (found.size > 4 * MAX_CLASSES) throw tooManyLabels(path, columns);
  }
  return classNamesOf(found, options, path);
}

/** The rows of a file, each with the line it begins on in an editor. */
async function* rowsOf(path: string, dialect: Dialect): AsyncGenerator<{ fields: string[]; line: number }> {
  const file = await openBytes(path);
  const decode = lineDecoder(dialect.encoding, path);
  let failure: unknown;
  const text = Readable.from(
    (async function* () {
      try {
        for await (const bytes of file) yield decode(bytes as Buffer);
        yield decode(null);
      } catch (error) {
        failure = error;
        throw error;
      }
    })(),
  );
  const parser = parse({
    bom: true,
    trim: true,
    info: true,
    delimiter: dialect.separator,
    record_delimiter: '\n',
    from_line: 1 + dialect.skipLines,
    skip_empty_lines: true,
    max_record_size: MAX_CSV_RECORD_BYTES,
  });
  text.on('error', (error) => parser.destroy(error));
  text.pipe(parser);
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: Info }>) {
      const within = record.reduce(
        (sum, field) => sum + (field.includes('\n') ? field.split('\n').length - 1 : 0),
        0,
      );
      yield { fields: record, line: info.lines - within };
    }
  } catch (cause) {
    if (failure instanceof ChorusError) throw failure;
    if (failure !== undefined) throw readingError(path, failure);
    if (!(cause instanceof CsvError)) throw cause;
    throw new ChorusError('E_DATA_FORMAT', 'the CSV file cannot be understood', {
      facts: { path, line: lineOf(cause), reason: cause.code, separator: nameOf(dialect.separator) },
      hint: `every line needs as many values as the first, separated by a ${nameOf(dialect.separator)}; say another with --separator`,
      cause,
    });
  } finally {
    file.destroy();
    text.destroy();
    parser.destroy();
  }
}

function lineOf(error: CsvError): number | undefined {
  const { lines } = error as unknown as { lines?: number };
  return typeof lines === 'number' ? lines : undefined;
}

function notesOn(
  { encoding, separator, decimalComma }: Dialect,
  columns: Columns,
  pixels: boolean,
): string[] {
  const { header, label, headless, leftOut } = columns;
  return [
    headless
      ? `the first line is a sample, not a header; column ${label} holds the labels`
      : `labels are in "${header[label]}"`,
    ...(separator === ',' ? [] : [`values are separated by a ${nameOf(separator)}`]),
    ...(decimalComma ? ['numbers have a decimal comma'] : []),
    ...(encoding === 'utf-8' ? [] : [`the text is in ${encoding}`]),
    ...(pixels ? ['pixels are divided by 255'] : []),
    ...leftOut.map(({ column, why }) => `${column} is not trained on: ${why}`),
  ];
}

const NAMES: Record<string, string> = {
  ',': 'comma',
  ';': 'semicolon',
  '\t': 'tab',
  '|': 'bar',
  ' ': 'space',
};
const nameOf = (separator: string) => NAMES[separator] ?? `"${separator}"`;

function tooManyLabels(path: string, { header, label }: Columns): ChorusError {
  return new ChorusError('E_DATA_FORMAT', 'the labels are too many different ones to be classes', {
    facts: { path, column: header[label] },
    hint: 'say which column holds the labels with --label-column',
  });
}

/** A label unchanged, or with a decimal point if numbers have commas. */
function labelIn(field: string, { decimalComma }: Dialect): string {
  return decimalComma ? field.replace(/^([+-]?\d+),(\d+)$/, '$1.$2') : field;
}

function numberIn(
  field: string,
  { decimalComma }: Dialect,
  path: string,
  line: number,
  column: string,
): number {
  const text = decimalComma && /^[^.,]*,[^.,]*$/.test(field) ? field.replace(',', '.') : field;
  const value = text === '' ? Number.NaN : Number(text);
  if (Number.isFinite(Math.fround(value))) return value;
  throw new ChorusError('E_DATA_FORMAT', 'a value of the CSV file is not a number', {
    facts: { path, line, column, value: field.slice(0, 40) },
    hint: 'only the label may be text: fill in or remove incomplete lines, or leave the column out with --leave-out NAME',
  });
}

/** Samples whose label is a class; `missing` receives the others. */
function withoutMissing(
  inputs: Float32Array,
  labels: Int32Array,
  width: number,
  missing: (sample: number) => void,
): { inputs: Float32Array; labels: Int32Array } {
  let kept = 0;
  for (const [k, label] of labels.entries()) {
    if (label < 0) {
      missing(k);
      continue;
    }
    inputs.copyWithin(kept * width, k * width, (k + 1) * width);
    labels[kept++] = label;
  }
  return { inputs: inputs.subarray(0, kept * width), labels: labels.slice(0, kept) };
}

/** A growing list of floats; its capacity doubles, up to the bound of a data set. */
function growingFloats(path: string) {
  let array = new Float32Array(1 << 16);
  let length = 0;
  return {
    /** @param samples how many there are with this one */
    push(value: number, samples: number): void {
      if (length === array.length) {
        if (length * 4 >= MAX_DATASET_BYTES) {
          throw new ChorusError('E_DATA_TOO_LARGE', 'the CSV file holds more than fits into memory', {
            facts: { path, limit: MAX_DATASET_BYTES, fits: samples - 1 },
            hint: `use fewer samples with --limit, up to ${samples - 1}`,
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
