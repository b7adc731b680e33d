import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { ChorusError } from '@chorus/protocol';
import { loadCsv } from './csv.ts';
import type { Dataset } from './dataset.ts';
import { loadIdx } from './idx.ts';
import { type ImageOptions, isImage, loadImages } from './images.ts';
import { isText, loadText, textWindows } from './text.ts';
import { unreadable } from './unreadable.ts';

export interface LoadOptions {
  /** Which part of the data; `train` by default. */
  split?: 'train' | 'test';
  /** At most so many samples. */
  limit?: number;
  /** CSV: the label's column by name, or by number from 0. */
  labelColumn?: string | number;
  /** Images: [channels, height, width] to bring all images to. */
  imageShape?: ImageOptions['imageShape'];
  /** Text: tokens of one window, 32 by default. */
  context?: number;
  /** Names of all classes in order, where one node may not have samples of each. */
  classNames?: string[];
  signal?: AbortSignal;
}

/** Where a folder is not divided into train and test, every fifth sample is held out. */
const HOLD_OUT = 5;

/**
 * Load a folder of data, recognising what it holds:
 *
 * - IDX files with MNIST's names, gzip or not: `train-images-idx3-ubyte[.gz]`, `t10k-labels-idx1-ubyte[.gz]` ...
 * - `train.csv` and `test.csv`, or one other CSV file, with a header line and a label column
 * - images in one folder per class, under `train/` and `test/` or directly
 * - text files, as windows of bytes that predict the next byte
 *
 * Where there is no division into train and test, every fifth sample is the test part.
 *
 * @example
 * const digits = await loadDataset('data/mnist', { split: 'test', limit: 1000 });
 * @throws ChorusError `E_DATA_UNREADABLE` where the file system refuses, `E_DATA_FORMAT` where the content
 * cannot be used (naming file, line or column), `E_DATA_TOO_LARGE` beyond the memory of one data set
 */
export async function loadDataset(dir: string, options: LoadOptions = {}): Promise<Dataset> {
  const { split = 'train', limit } = options;
  if (limit !== undefined && !(Number.isInteger(limit) && limit > 0))
    throw new RangeError(`a limit of ${limit}`);
  options.signal?.throwIfAborted();
  const names = await readdir(dir).catch((cause: unknown) => {
    throw unreadable(dir, cause);
  });
  const name = `${basename(resolve(dir))}/${split}`;

  const idx = findIdx(names, split);
  if (idx) return loadIdx(join(dir, idx.images), join(dir, idx.labels), name, limit);
  if (names.some((file) => /idx[13]-ubyte(?:\.gz)?$/.test(file))) {
    throw new ChorusError('E_DATA_FORMAT', `the folder lacks the ${split} part of the IDX files`, {
      facts: { path: dir, found: names.slice(0, 6).join(', ') },
      hint: `both ${split === 'train' ? 'train' : 't10k'}-images-idx3-ubyte and -labels-idx1-ubyte are needed`,
    });
  }

  const csv = findCsv(names, split, dir);
  if (csv) {
    const { labelColumn, classNames } = options;
    return loadCsv(join(dir, csv.file), name, {
      keep: csv.divided ? () => true : heldOut(split),
      ...(limit === undefined ? {} : { limit }),
      ...(labelColumn === undefined ? {} : { labelColumn }),
      ...(classNames ? { classNames } : {}),
    });
  }

  const divided = names.includes('train') && names.includes('test');
  const images = divided ? join(dir, split) : dir;
  if (await holdsClassFolders(images)) {
    const { imageShape, classNames, signal } = options;
    return loadImages(images, name, {
      keep: divided ? () => true : heldOut(split),
      ...(limit === undefined ? {} : { limit }),
      ...(imageShape ? { imageShape } : {}),
      ...(classNames ? { classNames } : {}),
      ...(signal ? { signal } : {}),
    });
  }

  if (names.some(isText)) {
    const text = await loadText(dir, name);
    // The last fifth, not every fifth window: neighbouring windows share their text.
    const cut = Math.floor((text.tokens.length * (HOLD_OUT - 1)) / HOLD_OUT);
    const tokens = split === 'train' ? text.tokens.subarray(0, cut) : text.tokens.subarray(cut);
    const { context = 32 } = options;
    return textWindows({ ...text, tokens }, { context, ...(limit === undefined ? {} : { limit }) });
  }

  throw new ChorusError('E_DATA_FORMAT', 'the folder holds no data that can be recognised', {
    facts: { path: dir, found: names.slice(0, 6).join(', ') || 'nothing' },
    hint: 'use IDX files with MNIST names, train.csv, one folder of images per class, or text files',
  });
}

function findIdx(names: string[], split: 'train' | 'test'): { images: string; labels: string } | undefined {
  const prefix = split === 'train' ? 'train' : '(?:t10k|test)';
  const find = (kind: string) =>
    names.find((n) => new RegExp(`^${prefix}-${kind}[-.]idx[0-9]-ubyte(\\.gz)?$`).test(n));
  const images = find('images');
  const labels = find('labels');
  return images && labels ? { images, labels } : undefined;
}

function findCsv(
  names: string[],
  split: 'train' | 'test',
  dir: string,
): { file: string; divided: boolean } | undefined {
  const files = names.filter((file) => /\.csv$/i.test(file));
  if (files.length === 0) return undefined;
  if (files.includes(`${split}.csv`) && files.includes('train.csv') && files.includes('test.csv')) {
    return { file: `${split}.csv`, divided: true };
  }
  if (files.length === 1) return { file: files[0]!, divided: false };
  throw new ChorusError('E_DATA_FORMAT', 'the folder has several CSV files and none that must be the one', {
    facts: { path: dir, found: files.slice(0, 6).join(', ') },
    hint: 'name them train.csv and test.csv, or leave one',
  });
}

function heldOut(split: 'train' | 'test'): (index: number) => boolean {
  return (index) => (index % HOLD_OUT === HOLD_OUT - 1) === (split === 'test');
}

async function holdsClassFolders(dir: string): Promise<boolean> {
  const names = await readdir(dir).catch((cause: unknown) => {
    throw unreadable(dir, cause);
  });
  for (const name of names) {
    const path = join(dir, name);
    if (!name.startsWith('.') && (await stat(path)).isDirectory() && (await readdir(path)).some(isImage))
      return true;
  }
  return false;
}
