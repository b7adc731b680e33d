import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeNew, writeOutput } from './check-output.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-output-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.each([
  ['writeOutput', writeOutput],
  ['writeNew', writeNew],
])('%s names the file that the system refuses to write', async (_, write) => {
  // The system's own error of a full disk names none.
  const path = join(folder, 'none', 'a.json');
  await expect(write(path, '{}')).rejects.toMatchObject({
    code: 'E_OUTPUT_UNWRITABLE',
    facts: { path },
    hint: expect.stringContaining('free space'),
  });
});

it('a new file is never written over another', async () => {
  const path = join(folder, 'a.yaml');
  await writeFile(path, 'mine');
  await expect(writeNew(path, 'text')).rejects.toMatchObject({ code: 'E_EXISTS', facts: { path } });
  expect(await readFile(path, 'utf8')).toBe('mine');
  expect(await readdir(folder)).toEqual(['a.yaml']);
});
