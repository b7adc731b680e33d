import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CsvOptions, loadCsv } from './csv.ts';
import { describeDataset } from './describe.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-csv-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let files = 0;
async function csv(content: string | Uint8Array, options?: Omit<CsvOptions, 'spill'>) {
  const path = join(folder, `${files++}.csv`);
  await writeFile(path, content);
  return loadCsv(path, 'x', options);
}

const refusal = (facts: object, hint = expect.any(String)) => ({ code: 'E_DATA_FORMAT', facts, hint });

describe('a CSV file', () => {
  it('a CSV file means the same in every dialect', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: -9999, max: 9999 }), fc.nat(5), fc.boolean()), {
          minLength: 2,
          maxLength: 20,
        }),
        fc.constantFrom(',', ';', '\t', '|'),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.boolean(),
        fc.constantFrom('utf8', 'utf-8 with a mark', 'utf16le'),
        fc.boolean(),
        fc.boolean(),
        async (rows, separator, lineEnd, decimalComma, encoding, index, compressed) => {
          const comma = decimalComma && separator !== ',';
          const number = (hundredths: number) => {
            const text = (hundredths / 100).toFixed(2);
            return comma ? text.replace('.', ',') : text;
          };
          const labels = rows.map(([, label]) => label);
          fc.pre(Math.max(...labels) > 0);
          const lines = [
            ['straße', 'b', 'label'],
            ...rows.map(([value, label, quoted]) => [
              quoted ? `"${number(value)}"` : number(value),
              number(250),
              label,
            ]),
          ].map((fields, i) => (index ? [i === 0 ? '' : i - 1, ...fields] : fields).join(separator));
          const text = `${lines.join(lineEnd)}${lineEnd}`;
          const marked = encoding === 'utf8' ? text : `\ufeff${text}`;
          const bytes = Buffer.from(marked, encoding === 'utf16le' ? 'utf16le' : 'utf8');
          const dataset = await csv(compressed ? gzipSync(bytes) : bytes);
          expect([...dataset.labels]).toEqual(labels);
          expect(dataset.inputShape).toEqual([2]);
          expect([...dataset.inputs]).toEqual(rows.flatMap(([value]) => [Math.fround(value / 100), 2.5]));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('a compressed CSV file is refused by name if it is damaged or cut', async () => {
    const whole = gzipSync(`a,label\n${'0.5,1\n1.5,0\n'.repeat(50)}`);
    const damaged = Buffer.from(whole).fill(0x55, 12, 30);
    for (const bytes of [damaged, whole.subarray(0, -4), whole.subarray(0, 20)]) {
      await expect(csv(bytes)).rejects.toMatchObject({
        code: 'E_DATA_FORMAT',
        message: expect.stringContaining('the file cannot be decompressed'),
        facts: { path: expect.stringContaining(folder) },
      });
    }
  });

  it('an error in a CSV file names the line that an editor shows', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('0.5,cat', '', '0.5,"two\nlines"', '"1.5","a ""b"""', '   '), {
          maxLength: 12,
        }),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.constantFrom('oops,cat', '"oops",cat', 'oops,"two\nlines"'),
        async (rows, lineEnd, wrong) => {
          const before = ['a,label', ...rows].join('\n');
          const text = `${before}\n${wrong}\n0.1,dog\n`.replaceAll('\n', lineEnd);
          await expect(csv(text)).rejects.toMatchObject(
            refusal({ line: before.split('\n').length + 1, column: 'a', value: 'oops' }),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  it('a CSV file leaves rows without a label out, and counts them', async () => {
    const dataset = await csv('a,label\n1,0.0\n2,\n3,11.0\n4,NaN\n5,10.0\n');
    expect([...dataset.inputs]).toEqual([1, 3, 5]);
    expect([...dataset.labels]).toEqual([0, 11, 10]);
    expect(dataset.classes).toBe(12);
    expect(describeDataset(dataset)).toMatchObject({
      samples: 3,
      leftOut: [{ what: 'samples without a label', count: 2, example: 'line 3' }],
      notes: expect.arrayContaining([expect.stringContaining('no sample is of the classes 1, 2, 3')]),
    });
  });

  it('a CSV file has the classes of all its rows, for any part and any limit', async () => {
    const text = `a,label\n${['x', 'y', 'x', 'z', 'x', 'w'].map((label, i) => `${i},${label}`).join('\n')}\n`;
    for (const options of [{ keep: (row: number) => row % 5 === 4 }, { limit: 1 }, {}]) {
      expect((await csv(text, options)).classNames).toEqual(['w', 'x', 'y', 'z']);
    }
  });

  it.each([
    ['an unnamed first column', ',a,label\n0,1.5,0\n1,2.5,1\n', {}, [1.5, 2.5]],
    ['what pandas made of one', 'Unnamed: 0,a,label\n7,1.5,0\n9,2.5,1\n', {}, [1.5, 2.5]],
    ['names of rows', '"",a,label\nMazda,1.5,0\nFiat,2.5,1\n', {}, [1.5, 2.5]],
    ['a separator at the end of each line', 'a,label,\n1.5,0,\n2.5,1,\n', {}, [1.5, 2.5]],
    ['a column of identifiers', 'Id,a,label\n1,1.5,0\n2,2.5,1\n', {}, [1.5, 2.5]],
    [
      'a column that is asked to be',
      'id,city,label\n1.5,Ulm,0\n2.5,Rom,1\n',
      { leaveOut: ['city'] },
      [1.5, 2.5],
    ],
  ])('a CSV file is read without %s, and the report says so', async (_, text, options, inputs) => {
    const dataset = await csv(text, options);
    expect([...dataset.inputs]).toEqual(inputs);
    expect(describeDataset(dataset).notes.join('\n')).toMatch(/is not trained on: /);
  });

  it.each([
    ['a number', 'sepal,kind\n1,a\n2,b\n', '1'],
    ['a number from the end', 'sepal,kind\n1,a\n2,b\n', '-1'],
    ['a name in other letters', 'sepal,Kind\n1,a\n2,b\n', 'kind'],
    ['a name that is a number', 'p,0\n1,a\n2,b\n', '0'],
  ])('a CSV file’s label column can be given by %s', async (_, text, labelColumn) => {
    expect((await csv(text, { labelColumn })).classNames).toEqual(['a', 'b']);
  });

  it('a CSV file without a header loses no sample if the label column is given', async () => {
    const iris = '5.1,3.5,setosa\n4.9,3.0,other\n';
    expect([...(await csv(iris, { labelColumn: -1 })).inputs]).toEqual([5.1, 3.5, 4.9, 3].map(Math.fround));
    await expect(csv(iris)).rejects.toMatchObject(refusal({}, expect.stringContaining('--label-column')));
    // Years are a header if one of the names is that of the labels.
    expect((await csv('2019,2020,kind\n1,2,a\n3,4,b\n', { labelColumn: 'kind' })).count).toBe(2);
    // The numbers of the columns, as pandas writes them, are a header.
    expect((await csv('0,1,2\n5,6,1\n7,8,0\n', { labelColumn: '2' })).count).toBe(2);
  });

  it('a CSV file that states its separator is read by it', async () => {
    expect([...(await csv('sep=;\na;label\n1,5;0\n2,5;1\n')).inputs]).toEqual([1.5, 2.5]);
    expect([...(await csv('a~label\n1~0\n2~1\n', { separator: '~' })).inputs]).toEqual([1, 2]);
    await expect(csv('sep=;\na;label\n1;0\nx;1\n')).rejects.toMatchObject(refusal({ line: 4 }));
  });

  it('a CSV file in another encoding is refused by line, and read if the encoding is given', async () => {
    const text = Buffer.from('a,label\n1,caf\xe9\n2,caf\xe8\n', 'latin1');
    await expect(csv(text)).rejects.toMatchObject(
      refusal({ line: 2 }, expect.stringContaining('--encoding')),
    );
    expect((await csv(text, { encoding: 'windows-1252' })).classNames).toEqual(['caf\u00e8', 'caf\u00e9']);
    await expect(csv(text, { encoding: 'klingon' })).rejects.toMatchObject({ code: 'E_USAGE' });
    await expect(csv(Buffer.from('a,label\n1,0\n', 'utf16le'))).rejects.toMatchObject(
      refusal({}, expect.stringContaining('--encoding utf-16le')),
    );
  });

  it.each([
    ['that is one column', 'label\n1\n', { columns: 1 }, '--separator'],
    ['with two columns of labels', 'class,target,a\n1,0,1\n0,1,2\n', {}, '--label-column'],
    ['without labels', 'pixel0,pixel1\n1,2\n', { header: 'pixel0,pixel1' }, 'labels'],
    ['whose labels are all empty', 'a,label\n1,\n2,\n', { column: 'label' }, '--label-column'],
    ['with text among the values', 'a,city,label\n1,Ulm,0\n', { line: 2, column: 'city' }, '--leave-out'],
    ['with thousands', 'a;label\n1.234,5;0\n0,5;1\n', { line: 2, value: '1.234,5' }, '--leave-out'],
    ['with thousands in quotes', 'a,label\n"1,234.5",0\n2,1\n', { value: '1,234.5' }, 'thousands'],
    ['with per cent', 'a,label\n12.5%,0\n2,1\n', { value: '12.5%' }, 'unit'],
    ['with a number in another base', 'a,label\n0x10,0\n2,1\n', { value: '0x10' }, '--leave-out'],
    ['with a value beyond 32-bit floats', 'a,label\n1e39,0\n2,1\n', { value: '1e39' }, '32-bit'],
    ['with infinity', 'a,label\ninf,0\n2,1\n', { value: 'inf' }, '--leave-out'],
    ['that begins with a comment', '# by hand\na,label\n1,0\n2,1\n', { columns: 1 }, 'comment'],
    ['with a ragged line', 'a,label\n\n1,0\n1\n', { line: 4, separator: 'comma' }, '--separator'],
  ])('%s is refused with a hint', async (_, text, facts, hint) => {
    await expect(csv(text)).rejects.toMatchObject(refusal(facts, expect.stringContaining(hint)));
  });

  it('a CSV file with decimal commas refuses a point far below its beginning, which would be read as a decimal', async () => {
    for (const [value, hint] of [
      ['1.234', 'thousands'],
      ['2.5', 'decimal comma'],
    ]) {
      const text = `a;label\n${'0,5;0\n1,5;1\n'.repeat(100)}${value};1\n`;
      await expect(csv(text)).rejects.toMatchObject(
        refusal({ line: 202, value }, expect.stringContaining(hint!)),
      );
    }
  });

  it('a CSV file leaves all columns of a name out', async () => {
    expect([...(await csv('a,a,b,label\n1,2,3,0\n4,5,6,1\n', { leaveOut: ['a'] })).inputs]).toEqual([3, 6]);
  });

  it('the report of a CSV file names classes that differ in capital letters only', async () => {
    const { notes } = describeDataset(await csv('a,label\n1,Cat\n2,cat\n3,dog\n'));
    expect(notes).toContain('classes that differ in capital letters only: Cat, cat');
  });

  it('a CSV file refuses to leave out a column it does not have', async () => {
    await expect(csv('a,label\n1,0\n2,1\n', { leaveOut: ['b'] })).rejects.toMatchObject(
      refusal({ wanted: 'b' }),
    );
  });
});
