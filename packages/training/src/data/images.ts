import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { ChorusError } from '@chorus/protocol';
import { labelsFrom } from './class-names.ts';
import { createDataset, type Dataset, sharedFloats, valuesOf } from './dataset.ts';
import { MAX_FILES, MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS } from './limits.ts';
import { unreadable } from './unreadable.ts';

export interface ImageOptions {
  /** [channels, height, width] with 1 (grey) or 3 (red, green, blue) channels; the first image's by default. */
  imageShape?: readonly [number, number, number];
  limit?: number;
  classNames?: string[];
  /** Which images of a class (numbered from 0 by name) to take; all by default. */
  keep?: (index: number) => boolean;
  signal?: AbortSignal;
}

const EXTENSIONS = new Set(['.png', '.jpg', '.jpeg', '.webp', '.gif', '.tif', '.tiff', '.avif']);

/** Loaded with the first image: its native library takes 15 MB, and most nodes read other data. */
const loadSharp = async () => (await import('sharp')).default;

/** An image of this side without a stated size is surely meant to be made smaller first. */
const MAX_IMPLICIT_SIDE = 256;

/** Decoded at the same time: sharp works in libuv's pool, which has four threads. */
const CONCURRENCY = 4;

/** True for names that {@link loadImages} reads. */
export function isImage(name: string): boolean {
  return EXTENSIONS.has(extname(name).toLowerCase()) && !name.startsWith('.');
}

/**
 * Read a folder with one subfolder of images per class, pixels scaled to [0, 1].
 *
 * All images become one shape; others are resized to it, distorting where proportions differ. With a limit,
 * classes are thinned evenly.
 * @throws ChorusError `E_DATA_UNREADABLE`, `E_DATA_FORMAT` naming the file
 */
export async function loadImages(folder: string, name: string, options: ImageOptions = {}): Promise<Dataset> {
  const files = thin(await listImages(folder, options.keep), options.limit);
  if (files.length === 0) {
    throw new ChorusError('E_DATA_FORMAT', 'the folder has no images to use', {
      facts: { path: folder },
      hint: 'put the images of each class into a folder named after the class',
    });
  }
  const shape = options.imageShape ?? (await shapeOf(files[0]!.path));
  if (shape[0] !== 1 && shape[0] !== 3) {
    throw new ChorusError('E_DATA_FORMAT', 'images have one or three channels', {
      facts: { channels: shape[0] },
    });
  }
  const width = valuesOf(shape);
  const inputs = sharedFloats(files.length * width);
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < files.length) {
      options.signal?.throwIfAborted();
      const i = next++;
      await decodeInto(inputs.subarray(i * width, (i + 1) * width), files[i]!.path, shape);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  const { indices, classNames } = labelsFrom(
    files.map((file) => file.label),
    options.classNames,
    folder,
  );
  return createDataset({
    inputs,
    labels: indices,
    inputShape: [...shape],
    classes: classNames.length,
    classNames,
    name,
  });
}

interface ImageFile {
  path: string;
  label: string;
}

async function listImages(
  folder: string,
  keep: (index: number) => boolean = () => true,
): Promise<ImageFile[]> {
  const files: ImageFile[] = [];
  for (const entry of await sortedEntries(folder)) {
    if (!entry.isDirectory() || entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    const images = (await sortedEntries(path)).filter((file) => file.isFile() && isImage(file.name));
    images.forEach((image, index) => {
      if (keep(index)) files.push({ path: join(path, image.name), label: entry.name });
    });
    if (files.length > MAX_FILES) {
      throw new ChorusError('E_DATA_TOO_LARGE', 'the folder has too many files', {
        facts: { path: folder, limit: MAX_FILES },
      });
    }
  }
  return files;
}

async function sortedEntries(path: string) {
  const entries = await readdir(path, { withFileTypes: true }).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** At most `limit` files, evenly over the list, which is sorted by class. */
function thin(files: ImageFile[], limit = files.length): ImageFile[] {
  if (files.length <= limit) return files;
  return Array.from({ length: limit }, (_, k) => files[Math.floor((k * files.length) / limit)]!);
}

async function shapeOf(path: string): Promise<readonly [number, number, number]> {
  const {
    width = 0,
    height = 0,
    channels = 3,
  } = await reading(path, async () => (await loadSharp())(path).metadata());
  if (width > MAX_IMPLICIT_SIDE || height > MAX_IMPLICIT_SIDE) {
    throw new ChorusError('E_DATA_FORMAT', 'the images are large and no size to bring them to was given', {
      facts: { path, width, height },
      hint: 'give the shape the model expects, such as 3x64x64',
    });
  }
  return [channels <= 2 ? 1 : 3, height, width];
}

async function decodeInto(target: Float32Array, path: string, [channels, height, width]: readonly number[]) {
  const { data, info } = await reading(path, async () => {
    if ((await stat(path)).size > MAX_IMAGE_BYTES) throw new RangeError('the file is too large');
    const sharp = await loadSharp();
    return sharp(path, { limitInputPixels: MAX_IMAGE_PIXELS, failOn: 'error' })
      .flatten({ background: '#000' })
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .resize(width, height, { fit: 'fill' })
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
  });
  const plane = width! * height!;
  for (let c = 0; c < channels!; c++) {
    for (let i = 0; i < plane; i++) target[c * plane + i] = data[i * info.channels + c]! / 255;
  }
}

async function reading<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw new ChorusError('E_DATA_FORMAT', 'an image cannot be read', {
      facts: { path },
      hint: 'repair or remove the file',
      cause,
    });
  }
}
