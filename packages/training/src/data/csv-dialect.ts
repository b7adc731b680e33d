import { ChorusError } from '@chorus/protocol';
import { parse as parseAll } from 'csv-parse/sync';
import { CSV_HEAD_BYTES } from './limits.ts';
import { openBytes, readingError } from './open-bytes.ts';

/** The dialect of a CSV file. */
export interface Dialect {
  /** A label of the Encoding Standard, such as `utf-8` or `windows-1252`. */
  encoding: string;
  separator: string;
  /** Numbers are written 0,5. */
  decimalComma: boolean;
  /** Lines before the header that state the separator (`sep=;`). */
  skipLines: number;
}

/** The stated traits; the others are detected. */
export interface StatedDialect {
  encoding?: string;
  separator?: string;
}

const SEPARATORS = [',', ';', '\t', '|'];

/** Number of lines from which the separator is detected. */
const LOOKED_AT = 100;

/** True for names of CSV files, compressed or not. */
export function isCsv(name: string): boolean {
  return /\.[ct]sv(?:\.gz)?$/i.test(name);
}

/**
 * Detect the dialect of a CSV file from its beginning.
 * @throws ChorusError `E_DATA_UNREADABLE`; `E_USAGE` on an encoding that does not exist; `E_DATA_FORMAT` on a file
 * that is not text
 */
export async function dialectOf(path: string, stated: StatedDialect = {}): Promise<Dialect> {
  const head = await headOf(path);
  const encoding = stated.encoding ?? encodingOf(head, path);
  const text = decoderFor(encoding).decode(head, { stream: true }).replace(/\r\n?/g, '\n');
  const said = /^sep=(.)\n/i.exec(text);
  const skipLines = said ? 1 : 0;
  const body = said ? text.slice(said[0].length) : text;
  const separator = stated.separator ?? said?.[1] ?? separatorOf(body);
  return {
    encoding,
    separator,
    decimalComma: separator !== ',' && hasDecimalComma(body, separator),
    skipLines,
  };
}

/**
 * Decodes pieces of a file in an encoding, line ends as line feeds.
 * @throws ChorusError `E_DATA_FORMAT` naming the line of the first byte that is not of this encoding
 */
export function lineDecoder(encoding: string, path: string) {
  const decoder = decoderFor(encoding, true);
  const loose = decoderFor(encoding);
  let line = 1;
  let afterReturn = false;
  return (bytes: Uint8Array | null): string => {
    let text: string;
    try {
      text = bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode();
    } catch (cause) {
      const readable = loose.decode(bytes ?? new Uint8Array()).split('\ufffd', 1)[0]!;
      throw new ChorusError('E_DATA_FORMAT', `the CSV file is not written in ${encoding}`, {
        facts: { path, line: line + readable.split(/\r\n?|\n/).length - 1 },
        hint: 'say how it is written, such as --encoding windows-1252, or save it as UTF-8',
        cause,
      });
    }
    // A return at the end of one piece and the line feed at the start of the next are one line end.
    if (afterReturn && text.startsWith('\n')) text = text.slice(1);
    if (text !== '') afterReturn = text.endsWith('\r');
    const lines = text.replace(/\r\n?/g, '\n');
    for (let at = lines.indexOf('\n'); at >= 0; at = lines.indexOf('\n', at + 1)) line++;
    return lines;
  };
}

async function headOf(path: string): Promise<Buffer> {
  const source = await openBytes(path);
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of source as AsyncIterable<Buffer>) {
      pieces.push(piece);
      length += piece.length;
      if (length >= CSV_HEAD_BYTES) break;
    }
  } catch (cause) {
    throw readingError(path, cause);
  } finally {
    source.destroy();
  }
  return Buffer.concat(pieces).subarray(0, CSV_HEAD_BYTES);
}

function encodingOf(head: Buffer, path: string): string {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  if (!head.includes(0)) return 'utf-8';
  throw new ChorusError('E_DATA_FORMAT', 'the CSV file holds bytes that are not text', {
    facts: { path },
    hint: 'if it is text in UTF-16, say --encoding utf-16le',
  });
}

function decoderFor(encoding: string, fatal = false) {
  try {
    return new TextDecoder(encoding, { fatal });
  } catch (cause) {
    throw new ChorusError('E_USAGE', 'this encoding is not known', {
      facts: { encoding: encoding.slice(0, 40) },
      hint: 'use a name of the Encoding Standard, such as utf-8, utf-16le, windows-1252 or shift_jis',
      cause,
    });
  }
}

/** Lines that must agree before a text is taken for a table: fewer may by chance. */
const TABLE_LINES = 5;

/** Whether a file of another name looks like a CSV file: a separator cuts each of its lines into as many values. */
export async function looksLikeTable(path: string): Promise<boolean> {
  const head = (await headOf(path)).toString('utf8').replace(/\r\n?/g, '\n');
  const rows = firstRows(head, separatorOf(head));
  const width = rows[0]?.length ?? 0;
  return width > 1 && rows.length >= TABLE_LINES && rows.every((row) => row.length === width);
}

/** The one that cuts the first lines into the same number of fields, and into most. */
function separatorOf(text: string): string {
  let best = ',';
  let most = 1;
  for (const separator of SEPARATORS) {
    const rows = firstRows(text, separator);
    const width = rows[0]?.length ?? 0;
    if (width > most && rows.every((row) => row.length === width)) {
      best = separator;
      most = width;
    }
  }
  return best;
}

/** Whether numbers among the first lines are written 0,5 and none 0.5. */
function hasDecimalComma(text: string, separator: string): boolean {
  const fields = firstRows(text, separator).slice(1).flat();
  const written = (pattern: RegExp) => fields.some((field) => pattern.test(field));
  return written(/^[+-]?\d*,\d+(?:e[+-]?\d+)?$/i) && !written(/^[+-]?\d*\.\d+(?:e[+-]?\d+)?$/i);
}

function firstRows(text: string, separator: string): string[][] {
  // The last line may have been cut in the middle.
  const whole = text.length * 2 >= CSV_HEAD_BYTES ? text.slice(0, text.lastIndexOf('\n') + 1) || text : text;
  try {
    return parseAll(whole, {
      bom: true,
      delimiter: separator,
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
      relax_quotes: true,
      to: LOOKED_AT,
    }) as string[][];
  } catch {
    return [];
  }
}
