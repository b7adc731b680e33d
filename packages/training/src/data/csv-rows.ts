import { Readable } from 'node:stream';
import { CsvError, type Info, parse } from 'csv-parse';
import type { Dialect } from './csv-dialect.ts';
import { MAX_CSV_RECORD_BYTES } from './limits.ts';

/** One row of a CSV file, and the line it begins on in an editor. */
export interface Row {
  fields: string[];
  line: number;
}

/**
 * The rows of a text whose line ends are line feeds. As long as it has no quotes it is cut at separators and line ends,
 * several times as fast as the parser reads it, which takes over at the first quote. The rows are the same.
 * @throws CsvError
 */
export async function* rowsIn(
  text: AsyncIterable<string>,
  { separator, skipLines }: Pick<Dialect, 'separator' | 'skipLines'>,
): AsyncGenerator<Row> {
  const pieces = text[Symbol.asyncIterator]();
  let line = 0;
  let rest = '';
  for (let first = true; ; first = false) {
    const { done, value } = await pieces.next();
    if (done) break;
    const piece = first ? value.replace(/^\ufeff/, '') : value;
    rest += piece;
    if (piece.includes('"')) {
      const remaining = Readable.from(withFirst(rest, pieces));
      for await (const row of parsedRows(remaining, {
        separator,
        skipLines: Math.max(0, skipLines - line),
      })) {
        yield { ...row, line: row.line + line };
      }
      return;
    }
    let from = 0;
    for (let to = rest.indexOf('\n'); to >= 0; to = rest.indexOf('\n', from)) {
      const fields = ++line > skipLines ? fieldsOf(rest.slice(from, to), separator) : null;
      if (fields) yield { fields, line };
      from = to + 1;
    }
    rest = rest.slice(from);
    if (rest.length > MAX_CSV_RECORD_BYTES) throw tooLong(line + 1);
  }
  const fields = ++line > skipLines ? fieldsOf(rest, separator) : null;
  if (fields) yield { fields, line };
}

/** The fields of a line without quotes; null if it is empty. */
function fieldsOf(text: string, separator: string): string[] | null {
  const fields = text.split(separator);
  for (let i = 0; i < fields.length; i++) fields[i] = fields[i]!.trim();
  return fields.length === 1 && fields[0] === '' ? null : fields;
}

async function* withFirst(first: string, rest: AsyncIterator<string>): AsyncGenerator<string> {
  yield first;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

function tooLong(line: number): CsvError {
  const message = `Max Record Size: record exceed the maximum number of tolerated bytes of ${MAX_CSV_RECORD_BYTES}`;
  return Object.assign(new CsvError('CSV_MAX_RECORD_SIZE', [message], {} as never), { lines: line });
}

/**
 * The rows of a text with quotes; they need not have the same number of fields.
 * @throws CsvError
 */
export async function* parsedRows(
  text: Readable,
  { separator, skipLines }: Pick<Dialect, 'separator' | 'skipLines'>,
): AsyncGenerator<Row> {
  const parser = parse({
    bom: true,
    trim: true,
    info: true,
    delimiter: separator,
    record_delimiter: '\n',
    from_line: 1 + skipLines,
    skip_empty_lines: true,
    relax_column_count: true,
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
  } finally {
    text.destroy();
    parser.destroy();
  }
}
