import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataFolder } from '../testing/data-folder.ts';
import { canonicalLabel } from './class-names.ts';
import { loadDataset } from './load.ts';

interface Vectors {
  images: {
    name: string;
    file: string;
    shape: [number, number, number];
    pixels: number[];
    tolerance: number;
  }[];
  tables: { name: string; text: string; column: string; values: number[]; labels: (string | null)[] }[];
}

const file = new URL('../../../../test/vectors/data/vectors.json', import.meta.url);
const { images, tables } = JSON.parse(await readFile(file, 'utf8')) as Vectors;

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'chorus-data-vectors-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe('images', () => {
  const readable = images.filter(({ name }) => !name.endsWith('.bmp'));

  it.each(readable)(
    'the image $name reads as Pillow shows it',
    async ({ name, file: content, shape, pixels, tolerance }) => {
      const bytes = Buffer.from(content, 'base64');
      const dir = await dataFolder(root, {
        [`train/a/${name}`]: bytes,
        [`train/b/${name}`]: bytes,
        'test/a/': '',
      });
      const dataset = await loadDataset(dir);
      expect(dataset.inputShape).toEqual(shape);
      const off = pixels.map((value, i) => Math.abs(value - 255 * dataset.inputs[i]!));
      expect(Math.max(...off)).toBeLessThanOrEqual(tolerance + 1e-3);
    },
  );

  it('a bitmap is refused by name, even among readable images', async () => {
    const content = (name: string) => Buffer.from(images.find((each) => each.name === name)!.file, 'base64');
    const dir = await dataFolder(root, {
      'a/1.png': content('grey.png'),
      'b/1.BMP': content('unread.bmp'),
      'README.md': 'A data set.',
    });
    await expect(loadDataset(dir)).rejects.toMatchObject({
      code: 'E_DATA_FORMAT',
      message: expect.stringContaining('.bmp'),
      facts: { path: expect.stringContaining('1.BMP') },
    });
  });
});

describe('tables', () => {
  it.each(tables)(
    'tables of pandas ($name) have its values and labels',
    async ({ text, column, values, labels }) => {
      const dir = await dataFolder(root, { 'train.csv': text, 'test.csv': text });
      const dataset = await loadDataset(dir, { labelColumn: column });
      expect(dataset.inputShape).toEqual([1]);
      const labelled = labels.flatMap((label, i) => (label === null ? [] : [{ label, value: values[i] }]));
      expect([...dataset.inputs]).toEqual(labelled.map(({ value }) => value));
      expect([...dataset.labels].map((label) => dataset.classNames![label])).toEqual(
        labelled.map(({ label }) => canonicalLabel(label)),
      );
      const numbers = labelled.map(({ label }) => Number(label));
      if (numbers.every(Number.isFinite)) expect([...dataset.labels]).toEqual(numbers);
    },
  );
});
