import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDataset, describeDataset } from '@chorus/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataLines } from '../data/view.ts';
import { checkOutput } from '../output/check-output.ts';
import { termsData } from '../task-request/terms-data.ts';
import { readingOptions } from './data.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-options-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('options of data', () => {
  it('options of data define how it is read', async () => {
    const classes = join(folder, 'classes.txt');
    await writeFile(classes, 'cat\nant\n');
    expect(
      await readingOptions({
        classes,
        labelColumn: '-1',
        leaveOut: 'id, name,',
        shape: '3x64x48',
        separator: 'tab',
        encoding: 'windows-1252',
        limit: '5',
      }),
    ).toEqual({
      classNames: ['cat', 'ant'],
      labelColumn: '-1',
      leaveOut: ['id', ' name'],
      imageShape: [3, 64, 48],
      separator: '\t',
      encoding: 'windows-1252',
      limit: 5,
    });
    expect(await readingOptions({ classes: '10', leaveOut: '' })).toEqual({ classes: 10, leaveOut: [] });
    expect(await readingOptions({})).toEqual({});
  });

  it.each([
    [{ shape: '64x64' }, '--shape'],
    [{ shape: '2x64x64' }, '--shape'],
    [{ shape: '3x0x64' }, '--shape'],
    [{ classes: '1' }, '--classes'],
    [{ classes: '100001' }, '--classes'],
    [{ separator: ';;' }, '--separator'],
    [{ limit: '0' }, '--limit'],
  ])('invalid options of data are refused by name: %o', async (flags, option) => {
    await expect(readingOptions(flags)).rejects.toMatchObject({
      code: 'E_USAGE',
      message: expect.stringContaining(option),
      hint: expect.any(String),
    });
  });

  it('the error names a missing file of classes', async () => {
    await expect(readingOptions({ classes: join(folder, 'nowhere') })).rejects.toMatchObject({
      code: 'E_DATA_UNREADABLE',
    });
  });
});

const data = (classNames: string[]) =>
  createDataset({
    inputs: new Float32Array(3),
    labels: Int32Array.of(0, 0, 1),
    inputShape: [1],
    classes: classNames.length,
    classNames,
    name: 'animals/train',
    report: {
      format: 'csv',
      notes: ['labels are in "kind"'],
      leftOut: [{ what: 'hidden files', count: 2, example: '.x' }],
    },
  });

it('the view shows how the data was read: shape, classes with counts, what was left out and why', () => {
  expect(dataLines(describeDataset(data(['ant', 'bee', 'cat']))).join('\n')).toMatch(
    /animals\/train.*: 3 samples of 1, 3 classes\n {2}classes {3}ant 2, bee 1, cat 0\n {2}note {6}labels are in "kind"\n {2}note {6}no sample is of class cat\n {2}left out {2}2 hidden files, such as \.x/,
  );
});

describe('the terms of a task', () => {
  it('terms name the classes if they have names and there is room', () => {
    expect(termsData(data(['ant', 'bee'])).classNames).toEqual(['ant', 'bee']);
    expect(termsData(data(['0', '1'])).classNames).toBeUndefined();
    expect(termsData(data(Array.from({ length: 300 }, (_, i) => `c${i}`))).classNames).toBeUndefined();
  });
});

describe('an output', () => {
  it.runIf(process.platform === 'linux')(
    'an output in a folder that cannot be created is refused before the work',
    async () => {
      await expect(checkOutput('--out', '/proc/none/deeper/x')).rejects.toMatchObject({
        code: 'E_OUTPUT_UNWRITABLE',
      });
    },
  );

  it('an output creates its parent folders', async () => {
    await checkOutput('--out', join(folder, 'new', 'deeper', 'x'));
    expect((await stat(join(folder, 'new', 'deeper'))).isDirectory()).toBe(true);
  });

  it('an output that is a folder, or below a file, is refused before the work', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(checkOutput('--out', folder)).rejects.toMatchObject({ code: 'E_USAGE' });
    await expect(checkOutput('--out', join(folder, 'file', 'x.onnx'))).rejects.toMatchObject({
      code: 'E_OUTPUT_UNWRITABLE',
      hint: expect.any(String),
    });
    await expect(checkOutput('--out', join(folder, 'new', 'x.onnx'))).resolves.toBeUndefined();
  });
});
