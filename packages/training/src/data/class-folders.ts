import { realpath } from 'node:fs/promises';
import { basename, sep } from 'node:path';
import { ChorusError } from '@chorus/protocol';
import { canonicalLabel } from './class-names.ts';
import { MAX_FILES } from './limits.ts';
import { dangling, type Entry, endingOf, folderPath, type Listing, listFolder } from './listing.ts';
import { partNamed } from './part-names.ts';
import { Tally } from './report.ts';
import { unreadable } from './unreadable.ts';

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

/** An image and the class of its folder. */
export interface ImageFile {
  path: string | Buffer;
  /** Its number among the images of its class, by name. */
  index: number;
  label: string;
}

/** Content of a folder of class folders. */
export interface ClassFolders {
  images: ImageFile[];
  /** One for each folder that is a class, even without images. */
  labels: string[];
  /** Names of folders that are the class of another folder in another spelling, such as `cat` with a blank. */
  respelled: string[];
  /** How many of the images lie deeper than in the folder of their class itself. */
  nested: number;
  /** The folder of the only class, if all images lie in several folders of it: those may be the classes that are meant. */
  wrapper?: string;
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
 * Whether a folder is divided into one folder of images per class: one of its folders holds an image, itself or deeper.
 * @throws ChorusError `E_DATA_UNREADABLE`
 */
export async function holdsClassFolders(listing: Listing): Promise<boolean> {
  const above = [await resolved(listing.path)];
  for (const entry of listing.entries) {
    if (entry.kind === 'folder' && (await holdsImagesWithin(entry, above))) return true;
  }
  return false;
}

async function holdsImagesWithin(folder: Entry, above: readonly string[]): Promise<boolean> {
  if (typeof folder.path !== 'string') return true; // refused by name as soon as it is read
  const target = await resolved(folder.path);
  if (isAbove(target, above)) return false;
  if (await holdsImages(folder)) return true;
  for (const entry of (await listFolder(folder.path)).entries) {
    if (entry.kind === 'folder' && (await holdsImagesWithin(entry, [...above, target]))) return true;
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
 * List the images of a folder of class folders. A class is a folder directly in it, with all images that lie in that
 * folder at any depth. Other files are left out and counted; an unreadable image is refused.
 *
 * An empty folder is a class without samples. A folder that holds files, but no image, is not a class.
 * @throws ChorusError `E_DATA_UNREADABLE`, `E_DATA_FORMAT`, `E_DATA_TOO_LARGE`
 */
export async function listClassFolders(listing: Listing): Promise<ClassFolders> {
  const leftOut = new Tally();
  leftOut.addAll(listing.leftOut.list());
  const images: ImageFile[] = [];
  const labels: string[] = [];
  const root = await resolved(listing.path);
  const wrappers: string[] = [];
  const respelled: string[] = [];
  let nested = 0;
  for (const entry of listing.entries) {
    if (entry.kind === 'dangling' && endingOf(entry.name) === '') throw dangling(entry);
    if (entry.kind !== 'folder') {
      leftOut.add('files next to the class folders', entry.name);
      continue;
    }
    const path = folderPath(entry);
    const target = await resolved(path);
    if (isAbove(target, [root])) {
      leftOut.add('links to a folder above', entry.name);
      continue;
    }
    const found = await listClass(path, [root, target]);
    const isClass = found.images.length > 0 || found.isEmpty;
    if (isClass) {
      for (const image of found.images) images.push(image);
      const label = canonicalLabel(entry.name);
      if (labels.includes(label)) respelled.push(entry.name);
      labels.push(label);
      leftOut.addAll(found.leftOut.list());
      if (found.nestedFolders > 1 && found.nested === found.images.length) wrappers.push(path);
      nested += found.nested;
    } else {
      leftOut.add('folders without images', entry.name);
      leftOut.addAll(found.hidden.list());
    }
    if (images.length > MAX_FILES) throw tooManyFiles(listing.path);
  }
  const [wrapper] = labels.length === 1 ? wrappers : [];
  return { images, labels, respelled, nested, leftOut, ...(wrapper === undefined ? {} : { wrapper }) };
}

/** Content of the folder of one class. */
interface FoundClass {
  images: ImageFile[];
  /** Images that lie deeper than in the folder itself. */
  nested: number;
  /** Folders directly in it that hold images. */
  nestedFolders: number;
  /** Whether the folder is empty. */
  isEmpty: boolean;
  /** Everything left out, and of that what is left out in any folder. */
  leftOut: Tally;
  hidden: Tally;
}

/** @param chain the real paths of this folder and those that lead to it, so that links in a circle end */
async function listClass(path: string, chain: readonly string[]): Promise<FoundClass> {
  const label = canonicalLabel(basename(path));
  const found: FoundClass = {
    images: [],
    nested: 0,
    nestedFolders: 0,
    isEmpty: false,
    leftOut: new Tally(),
    hidden: new Tally(),
  };
  const listing = await listFolder(path);
  found.isEmpty = listing.entries.length === 0;
  refuseParts(listing);
  const visit = async (
    { entries, leftOut, path: folder }: Listing,
    within: string,
    above: readonly string[],
  ) => {
    found.leftOut.addAll(leftOut.list());
    found.hidden.addAll(leftOut.list());
    for (const entry of entries) {
      const { name, kind } = entry;
      if (kind === 'dangling' && looksLikeImage(name)) throw dangling(entry);
      if (kind === 'file' && isImage(name)) {
        found.images.push({ path: entry.path, index: found.images.length, label });
        if (folder !== path) found.nested++;
        if (found.images.length > MAX_FILES) throw tooManyFiles(path);
      } else if (kind === 'file' && looksLikeImage(name)) {
        throw new ChorusError('E_DATA_FORMAT', `images of this kind are not read (${endingOf(name)})`, {
          facts: { path: String(entry.path) },
          hint: `convert them, such as with ImageMagick: magick mogrify -format png "*${endingOf(name)}"; or take them out`,
        });
      } else if (kind === 'folder') {
        const deeper = folderPath(entry);
        const target = await resolved(deeper);
        if (isAbove(target, above)) {
          found.leftOut.add('links to a folder above', `${within}/${name}`);
          continue;
        }
        const before = found.images.length;
        await visit(await listFolder(deeper), `${within}/${name}`, [...above, target]);
        if (folder === path && found.images.length > before) found.nestedFolders++;
      } else {
        found.leftOut.add(
          `files that are no images${endingOf(name) && ` (${endingOf(name)})`}`,
          `${within}/${name}`,
        );
      }
    }
  };
  await visit(listing, label, chain);
  return found;
}

/** Refuse a class with its own parts: its test samples would be trained on. */
function refuseParts({ path, entries }: Listing): void {
  const folders = entries.filter(({ kind }) => kind === 'folder').map(({ name }) => name);
  const train = folders.find((name) => partNamed(name) === 'train');
  const test = folders.find((name) => partNamed(name) === 'test');
  if (train === undefined || test === undefined) return;
  throw new ChorusError('E_DATA_FORMAT', 'a folder of a class is divided into parts', {
    facts: { path, parts: `${train}, ${test}` },
    hint: 'put the folders of the classes into those of the parts instead, as in train/CLASS/1.png and test/CLASS/1.png; or name the folder that holds the parts',
  });
}

function tooManyFiles(path: string): ChorusError {
  return new ChorusError('E_DATA_TOO_LARGE', 'the folder has too many files', {
    facts: { path, limit: MAX_FILES },
    hint: 'divide it over several folders',
  });
}

/** Whether a folder is one of those that lead to it, or above them, as a link in a circle leads to. */
function isAbove(target: string, chain: readonly string[]): boolean {
  const prefix = target.endsWith(sep) ? target : target + sep;
  return chain.some((folder) => folder === target || folder.startsWith(prefix));
}

async function resolved(path: string): Promise<string> {
  return realpath(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
}
