import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONFIG_FILE } from '@chorus/node';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { shellWord } from './environment.ts';
import { configPathOf, connectNode, dataDirOf, homeOf, runningPid } from './home.ts';
import { renderConfig } from './node-config.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-home-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

describe('the folder of a node', () => {
  it('is the one of the option, before that of the variable, before the one of the user', () => {
    vi.stubEnv('CHORUS_HOME', '/from/variable');
    expect(homeOf({ home: '/from/option' })).toBe('/from/option');
    expect(homeOf({})).toBe('/from/variable');
    vi.stubEnv('CHORUS_HOME', '');
    expect(homeOf({})).toBe(join(homedir(), '.chorus'));
  });

  it('may begin with a tilde that no shell has replaced', () => {
    expect(homeOf({ home: '~/nodes/a' })).toBe(join(homedir(), 'nodes/a'));
    vi.stubEnv('CHORUS_HOME', '~');
    expect(homeOf({})).toBe(homedir());
  });

  it('is never the current folder by an empty option', () => {
    expect(() => homeOf({ home: ' ' })).toThrow('--home is empty');
  });

  it('holds the configuration, which may put the data elsewhere', async () => {
    expect(configPathOf({ home: folder })).toBe(join(folder, CONFIG_FILE));
    expect(await dataDirOf({ home: folder })).toBe(folder);
    const dataDir = join(folder, 'elsewhere');
    await writeFile(
      join(folder, CONFIG_FILE),
      renderConfig({
        dataDir,
        'training.roles': ['aggregator'],
        'chain.url': 'http://127.0.0.1:1',
        'chain.contract': `0x${'12'.repeat(20)}`,
      }),
    );
    expect(await dataDirOf({ home: folder })).toBe(dataDir);
  });

  it('without a running node has no process, and cannot be connected to', async () => {
    expect(await runningPid({ home: folder })).toBeNull();
    await expect(connectNode({ home: folder })).rejects.toMatchObject({ code: 'E_ADMIN_NOT_RUNNING' });
  });
});

describe('a word of a command to copy', () => {
  it.each([
    ['/home/me/node', '/home/me/node'],
    ['my node', "'my node'"],
    ["it's", "'it'\\''s'"],
    ['$(reboot)', "'$(reboot)'"],
    ['a;b', "'a;b'"],
    ['', "''"],
  ])('%s is quoted as %s', (word, quoted) => {
    expect(shellWord(word)).toBe(quoted);
  });
});
