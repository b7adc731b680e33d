import { readFile, stat } from 'node:fs/promises';
import { ChorusError } from '@chorus/protocol';
import { type ClassFolders, type ImageFile, listClassFolders } from './class-folders.ts';
import { type ClassOptions, canonicalLabel, classNamesOf, numberLabels } from './class-names.ts';
import { type Dataset, datasetOf, type MemoryDataset, sharedFloats, valuesOf } from './dataset.ts';
import { MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS } from './limits.ts';
import { listFolder } from './listing.ts';
import { type SampleValues, staysInMemory } from './sample-sink.ts';
import { SampleWriter, type SpillOptions } from './sample-writer.ts';

/** [channels, height, width] with 1 (grey) or 3 (red, green, blue) channels. */
export type ImageShape = readonly [channels: number, height: number, width: number];

export interface ImageOptions extends ClassOptions {
  /** Shape of all images after resizing; by default the size of the first one, in colour if any image has colour. */
  imageShape?: ImageShape;
  limit?: number;
  /** Which images of a class (numbered from 0 by name) to take; all by default. */
  keep?: (index: number) => boolean;
  /** Where the images go if they are too many for memory; without it they are refused. */
  spill?: SpillOptions;
  signal?: AbortSignal;
  /** Share of the images that has been decoded. */
  onProgress?: (fraction: number) => void;
}

/** Loaded with the first image: its native library takes 15 MB, and most nodes read other data. */
const loadSharp = async () => (await import('sharp')).default;

/** Images with this side need a stated size: they are surely meant to be made smaller first. */
const MAX_IMPLICIT_SIDE = 256;

/** Formats of single images that are read, by the decoder's own names. */
const DECODED: ReadonlySet<string> = new Set(['png', 'jpeg', 'webp', 'gif', 'tiff', 'heif']);

/** Images decoded concurrently: sharp works in libuv's pool, which has four threads. */
const CONCURRENCY = 4;

/**
 * Read a folder with one subfolder of images per class, at any depth in it, pixels scaled to [0, 1].
 *
 * Images are turned by their EXIF orientation. All become one shape; others are resized to it, and distorted if
 * proportions differ. Transparency becomes black. With a limit, classes are thinned evenly. The classes, and the
 * default shape, are those of the whole folder, regardless of which images are kept.
 * @throws ChorusError `E_DATA_UNREADABLE`, `E_DATA_FORMAT` naming the file, `E_DATA_LABEL`, `E_DATA_TOO_LARGE`,
 * `E_DATA_DISK`
 */
export function loadImages(
  folder: string,
  name: string,
  options?: ImageOptions & { spill?: never },
): Promise<MemoryDataset>;
export function loadImages(folder: string, name: string, options: ImageOptions): Promise<Dataset>;
export async function loadImages(folder: string, name: string, options: ImageOptions = {}): Promise<Dataset> {
  const folders = await listClassFolders(await listFolder(folder));
  const { images, leftOut } = folders;
  const { keep = () => true, signal } = options;
  const classNames = imageClassNames(folders, options, folder);
  const numbers = numberLabels(
    images.map(({ label }) => label),
    classNames,
    folder,
  );
  const files = thin(
    images.flatMap((file, i) =>
      numbers[i]! >= 0 && keep(file.index) ? [{ ...file, number: numbers[i]! }] : [],
    ),
    options.limit,
  );
  const nameless = images.find((_, i) => numbers[i]! < 0);
  if (nameless) {
    leftOut.add(
      'images in a folder that says no class',
      String(nameless.path),
      numbers.filter((n) => n < 0).length,
    );
  }
  if (files.length === 0) {
    throw new ChorusError('E_DATA_FORMAT', 'the folder has no images to use', {
      facts: {
        path: folder,
        part: name,
        images: images.length,
        ...(`${leftOut}` ? { leftOut: `${leftOut}` } : {}),
      },
      hint: 'put the images of each class into a folder named after the class; where nothing divides the data, the test part is every fifth image of a class',
    });
  }
  const shape = options.imageShape ?? (await imageShapeOf(folders, signal));
  const { values, resized, pages } = await decodeAll(files, shape, options);
  return datasetOf(values, {
    labels: Int32Array.from(files, ({ number }) => number),
    inputShape: [...shape],
    classes: classNames.length,
    classNames,
    name,
    report: {
      format: 'images',
      notes: [
        `images are ${shape[0] === 1 ? 'grey' : 'in colour'}, ${shape[2]} wide and ${shape[1]} high`,
        ...(folders.nested > 0
          ? [
              `${folders.nested.toLocaleString('en')} images lie deeper in the folder of their class, and count to it`,
            ]
          : []),
        ...(resized > 0 ? [`${resized.toLocaleString('en')} of them had another size and were resized`] : []),
        ...(pages > 0
          ? [
              `${pages.toLocaleString('en')} of them have several frames or pages, of which the first is taken`,
            ]
          : []),
        ...folders.respelled.map(
          (other) => `the folder "${other}" is of class ${canonicalLabel(other)}, as is another one`,
        ),
      ],
      leftOut: leftOut.list(),
    },
  });
}

/**
 * The names of the classes that folders stand for.
 * @throws ChorusError `E_DATA_FORMAT`, `E_DATA_LABEL`
 */
export function imageClassNames(folders: ClassFolders, options: ClassOptions, path: string): string[] {
  const stated = options.classNames !== undefined || options.classes !== undefined;
  if (folders.wrapper === undefined || stated) return classNamesOf(folders.labels, options, path);
  throw new ChorusError(
    'E_DATA_FORMAT',
    'all images lie in the folders of one folder, which would be the only class',
    {
      facts: { path: folders.wrapper },
      hint: 'if the folders in it are the classes, name that folder; if it is one class of several, state all of them with --classes',
    },
  );
}

/**
 * The default shape of images: the size of the first, in colour if any of them has colour.
 * @throws ChorusError `E_DATA_FORMAT` if they are large
 */
export async function imageShapeOf({ images }: ClassFolders, signal?: AbortSignal): Promise<ImageShape> {
  const first = await factsOf(images[0]!.path);
  if (first.width > MAX_IMPLICIT_SIDE || first.height > MAX_IMPLICIT_SIDE) {
    throw new ChorusError('E_DATA_FORMAT', 'the images are large and no size to bring them to was given', {
      facts: { path: String(images[0]!.path), width: first.width, height: first.height },
      hint: 'say what they are brought to with --shape, such as --shape 3x64x64 (channels, height, width)',
    });
  }
  let colour = first.colour;
  await eachOf(images, signal, async ({ path }) => {
    // Several are read at once: one without colour must not take back what another has found.
    if (!colour && (await factsOf(path)).colour) colour = true;
  });
  return [colour ? 3 : 1, first.height, first.width];
}

/** At most `limit` files, evenly over the list, which is sorted by class. */
function thin<T>(files: T[], limit = files.length): T[] {
  if (files.length <= limit) return files;
  return Array.from({ length: limit }, (_, k) => files[Math.floor((k * files.length) / limit)]!);
}

async function eachOf<T>(
  items: readonly T[],
  signal: AbortSignal | undefined,
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      signal?.throwIfAborted();
      const i = next++;
      await work(items[i]!, i).catch((error: unknown) => {
        // The others stop after the item they are at.
        next = items.length;
        throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

/** Displayed size, turned by EXIF, and whether the image has colour. */
async function factsOf(path: ImageFile['path']): Promise<{ width: number; height: number; colour: boolean }> {
  return reading(path, async (bytes) => {
    const { autoOrient, channels } = await (await loadSharp())(bytes).metadata();
    return { width: autoOrient.width, height: autoOrient.height, colour: channels > 2 };
  });
}

/** The pixels of all images, how many of them had another size, and how many several frames or pages. */
async function decodeAll(
  files: readonly Pick<ImageFile, 'path'>[],
  shape: ImageShape,
  { spill, signal, onProgress }: ImageOptions,
): Promise<{ values: SampleValues; resized: number; pages: number }> {
  const width = valuesOf(shape);
  let resized = 0;
  let pages = 0;
  let decoded = 0;
  const each = (take: (pixels: Uint8Array, i: number) => Promise<void> | void) =>
    eachOf(files, signal, async ({ path }, i) => {
      const { pixels, wasOther, hasMore } = await decode(path, shape);
      await take(pixels, i);
      if (wasOther) resized++;
      if (hasMore) pages++;
      onProgress?.(++decoded / files.length);
    });
  if (staysInMemory(spill, files.length * width)) {
    const inputs = sharedFloats(files.length * width);
    await each((pixels, i) => {
      for (let k = 0; k < width; k++) inputs[i * width + k] = pixels[k]! / 255;
    });
    return { values: { inputs }, resized, pages };
  }
  const writer = await SampleWriter.create(spill!, files.length * width);
  try {
    await each((pixels, i) => writer.write(pixels, { position: i * width }));
    return { values: { file: await writer.finish({ stride: width, values: 'pixel' }) }, resized, pages };
  } catch (error) {
    await writer.discard();
    throw error;
  }
}

/** An image as a sample. */
interface Decoded {
  /** Channel by channel. */
  pixels: Uint8Array;
  /** Whether it had another size. */
  wasOther: boolean;
  /** Whether frames or pages follow the one that was taken. */
  hasMore: boolean;
}

async function decode(path: ImageFile['path'], shape: ImageShape): Promise<Decoded> {
  return reading(path, (bytes) => decodePixels(bytes, shape, MAX_IMAGE_PIXELS));
}

/**
 * One image as a model that was trained on {@link loadImages} takes it: turned, resized, pixels scaled to [0, 1].
 * @param maxPixels of the image as it is sent
 * @throws Error of the decoder if it is no image, damaged or larger
 */
export async function decodeImage(
  bytes: Uint8Array,
  shape: ImageShape,
  maxPixels = MAX_IMAGE_PIXELS,
): Promise<Float32Array> {
  const { format } = await (await loadSharp())(bytes).metadata();
  // Its library reads more, SVG with references to other files among it.
  if (!DECODED.has(format ?? '')) throw new Error(`images of the kind ${format} are not read`);
  const { pixels } = await decodePixels(bytes, shape, maxPixels);
  return Float32Array.from(pixels, (pixel) => pixel / 255);
}

async function decodePixels(
  bytes: Uint8Array,
  [channels, height, width]: ImageShape,
  maxPixels: number,
): Promise<Decoded> {
  const sharp = await loadSharp();
  const image = sharp(bytes, { limitInputPixels: maxPixels, failOn: 'error' });
  const { autoOrient, pages = 1 } = await image.metadata();
  const { data, info } = await image
    .autoOrient()
    .flatten({ background: '#000' })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .resize(width, height, { fit: 'fill' })
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const plane = width * height;
  const pixels = new Uint8Array(channels * plane);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < plane; i++) pixels[c * plane + i] = data[i * info.channels + c]!;
  }
  const wasOther = autoOrient.width !== width || autoOrient.height !== height;
  return { pixels, wasOther, hasMore: pages > 1 };
}

async function reading<T>(path: ImageFile['path'], read: (bytes: Buffer) => Promise<T>): Promise<T> {
  try {
    const { size } = await stat(path);
    if (size > MAX_IMAGE_BYTES) throw new RangeError(`the file has more than ${MAX_IMAGE_BYTES} bytes`);
    return await read(await readFile(path));
  } catch (cause) {
    throw new ChorusError('E_DATA_FORMAT', 'an image cannot be read', {
      facts: {
        path: String(path),
        reason: cause instanceof Error ? cause.message.split('\n')[0] : undefined,
      },
      hint: 'repair, convert or remove the file',
      cause,
    });
  }
}
