import type { Readable } from 'node:stream';
import { ChorusError } from '@chorus/protocol';
import { type ClassOptions, classNamesOf, numberLabels } from './class-names.ts';
import { type Dataset, datasetOf, type MemoryDataset, sharedFloats, valuesOf } from './dataset.ts';
import { MAX_AXES, MAX_DATASET_BYTES, MAX_SAMPLES } from './limits.ts';
import { openBytes, readingError } from './open-bytes.ts';
import { staysInMemory } from './sample-sink.ts';
import { SampleWriter, type SpillOptions } from './sample-writer.ts';

/** An IDX tensor: the format of MNIST (https://yann.lecun.com/exdb/mnist/, "file format"). */
interface Idx {
  dims: number[];
  data: Uint8Array;
  /** Holds the data instead, if it is too large for memory. */
  writer?: SampleWriter;
}

const UNSIGNED_BYTE = 0x08;

/** The other types of the format. */
const OTHER_TYPES: Readonly<Record<number, string>> = {
  9: 'signed bytes',
  11: '16-bit integers',
  12: '32-bit integers',
  13: '32-bit floats',
  14: '64-bit floats',
};

/** Bytes moved at once from one file to another. */
const PIECE_BYTES = 2 ** 22;

export interface IdxOptions extends ClassOptions {
  /** Most samples to read; the rest of the images is not even decompressed. */
  limit?: number;
  /** Where the images go if they are too many for memory; without it they are refused. */
  spill?: SpillOptions;
  signal?: AbortSignal;
  /** Share of the images that has been read. */
  onProgress?: (fraction: number) => void;
}

/**
 * Read an IDX image file and an IDX label file (gzip or not, by content), scaling pixels to [0, 1].
 *
 * Images without a channel axis become [1, height, width]; other shapes are kept as they are. Unless stated, the
 * classes are those of the whole label file, and at least ten.
 * @throws ChorusError `E_DATA_UNREADABLE`, `E_DATA_FORMAT`, `E_DATA_LABEL`, `E_DATA_TOO_LARGE`, `E_DATA_DISK`
 */
export function loadIdx(
  imagesPath: string,
  labelsPath: string,
  name: string,
  options?: IdxOptions & { spill?: never },
): Promise<MemoryDataset>;
export function loadIdx(
  imagesPath: string,
  labelsPath: string,
  name: string,
  options: IdxOptions,
): Promise<Dataset>;
export async function loadIdx(
  imagesPath: string,
  labelsPath: string,
  name: string,
  options: IdxOptions = {},
): Promise<Dataset> {
  const { limit = Number.POSITIVE_INFINITY } = options;
  const labels = await readIdx(labelsPath);
  const images = await readIdx(imagesPath, { ...options, limit });
  try {
    const count = Math.min(limit, labels.data.length);
    if (labels.dims.length !== 1 || images.dims.length < 2 || images.dims[0] !== count) {
      throw new ChorusError('E_DATA_FORMAT', 'images and labels do not belong together', {
        facts: { images: images.dims.join('x'), labels: labels.dims.join('x'), path: imagesPath },
        hint: 'fetch both files again, from the same place',
      });
    }
    const shape = images.dims.slice(1);
    const classNames = namesFor(labels.data, options, labelsPath);
    return datasetOf(await valuesIn(images, valuesOf(shape)), {
      labels: numberLabels(asText(labels.data.subarray(0, count)), classNames, labelsPath),
      inputShape: shape.length === 2 ? [1, ...shape] : shape,
      classes: classNames.length,
      classNames,
      name,
      report: { format: 'idx', notes: ['pixels are divided by 255'], leftOut: [] },
    });
  } catch (error) {
    await images.writer?.discard();
    throw error;
  }
}

function* asText(labels: Uint8Array): Generator<string> {
  for (const label of labels) yield String(label);
}

async function valuesIn({ data, writer }: Idx, stride: number) {
  if (writer) return { file: await writer.finish({ stride, values: 'pixel' }) };
  const inputs = sharedFloats(data.length);
  for (let i = 0; i < inputs.length; i++) inputs[i] = data[i]! / 255;
  return { inputs };
}

/**
 * The names of the classes in an IDX label file.
 * @throws ChorusError `E_DATA_UNREADABLE`, `E_DATA_FORMAT`
 */
export async function idxClassNames(labelsPath: string, options: ClassOptions = {}): Promise<string[]> {
  return namesFor((await readIdx(labelsPath)).data, options, labelsPath);
}

/** MNIST and its relatives have ten classes even if a small file lacks one of them. */
function namesFor(labels: Uint8Array, { classNames, classes }: ClassOptions, path: string): string[] {
  if (classNames) return classNamesOf([], { classNames }, path);
  const highest = labels.reduce((a, b) => Math.max(a, b), 0);
  return classNamesOf([], { classes: classes ?? Math.max(10, highest + 1) }, path);
}

async function readIdx(path: string, options: IdxOptions = {}): Promise<Idx> {
  const { limit = Number.POSITIVE_INFINITY, spill, signal, onProgress } = options;
  const malformed = (message: string, facts: Record<string, number> = {}, cause?: unknown) =>
    new ChorusError('E_DATA_FORMAT', message, {
      facts: { path, ...facts },
      hint: 'the file is damaged or not IDX; fetch it again',
      cause,
    });
  const reader = byteReader(await openBytes(path));
  let writer: SampleWriter | undefined;
  try {
    const magic = await reader.take(4);
    const type = magic[0] === 0 && magic[1] === 0 ? OTHER_TYPES[magic[2]!] : undefined;
    if (type !== undefined) {
      throw new ChorusError('E_DATA_FORMAT', `the IDX file holds ${type}, not unsigned bytes`, {
        facts: { path },
        hint: 'write it again with values from 0 to 255, or convert it to CSV',
      });
    }
    if (magic[0] !== 0 || magic[1] !== 0 || magic[2] !== UNSIGNED_BYTE) {
      throw malformed('not an IDX file of unsigned bytes', { magic: magic.readUInt32BE(0) });
    }
    const axes = magic[3]!;
    if (axes < 1 || axes > MAX_AXES) throw malformed('an IDX file with an impossible rank', { axes });
    const header = await reader.take(4 * axes);
    const dims = Array.from({ length: axes }, (_, k) => header.readUInt32BE(4 * k));
    if (dims.some((dim) => dim === 0) || dims[0]! > MAX_SAMPLES) {
      throw malformed('an IDX file with an impossible size', { samples: dims[0]! });
    }
    dims[0] = Math.min(dims[0]!, limit);
    const length = valuesOf(dims);
    if (!spill && length * 4 > MAX_DATASET_BYTES) {
      throw new ChorusError('E_DATA_FORMAT', 'the IDX file holds more than fits into memory', {
        facts: { path, bytes: 4 * length, limit: MAX_DATASET_BYTES },
        hint: 'use fewer samples with --limit',
      });
    }
    const data = staysInMemory(spill, length) ? await reader.take(length) : new Uint8Array(0);
    if (data.length === 0) {
      writer = await SampleWriter.create(spill!, length);
      while (writer.written < length) {
        signal?.throwIfAborted();
        await writer.write(await reader.take(Math.min(PIECE_BYTES, length - writer.written)));
        onProgress?.(writer.written / length);
      }
    }
    // A whole file is read to its end, so that the gzip checksum is verified.
    if (limit === Number.POSITIVE_INFINITY && !(await reader.atEnd())) {
      throw malformed('the IDX file is longer than it says');
    }
    return { dims, data, ...(writer ? { writer } : {}) };
  } catch (error) {
    await writer?.discard();
    if (error instanceof ChorusError || signal?.aborted) throw error;
    if (error instanceof RangeError) throw malformed('the IDX file ends too early', {}, error);
    throw readingError(path, error);
  } finally {
    reader.close();
  }
}

/** Reads exactly the given number of bytes from a stream, and holds at most that and one chunk in memory. */
function byteReader(source: Readable) {
  const iterator: AsyncIterator<Buffer> = source[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);
  const refill = async (): Promise<boolean> => {
    while (rest.length === 0) {
      const next = await iterator.next();
      if (next.done) return false;
      rest = next.value;
    }
    return true;
  };
  return {
    async take(length: number): Promise<Buffer> {
      // Do not allocate memory for the stated length before the bytes have arrived.
      const pieces: Buffer[] = [];
      for (let missing = length; missing > 0; ) {
        if (!(await refill())) throw new RangeError('end of file');
        const piece = rest.subarray(0, missing);
        rest = rest.subarray(piece.length);
        missing -= piece.length;
        pieces.push(piece);
      }
      return Buffer.concat(pieces);
    },
    atEnd: async () => !(await refill()),
    close: () => void source.destroy(),
  };
}
