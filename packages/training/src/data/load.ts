import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { ChorusError, counted } from '@chorus/protocol';
import { chatsDataset, isChats, readChats } from './chats.ts';
import { holdsClassFolders, listClassFolders, looksLikeImage } from './class-folders.ts';
import { type ClassOptions, someOf } from './class-names.ts';
import { csvClassNames, loadCsv } from './csv.ts';
import type { ColumnOptions } from './csv-columns.ts';
import { isCsv, looksLikeTable, type StatedDialect } from './csv-dialect.ts';
import type { Dataset, MemoryDataset } from './dataset.ts';
import { idxClassNames, loadIdx } from './idx.ts';
import { type ImageShape, imageClassNames, imageShapeOf, loadImages } from './images.ts';
import { MEMORY_DATASET_BYTES } from './limits.ts';
import { dangling, type Entry, endingOf, folderPath, type Listing, listFolder } from './listing.ts';
import { sweep } from './own-files.ts';
import type { Part } from './part-names.ts';
import { type Division, dividedFiles, dividedFolders } from './parts.ts';
import { type DataReport, isWritten, Tally } from './report.ts';
import { staysInMemory } from './sample-sink.ts';
import type { SpillOptions } from './sample-writer.ts';
import {
  isAboutData,
  isText,
  readTexts,
  textFiles,
  textWindows,
  textWindowsInFile,
  VOCABULARY,
  windowNote,
  windowsIn,
} from './text.ts';
import { unreadable } from './unreadable.ts';

export interface LoadOptions extends ClassOptions, ColumnOptions, StatedDialect {
  /** Which part of the data; `train` by default. */
  split?: Part;
  /** Most samples to load. */
  limit?: number;
  /** Images: the shape to resize them to. */
  imageShape?: ImageShape;
  /** Text: bytes of one window, 32 by default; {@link windowOfModel} tells what a model takes. */
  context?: number;
  /** Where samples go that are too many for memory; without it they are refused with `E_DATA_TOO_LARGE`. */
  spill?: SpillOptions;
  signal?: AbortSignal;
  /** Share of the data that has been read, 0 to 1. */
  onProgress?: (fraction: number) => void;
}

/** If data is not divided into train and test, every fifth sample is held out. */
const HOLD_OUT = 5;

/**
 * Load data, and detect its format:
 *
 * - IDX files with MNIST's names, gzip or not: `train-images-idx3-ubyte[.gz]`, `t10k-labels-idx1-ubyte[.gz]` ...
 * - `train.csv` and `test.csv` (or `val.csv`), or one other CSV file, gzip or not, with a header line and a label column
 * - images in one folder per class, at any depth in it, under `train/` and `test/` (or `val/`), or directly
 * - text files, as windows of bytes that predict the next byte
 * - conversations in JSON Lines files (`.jsonl`), for language models
 *
 * `path` is a folder or one CSV file. Without a division into train and test, every fifth sample is the test part.
 * The classes, their numbers and the shape of images are always those of the training part, for either part.
 *
 * Samples that are too many for memory are written to a file, if `spill` names a folder for it. The data set is the same
 * for every use.
 *
 * @example
 * const digits = await loadDataset('data/mnist', { split: 'test', limit: 1000 });
 * @throws ChorusError `E_DATA_UNREADABLE` if the file system refuses, `E_DATA_FORMAT` if the content cannot be used
 * (naming file, line or column), `E_DATA_LABEL` if samples have other classes, `E_DATA_TOO_LARGE` beyond the memory
 * of one data set, `E_DATA_DISK` if the file of samples does not fit onto its disk
 */
export function loadDataset(path: string, options?: LoadOptions & { spill?: never }): Promise<MemoryDataset>;
export function loadDataset(path: string, options: LoadOptions): Promise<Dataset>;
export async function loadDataset(path: string, options: LoadOptions = {}): Promise<Dataset> {
  const { split = 'train', limit } = options;
  if (limit !== undefined && !(Number.isInteger(limit) && limit > 0))
    throw new RangeError(`a limit of ${limit}`);
  options.signal?.throwIfAborted();
  if (options.spill) await sweep(options.spill.folder);
  const name = `${basename(resolve(path))}/${split}`;
  const info = await stat(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  if (!info.isDirectory())
    return loadCsv(csvFile(path, info.isFile()), name, { ...options, keep: heldOut(split) });
  const listing = await listFolder(path);
  const division = await dividedFolders(listing);
  return division ? loadDivided(listing, division, name, options) : loadOne(listing, name, options);
}

/**
 * Load both parts of data, which mean the same by their classes and shapes. Together they take no more memory than one
 * data set may.
 * @throws ChorusError as {@link loadDataset}
 */
export function loadParts(
  path: string,
  options?: Omit<LoadOptions, 'split' | 'spill'> & { spill?: never },
): Promise<{ train: MemoryDataset; test: MemoryDataset }>;
export function loadParts(
  path: string,
  options: Omit<LoadOptions, 'split'>,
): Promise<{ train: Dataset; test: Dataset }>;
export async function loadParts(
  path: string,
  options: Omit<LoadOptions, 'split'> = {},
): Promise<{ train: Dataset; test: Dataset }> {
  const { spill, onProgress } = options;
  const half = (from: number) =>
    onProgress ? { onProgress: (fraction: number) => onProgress(from + fraction / 2) } : {};
  const train = await loadDataset(path, { ...options, ...half(0), split: 'train' });
  const test = await loadDataset(path, {
    ...options,
    ...meaningOf(train),
    ...half(0.5),
    split: 'test',
    ...(spill ? { spill: { ...spill, memoryBytes: memoryLeft(spill, train) } } : {}),
  });
  if (train.inputShape.join() === test.inputShape.join()) return { train, test };
  throw new ChorusError('E_DATA_FORMAT', 'the parts of the data do not look alike', {
    facts: { path, train: train.inputShape.join('x'), test: test.inputShape.join('x') },
    hint: 'give both parts the same columns, or images one size with --shape',
  });
}

/** Memory of the test part: what the training part leaves, or little if that did not fit. */
function memoryLeft({ memoryBytes = MEMORY_DATASET_BYTES }: SpillOptions, train: Dataset): number {
  return train.inputs ? Math.max(0, memoryBytes - train.inputs.byteLength) : memoryBytes / 8;
}

/** Properties that another part, folder or node must share with this data to be compatible. */
export function meaningOf({
  classNames,
  inputShape,
  report,
}: Dataset): ClassOptions & Pick<LoadOptions, 'imageShape'> {
  const [channels, height, width] = inputShape;
  return {
    ...(classNames && !isWritten(report) ? { classNames } : {}),
    ...(report?.format === 'images' ? { imageShape: [channels!, height!, width!] as const } : {}),
  };
}

/** Data in a folder for each part. */
async function loadDivided(
  listing: Listing,
  division: Division,
  name: string,
  options: LoadOptions,
): Promise<Dataset> {
  const { split = 'train' } = options;
  const train = await listFolder(folderPath(division.train));
  const leftOut = new Tally();
  leftOut.addAll(listing.leftOut.list());
  for (const entry of listing.entries) {
    const isPart = entry === division.train || entry === division.test;
    if (!isPart) leftOut.add('files and folders next to those of the parts', entry.name);
  }
  if (!division.test) return withLeftOut(await loadOne(train, name, options), leftOut);
  if (split === 'train') return withLeftOut(await loadOne(train, name, options, true), leftOut);
  const test = await listFolder(folderPath(division.test));
  if (
    test.entries.some((entry) => entry.kind === 'file' && looksLikeImage(entry.name)) &&
    !(await holdsClassFolders(test))
  ) {
    throw withoutLabels(test.path, 'its images lie in no folders of classes');
  }
  const meaning = await meaningOfPart(train, options);
  return withLeftOut(await loadOne(test, name, { ...options, ...meaning }, true), leftOut);
}

/** The classes and shape of a training part in a folder of its own, before another part is read by them. */
async function meaningOfPart(train: Listing, options: LoadOptions): Promise<Partial<LoadOptions>> {
  if (await holdsClassFolders(train)) {
    const folders = await listClassFolders(train);
    return {
      classNames: imageClassNames(folders, options, train.path),
      imageShape: options.imageShape ?? (await imageShapeOf(folders, options.signal)),
    };
  }
  if (options.classNames) return {};
  const [csv] = train.entries.filter(({ kind, name }) => kind === 'file' && isCsv(name));
  return csv ? { classNames: await csvClassNames(String(csv.path), options) } : {};
}

/**
 * The data of one folder.
 * @param whole all of it is the part that was asked for; else it is divided here
 */
async function loadOne(
  listing: Listing,
  name: string,
  options: LoadOptions,
  whole = false,
): Promise<Dataset> {
  const { split = 'train' } = options;
  const keep = whole ? () => true : heldOut(split);
  const idx = await loadIdxPart(listing, name, options, whole);
  if (idx) return withLeftOut(idx, listing.leftOut);
  const csv = await loadCsvPart(listing, name, options, whole);
  if (csv) return withLeftOut(csv, listing.leftOut);
  if (await holdsClassFolders(listing)) return loadImages(listing.path, name, { ...options, keep });
  if (listing.entries.some((entry) => isChats(entry.name))) {
    return withLeftOut(await loadChats(listing, name, options, whole), listing.leftOut);
  }
  if (listing.entries.some((entry) => isText(entry.name))) {
    return withLeftOut(await loadTexts(listing, name, options, whole), listing.leftOut);
  }
  throw await unrecognised(listing);
}

async function loadIdxPart(
  { path, entries }: Listing,
  name: string,
  options: LoadOptions,
  whole: boolean,
): Promise<Dataset | undefined> {
  const names = entries.filter(({ kind }) => kind === 'file').map((entry) => entry.name);
  const { split = 'train' } = options;
  const find = (part: Part, kind: string) =>
    names.find((n) =>
      new RegExp(`^${part === 'train' ? 'train' : '(?:t10k|test)'}-${kind}[-.]idx[0-9]-ubyte(\\.gz)?$`).test(
        n,
      ),
    );
  const [images, labels] = [find(split, 'images'), find(split, 'labels')];
  if (images && labels) {
    const trained = find('train', 'labels');
    const known =
      split === 'test' && trained && !whole
        ? { classNames: await idxClassNames(join(path, trained), options) }
        : {};
    return loadIdx(join(path, images), join(path, labels), name, { ...options, ...known });
  }
  if (!names.some((file) => /idx[13]-ubyte(?:\.gz)?$/.test(file))) return undefined;
  throw new ChorusError('E_DATA_FORMAT', `the folder lacks the ${split} part of the IDX files`, {
    facts: { path, found: names.slice(0, 6).join(', ') },
    hint: `both ${split === 'train' ? 'train' : 't10k'}-images-idx3-ubyte and -labels-idx1-ubyte are needed`,
  });
}

async function loadCsvPart(
  listing: Listing,
  name: string,
  options: LoadOptions,
  whole: boolean,
): Promise<Dataset | undefined> {
  const { split = 'train' } = options;
  const files = listing.entries.filter((entry) => isCsv(entry.name) && entry.kind !== 'folder');
  if (files.length === 0) return undefined;
  for (const file of files) if (file.kind === 'dangling') throw dangling(file);
  const division = whole ? undefined : dividedFiles(listing, isCsv);
  const leftOut = new Tally();
  const others = (used: Entry | undefined) => {
    for (const entry of listing.entries) {
      if (entry !== used && entry !== division?.test)
        leftOut.add('files and folders next to the CSV file', entry.name);
    }
  };
  if (!division || (!division.test && files.length === 1)) {
    const [file, ...more] = files;
    if (more.length > 0) {
      throw new ChorusError(
        'E_DATA_FORMAT',
        'the folder has several CSV files and none that must be the one',
        {
          facts: { path: listing.path, found: someOf(files.map((each) => each.name)) },
          hint: 'name them train.csv and test.csv, or name the file instead of the folder',
        },
      );
    }
    others(file);
    const keep = whole ? () => true : heldOut(split);
    return withLeftOut(await loadCsv(String(file!.path), name, { ...options, keep }), leftOut);
  }
  others(division.train);
  const trainPath = String(division.train.path);
  if (!division.test || split === 'train') {
    const keep = division.test ? () => true : heldOut(split);
    return withLeftOut(await loadCsv(trainPath, name, { ...options, keep }), leftOut);
  }
  const testPath = String(division.test.path);
  const classNames = options.classNames ?? (await csvClassNames(trainPath, options));
  const loaded = await loadCsv(testPath, name, { ...options, classNames }).catch((error: unknown) => {
    // The training part has that column, so the option is not at fault.
    const message = error instanceof Error ? error.message : '';
    if (error instanceof ChorusError && /holds the labels$|has a label$|needs a label/.test(message)) {
      throw withoutLabels(testPath, 'it has no column of labels', error);
    }
    throw error;
  });
  return withLeftOut(loaded, leftOut);
}

async function loadChats(
  listing: Listing,
  name: string,
  { split = 'train', limit = Number.POSITIVE_INFINITY }: LoadOptions,
  whole: boolean,
): Promise<Dataset> {
  const leftOut = new Tally();
  const division = whole ? undefined : dividedFiles(listing, isChats);
  const part = division?.test ? division[split] : undefined;
  for (const entry of listing.entries) {
    if (!isChats(entry.name)) leftOut.add('files and folders that are no conversations', entry.name);
    else if (part && entry !== division?.train && entry !== division?.test) {
      leftOut.add('conversations next to those of the parts', entry.name);
    }
  }
  const all = await readChats(part ? { ...listing, entries: [part] } : listing);
  const chats = (whole || part ? all : all.filter((_, i) => heldOut(split)(i))).slice(0, limit);
  if (chats.length === 0) {
    throw new ChorusError('E_DATA_FORMAT', 'there are no conversations', {
      facts: { path: listing.path, part: split },
      hint: 'each line of a .jsonl file is one; a fifth of them is the test part',
    });
  }
  const report: DataReport = {
    format: 'chats',
    notes: [`${counted(chats.length, 'conversation')}, whose answers are learnt by a language model`],
    leftOut: leftOut.list(),
  };
  return chatsDataset(chats, { name, report, vocabulary: VOCABULARY });
}

async function loadTexts(
  listing: Listing,
  name: string,
  options: LoadOptions,
  whole: boolean,
): Promise<Dataset> {
  const leftOut = new Tally();
  const others = listing.entries.filter((entry) => !isText(entry.name));
  const texts = listing.entries.filter((entry) => isText(entry.name));
  const data = others.filter((entry) => looksLikeImage(entry.name) || DATA_FILES.test(entry.name));
  if (data.length > 0 || (others.length > 0 && texts.every((entry) => isAboutData(entry.name)))) {
    throw await unrecognised(listing);
  }
  for (const { name: other } of others) leftOut.add('files and folders that are not text', other);
  const division = whole ? undefined : dividedFiles(listing, isText);
  const used = division?.test ? division : undefined;
  const { split = 'train', context = 32, limit } = options;
  const part = used?.[split];
  if (used) {
    for (const entry of texts) {
      if (entry !== used.train && entry !== used.test)
        leftOut.add('texts next to those of the parts', entry.name);
    }
  }
  const chosen = part ? { ...listing, entries: [part] } : listing;
  const report: DataReport = {
    format: 'text',
    notes: [windowNote(context), ...(await tableNotes(texts))],
    leftOut: leftOut.list(),
  };
  const windows = { context, report, ...(limit === undefined ? {} : { limit }) };
  const { spill } = options;
  if (spill) {
    const files = await textFiles(chosen);
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    const [from, to] = whole || used ? [0, bytes] : rangeOf(split, bytes);
    const count = windowsIn({ name, tokens: to - from }, windows);
    // All tokens are in memory before the windows of one part are.
    if (!staysInMemory(spill, Math.max(bytes, count * context))) {
      return textWindowsInFile(
        files,
        { from, to, name },
        { ...windows, spill, ...(options.signal ? { signal: options.signal } : {}) },
      );
    }
  }
  const text = await readTexts(chosen, name);
  const tokens = whole || used ? text.tokens : text.tokens.subarray(...rangeOf(split, text.tokens.length));
  return textWindows({ ...text, tokens }, windows);
}

/** A table in a text file is read as text all the same: a note says what else it could be. */
async function tableNotes([first, ...more]: readonly Entry[]): Promise<string[]> {
  if (first?.kind !== 'file' || more.length > 0 || !(await looksLikeTable(String(first.path)))) return [];
  return [`${first.name} looks like a table: to train on its columns, let its name end in .csv`];
}

/** The last fifth is held out, not every fifth window: neighbouring windows share their text. */
function rangeOf(split: Part, length: number): [from: number, to: number] {
  const cut = Math.floor((length * (HOLD_OUT - 1)) / HOLD_OUT);
  return split === 'train' ? [0, cut] : [cut, length];
}

/** Files that hold data in an unsupported format. */
const DATA_FILES =
  /\.(?:npy|npz|parquet|feather|arrow|h5|hdf5|mat|pkl|pickle|pt|pth|arff|jsonl?|ndjson|xlsx?|ods|db|sqlite3?|zip|tar|tgz|gz|bz2|xz|zst|7z|rar|tfrecord|lmdb|dat|data|bin|wav|mp3|flac|ogg)$/i;

async function unrecognised({ path, entries, leftOut }: Listing): Promise<ChorusError> {
  const loose = entries.find((entry) => entry.kind !== 'folder' && looksLikeImage(entry.name));
  const data = entries.find((entry) => DATA_FILES.test(entry.name));
  for (const entry of entries) if (entry.kind === 'dangling') return dangling(entry);
  const hint = loose
    ? 'the images lie directly in the folder: put those of each class into a folder named after the class'
    : data
      ? `files of the kind ${endingOf(data.name)} are not read: unpack or convert them, to CSV or images for example`
      : 'use IDX files with MNIST names, train.csv, one folder of images per class, or text files';
  return new ChorusError('E_DATA_FORMAT', 'the folder holds no data that can be recognised', {
    facts: {
      path,
      found:
        entries
          .slice(0, 6)
          .map((entry) => entry.name)
          .join(', ') || 'nothing',
      ...(`${leftOut}` ? { leftOut: `${leftOut}` } : {}),
    },
    hint,
  });
}

function withoutLabels(path: string, why: string, cause?: unknown): ChorusError {
  return new ChorusError('E_DATA_FORMAT', `the test part has no labels: ${why}`, {
    facts: { path },
    hint: 'move it away: then every fifth sample of the training part is tested on',
    cause,
  });
}

/** @throws ChorusError `E_DATA_UNREADABLE` if it is not a CSV file */
function csvFile(path: string, isFile: boolean): string {
  if (isFile && isCsv(path)) return path;
  throw new ChorusError('E_DATA_UNREADABLE', 'a file of this kind is not read', {
    facts: { path, reason: isFile ? 'ENOTDIR' : undefined },
    hint: 'name the folder that holds the data, or a file that ends in .csv or .tsv, alone or with .gz',
  });
}

function withLeftOut(dataset: Dataset, more: Tally): Dataset {
  const { report } = dataset;
  if (!report || more.list().length === 0) return dataset;
  const leftOut = new Tally();
  leftOut.addAll([...report.leftOut, ...more.list()]);
  return { ...dataset, report: { ...report, leftOut: leftOut.list() } };
}

function heldOut(split: Part): (index: number) => boolean {
  return (index) => (index % HOLD_OUT === HOLD_OUT - 1) === (split === 'test');
}
