import { basename } from 'node:path';
import { ChorusError } from '@chorus/protocol';
import { canonicalLabel } from './class-names.ts';
import { MAX_FILES } from './limits.ts';
import {
  dangling,
  type Entry,
  endingOf,
  folderPath,
  type Listing,
  leadsBack,
  listFolder,
} from './listing.ts';
import { Tally } from './report.ts';

const READABLE = new Set([
  '.png',
  '.jpg',
  '.jpeg',
  '.jpe',
  '.jfif',
  '.webp',
  '.gif',
  '.tif',
  '.tiff',
  '.avif',
]);

/** Images, and films, that need another program: never left out in silence, since they are samples. */
const UNREADABLE = new Set(
  `.bmp .dib .heic .heif .jxl .jp2 .j2k .jpx .ppm .pgm .pbm .pnm .pam .tga
  .pcx .psd .xcf .ico .icns .exr .hdr .dds .svg .svgz .eps .pdf .dcm .dicom
  .nii .mha .raw .dng .cr2 .cr3 .nef .arw .orf .rw2 .qoi .xbm .xpm .ras
  .sgi .webm .mp4 .avi .mov .mkv`.split(/\s+/),
);

/** An image and the class whose folder it lies in. */
export interface ImageFile {
  path: string | Buffer;
  /** Its number among the images of its class, by name. */
  index: number;
  label: string;
}

/** What a folder of class folders holds. */
export interface ClassFolders {
  images: ImageFile[];
  /** One for each folder that is a class, also where it has no image. */
  labels: string[];
  leftOut: Tally;
}

/** True for names of images that can be read. */
export function isImage(name: string): boolean {
  return READABLE.has(endingOf(name));
}

/** True for names of images, whether they can be read or not. */
export function looksLikeImage(name: string): boolean {
  return isImage(name) || UNREADABLE.has(endingOf(name));
}

/**
 * Whether a folder is divided into one folder of images per class: one of its folders holds an image.
 * @throws ChorusError `E_DATA_UNREADABLE`
 */
export async function holdsClassFolders({ entries }: Listing): Promise<boolean> {
  for (const entry of entries) {
    if (entry.kind === 'folder' && (await holdsImages(entry))) return true;
  }
  return false;
}

/** Whether a folder itself holds images, readable or not. */
export async function holdsImages(folder: Entry): Promise<boolean> {
  if (typeof folder.path !== 'string') return true; // refused by name as soon as it is read
  const { entries } = await listFolder(folder.path);
  return entries.some(({ kind, name }) => (kind === 'file' || kind === 'dangling') && looksLikeImage(name));
}

/**
 * List the images of a folder of class folders. What is no image is left out and counted; what is an image and cannot be
 * read is refused.
 *
 * An empty folder is a class without samples. A folder that holds files, but no image, is none.
 * @throws ChorusError `E_DATA_UNREADABLE`, `E_DATA_FORMAT`, `E_DATA_TOO_LARGE`
 */
export async function listClassFolders(listing: Listing): Promise<ClassFolders> {
  const leftOut = new Tally();
  leftOut.addAll(listing.leftOut.list());
  const images: ImageFile[] = [];
  const labels: string[] = [];
  for (const entry of listing.entries) {
    if (entry.kind === 'dangling' && endingOf(entry.name) === '') throw dangling(entry);
    if (entry.kind !== 'folder') {
      leftOut.add('files beside the class folders', entry.name);
      continue;
    }
    const path = folderPath(entry);
    if (await leadsBack(path, listing.path)) {
      leftOut.add('links to a folder above', entry.name);
      continue;
    }
    const found = await listClass(path, images, leftOut);
    if (found) labels.push(canonicalLabel(entry.name));
    if (images.length > MAX_FILES) {
      throw new ChorusError('E_DATA_TOO_LARGE', 'the folder has too many files', {
        facts: { path: listing.path, limit: MAX_FILES },
        hint: 'divide it over several folders',
      });
    }
  }
  return { images, labels, leftOut };
}

/** Adds the images of a class; false where the folder is no class. */
async function listClass(path: string, images: ImageFile[], leftOut: Tally): Promise<boolean> {
  const listing = await listFolder(path);
  const before = images.length;
  const own = new Tally();
  const folders: Entry[] = [];
  const label = canonicalLabel(basename(path));
  for (const entry of listing.entries) {
    const { name, kind } = entry;
    if (kind === 'dangling' && looksLikeImage(name)) throw dangling(entry);
    if (kind === 'file' && isImage(name)) {
      images.push({ path: entry.path, index: images.length - before, label });
    } else if (kind === 'file' && looksLikeImage(name)) {
      throw new ChorusError('E_DATA_FORMAT', `images of this kind are not read (${endingOf(name)})`, {
        facts: { path: String(entry.path) },
        hint: `convert them, such as with ImageMagick: magick mogrify -format png "*${endingOf(name)}"; or take them out`,
      });
    } else if (kind === 'folder') {
      folders.push(entry);
      own.add('folders within a class folder', `${label}/${name}`);
    } else {
      own.add(`files that are no images${endingOf(name) && ` (${endingOf(name)})`}`, `${label}/${name}`);
    }
  }
  if (images.length === before) for (const folder of folders) await refuseNested(folder, path);
  const isClass = images.length > before || listing.entries.length === 0;
  if (isClass) leftOut.addAll(own.list());
  else leftOut.add('folders without images', basename(path));
  leftOut.addAll(listing.leftOut.list());
  return isClass;
}

/** A class whose images all lie one folder deeper would be lost as a whole. */
async function refuseNested(folder: Entry, path: string): Promise<void> {
  const deeper = folderPath(folder);
  if ((await leadsBack(deeper, path)) || !(await holdsImages(folder))) return;
  throw new ChorusError('E_DATA_FORMAT', 'the images of a class lie in a folder within its folder', {
    facts: { path: deeper },
    hint: 'move them up into the folder of their class, or name the folder that holds the class folders',
  });
}
