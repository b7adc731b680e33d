import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Bytes of a file, or of all files in a folder, links followed; each folder counts once, and a missing path counts
 * 0.
 */
export async function sizeOnDisk(path: string, seen = new Set<string>()): Promise<number> {
  const info = await stat(path).catch(() => null);
  if (!info?.isDirectory()) return info?.isFile() ? info.size : 0;
  const folder = await realpath(path);
  if (seen.has(folder)) return 0;
  seen.add(folder);
  let bytes = 0;
  for (const name of await readdir(folder)) bytes += await sizeOnDisk(join(folder, name), seen);
  return bytes;
}
