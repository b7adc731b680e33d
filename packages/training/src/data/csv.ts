import { ChorusError, type Facts } from '@chorus/protocol';
import { CsvError } from 'csv-parse';
import {
  type ClassOptions,
  canonicalLabel,
  classNamesOf,
  classNumbers,
  LabelList,
  ownText,
} from './class-names.ts';
import { type ColumnOptions, type Columns, columnsOf } from './csv-columns.ts';
import { type Dialect, dialectOf, lineDecoder, type StatedDialect } from './csv-dialect.ts';
import { labelIn, numberIn } from './csv-numbers.ts';
import { rowsIn } from './csv-rows.ts';
import { type Dataset, datasetOf, type MemoryDataset, tooManySamples } from './dataset.ts';
import { MAX_CLASSES, MAX_DATASET_BYTES, MAX_SAMPLES } from './limits.ts';
import { openCounted, readingError } from './open-bytes.ts';
import { Tally } from './report.ts';
import { SampleSink } from './sample-sink.ts';
import type { SpillOptions } from './sample-writer.ts';

export interface CsvOptions extends ClassOptions, ColumnOptions, StatedDialect {
  limit?: number;
  /** Which rows (numbered from 0) to take; all by default. The classes are always those of all rows. */
  keep?: (row: number) => boolean;
  /** Where the samples go if they are too many for memory; without it they are refused. */
  spill?: SpillOptions;
  signal?: AbortSignal;
  /** Share of the file that has been read. */
  onProgress?: (fraction: number) => void;
}

/** Rows read between two looks at the signal. */
const ROWS_PER_LOOK = 256;

/**
 * Read a CSV file, gzip or not: a header line, one column of labels, every other column a number.
 *
 * Encoding, separator and decimal comma are detected unless stated. Values are taken unchanged, because scaling by
 * local statistics would differ from node to node; only columns that are all named `pixel...` (as in Kaggle's digits)
 * are divided by 255, and become [1, side, side] if they fill a square. Rows with an empty label are left out and
 * counted. Lines in messages are those of an editor.
 * @throws ChorusError `E_DATA_UNREADABLE`, `E_DATA_FORMAT` naming line and column, `E_DATA_LABEL`, `E_DATA_TOO_LARGE`,
 * `E_DATA_DISK`
 */
export function loadCsv(
  path: string,
  name: string,
  options?: CsvOptions & { spill?: never },
): Promise<MemoryDataset>;
export function loadCsv(path: string, name: string, options: CsvOptions): Promise<Dataset>;
export async function loadCsv(path: string, name: string, options: CsvOptions = {}): Promise<Dataset> {
  const { limit = MAX_SAMPLES + 1, keep = () => true } = options;
  const stated = options.classNames !== undefined || options.classes !== undefined;
  const dialect = await dialectOf(path, options);
  const leftOut = new Tally();
  const labels = new LabelList();
  const everyLabel = new Set<string>();
  let columns: Columns | undefined;
  let samples: SampleSink | undefined;
  let pixels = false;
  let row = -1;
  try {
    for await (const { fields, line, done } of rowsOf(path, dialect)) {
      if (columns === undefined || samples === undefined) {
        columns = columnsOf(fields, options, path);
        const { header, inputs } = columns;
        pixels = inputs.every((column) => /^pixel/i.test(header[column]!));
        samples = new SampleSink({ width: inputs.length, most: limit }, options.spill, (fits) =>
          beyondMemory(path, fits),
        );
        if (!columns.headless) continue;
      }
      row++;
      if (row % ROWS_PER_LOOK === 0) look(options, done);
      const label = labelIn(fields[columns.label]!, dialect);
      if (!stated) {
        if (!everyLabel.has(label)) everyLabel.add(ownText(label));
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
      labels.add(label);
      if (labels.length > MAX_SAMPLES) throw tooManySamples(name);
      const values = samples.next();
      columns.inputs.forEach((column, k) => {
        const value = numberIn(fields[column]!, dialect, { path, line, column: columns!.header[column]! });
        values[k] = pixels ? Math.fround(value) / 255 : value;
      });
      const writing = samples.add(done);
      if (writing) await writing;
    }
    return await datasetFrom(path, name, options, {
      columns,
      rows: row + 1,
      labels,
      everyLabel,
      samples,
      leftOut,
      dialect,
      pixels,
    });
  } catch (error) {
    await samples?.discard();
    throw error;
  }
}

function look({ signal, onProgress }: CsvOptions, done: number): void {
  signal?.throwIfAborted();
  onProgress?.(done);
}

/** What was read of a CSV file. */
interface ReadCsv {
  columns: Columns | undefined;
  rows: number;
  labels: LabelList;
  everyLabel: Set<string>;
  samples: SampleSink | undefined;
  leftOut: Tally;
  dialect: Dialect;
  pixels: boolean;
}

async function datasetFrom(
  path: string,
  name: string,
  options: CsvOptions,
  { columns, rows, labels, everyLabel, samples, leftOut, dialect, pixels }: ReadCsv,
): Promise<Dataset> {
  if (columns === undefined || samples === undefined || rows === 0) {
    throw new ChorusError('E_DATA_FORMAT', 'the CSV file has no rows to use', {
      facts: { path },
      hint: 'it needs a line of names and, below it, one sample a line',
    });
  }
  if (labels.length === 0 && leftOut.list().length === 0) {
    throw new ChorusError('E_DATA_FORMAT', 'this part of the CSV file has no samples', {
      facts: { path, part: name, rows },
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
  const ofLabels = classNumbers(labels, classNames, path);
  let nth = 0;
  for (const [label, count] of labels.counted()) {
    if (ofLabels[nth++]! < 0) leftOut.add('samples without a label', `the label ${label}`, count);
  }
  const numbers = labels.map(ofLabels);
  const kept = numbers.includes(-1) ? placesOf(numbers, (number) => number >= 0) : undefined;
  const values = await samples.finish(kept);
  const side = Math.round(Math.sqrt(width));
  return datasetOf(values, {
    labels: kept ? Int32Array.from(kept, (k) => numbers[k]!) : numbers,
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
  let row = 0;
  for await (const { fields, done } of rowsOf(path, dialect)) {
    if (row++ % ROWS_PER_LOOK === 0) look(options, done);
    if (columns === undefined) {
      columns = columnsOf(fields, options, path);
      if (!columns.headless) continue;
    }
    const label = canonicalLabel(labelIn(fields[columns.label]!, dialect));
    if (!found.has(label)) found.add(ownText(label));
    if (found.size > 4 * MAX_CLASSES) throw tooManyLabels(path, columns);
  }
  return classNamesOf(found, options, path);
}

/** The rows of a file, each with the line it begins on in an editor, and the share of the file read for it. */
async function* rowsOf(
  path: string,
  dialect: Dialect,
): AsyncGenerator<{ fields: string[]; line: number; done: number }> {
  const { bytes: file, done } = await openCounted(path);
  const decode = lineDecoder(dialect.encoding, path);
  let failure: unknown;
  const text = (async function* () {
    try {
      for await (const bytes of file) yield decode(bytes as Buffer);
      yield decode(null);
    } catch (error) {
      failure = error;
      throw error;
    }
  })();
  const malformed = (facts: Facts, cause?: unknown) =>
    new ChorusError('E_DATA_FORMAT', 'the CSV file cannot be understood', {
      facts: { path, ...facts, separator: nameOf(dialect.separator) },
      hint: `every line needs as many values as the first, separated by a ${nameOf(dialect.separator)}; say another with --separator`,
      cause,
    });
  let width: number | undefined;
  try {
    for await (const { fields, line } of rowsIn(text, dialect)) {
      width ??= fields.length;
      if (fields.length !== width) throw malformed({ line, values: fields.length, expected: width });
      yield { fields, line, done: done() };
    }
  } catch (cause) {
    if (cause instanceof ChorusError) throw cause;
    if (failure !== undefined) throw readingError(path, failure);
    if (!(cause instanceof CsvError)) throw cause;
    throw malformed({ line: lineOf(cause), reason: cause.code }, cause);
  } finally {
    file.destroy();
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

function placesOf(numbers: Int32Array, test: (number: number) => boolean): Int32Array {
  let kept = 0;
  const places = new Int32Array(numbers.length);
  numbers.forEach((number, k) => {
    if (test(number)) places[kept++] = k;
  });
  return places.slice(0, kept);
}

function beyondMemory(path: string, fits: number): ChorusError {
  return new ChorusError('E_DATA_TOO_LARGE', 'the CSV file holds more than fits into memory', {
    facts: { path, limit: MAX_DATASET_BYTES, fits },
    hint: `use fewer samples with --limit, up to ${fits}`,
  });
}
