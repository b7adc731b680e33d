import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkFolder, checkOutput, writeNew } from './check-output.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-outputs-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the check of an output file', () => {
  it('creates the folder, and leaves nothing in it', async () => {
    await checkOutput('--out', join(folder, 'new', 'trained.onnx'));
    expect(await readdir(join(folder, 'new'))).toEqual([]);
  });

  it('leaves a file that is there as it is', async () => {
    const path = join(folder, 'trained.onnx');
    await writeFile(path, 'of before');
    await checkOutput('--out', path);
    expect(await readFile(path, 'utf8')).toBe('of before');
    expect(await readdir(folder)).toEqual(['trained.onnx']);
  });

  it('refuses a folder, and proposes a file in it', async () => {
    await expect(checkOutput('--out', folder)).rejects.toMatchObject({
      code: 'E_USAGE',
      hint: expect.stringContaining(join(folder, 'trained.onnx')),
    });
  });

  it('refuses a path through a file, before any work', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(checkOutput('--out', join(folder, 'file', 'trained.onnx'))).rejects.toMatchObject({
      code: 'E_OUTPUT_UNWRITABLE',
      message: '--out cannot be written',
    });
  });

  it.skipIf(process.getuid?.() === 0)('refuses a folder that this user may not write', async () => {
    const closed = join(folder, 'closed');
    await mkdir(closed);
    await chmod(closed, 0o500);
    await expect(checkFolder('--checkpoint', closed)).rejects.toMatchObject({
      code: 'E_OUTPUT_UNWRITABLE',
      facts: { reason: 'EACCES' },
    });
  });
});

describe('a new file', () => {
  it('is never written over one that is there, and a folder that is missing is named with the file', async () => {
    const path = join(folder, 'guide.yaml');
    await writeNew(path, 'first');
    await expect(writeNew(path, 'second')).rejects.toMatchObject({ code: 'E_EXISTS', facts: { path } });
    expect(await readFile(path, 'utf8')).toBe('first');
    const missing = join(folder, 'missing', 'guide.yaml');
    await expect(writeNew(missing, 'x')).rejects.toMatchObject({
      code: 'E_OUTPUT_UNWRITABLE',
      facts: { path: missing },
    });
  });
});
