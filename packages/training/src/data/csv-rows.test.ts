import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsedRows, type Row, rowsIn } from './csv-rows.ts';
import { MAX_CSV_RECORD_BYTES } from './limits.ts';

async function all(rows: AsyncGenerator<Row>): Promise<Row[] | string> {
  const found: Row[] = [];
  try {
    for await (const row of rows) found.push(row);
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return found;
}

async function* cut(text: string, at: readonly number[]): AsyncGenerator<string> {
  const places = at.map((place) => place % (text.length + 1)).sort((a, b) => a - b);
  let from = 0;
  for (const to of [...places, text.length]) {
    if (to > from) yield text.slice(from, to);
    from = to;
  }
}

describe('the rows of a CSV file', () => {
  it('rows that are cut are those the parser reads, wherever quotes begin and the pieces end', async () => {
    const part = fc.constantFrom(
      ...['a', '1.5', ' ', '\t', ',', ',', ',', ';', '\n', '\n', '\n\n', '\u00a0', '\ufeff', 'ü', '\u2028'],
    );
    const quoted = fc.constantFrom('"q"', '"a,b"', '"two\nlines"', '"', '""', ',"x",');
    const texts = fc.oneof(
      fc.array(part, { maxLength: 40 }),
      fc.array(fc.oneof({ weight: 12, arbitrary: part }, quoted), { maxLength: 40 }),
    );
    await fc.assert(
      fc.asyncProperty(
        texts,
        fc.array(fc.nat(60), { maxLength: 5 }),
        fc.constantFrom(',', ';', '\t', ' '),
        fc.nat(1),
        async (parts, at, separator, skipLines) => {
          const text = parts.join('');
          const dialect = { separator, skipLines };
          const expected = await all(parsedRows(Readable.from(cut(text, [])), dialect));
          expect(await all(rowsIn(cut(text, at), dialect))).toEqual(expected);
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('a line without an end is refused as soon as it is too long', async () => {
    let pieces = 0;
    async function* endless() {
      for (;;) {
        pieces++;
        yield 'x'.repeat(2 ** 20);
      }
    }
    expect(await all(rowsIn(endless(), { separator: ',', skipLines: 0 }))).toBe('CSV_MAX_RECORD_SIZE');
    expect(pieces).toBeLessThanOrEqual(MAX_CSV_RECORD_BYTES / 2 ** 20 + 1);
  });
});
