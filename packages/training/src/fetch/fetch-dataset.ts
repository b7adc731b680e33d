import { join } from 'node:path';
import { ChorusError } from '@chorus/protocol';
import { makeFolder } from '@chorus/utils';
import { CATALOGUE, type CatalogueEntry, type CatalogueFile, type FetchableDataset } from './catalogue.ts';
import { download, sha256OfFile, sizeOf } from './download.ts';

export interface FetchOptions {
  /** Folder that holds one folder per data set. */
  cacheDir: string;
  /** A mirror with the same file names, instead of the canonical addresses. */
  baseUrl?: string;
  signal?: AbortSignal;
  /** Called with the bytes received and the bytes of all files. */
  onProgress?: (bytes: number, total: number) => void;
}

/**
 * Bring a public data set into the cache and return its folder, ready for `loadDataset`.
 *
 * Files already there are checked by digest and not fetched again; interrupted downloads are resumed.
 * @throws ChorusError `E_DATASET_UNKNOWN`, or as {@link download} when all mirrors have failed
 */
export async function fetchDataset(name: FetchableDataset, options: FetchOptions): Promise<string> {
  const entry = Object.hasOwn(CATALOGUE, name) ? CATALOGUE[name] : undefined;
  if (!entry) {
    throw new ChorusError('E_DATASET_UNKNOWN', 'no data set of this name can be fetched', {
      facts: { name: String(name).slice(0, 60) },
      hint: `known are ${Object.keys(CATALOGUE).join(', ')}`,
    });
  }
  const folder = join(options.cacheDir, name);
  await fetchFiles(entry, folder, options);
  return folder;
}

/** Bring the files of a catalogue entry to `folder`. */
export async function fetchFiles(
  entry: CatalogueEntry,
  folder: string,
  { baseUrl, signal, onProgress = () => {} }: Omit<FetchOptions, 'cacheDir'>,
): Promise<void> {
  await makeFolder(folder);
  const mirrors = baseUrl === undefined ? entry.mirrors : [baseUrl.endsWith('/') ? baseUrl : `${baseUrl}/`];
  const total = entry.files.reduce((sum, file) => sum + file.bytes, 0);
  let done = 0;
  for (const file of entry.files) {
    const path = join(folder, file.name);
    if (!(await isWhole(path, file))) {
      await fromMirrors(mirrors, path, file, signal, (bytes) => onProgress(done + bytes, total));
    }
    done += file.bytes;
    onProgress(done, total);
  }
}

async function isWhole(path: string, file: CatalogueFile): Promise<boolean> {
  return (await sizeOf(path)) === file.bytes && (await sha256OfFile(path)) === file.sha256;
}

async function fromMirrors(
  mirrors: readonly string[],
  path: string,
  file: CatalogueFile,
  signal: AbortSignal | undefined,
  onBytes: (bytes: number) => void,
): Promise<void> {
  let failure: unknown;
  for (const mirror of mirrors) {
    try {
      await download(`${mirror}${file.name}`, path, file, { signal, onBytes });
      return;
    } catch (error) {
      if (signal?.aborted) throw error;
      failure = error;
    }
  }
  throw failure;
}
