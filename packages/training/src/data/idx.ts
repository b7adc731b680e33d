import type { Readable } from 'node:stream';
import { ChorusError } from '@chorus/protocol';
import { type ClassOptions, classNamesOf, numberLabels } from './class-names.ts';
import { createDataset, type Dataset, sharedFloats, valuesOf } from './dataset.ts';
import { MAX_AXES, MAX_DATASET_BYTES, MAX_SAMPLES } from './limits.ts';
import { openBytes, readingError } from './open-bytes.ts';

/** An IDX tensor: the format of MNIST (https://yann.lecun.com/exdb/mnist/, "file format"). */
interface Idx {
  dims: number[];
  data: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;

export interface IdxOptions extends ClassOptions {
  /** Most samples to read; the rest of the images is not even decompressed. */
  limit?: number;
}

/**
 * Read an IDX image file and an IDX label file (gzip or not, by content), scaling pixels to [0, 1].
 *
 * Images without a channel axis become [1, height, width]; other shapes are kept as they are. Unless stated, the
 * classes are those of the whole label file, and at least ten.
 * @throws ChorusError `E_DATA_UNREADABLE`, `E_DATA_FORMAT`, `E_DATA_LABEL`
 */
export async function loadIdx(
  imagesPath: string,
  labelsPath: string,
  name: string,
  options: IdxOptions = {},
): Promise<Dataset> {
  const { limit = Number.POSITIVE_INFINITY } = options;
  const [images, labels] = await Promise.all([readIdx(imagesPath, limit), readIdx(labelsPath)]);
  const count = Math.min(limit, labels.data.length);
  if (labels.dims.length !== 1 || images.dims.length < 2 || images.dims[0] !== count) {
    throw new ChorusError('E_DATA_FORMAT', 'images and labels do not belong together', {
      facts: { images: images.dims.join('x'), labels: labels.dims.join('x'), path: imagesPath },
      hint: 'fetch both files again, from the same place',
    });
  }
  const shape = images.dims.slice(1);
  const inputs = sharedFloats(images.data.length);
  for (let i = 0; i < inputs.length; i++) inputs[i] = images.data[i]! / 255;
  const classNames = namesFor(labels.data, options, labelsPath);
  return createDataset({
    inputs,
    labels: numberLabels(Array.from(labels.data.subarray(0, count), String), classNames, labelsPath),
    inputShape: shape.length === 2 ? [1, ...shape] : shape,
    classes: classNames.length,
    classNames,
    name,
    report: { format: 'idx', notes: ['pixels are divided by 255'], leftOut: [] },
  });
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

async function readIdx(path: string, limit = Number.POSITIVE_INFINITY): Promise<Idx> {
  const malformed = (message: string, facts: Record<string, number> = {}, cause?: unknown) =>
    new ChorusError('E_DATA_FORMAT', message, {
      facts: { path, ...facts },
      hint: 'the file is damaged or not IDX; fetch it again',
      cause,
    });
  const reader = byteReader(await openBytes(path));
  try {
    const magic = await reader.take(4);
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
    if (length * 4 > MAX_DATASET_BYTES) {
      throw new ChorusError('E_DATA_FORMAT', 'the IDX file holds more than fits into memory', {
        facts: { path, bytes: 4 * length, limit: MAX_DATASET_BYTES },
        hint: 'use fewer samples with --limit',
      });
    }
    const data = await reader.take(length);
    // A whole file is read to its end, so that the gzip checksum is verified.
    if (limit === Number.POSITIVE_INFINITY && !(await reader.atEnd())) {
      throw malformed('the IDX file is longer than it says');
    }
    return { dims, data };
  } catch (error) {
    if (error instanceof ChorusError) throw error;
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
