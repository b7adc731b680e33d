import { mkdir, mkdtemp, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataFolder } from '../testing/data-folder.ts';
import { describeDataset } from './describe.ts';
import { loadDataset, loadParts } from './load.ts';

let root: string;
let png: Uint8Array;
const image = (value: number, channels: 1 | 3 = 1, width = 2, height = 2) =>
  sharp(Buffer.alloc(width * height * channels, value), { raw: { width, height, channels } })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .png()
    .toBuffer();
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'chorus-folders-'));
  png = await image(51);
});
afterAll(() => rm(root, { recursive: true, force: true }));

const folder = (files: Record<string, string | Uint8Array>) => dataFolder(root, files);
const pngs = (...names: string[]) => Object.fromEntries(names.map((name) => [name, png]));
const leftOut = async (dir: string) =>
  Object.fromEntries(describeDataset(await loadDataset(dir)).leftOut.map(({ what, count }) => [what, count]));

describe('the parts of data', () => {
  it('the parts of data have the same classes, even if a part lacks some', async () => {
    const names = ['ant', 'bee', 'cat', 'dog', '10', '9'];
    await fc.assert(
      fc.asyncProperty(
        fc.subarray(names, { minLength: 2 }),
        fc.subarray(names),
        fc.constantFrom(['train', 'test'], ['Train', 'Val'], ['training', 'validation']),
        async (train, test, [first, second]) => {
          const dir = await folder({
            ...pngs(...train.map((name) => `${first}/${name}/1.png`)),
            ...pngs(...test.map((name) => `${second}/${name}/1.png`)),
            [`${second}/`]: '',
          });
          const parts = loadParts(dir);
          const strangers = test.filter((name) => !train.includes(name)).sort();
          if (test.length === 0) await expect(parts).rejects.toMatchObject({ code: 'E_DATA_FORMAT' });
          else if (strangers.length > 0) {
            const error = await parts.then(
              () => null,
              (reason: unknown) => reason,
            );
            expect(error).toMatchObject({ code: 'E_DATA_LABEL', hint: expect.stringContaining('--classes') });
            const { unknown } = (error as { facts: { unknown: string } }).facts;
            expect(unknown.split(', ').sort()).toEqual(strangers);
          } else {
            const loaded = await parts;
            expect(loaded.test.classNames).toEqual(loaded.train.classNames);
            const held = [...loaded.test.labels].map((label) => loaded.test.classNames![label]);
            expect(held.sort()).toEqual([...test].sort());
            // The test part alone, as a validator registers it, means the same.
            expect(await loadDataset(dir, { split: 'test' })).toMatchObject({
              classNames: loaded.train.classNames,
              labels: loaded.test.labels,
            });
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it('the parts of data keep the number of a class that they lack after holding out', async () => {
    const many = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name}/${i}.png`);
    const dir = await folder(pngs(...many('ant', 6), ...many('bee', 4), ...many('cat', 6)));
    const { train, test } = await loadParts(dir);
    expect(train.classNames).toEqual(['ant', 'bee', 'cat']);
    expect([...test.labels]).toEqual([0, 2]);
    expect((await loadDataset(dir, { split: 'test' })).classNames).toEqual(['ant', 'bee', 'cat']);
  });

  it('parts of data are refused by name if one has no labels', async () => {
    const table = await folder({
      'train.csv': 'label,pixel0\n0,1\n1,2\n',
      'test.csv': 'pixel0\n1\n',
      'sample_submission.csv': 'id,label\n1,0\n',
    });
    expect((await loadDataset(table)).count).toBe(2);
    await expect(loadParts(table)).rejects.toMatchObject({
      message: expect.stringContaining('the test part has no labels'),
      facts: { path: join(table, 'test.csv') },
    });
    const images = await folder(pngs('train/a/1.png', 'train/b/1.png', 'test/1.png'));
    await expect(loadParts(images)).rejects.toMatchObject({ facts: { path: join(images, 'test') } });
  });

  it('the parts of data can be files with other names', async () => {
    const dir = await folder({
      'Train.csv': 'a,label\n1,x\n2,y\n',
      'val.csv': 'a,label\n3,y\n',
      'notes.md': 'x',
    });
    const { train, test } = await loadParts(dir);
    expect([train.count, ...test.labels]).toEqual([2, 1]);
    const texts = await folder({ 'train.txt': 'abcdef', 'test.txt': 'uvwxyz' });
    expect(String.fromCharCode((await loadDataset(texts, { split: 'test', context: 2 })).inputs[0]!)).toBe(
      'u',
    );
  });

  it('the parts of data are read from one file if that is named', async () => {
    const dir = await folder({ 'a.csv': `a,label\n${'1,x\n2,y\n'.repeat(5)}`, 'b.csv': '' });
    const { train, test } = await loadParts(join(dir, 'a.csv'));
    expect([train.count, test.count]).toEqual([8, 2]);
  });

  it('the parts of data can be compressed files, in a folder or named', async () => {
    const table = gzipSync(`a,label\n${'1,x\n2,y\n'.repeat(5)}`);
    const dir = await folder({ 'Train.csv.gz': table, 'test.tsv.GZ': gzipSync('a\tlabel\n3\ty\n') });
    const divided = await loadParts(dir);
    expect([divided.train.count, ...divided.test.labels]).toEqual([10, 1]);
    const { train, test } = await loadParts(join(dir, 'Train.csv.gz'));
    expect([train.count, test.count]).toEqual([8, 2]);
    const both = await folder({ 'a.csv.gz': table, 'a.csv': 'a,label\n1,x\n2,y\n' });
    await expect(loadDataset(both)).rejects.toMatchObject({ facts: { found: 'a.csv, a.csv.gz' } });
  });

  it('a class may be called train', async () => {
    const dir = await folder(pngs('train/1.png', 'bus/1.png', 'test/1.png'));
    expect((await loadDataset(dir)).classNames).toEqual(['bus', 'test', 'train']);
  });

  it('data without a test part has a fifth of the training part held out', async () => {
    const names = Array.from({ length: 5 }, (_, i) => [`train/a/${i}.png`, `train/b/${i}.png`]).flat();
    const { train, test } = await loadParts(await folder(pngs(...names)));
    expect([train.count, test.count]).toEqual([8, 2]);
  });
});

describe('class folders', () => {
  it('class folders are read without files that are not images, which are counted', async () => {
    const dir = await folder({
      ...pngs('a/1.png', 'a/2.JPG', 'b/1.png', 'b/.hidden.png', '.git/x.png', 'b/old/.9.png'),
      'a/1.xml': '<x/>',
      'a/Thumbs.db': '',
      'b/.DS_Store': '',
      'lost+found/': '',
      '__MACOSX/a/1.png': png,
      'scripts/run.py': '',
      'README.md': 'A data set.',
      'loose.png': png,
    });
    expect((await loadDataset(dir)).classNames).toEqual(['a', 'b']);
    expect(await leftOut(dir)).toEqual({
      'hidden files and files of the system': 7,
      'files that are no images (.xml)': 1,
      'folders without images': 1,
      'files next to the class folders': 2,
    });
  });

  it('class folders of one class in two spellings are said to be one', async () => {
    const { notes, classes } = describeDataset(
      await loadDataset(await folder(pngs('cat/1.png', 'cat /1.png', 'dog/1.png', 'dog/2.png'))),
    );
    expect(classes.map(({ name }) => name)).toEqual(['cat', 'dog']);
    expect(notes).toContainEqual(expect.stringMatching(/^the folder "cat ?" is of class cat, as is another/));
  });

  it('class folders with images of several frames or pages use the first, and the report says so', async () => {
    const frames = Buffer.alloc(2 * 4 * 3, 51).fill(200, 12);
    const film = await sharp(frames, { raw: { width: 2, height: 4, channels: 3, pageHeight: 2 } })
      .gif()
      .toBuffer();
    const dataset = await loadDataset(await folder({ 'a/1.gif': film, 'a/2.png': png, 'b/1.png': png }));
    expect(describeDataset(dataset).notes).toContainEqual(
      expect.stringMatching(/^1 of them have several frames or pages/),
    );
  });

  it('empty class folders are classes without samples', async () => {
    const dataset = await loadDataset(await folder({ ...pngs('a/1.png', 'c/1.png'), 'b/': '' }));
    expect(dataset.classNames).toEqual(['a', 'b', 'c']);
    expect(describeDataset(dataset)).toMatchObject({
      classes: [
        { name: 'a', samples: 1 },
        { name: 'b', samples: 0 },
        { name: 'c', samples: 1 },
      ],
      notes: expect.arrayContaining(['no sample is of class b']),
    });
  });

  it('links to class folders and images are followed', async () => {
    const source = await folder(pngs('x/1.png', 'y/1.png', 'y/2.png'));
    const dir = await folder(pngs('a/1.png'));
    await symlink(join(source, 'y'), join(dir, 'b'));
    await mkdir(join(dir, 'c'));
    await symlink(join(source, 'x', '1.png'), join(dir, 'c', 'linked.png'));
    await symlink('..', join(dir, 'above'));
    await symlink('../..', join(dir, 'a', 'higher'));
    const dataset = await loadDataset(dir);
    expect(dataset.classNames).toEqual(['a', 'b', 'c']);
    expect([...dataset.labels]).toEqual([0, 1, 1, 2]);
    expect(await leftOut(dir)).toEqual({ 'links to a folder above': 2 });
  });

  it.each(['gone', 'a/gone.png', 'a/self.png'])(
    'class folders with the link %s, which leads nowhere, are refused',
    async (name) => {
      const dir = await folder(pngs('a/1.png', 'b/1.png'));
      await symlink(name.includes('self') ? 'self.png' : '/nowhere/at/all', join(dir, name));
      await expect(loadDataset(dir)).rejects.toMatchObject({
        code: 'E_DATA_UNREADABLE',
        facts: { path: join(dir, name) },
        hint: expect.any(String),
      });
    },
  );

  it.skipIf(process.platform !== 'linux')(
    'take names of files as they are, and need names of classes in UTF-8',
    async () => {
      const dir = await folder(pngs('a/1.png', 'b/1.png', 'c/1.png'));
      const latin1 = (name: string) => Buffer.from(join(dir, name), 'latin1');
      await rename(join(dir, 'a/1.png'), latin1('a/stra\xdfe.png'));
      expect((await loadDataset(dir)).count).toBe(3);
      await rename(join(dir, 'c'), latin1('stra\xdfe'));
      await expect(loadDataset(dir)).rejects.toMatchObject({
        code: 'E_DATA_FORMAT',
        facts: { name: 'stra\\xdfe' },
      });
    },
  );

  it.each(['.bmp', '.HEIC', '.tga', '.ppm', '.mp4'])(
    'class folders with an image ending in %s are refused',
    async (ending) => {
      const dir = await folder({ ...pngs('a/1.png', 'b/1.png'), [`b/2${ending}`]: 'x' });
      await expect(loadDataset(dir)).rejects.toMatchObject({
        code: 'E_DATA_FORMAT',
        facts: { path: join(dir, `b/2${ending}`) },
      });
    },
  );

  it('class folders may hold the images of their class at any depth', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(
            fc.constantFrom('ant', 'bee', 'cat'),
            fc.constantFrom('', 'indoor/', 'outdoor/', 'outdoor/rain/', 'train/', 'cat/'),
          ),
          { minLength: 1, maxLength: 12 },
        ),
        fc.constantFrom('', 'train/'),
        async (places, part) => {
          const labels = places.map(([label]) => label);
          fc.pre(new Set(labels).size > 1);
          const files = places.map(([label, within], i) => `${part}${label}/${within}${i}.png`);
          const dataset = await loadDataset(
            await folder(pngs(...files, ...(part ? ['test/ant/1.png'] : []))),
          );
          const expected = [...new Set(labels)].sort();
          expect(dataset.classNames).toEqual(expected);
          expect([...dataset.labels].map((label) => expected[label])).toEqual(
            // Without parts every fifth image of a class is held out.
            expected.flatMap((name) => {
              const own = labels.filter((label) => label === name);
              return part ? own : own.filter((_, i) => i % 5 !== 4);
            }),
          );
          const deep = places.filter(([, within]) => within !== '').length;
          const note = describeDataset(dataset).notes.find((text) => text.includes('deeper'));
          expect(note?.startsWith(`${deep} `)).toBe(deep > 0 ? true : undefined);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('class folders inside a single other folder are refused, and the error names that folder', async () => {
    const dir = await folder(pngs('images/a/1.png', 'images/b/deep/1.png'));
    await expect(loadDataset(dir)).rejects.toMatchObject({
      code: 'E_DATA_FORMAT',
      facts: { path: join(dir, 'images') },
    });
    expect((await loadDataset(join(dir, 'images'))).classNames).toEqual(['a', 'b']);
    const stated = await loadDataset(dir, { classNames: ['images', 'others'] });
    expect([...stated.labels]).toEqual([0, 0]);
  });

  it('class folders with their own parts are refused, since the test part would be trained on', async () => {
    const dir = await folder(pngs('a/Train/1.png', 'a/val/1.png', 'b/Train/1.png', 'b/val/1.png'));
    await expect(loadDataset(dir)).rejects.toMatchObject({
      code: 'E_DATA_FORMAT',
      facts: { path: join(dir, 'a'), parts: 'Train, val' },
    });
  });

  it('reading class folders ends if links lead in circles', async () => {
    const dir = await folder(pngs('a/1.png', 'b/deep/1.png'));
    await symlink('../b', join(dir, 'a', 'b'));
    await symlink('../../a', join(dir, 'b', 'deep', 'a'));
    const dataset = await loadDataset(dir);
    // a: 1.png, b/deep/1.png; b: deep/1.png, deep/a/1.png; each circle is cut at its return.
    expect([...dataset.labels]).toEqual([0, 0, 1, 1]);
    expect(await leftOut(dir)).toEqual({ 'links to a folder above': 2 });
  });

  it('one image in colour among grey ones decides, whichever of them is read last', async () => {
    const [colour, large] = [await image(9, 3), await image(51, 1, 250, 250)];
    for (let at = 0; at < 8; at++) {
      const files = Array.from({ length: 8 }, (_, i) => [`a/${i}.png`, i === at ? colour : large] as const);
      const dir = await folder({ ...Object.fromEntries(files), 'b/1.png': png });
      expect((await loadDataset(dir)).inputShape[0]).toBe(3);
    }
  });

  it('class folders are read in colour if any image has colour, and the report says what was resized', async () => {
    const dir = await folder({ 'a/1.png': png, 'b/1.png': await image(9, 3, 4, 4) });
    const dataset = await loadDataset(dir);
    expect(dataset.inputShape).toEqual([3, 2, 2]);
    expect(describeDataset(dataset).notes.join()).toContain('1 of them had another size');
    expect((await loadDataset(dir, { imageShape: [1, 5, 6] })).inputShape).toEqual([1, 5, 6]);
  });
});

describe('text', () => {
  it.each([
    ['images that are not read', { 'a/1.bmp': 'x', 'b/1.bmp': 'x', 'README.md': '# Ants and bees' }],
    ['loose images', { '1.png': 'x', 'README.md': '# Ants and bees' }],
    ['arrays', { 'x.npy': 'x', 'notes.txt': 'How to read x.npy' }],
    ['folders of something', { 'data/1.xyz': 'x', 'README.txt': 'Ants and bees, in words', LICENSE: 'MIT' }],
    ['bytes that are not text', { 'a.txt': Buffer.from('Ants and bees'.repeat(9), 'utf16le') }],
  ])('text files next to %s do not make a text data set', async (_, files) => {
    await expect(loadDataset(await folder(files as Record<string, string>))).rejects.toMatchObject({
      code: 'E_DATA_FORMAT',
      hint: expect.any(String),
    });
  });

  it('a folder with a table in a text file says how to train on its columns', async () => {
    const table = 'a,b,label\n'.concat('1.5,2,x\n'.repeat(40));
    const notes = async (text: string) =>
      describeDataset(await loadDataset(await folder({ 'a.txt': text }))).notes.join('\n');
    expect(await notes(table)).toContain('a.txt looks like a table');
    expect(await notes('To be, or not to be\nthat is the question.\n'.repeat(20))).not.toContain('table');
  });

  it('a folder of texts makes a text data set, and other files are counted', async () => {
    const dir = await folder({ 'a.txt': 'abcdefgh'.repeat(20), 'fetch.sh': '', 'README.md': '' });
    expect((await loadDataset(dir)).classes).toBe(256);
    expect(await leftOut(dir)).toEqual({ 'files and folders that are not text': 1 });
  });
});
