import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createIdentity, readIdentity } from '@chorus/node';
import { create, extract } from 'tar';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exportNode } from './export.ts';
import { importNode } from './import.ts';

let folder: string;
let home: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-backup-'));
  home = join(folder, 'node');
  file = join(folder, 'node.tar.gz');
  await createIdentity(home, 'a good password', { scryptN: 2 });
  await writeFile(join(home, 'config.yaml'), 'roles: []\n');
  await mkdir(join(home, 'tasks', '7'), { recursive: true });
  await writeFile(join(home, 'tasks', '7', 'terms.json'), '{}');
  await mkdir(join(home, 'blocks', 'ab'), { recursive: true });
  await writeFile(join(home, 'blocks', 'ab', 'block'), 'block');
  await mkdir(join(home, 'logs'));
  await writeFile(join(home, 'logs', 'node.log'), 'line\n');
  await writeFile(join(home, 'admin.json'), '{}');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const backUp = (withBlocks = false) => exportNode({ dataDir: home, output: file, withBlocks });

/** The backup with changed content. */
async function tampered(change: (dir: string) => Promise<void>, names?: string[]): Promise<string> {
  const dir = await mkdtemp(join(folder, 'tampered-'));
  await extract({ file, cwd: dir });
  await change(dir);
  const path = join(folder, 'tampered.tar.gz');
  await create({ gzip: true, cwd: dir, file: path, portable: true }, names ?? (await readdir(dir)));
  return path;
}

describe('a backup', () => {
  it('a backup restores identity and state, and leaves out files of a running process', async () => {
    const manifest = await backUp();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const restored = join(folder, 'restored');
    expect(await importNode(file, restored)).toEqual(manifest);
    expect(await readIdentity(restored)).toEqual(await readIdentity(home));
    expect((await readdir(restored)).sort()).toEqual([
      'config.yaml',
      'identity.json',
      'network.key',
      'tasks',
      'wallet.json',
    ]);
    expect(await readFile(join(restored, 'tasks', '7', 'terms.json'), 'utf8')).toBe('{}');
    for (const name of ['wallet.json', 'network.key']) {
      expect((await stat(join(restored, name))).mode & 0o777).toBe(0o600);
    }
    expect((await readdir(home)).includes('backup.json')).toBe(false);
  });

  it('only the owner can read a backup from the first byte on, even if an earlier attempt left a file', async () => {
    await writeFile(`${file}.partial`, 'of a crash', { mode: 0o666 });
    await chmod(`${file}.partial`, 0o666);
    await writeFile(join(home, 'blocks', 'ab', 'large'), randomBytes(20_000_000));
    const modes = new Set<number>();
    const writing = backUp(true).finally(() => modes.add(-1));
    while (!modes.has(-1)) {
      const found = await stat(`${file}.partial`).catch(() => null);
      if (found && found.size > 1_000) modes.add(found.mode & 0o777);
    }
    await writing;
    expect([...modes].sort()).toEqual([-1, 0o600]);
  });

  it('a backup holds the blocks if the user asks for them', async () => {
    await backUp(true);
    await importNode(file, join(folder, 'restored'));
    expect(await readFile(join(folder, 'restored', 'blocks', 'ab', 'block'), 'utf8')).toBe('block');
  });

  it('export replaces no file, and import replaces no folder with content', async () => {
    await backUp();
    await expect(backUp()).rejects.toMatchObject({ code: 'E_EXISTS' });
    await expect(importNode(file, home)).rejects.toMatchObject({ code: 'E_EXISTS' });
  });

  it.each<[string, (dir: string) => Promise<void>]>([
    ['a file that was changed', (dir) => writeFile(join(dir, 'config.yaml'), 'roles: [trainer]\n')],
    ['a file that is missing', (dir) => rm(join(dir, 'tasks'), { recursive: true })],
    ['an additional file', (dir) => writeFile(join(dir, 'evil.sh'), 'x')],
    ['no manifest', (dir) => rm(join(dir, 'backup.json'))],
    ['a link', (dir) => symlink('/etc/passwd', join(dir, 'link'))],
    [
      'the identity of another node',
      async (dir) => {
        const manifest = JSON.parse(await readFile(join(dir, 'backup.json'), 'utf8'));
        manifest.node.peerId = 'somebody';
        await writeFile(join(dir, 'backup.json'), JSON.stringify(manifest));
      },
    ],
  ])('importing a backup with %s changes nothing', async (_, change) => {
    await backUp();
    const path = await tampered(change);
    const restored = join(folder, 'restored');
    await expect(importNode(path, restored)).rejects.toMatchObject({ code: 'E_BACKUP' });
    await expect(stat(restored)).rejects.toMatchObject({ code: 'ENOENT' });
    expect((await readdir(folder)).filter((name) => name.startsWith('.chorus-import'))).toEqual([]);
  });

  it('importing a truncated file, or one that is not a backup, changes nothing', async () => {
    await backUp();
    const bytes = await readFile(file);
    await writeFile(join(folder, 'cut.tar.gz'), bytes.subarray(0, bytes.length / 2));
    await writeFile(join(folder, 'none.tar.gz'), 'hello');
    for (const name of ['cut.tar.gz', 'none.tar.gz', 'absent.tar.gz']) {
      await expect(importNode(join(folder, name), join(folder, 'restored')), name).rejects.toMatchObject({
        code: 'E_BACKUP',
      });
    }
    await expect(stat(join(folder, 'restored'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
