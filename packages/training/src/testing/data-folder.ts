import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A new folder in `root` with these files; a name that ends in `/` is an empty folder. */
export async function dataFolder(root: string, files: Record<string, string | Uint8Array>): Promise<string> {
  const dir = await mkdtemp(join(root, 'd-'));
  for (const [name, content] of Object.entries(files)) {
    const path = join(dir, name);
    await mkdir(name.endsWith('/') ? path : dirname(path), { recursive: true });
    if (!name.endsWith('/')) await writeFile(path, content);
  }
  return dir;
}
