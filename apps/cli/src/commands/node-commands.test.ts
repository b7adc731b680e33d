import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decryptWallet } from '@chorus/node';
import { syntheticDigits, writeShard } from '@chorus/training';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../environment/node-config.ts';
import { outcomeOf, startChorus } from '../testing/chorus-process.ts';
import { runChorus } from '../testing/run-chorus.ts';

const CONTRACT = `0x${'12'.repeat(20)}`;
const PASSWORD = 'correct horse battery';

let folder: string;
let home: string;
let shard: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-commands-'));
  home = join(folder, 'home');
  shard = join(folder, 'Some Digits.shard');
  await writeShard(shard, syntheticDigits({ seed: 1, count: 30 }));
  await writeFile(join(folder, 'password'), `${PASSWORD}\n`, { mode: 0o600 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const place = ['--rpc', 'http://127.0.0.1:1', '--contract', CONTRACT];

const surroundings = (env: NodeJS.ProcessEnv = {}) => ({
  cwd: folder,
  env: {
    ...process.env,
    HOME: folder,
    CHORUS_HOME: home,
    CHORUS_PASSWORD_FILE: join(folder, 'password'),
    ...env,
  },
});

const chorus = (args: string[], env?: NodeJS.ProcessEnv) => runChorus(args, surroundings(env));

const json = async (args: string[]) => {
  const { code, stdout, stderr } = await chorus([...args, '--json']);
  expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
  return JSON.parse(stdout);
};

describe('a node by flags alone', () => {
  it('init creates a node once, which knows its identity, and a second init does not change it', async () => {
    const made = await json(['init', ...place, '--roles', 'trainer', '--data', shard]);
    expect(made).toMatchObject({ home, data: 'some-digits', funded: '0', stake: null });
    expect((await stat(join(home, 'identity.json'))).mode & 0o777).toBe(0o600);
    expect((await stat(home)).mode & 0o777).toBe(0o700);
    const shown = await json(['keys', 'show']);
    expect(shown).toEqual(made.identity);
    const before = await readFile(join(home, 'wallet.json'), 'utf8');
    const again = await chorus(['init', ...place]);
    expect(again.code).toBe(73);
    expect(await readFile(join(home, 'wallet.json'), 'utf8')).toBe(before);
  });

  it('init reads chain, contract and first block from a deployment file', async () => {
    const file = join(folder, 'net.json');
    const other = join(folder, 'deployed');
    await writeFile(file, JSON.stringify({ chainId: 5, taskManager: CONTRACT, startBlock: 7_000_000 }));
    await json([
      'init',
      '--home',
      other,
      '--rpc',
      'http://127.0.0.1:1',
      '--deployment',
      file,
      '--roles',
      'aggregator',
    ]);
    expect((await stat(join(other, 'deployment.json'))).mode & 0o777).toBe(0o600);
    const { config } = await loadConfig(join(other, 'config.yaml'));
    expect(config.chain).toMatchObject({
      chainId: 5,
      contract: CONTRACT.toLowerCase(),
      deployedAt: 7_000_000,
    });
  });

  it('a node stakes nothing until its owner sets an amount, and then no more than that', async () => {
    const { config: cautious } = await loadConfig(join(home, 'config.yaml'));
    expect(cautious).toMatchObject({
      training: { maxStake: '0', stake: { onlyListed: true, perToken: {} } },
    });

    const token = `0x${'ab'.repeat(20)}`;
    const owner = `0x${'cd'.repeat(20)}`;
    const bold = join(folder, 'bold');
    const consent = ['--stake', '2.5', '--stake-token', token, '--stake-owners', owner, '--stake-days', '7'];
    const made = await json(['init', '--home', bold, ...place, '--roles', 'aggregator', ...consent]);
    expect(made.stake).toEqual({ tokens: '2.5', token, owners: [owner], days: 7 });
    const { config } = await loadConfig(join(bold, 'config.yaml'));
    expect(config.training.maxStake).toBe('2.5');
    expect(config.training.stake).toEqual({
      onlyListed: true,
      owners: [owner],
      perToken: { [token]: { seconds: 7 * 86_400 } },
    });
    const words = await chorus([
      'init',
      '--home',
      join(folder, 'told'),
      ...place,
      '--roles',
      'aggregator',
      ...consent,
    ]);
    expect(words.stdout).toMatch(/may stake +2\.5 of token .* for up to 7 days; at worst all of it is lost/);
    // No file names a token.
    const unnamed = [
      'init',
      '--home',
      join(folder, 'unnamed'),
      ...place,
      '--roles',
      'aggregator',
      '--stake',
      '1',
    ];
    expect(await chorus(unnamed)).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('--stake-token'),
    });
  });

  it('init accepts no password from the environment, where others could read it', async () => {
    const args = ['init', '--home', join(folder, 'exposed'), ...place, '--roles', 'aggregator'];
    const exposed = { CHORUS_PASSWORD_FILE: undefined, CHORUS_PASSWORD: 'correct horse' };
    expect(await chorus(args, exposed)).toMatchObject({
      code: 77,
      stderr: expect.stringContaining('CHORUS_PASSWORD_FILE'),
    });
  });

  it('init leaves no files if it fails', async () => {
    const other = join(folder, 'other');
    for (const [args, code] of [
      [['--rpc', 'ftp://x', '--contract', CONTRACT], 64],
      [[...place, '--roles', 'king'], 64],
      [[...place, '--data', join(folder, 'nowhere')], 65],
      [['--network', 'devnet'], 69],
      [['--rpc', 'http://127.0.0.1:1', '--deployment', join(folder, 'password')], 78],
    ] as [string[], number][]) {
      const outcome = await chorus(['init', '--home', other, ...args], {
        CHORUS_DEVNET: join(folder, 'no-devnet'),
      });
      expect({ args, code: outcome.code }).toEqual({ args, code });
      await expect(stat(other), args.join(' ')).rejects.toMatchObject({ code: 'ENOENT' });
    }
  });

  it('config changes and reads settings, and the environment overrides them', async () => {
    await json(['config', 'set', 'limits.memory', '2 GiB']);
    expect(await json(['config', 'get', 'limits.memory'])).toEqual({
      key: 'limits.memory',
      value: 2 ** 31,
      source: 'file',
    });
    const { stdout } = await chorus(['config', 'get', 'training.threads'], { CHORUS_TRAINING__THREADS: '7' });
    expect(stdout.trim()).toBe('7');
    expect(await readFile(join(home, 'config.yaml'), 'utf8')).toContain('  memory: 2 GiB\n');
    expect((await chorus(['config', 'set', 'threads', 'many'])).code).toBe(78);
    expect((await chorus(['config', 'get', 'nothing'])).code).toBe(78);
  });

  it('data registers and removes data', async () => {
    const { data } = await json(['data', 'list']);
    expect(data).toMatchObject([{ name: 'some-digits', samples: 30, used: true }]);
    await json(['data', 'add', 'again', shard]);
    expect((await json(['data', 'remove', 'again'])).removed).toBe('again');
    expect((await chorus(['data', 'add', 'some-digits', shard])).code).toBe(65);
  });

  it('data in a folder without a configuration is registered, and the command says what is missing', async () => {
    const bare = join(folder, 'bare');
    await mkdir(bare);
    const { code, stdout } = await chorus(['data', 'add', 'digits', shard, '--home', bare]);
    expect(code).toBe(0);
    expect(stdout).toContain('chorus init');
    expect(stdout).not.toContain('undefined');
  });

  it('keys exports the wallet and creates a new node key, never without the password', async () => {
    const path = join(folder, 'exported.json');
    await json(['keys', 'export', '-o', path]);
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ version: 3 });
    expect((await chorus(['keys', 'export', '-o', path])).code).toBe(73);
    await writeFile(join(folder, 'new'), 'another password', { mode: 0o600 });
    const copy = join(folder, 'copy.json');
    const copied = await chorus(['keys', 'export', '-o', copy, '--new-password'], {
      CHORUS_NEW_PASSWORD_FILE: join(folder, 'new'),
    });
    expect(copied.code).toBe(0);
    const wallet = await decryptWallet(await readFile(copy, 'utf8'), 'another password');
    expect(wallet.address.toLowerCase()).toBe((await json(['keys', 'show'])).address);
    const before = await json(['keys', 'show']);
    await writeFile(join(folder, 'wrong'), 'not the password', { mode: 0o600 });
    const refused = await chorus(['keys', 'rotate-node'], { CHORUS_PASSWORD_FILE: join(folder, 'wrong') });
    expect(refused.code).toBe(77);
    expect(await json(['keys', 'show'])).toEqual(before);
    const rotated = await json(['keys', 'rotate-node']);
    expect(rotated.address).toBe(before.address);
    expect(rotated.peerId).not.toBe(before.peerId);
    // The chain identifies a member of a task by its keys.
    await mkdir(join(home, 'tasks', '3'), { recursive: true });
    expect((await chorus(['keys', 'rotate-node'])).code).toBe(75);
    await rm(join(home, 'tasks', '3'), { recursive: true });
  });

  it('import restores a node from its backup unchanged', async () => {
    const file = join(folder, 'node.tar.gz');
    const restored = join(folder, 'restored');
    await json(['export', '-o', file]);
    await json(['import', file, '--home', restored]);
    expect(await json(['keys', 'show', '--home', restored])).toEqual(await json(['keys', 'show']));
    expect((await chorus(['import', file])).code).toBe(73);
  });

  it('start reports what prevents it, with an exit code for scripts', async () => {
    // The node waits for a chain that does not answer yet, and a signal ends the wait.
    const child = startChorus(['start'], surroundings());
    const waiting = outcomeOf(child);
    child.stdout?.on('data', (data) => {
      if (String(data).includes('E_CHAIN_UNREACHABLE')) child.kill('SIGTERM');
    });
    expect(await waiting).toMatchObject({ code: 0, stdout: expect.stringContaining('Stopped.') });
    expect(await chorus(['start'], { CHORUS_PASSWORD_FILE: join(folder, 'wrong') })).toMatchObject({
      code: 77,
    });
    expect((await chorus(['start', '--set', 'chain.url=nowhere'])).code).toBe(78);
    expect((await chorus(['start', '--home', join(folder, 'no-node')])).code).toBe(78);
    for (const command of ['status', 'stop', 'peers', 'rewards', 'task list']) {
      expect((await chorus(command.split(' '))).code, command).toBe(69);
    }
    expect((await chorus(['strat'])).code).toBe(64);
    expect((await chorus(['start', '--nothing'])).code).toBe(64);
  });

  it.each([
    ['CHORUS_HOME', ''],
    ['CHORUS_CHAIN__URL', ''],
  ])('an empty %s counts as not set', async (name, value) => {
    const { code, stdout } = await chorus(['config', 'get', 'chain.url', '--home', home], { [name]: value });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'http://127.0.0.1:1\n' });
  });

  it('init reports invalid addresses before it creates anything', async () => {
    for (const wrong of [
      ['--bootstrap', '1.2.3.4:4001'],
      ['--bootstrap', '/ip4/1.2.3.4/tcp/1/p2p/12D3KooWshort'],
      ['--home', ''],
    ]) {
      const { code, stderr } = await chorus(['init', '--home', join(folder, 'none'), ...place, ...wrong]);
      expect({ wrong, code }).toEqual({ wrong, code: 64 });
      expect(stderr).toContain(wrong[0]);
      await expect(stat(join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
    }
  });

  it.each(['--rpc http://127.0.0.1:1', '--bootstrap /ip4/1.2.3.4/tcp/1', '--deployment x.json'])(
    'init refuses %s for a devnet, where it would mean nothing',
    async (option) => {
      const args = ['init', '--home', join(folder, 'none'), '--network', 'devnet', ...option.split(' ')];
      const { code, stderr } = await chorus(args);
      expect(code).toBe(64);
      expect(stderr).toContain(option.split(' ')[0]);
    },
  );

  it('doctor checks a node and names what is wrong', async () => {
    const { code, stdout } = await chorus(['doctor', '--json']);
    expect(code).toBe(69);
    const { findings } = JSON.parse(stdout) as { findings: { what: string; state: string; todo?: string }[] };
    const of = (what: string) => findings.find((finding) => finding.what === what);
    expect(of('identity')).toMatchObject({ state: 'ok' });
    expect(of('data')).toMatchObject({ state: 'ok' });
    expect(of('chain')).toMatchObject({ state: 'problem', todo: expect.any(String) });
  });
});

describe('every command', () => {
  it('every command has help with an example, and accepts --json', async () => {
    const { createProgram } = await import('../program.ts');
    const { completionTree, everyNode } = await import('../completion/tree.ts');
    const leaves = everyNode(completionTree(await createProgram())).filter(
      ({ commands }) => commands.length === 0,
    );
    expect(leaves.length).toBeGreaterThan(40);
    for (const { path, options } of leaves) {
      // What it writes is JSON in any case.
      if (path === 'chorus agent mcp') continue;
      expect(
        options.flatMap(({ flags }) => flags),
        path,
      ).toContain('--json');
    }
    const help = (command: Command): [string, string][] => {
      if (command.commands.length > 0) return command.commands.flatMap(help);
      let text = '';
      command.configureOutput({ writeOut: (part) => (text += part) });
      command.outputHelp();
      return [[command.name(), text]];
    };
    const helps = help(await createProgram());
    expect(helps.length).toBe(leaves.length);
    for (const [name, text] of helps) expect(text, name).toMatch(/Examples?:\n {2}\$ .*chorus/);
  });
});
