import { createHash, randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describeError } from '@chorus/protocol';
import { makeFolder } from '@chorus/utils';
import envPaths from 'env-paths';

export interface CacheOptions {
  /** Folder of cached strings; by default the platform's cache folder (XDG_CACHE_HOME on Linux). */
  cacheDir?: string;
  /** Called with a warning about a cache that cannot be used; by default a process warning. */
  onWarning?: (message: string) => void;
}

/** File: this line, then sha2-256 of the points, then the points. */
const MAGIC = Buffer.from('chorus srs points v1\n');
const HASH_BYTES = 32;
/** Bytes hashed before other work gets a turn (about 2 ms). */
const PIECE = 1 << 21;

function pathOf(name: string, options: CacheOptions): string {
  return join(options.cacheDir ?? envPaths('chorus', { suffix: '' }).cache, `${name}.bin`);
}

function warn(options: CacheOptions, message: string): void {
  if (options.onWarning) options.onWarning(message);
  else process.emitWarning(message, { code: 'CHORUS_SRS_CACHE' });
}

/** Fills `points` from the cache. False if there is no cache, or its content is wrong. */
export async function readCachedPoints(
  name: string,
  points: Uint8Array,
  options: CacheOptions,
): Promise<boolean> {
  const path = pathOf(name, options);
  let file: Buffer;
  try {
    file = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      warn(options, `cannot read the cached reference string ${path}: ${describeError(error)}`);
    }
    return false;
  }
  const body = file.subarray(MAGIC.length + HASH_BYTES);
  const hash = file.subarray(MAGIC.length, MAGIC.length + HASH_BYTES);
  if (
    !file.subarray(0, MAGIC.length).equals(MAGIC) ||
    body.length !== points.length ||
    !hash.equals(await sha256(body))
  ) {
    warn(options, `the cached reference string ${path} is corrupt; it will be made again`);
    return false;
  }
  points.set(body);
  return true;
}

/** Writes the cache in one step (temporary file, then rename); a failure is a warning, not an error. */
export async function writeCachedPoints(
  name: string,
  points: Uint8Array,
  options: CacheOptions,
): Promise<void> {
  const path = pathOf(name, options);
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await makeFolder(join(path, '..'));
    const file = await open(temporary, 'wx');
    try {
      await file.write(MAGIC);
      await file.write(await sha256(points));
      await file.write(points);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    // If the folder itself is unusable, there is nothing to remove either.
    await rm(temporary, { force: true }).catch(() => {});
    warn(options, `cannot cache the reference string at ${path}: ${describeError(error)}`);
  }
}

async function sha256(bytes: Uint8Array): Promise<Buffer> {
  const hash = createHash('sha256');
  for (let from = 0; from < bytes.length; from += PIECE) {
    hash.update(bytes.subarray(from, from + PIECE));
    await setImmediate();
  }
  return hash.digest();
}
