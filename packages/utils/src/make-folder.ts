import { mkdirSync, statSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Make a folder with those above it, as `mkdir -p` does; one that is there stays as it is.
 *
 * Node's own recursive `mkdir` never returns if the system refuses a folder by calling it missing, as in /proc, and paths
 * come from users.
 * @param mode permissions of each folder that is made
 * @throws the file system's error; `EEXIST` if something other than a folder is there
 */
export async function makeFolder(path: string, mode?: number): Promise<void> {
  try {
    await mkdir(path, mode);
  } catch (error) {
    if (await isFolder(path)) return;
    if (!isMissing(error) || dirname(path) === path) throw error;
    await makeFolder(dirname(path), mode);
    await mkdir(path, mode).catch(async (again: unknown) => {
      // Another process may have made it meanwhile.
      if (!(await isFolder(path))) throw again;
    });
  }
}

/** {@link makeFolder}, for what cannot wait. */
export function makeFolderSync(path: string, mode?: number): void {
  try {
    mkdirSync(path, mode);
  } catch (error) {
    if (isFolderSync(path)) return;
    if (!isMissing(error) || dirname(path) === path) throw error;
    makeFolderSync(dirname(path), mode);
    mkdirSync(path, mode);
  }
}

const isMissing = (error: unknown) => (error as NodeJS.ErrnoException).code === 'ENOENT';

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );

function isFolderSync(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
