import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadDataset } from './load.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'chorus-data-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function folder(files: Record<string, string | Uint8Array>): Promise<string> {
  const dir = await mkdtemp(join(root, 'd-'));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(dir, name, '..'), { recursive: true });
    await writeFile(join(dir, name), content);
  }
  return dir;
}

function idx(dims: number[], data: ArrayLike<number>): Uint8Array {
  const bytes = Buffer.alloc(4 + 4 * dims.length + data.length);
  bytes[2] = 8;
  bytes[3] = dims.length;
  dims.forEach((dim, k) => void bytes.writeUInt32BE(dim, 4 + 4 * k));
  bytes.set(Array.from(data), 4 + 4 * dims.length);
  return bytes;
}

const images = idx([3, 2, 2], [0, 51, 102, 153, 204, 255, 0, 0, 1, 2, 3, 4]);
const labels = idx([3], [7, 0, 9]);
const refusal = (code: string, facts: object = {}) =>
  expect.objectContaining({ code, facts: expect.objectContaining(facts), hint: expect.any(String) });

describe('IDX', () => {
  it.each([
    ['plain', images, labels, ''],
    ['gzip', gzipSync(images), gzipSync(labels), '.gz'],
    ['gzip without the ending', gzipSync(images), gzipSync(labels), ''],
  ])('the IDX reader reads %s files, scaling pixels to [0, 1]', async (_, a, b, ending) => {
    const dir = await folder({
      [`train-images-idx3-ubyte${ending}`]: a,
      [`train-labels-idx1-ubyte${ending}`]: b,
    });
    const dataset = await loadDataset(dir);
    expect(dataset).toMatchObject({ kind: 'classification', inputShape: [1, 2, 2], classes: 10, count: 3 });
    expect(Array.from(dataset.inputs.subarray(0, 6))).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1].map(Math.fround));
    expect([...dataset.labels]).toEqual([7, 0, 9]);
  });

  it('the IDX reader stops at the limit, without reading the rest of the file', async () => {
    const dir = await folder({
      't10k-images.idx3-ubyte': images.subarray(0, 16 + 8),
      't10k-labels.idx1-ubyte': labels,
    });
    expect((await loadDataset(dir, { split: 'test', limit: 2 })).count).toBe(2);
  });

  it.each([
    ['truncated images', images.subarray(0, -1), labels],
    ['images longer than stated', Buffer.concat([images, Buffer.alloc(1)]), labels],
    ['another number of labels', images, idx([2], [1, 2])],
    ['another magic', Buffer.concat([Buffer.of(1), images.subarray(1)]), labels],
    ['floats', Buffer.concat([Buffer.of(0, 0, 0x0d), images.subarray(3)]), labels],
    ['a header that claims terabytes', idx([2 ** 26, 2 ** 15, 2 ** 15], []), labels],
    ['no samples', idx([0, 2, 2], []), idx([0], [])],
    ['damaged gzip', gzipSync(images).fill(0x55, 12, 30), labels],
    ['truncated gzip', gzipSync(images).subarray(0, -4), labels],
    ['an empty file', Buffer.alloc(0), labels],
  ])('the IDX reader refuses %s', async (_, a, b) => {
    const dir = await folder({ 'train-images-idx3-ubyte': a, 'train-labels-idx1-ubyte': b });
    await expect(loadDataset(dir)).rejects.toEqual(
      expect.objectContaining({
        code: 'E_DATA_FORMAT',
        facts: expect.objectContaining({ path: expect.any(String) }),
      }),
    );
  });

  it('the IDX reader says which numbers a file of another type holds', async () => {
    const floats = Buffer.concat([Buffer.of(0, 0, 0x0d), images.subarray(3)]);
    const dir = await folder({ 'train-images-idx3-ubyte': floats, 'train-labels-idx1-ubyte': labels });
    await expect(loadDataset(dir)).rejects.toThrow('the IDX file holds 32-bit floats, not unsigned bytes');
  });

  it('the IDX reader names the missing part', async () => {
    const dir = await folder({ 'train-images-idx3-ubyte': images, 'train-labels-idx1-ubyte': labels });
    await expect(loadDataset(dir, { split: 'test' })).rejects.toEqual(refusal('E_DATA_FORMAT'));
  });
});

describe('CSV', () => {
  it('the CSV reader finds the label by its name and keeps numbers as they are', async () => {
    const dir = await folder({ 'iris.csv': '\ufeffa,b,Class\n1.5,-2,x\n3,4e1,y\n\n5,6,x\n7,8,y\n9,10,x\n' });
    const train = await loadDataset(dir);
    expect(train).toMatchObject({ inputShape: [2], classes: 2, count: 4, classNames: ['x', 'y'] });
    expect([...train.inputs]).toEqual([1.5, -2, 3, 40, 5, 6, 7, 8]);
    expect([...train.labels]).toEqual([0, 1, 0, 1]);
    const test = await loadDataset(dir, { split: 'test', classNames: ['x', 'y'] });
    expect([...test.inputs]).toEqual([9, 10]);
  });

  it('the CSV reader scales pixel columns and makes them square', async () => {
    const dir = await folder({
      'train.csv': 'label,pixel0,pixel1,pixel2,pixel3\n1,0,255,51,102\n0,0,0,0,0\n',
      'test.csv': 'label,pixel0,pixel1,pixel2,pixel3\n1,255,255,255,255\n',
    });
    const train = await loadDataset(dir);
    expect(train.inputShape).toEqual([1, 2, 2]);
    expect(Array.from(train.inputs.subarray(0, 4))).toEqual([0, 1, 0.2, 0.4].map(Math.fround));
    expect((await loadDataset(dir, { split: 'test' })).classes).toBe(2);
  });

  it('the CSV reader selects a column by number or name, and at most the given number of rows', async () => {
    const dir = await folder({ 'a.csv': 'p,q\n0,1\n1,2\n2,0\n' });
    expect([...(await loadDataset(dir, { labelColumn: 0 })).labels]).toEqual([0, 1, 2]);
    expect([...(await loadDataset(dir, { labelColumn: 'q', limit: 2 })).labels]).toEqual([1, 2]);
  });

  it.each([
    ['no label column', 'a,b\n1,2\n', { header: 'a,b' }],
    ['text among the numbers', 'a,label\n1,0\nx,1\n', { line: 3, column: 'a', value: 'x' }],
    ['an empty field', 'a,label\n1,0\n,1\n', { line: 3, value: '' }],
    ['a number beyond float32', 'a,label\n1e39,0\n', { value: '1e39' }],
    ['ragged lines', 'a,label\n1,0\n1,0,1\n', { line: 3, values: 3, expected: 2 }],
    ['an open quote', 'a,label\n"1,0\n', { reason: 'CSV_QUOTE_NOT_CLOSED' }],
    ['a header only', 'a,label\n', {}],
    ['one class only', 'a,label\n1,x\n2,x\n', { classes: 1 }],
    ['nothing', '', {}],
  ])('the CSV reader refuses %s', async (_, content, facts) => {
    const dir = await folder({ 'train.csv': content, 'test.csv': content });
    await expect(loadDataset(dir)).rejects.toMatchObject({ code: 'E_DATA_FORMAT', facts });
  });

  it('the CSV reader refuses to guess among several files', async () => {
    const dir = await folder({ 'a.csv': '', 'b.csv': '' });
    await expect(loadDataset(dir)).rejects.toEqual(refusal('E_DATA_FORMAT', { found: 'a.csv, b.csv' }));
  });
});

describe('images', () => {
  const plain = (channels: 1 | 3 | 4, value: number, width = 2, height = 3) =>
    sharp(Buffer.alloc(width * height * channels, value), { raw: { width, height, channels } }).toColourspace(
      channels === 1 ? 'b-w' : 'srgb',
    );

  it('the image reader reads one folder per class, resizing to the first image', async () => {
    const dir = await folder({
      'cat/1.png': await plain(1, 255).png().toBuffer(),
      'cat/2.png': await plain(1, 51, 8, 8).png().toBuffer(),
      'dog/1.jpg': await plain(1, 0).jpeg().toBuffer(),
      'dog/notes.txt': 'not an image',
      '.git/x.png': '',
    });
    const dataset = await loadDataset(dir);
    expect(dataset).toMatchObject({
      inputShape: [1, 3, 2],
      classes: 2,
      count: 3,
      classNames: ['cat', 'dog'],
    });
    expect([...dataset.labels]).toEqual([0, 0, 1]);
    expect(Array.from(dataset.inputs)).toEqual([1, 0.2, 0].flatMap((v) => Array(6).fill(Math.fround(v))));
  });

  it('the image reader puts colours into planes, drops alpha and honours the shape asked for', async () => {
    const red = await sharp(Buffer.from([255, 0, 51, 255]), { raw: { width: 1, height: 1, channels: 4 } })
      .png()
      .toBuffer();
    const dir = await folder({
      'train/a/1.png': red,
      'train/b/1.png': red,
      'test/a/1.png': red,
      'test/b/9.png': red,
    });
    const dataset = await loadDataset(dir, { split: 'test', imageShape: [3, 2, 2] });
    expect(dataset.inputShape).toEqual([3, 2, 2]);
    expect(Array.from(dataset.inputs.subarray(0, 12))).toEqual(
      [1, 1, 1, 1, 0, 0, 0, 0, 0.2, 0.2, 0.2, 0.2].map(Math.fround),
    );
  });

  it('the image reader holds out every fifth image of a class and thins evenly', async () => {
    const png = await plain(1, 9).png().toBuffer();
    const names = Array.from({ length: 10 }, (_, i) => [`a/${i}.png`, `b/${i}.png`]).flat();
    const dir = await folder(Object.fromEntries(names.map((name) => [name, png])));
    expect((await loadDataset(dir)).count).toBe(16);
    expect((await loadDataset(dir, { split: 'test' })).count).toBe(4);
    expect([...(await loadDataset(dir, { limit: 4 })).labels]).toEqual([0, 0, 1, 1]);
  });

  it('the image reader names the image it cannot read', async () => {
    const good = await plain(1, 9).png().toBuffer();
    const dir = await folder({ 'a/1.png': good, 'b/1.png': good.subarray(0, 40) });
    await expect(loadDataset(dir)).rejects.toEqual(
      refusal('E_DATA_FORMAT', { path: expect.stringContaining(join('b', '1.png')) }),
    );
  });

  it('the image reader asks for a size if images are large', async () => {
    const dir = await folder({ 'a/1.png': await plain(1, 9, 300, 10).png().toBuffer(), 'b/1.png': '' });
    await expect(loadDataset(dir)).rejects.toEqual(refusal('E_DATA_FORMAT', { width: 300 }));
  });
});

describe('text', () => {
  it('a text data set makes windows of bytes that predict the next byte', async () => {
    const dir = await folder({ 'a.txt': 'abcdefgh', 'b.txt': 'ij' });
    const train = await loadDataset(dir, { context: 3 });
    expect(train).toMatchObject({ inputShape: [3], classes: 256, count: 5 });
    expect(String.fromCharCode(...train.inputs.subarray(0, 3), train.labels[0]!)).toBe('abcd');
    expect(String.fromCharCode(...train.inputs.subarray(12, 15), train.labels[4]!)).toBe('efgh');
  });

  it('a text data set holds out the end of the text', async () => {
    const dir = await folder({ 'a.txt': 'abcdefghijklmnopqrst' });
    const test = await loadDataset(dir, { split: 'test', context: 2 });
    expect(String.fromCharCode(...test.inputs.subarray(0, 2), test.labels[0]!)).toBe('qrs');
    expect(test.count).toBe(2);
  });

  it('a text data set refuses a text shorter than a window', async () => {
    await expect(loadDataset(await folder({ 'a.txt': 'abc' }))).rejects.toMatchObject({
      code: 'E_DATA_FORMAT',
    });
  });
});

describe('a folder', () => {
  it('a data folder that does not exist is unreadable, with a hint', async () => {
    await expect(loadDataset(join(root, 'nowhere'))).rejects.toEqual(
      refusal('E_DATA_UNREADABLE', { reason: 'ENOENT', path: join(root, 'nowhere') }),
    );
  });

  it('a data folder that is a file is unreadable, with a hint', async () => {
    const dir = await folder({ file: 'x' });
    await expect(loadDataset(join(dir, 'file'))).rejects.toEqual(
      refusal('E_DATA_UNREADABLE', { reason: 'ENOTDIR' }),
    );
  });

  it.skipIf(process.getuid?.() === 0)(
    'a data folder that may not be read is unreadable, with a hint',
    async () => {
      const dir = await folder({ 'a.csv': '' });
      await chmod(dir, 0);
      await expect(loadDataset(dir)).rejects.toEqual(refusal('E_DATA_UNREADABLE', { reason: 'EACCES' }));
    },
  );

  it('a data folder of something else is refused, saying what was found', async () => {
    await expect(loadDataset(await folder({ 'a.xyz': '' }))).rejects.toEqual(
      refusal('E_DATA_FORMAT', { found: 'a.xyz' }),
    );
    await expect(loadDataset(await folder({}))).rejects.toEqual(
      refusal('E_DATA_FORMAT', { found: 'nothing' }),
    );
  });
});

const DATA = process.env.CHORUS_DATA ?? new URL('../../../../../shared/data', import.meta.url).pathname;

describe.skipIf(!existsSync(join(DATA, 'mnist')))('real MNIST (skipped where CHORUS_DATA has none)', () => {
  it('a data folder has 10,000 test digits with the known class counts and mean', async () => {
    const test = await loadDataset(join(DATA, 'mnist'), { split: 'test' });
    expect(test).toMatchObject({ inputShape: [1, 28, 28], classes: 10, count: 10_000 });
    const counts = Array(10).fill(0);
    for (const label of test.labels) counts[label]++;
    expect(counts).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    // Mean of the test images, published with the normalisation constants of MNIST.
    expect(test.inputs.reduce((sum, x) => sum + x, 0) / test.inputs.length).toBeCloseTo(0.1325, 4);
  });
});
