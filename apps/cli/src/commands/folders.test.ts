import { mkdtempSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { outcomeOf, startChorus } from '../testing/chorus-process.ts';

const root = mkdtempSync(join(tmpdir(), 'chorus-folders-'));
beforeAll(() => writeFile(join(root, 'backup'), 'x'));
afterAll(() => rm(root, { recursive: true, force: true }));

const NONE = '/proc/none/deeper';

it.skipIf(process.platform !== 'linux').each<[string, string[], NodeJS.ProcessEnv]>([
  ['devnet up', ['devnet', 'up', '--dir', NONE], {}],
  ['demo', ['demo', '--keep', NONE], {}],
  ['import', ['import', 'backup', '--home', `${NONE}/home`], {}],
  ['data fetch', ['data', 'fetch', 'mnist', '--cache', NONE], {}],
  ['the compile cache', ['data', 'list', '--home', root, '--nonsense'], { XDG_CACHE_HOME: NONE }],
])('%s ends with an error if the system refuses its folder', async (_, args, more) => {
  const env = { ...process.env, HOME: root, ...more };
  const { code, stderr } = await outcomeOf(startChorus(args, { cwd: root, env }));
  expect(code).toBeGreaterThan(0);
  expect(stderr).toContain(more.XDG_CACHE_HOME ? '--nonsense' : '/proc/none');
  expect(stderr).not.toContain('fault of chorus');
});
