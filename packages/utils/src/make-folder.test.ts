import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeFolder, makeFolderSync } from './make-folder.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'chorus-folder-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe.each([
  ['makeFolder', makeFolder],
  ['makeFolderSync', async (path: string, mode?: number) => makeFolderSync(path, mode)],
])('%s', (name, make) => {
  it('makes a folder with those above it, all of one mode, and leaves one alone that is there', async () => {
    const top = join(root, name);
    const deep = join(top, 'a', 'b');
    await make(deep, 0o700);
    for (const path of [top, join(top, 'a'), deep]) expect((await stat(path)).mode & 0o777).toBe(0o700);
    await make(deep, 0o755);
    expect((await stat(deep)).mode & 0o777).toBe(0o700);
    await make(relative(process.cwd(), join(deep, 'c')));
    expect((await stat(join(deep, 'c'))).isDirectory()).toBe(true);
    await symlink(deep, join(top, 'link'));
    await make(join(top, 'link'));
    await make(join(top, 'link', 'd'));
    expect((await stat(join(deep, 'd'))).isDirectory()).toBe(true);
  });

  it('is made once where many want it at the same time', async () => {
    const path = join(root, `${name}-many`, 'a', 'b', 'c');
    await Promise.all(Array.from({ length: 8 }, () => make(path)));
    expect((await stat(path)).isDirectory()).toBe(true);
  });

  it('refuses what is there and no folder', async () => {
    const file = join(root, `${name}.txt`);
    await writeFile(file, '');
    await expect(make(file)).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(make(join(file, 'a', 'b'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    await symlink('/nowhere/at/all', join(root, `${name}-dangling`));
    await expect(make(join(root, `${name}-dangling`))).rejects.toMatchObject({ code: 'EEXIST' });
  });

  it.skipIf(process.platform !== 'linux')('fails at once if the system refuses the folder', async () => {
    for (const path of ['/proc/none', '/proc/none/deeper/still']) {
      await expect(make(path)).rejects.toMatchObject({ code: 'ENOENT' });
    }
  });
});
