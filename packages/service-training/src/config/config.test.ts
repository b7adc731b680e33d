import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  editConfig as edit,
  type LoadOptions,
  loadConfig as load,
  renderConfig as render,
  upgradeFile,
} from '@chorus/node/config';
import { describeError } from '@chorus/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TRAINING_NODE } from './node-config.ts';

const PEER = '12D3KooWHrcpHAoJTphatu2wiKqVacQD8n2oavPmk7CAafY2j6vB';
const CONTRACT = `0x${'1234567890'.repeat(4)}`;

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-config-'));
  path = join(folder, 'config.yaml');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const loadConfig = (file: string, options?: LoadOptions) => load(TRAINING_NODE, file, options);
const editConfig = (file: string, key: string, text: string | null) => edit(TRAINING_NODE, file, key, text);
const renderConfig = (values: Record<string, unknown>) => render(TRAINING_NODE, values);
const { fields: CONFIG_FIELDS, descriptions: DESCRIPTIONS } = TRAINING_NODE;

const write = (...lines: string[]) => writeFile(path, lines.join('\n'));
const minimal = [
  'training: { roles: [aggregator] }',
  'chain:',
  '  url: http://127.0.0.1:8545',
  `  contract: "${CONTRACT}"`,
];

describe('a configuration', () => {
  it('a configuration is YAML or JSON, and belongs to its folder', async () => {
    await write(...minimal);
    const { config } = await loadConfig(path);
    expect(config).toMatchObject({ dataDir: folder, training: { roles: ['aggregator'], threads: 1 } });
    const withData = { ...config, training: { ...config.training, data: '/shards/one.shard' } };
    const json = join(folder, 'config.json');
    await writeFile(json, JSON.stringify(withData));
    expect((await loadConfig(json)).config).toEqual(withData);
  });

  it('a configuration accepts amounts and addresses, quoted or not', async () => {
    await write(
      ...minimal.slice(1, 3),
      `  contract: ${CONTRACT}`,
      'training: { maxStake: 10, stake: { total: 123456789012345678901234 } }',
    );
    const { config } = await loadConfig(path);
    expect(config.chain.contract).toBe(CONTRACT);
    expect(config.training.maxStake).toBe('10');
    expect(config.training.stake.total).toBe('123456789012345678901234');
  });

  it('the environment overrides the file, and --set overrides both', async () => {
    await write(...minimal.slice(1), 'training:', '  roles: [aggregator]', '  threads: 2');
    const env = {
      CHORUS_TRAINING__THREADS: '3',
      CHORUS_CHAIN__POLL_MILLISECONDS: '70',
      CHORUS_NETWORK__BOOTSTRAP: `[/ip4/127.0.0.1/tcp/1/p2p/${PEER}]`,
      CHORUS_TRAINING__MAX_STAKE: '99.5',
      CHORUS_TRAINING__DATA: 'digits',
      CHORUS_DATA: '/somewhere/else',
      CHORUS_HOME: '/home/of/all',
    };
    const { config, sources } = await loadConfig(path, {
      env,
      set: ['training.threads=4', 'training.seed=9'],
    });
    expect(config).toMatchObject({
      training: { threads: 4, seed: 9, data: 'digits', maxStake: '99.5' },
      chain: { pollMilliseconds: 70 },
      network: { bootstrap: [`/ip4/127.0.0.1/tcp/1/p2p/${PEER}`] },
    });
    expect(Object.fromEntries(sources)).toMatchObject({
      'training.roles': 'file',
      'training.threads': 'flag',
      'training.maxStake': 'environment',
    });
    expect(sources.has('training.device')).toBe(false);
  });

  it('by default a configuration allows no stake, for no owner and in no token', async () => {
    await write(...minimal);
    const { config } = await loadConfig(path);
    expect(config.training.maxStake).toBe('0');
    expect(config.training.stake).toEqual({ onlyListed: true, perToken: {} });
  });

  it.each([
    [
      'a stake in the smallest unit',
      [...minimal.slice(1), 'training: { maxStake: "1000000000000000000000" }'],
      'training.maxStake',
    ],
    ['an unknown value', [...minimal, 'thread: 2'], 'thread'],
    ['an unknown value of a section', [...minimal, '  urls: x'], 'chain.urls'],
    ['a value out of range', [...minimal.slice(1), 'training: { threads: 0 }'], 'training.threads'],
    ['a section that is missing', ['training: {}'], 'chain'],
    ['no YAML', ['training: [', 'x'], undefined],
    ['a name given twice', [...minimal, 'training: {}'], undefined],
    ['aliases', ['training: &t { roles: [] }', 'network: *t', ...minimal.slice(1)], undefined],
  ])('a configuration is refused with %s, naming the field', async (_, lines, field) => {
    await write(...lines);
    const facts = field === undefined ? {} : { facts: expect.objectContaining({ field }) };
    await expect(loadConfig(path)).rejects.toMatchObject({ code: 'E_CONFIG', ...facts });
  });

  it.each([
    ['CHORUS_TRAINING__THREADS', '4x', 'training.threads: must be a number'],
    ['CHORUS_CHAIN__URL', 'localhost:8545', 'chain.url: must be an address that begins with http'],
    [
      'CHORUS_CHAIN__URL',
      'ws://127.0.0.1:1/0123456789abcdef',
      'chain.url: must be an address that begins with',
    ],
    ['CHORUS_NETWORK__BOOTSTRAP', '1.2.3.4:4001', 'network.bootstrap.0: must be like /ip4/'],
    ['CHORUS_NETWORK__BOOTSTRAP', `/ip4/1.2.3.4/tcp/1/p2p/${PEER.slice(0, -1)}`, 'network.bootstrap.0: '],
    ['CHORUS_NETWORK__LISTEN', 'tcp/4001', 'network.listen.0: must be like /ip4/'],
    ['CHORUS_LIMITS__HOURS', '25:00-07:00', 'limits.hours.0: must be local times'],
    ['CHORUS_TRAINING__ROLES', 'king', 'training.roles.0: '],
    ['CHORUS_CHAIN', 'x', null],
  ])('a wrong %s=%s is refused in one line that names the variable', async (name, text, words) => {
    await write(...minimal);
    const error = await loadConfig(path, { env: { [name]: text } }).catch((cause) => cause);
    // Of a section there is no variable.
    if (words === null) return expect(error.config).toBeDefined();
    expect(error).toMatchObject({ code: 'E_CONFIG', facts: { source: name } });
    expect(error.message).toContain(words);
    expect(error.hint).toContain(name);
    const line = describeError(error);
    expect(line).not.toMatch(/\n|invalid_|expected|0123456789abcdef/);
    const key = CONFIG_FIELDS.find(({ variable }) => variable === name)!.key;
    const flag = await loadConfig(path, { set: [`${key}=${text}`] }).catch((cause) => cause);
    expect(flag).toMatchObject({ facts: { source: `--set ${key}` } });
    await write(...minimal.filter((entry) => !entry.includes('url:')), `  url: ${text}`);
    if (key !== 'chain.url') return;
    const file = await loadConfig(path).catch((cause) => cause);
    expect(file).toMatchObject({ facts: { source: path, field: 'chain.url' } });
  });

  it('an empty variable counts as not set', async () => {
    await write(...minimal);
    const env = {
      CHORUS_CHAIN__URL: '',
      CHORUS_TRAINING__THREADS: ' ',
      CHORUS_TRAINING__ROLES: '',
      CHORUS_NOTHING__AT_ALL: '',
    };
    const { config, sources } = await loadConfig(path, { env });
    expect(config).toMatchObject({
      training: { threads: 1, roles: ['aggregator'] },
      chain: { url: 'http://127.0.0.1:8545' },
    });
    expect(sources.get('chain.url')).toBe('file');
  });

  it('a variable or flag accepts a list without brackets', async () => {
    await write(...minimal);
    const { config } = await loadConfig(path, {
      env: { CHORUS_TRAINING__ROLES: 'trainer, aggregator' },
      set: ['limits.hours=22:00-07:00'],
    });
    expect(config).toMatchObject({
      training: { roles: ['trainer', 'aggregator'] },
      limits: { hours: ['22:00-07:00'] },
    });
  });

  it('the error for an empty configuration, or a value without a name, says what is missing', async () => {
    await write('');
    const error = await loadConfig(path).catch((cause) => cause);
    expect(error).toMatchObject({ code: 'E_CONFIG', hint: expect.stringContaining('chorus init') });
    expect(error.message).toBe('chain: is missing');
  });

  it('unknown variables and flags are refused', async () => {
    await write(...minimal);
    await expect(loadConfig(path, { env: { CHORUS_CHAIN__URI: 'x' } })).rejects.toMatchObject({
      facts: { variable: 'CHORUS_CHAIN__URI' },
    });
    await expect(loadConfig(path, { set: ['chain=x'] })).rejects.toThrow(/no such value/);
    await expect(loadConfig(path, { set: ['training.seed'] })).rejects.toThrow(/KEY=VALUE/);
    await expect(loadConfig(join(folder, 'none.yaml'))).rejects.toMatchObject({ code: 'E_CONFIG_MISSING' });
  });
});

describe('changing a configuration', () => {
  it('an edit keeps every comment and the order', async () => {
    const own = ['training:', '  roles: [aggregator]', '  # how many', '  threads: 2 # cores', '  seed: 3'];
    await write('# mine', ...minimal.slice(1), ...own, '', '# the end', 'shutdownSeconds: 9');
    await editConfig(path, 'training.threads', '8');
    await editConfig(path, 'network.bootstrap', `[/ip4/1.2.3.4/tcp/1/p2p/${PEER}]`);
    await editConfig(path, 'training.seed', null);
    const text = await readFile(path, 'utf8');
    expect(text).toContain('# mine\nchain');
    expect(text).toContain('# how many\n  threads: 8 # cores');
    const { config } = await loadConfig(path);
    expect(config).toMatchObject({
      training: { threads: 8, seed: 1 },
      network: { bootstrap: [`/ip4/1.2.3.4/tcp/1/p2p/${PEER}`] },
    });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('an edit activates a commented-out default in its place', async () => {
    const text = renderConfig({
      'training.roles': ['aggregator'],
      'chain.url': 'http://a',
      'chain.contract': CONTRACT,
    });
    await writeFile(path, text);
    await editConfig(path, 'chain.chainId', '31337');
    await editConfig(path, 'network.listen', '[/ip4/0.0.0.0/tcp/4001]');
    await editConfig(path, 'training.threads', '2');
    const edited = await readFile(path, 'utf8');
    expect(edited).toContain('refuses to start on another.\n  chainId: 31337\n');
    expect(edited).toContain('# Threads of local training.\n  threads: 2\n');
    expect(edited).not.toMatch(/^( {2}# chainId|# network):/m);
    const { config } = await loadConfig(path);
    expect(config.network.listen).toEqual(['/ip4/0.0.0.0/tcp/4001']);
  });

  it('an edit changes, adds and removes at any depth, and changes nothing else', async () => {
    const text = [
      'chain: # where',
      `  contract: "${CONTRACT}"`,
      '  url: http://a',
      '',
      '# who',
      'training:',
      '  roles:',
      '    - trainer',
      '',
    ];
    await write(...text);
    const steps: [string, string | null, (lines: string[]) => string[]][] = [
      [
        'training.roles',
        '[aggregator, trainer]',
        (l) => [...l.slice(0, 7), '    [ aggregator, trainer ]', ''],
      ],
      ['chain.url', 'http://b', (l) => l.with(2, '  url: http://b')],
      ['chain.chainId', '5', (l) => l.toSpliced(3, 0, '  chainId: 5')],
      ['shutdownSeconds', '7', (l) => [...l.slice(0, -1), 'shutdownSeconds: 7', '']],
      [
        'network.listen',
        '[/ip4/0.0.0.0/tcp/1]',
        (l) => [...l.slice(0, -1), 'network:', '  listen: [ /ip4/0.0.0.0/tcp/1 ]', ''],
      ],
      ['shutdownSeconds', null, (l) => l.filter((line) => line !== 'shutdownSeconds: 7')],
      ['network.listen', null, (l) => l.filter((line) => !/network|listen/.test(line))],
      ['chain.chainId', null, (l) => l.filter((line) => !/chainId/.test(line))],
    ];
    let expected: string[] = text;
    for (const [key, value, change] of steps) {
      expected = change(expected);
      await editConfig(path, key, value);
      expect(await readFile(path, 'utf8'), key).toBe(expected.join('\n'));
    }
  });

  it('an edit accepts the limits of a token, as an amount or in full, and keeps them', async () => {
    await write(...minimal);
    const [one, other] = [`0x${'0a'.repeat(20)}`, `0x${'0b'.repeat(20)}`];
    await editConfig(
      path,
      'training.stake.perToken',
      `{${one}: "500", ${other}: {task: "5", seconds: 86400}}`,
    );
    await editConfig(path, 'training.stake.onlyListed', 'true');
    const { config } = await loadConfig(path, { set: ['training.tasks.maxSeconds=3600'] });
    expect(config.training).toMatchObject({
      stake: {
        onlyListed: true,
        perToken: { [one]: { total: '500' }, [other]: { task: '5', seconds: 86_400 } },
      },
      tasks: { maxSeconds: 3_600 },
    });
    const wrong = editConfig(path, 'training.stake.perToken', `{${one}: {seconds: long}}`);
    await expect(wrong).rejects.toMatchObject({ code: 'E_CONFIG' });
  });

  it('an edit works on JSON too', async () => {
    await writeFile(
      path,
      JSON.stringify({ training: { roles: [] }, chain: { url: 'http://a', contract: CONTRACT } }, null, 2),
    );
    await editConfig(path, 'chain.chainId', '5');
    await editConfig(path, 'training.threads', '2');
    await editConfig(path, 'chain.chainId', null);
    const { config } = await loadConfig(path);
    expect(config).toMatchObject({ training: { threads: 2 }, chain: { url: 'http://a' } });
  });

  it('an edit does not change the file if the result would be invalid', async () => {
    await write(...minimal);
    const before = await readFile(path, 'utf8');
    await expect(editConfig(path, 'training.threads', 'many')).rejects.toMatchObject({ code: 'E_CONFIG' });
    await expect(editConfig(path, 'chain.url', null)).rejects.toMatchObject({ code: 'E_CONFIG' });
    await expect(editConfig(path, 'chian.url', 'x')).rejects.toMatchObject({ code: 'E_CONFIG' });
    expect(await readFile(path, 'utf8')).toBe(before);
  });
});

describe('a new configuration', () => {
  const values = {
    'training.roles': ['trainer'],
    'chain.url': 'http://127.0.0.1:8545',
    'chain.contract': CONTRACT,
    'chain.chainId': 31337,
    'network.listen': ['/ip4/0.0.0.0/tcp/4001'],
  };

  it('a new file explains every value and reads back the same', async () => {
    const text = renderConfig(values);
    await writeFile(path, text);
    const { config } = await loadConfig(path);
    expect(config).toMatchObject({
      training: { roles: ['trainer'] },
      chain: { url: 'http://127.0.0.1:8545', contract: CONTRACT, chainId: 31337 },
      network: { listen: ['/ip4/0.0.0.0/tcp/4001'], bootstrap: [] },
    });
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  it('each commented default of a new file can be activated', async () => {
    const defaults = CONFIG_FIELDS.filter((field) => field.default !== undefined);
    // A section is switched on with what is in it.
    const sections = new Set(defaults.flatMap((field) => field.path.slice(0, -1)));
    const names = new Set(defaults.map((field) => field.path.at(-1)));
    const text = renderConfig(values).replace(
      /^(\s*)# ((\w+):( \S.*)?)$/gm,
      (all, space, rest, name, value) =>
        (value ? names.has(name) : sections.has(name)) ? `${space}${rest}` : all,
    );
    await writeFile(path, text);
    const { sources } = await loadConfig(path);
    expect(sources.get('training.threads')).toBe('file');
    expect(sources.get('network.bootstrap')).toBe('file');
  });

  it('every value has a description', () => {
    for (const { key } of CONFIG_FIELDS) expect(DESCRIPTIONS[key], key).toBeTruthy();
  });
});

describe('a configuration of release 0.1', () => {
  const OLD = [
    'roles: [aggregator]',
    'maxStake: 10',
    'data: digits',
    ...minimal.slice(1),
    'limits:',
    '  memory: 2 GiB',
    `  stake: { owners: ["${CONTRACT}"] }`,
    '  tasks: { maxTasks: 2 }',
    'privacy: { minNoise: 1 }',
  ];
  const PRESENT = {
    limits: { memory: 2 ** 31 },
    training: {
      roles: ['aggregator'],
      maxStake: '10',
      data: 'digits',
      stake: { owners: [CONTRACT] },
      tasks: { maxTasks: 2 },
      privacy: { minNoise: 1 },
    },
  };

  it('values under their earlier names are read, in file, environment and flags, and named', async () => {
    await write(...OLD);
    const loaded = await loadConfig(path, {
      env: { CHORUS_THREADS: '3' },
      set: ['limits.tasks.callSeconds=5'],
    });
    expect(loaded.config).toMatchObject(PRESENT);
    expect(loaded.config.training).toMatchObject({ threads: 3, tasks: { callSeconds: 5 } });
    expect(loaded.sources.get('training.maxStake')).toBe('file');
    expect(loaded.renamed).toContainEqual({ from: 'maxStake', to: 'training.maxStake' });
    expect(loaded.renamed).toContainEqual({ from: 'CHORUS_THREADS', to: 'CHORUS_TRAINING__THREADS' });
    expect(loaded.renamed).toContainEqual({
      from: 'limits.tasks.callSeconds',
      to: 'training.tasks.callSeconds',
    });
    // Nothing is written by reading.
    expect(await readFile(path, 'utf8')).toBe(OLD.join('\n'));
  });

  it('the file is rewritten once, means the same, and a copy of the old one is kept', async () => {
    await write(...OLD);
    const before = (await loadConfig(path)).config;
    expect(await upgradeFile(TRAINING_NODE, path)).toContainEqual({ from: 'data', to: 'training.data' });
    const after = await loadConfig(path);
    expect(after.config).toEqual(before);
    expect(after.renamed).toEqual([]);
    expect(await readFile(`${path}.before-upgrade`, 'utf8')).toBe(OLD.join('\n'));
    const text = await readFile(path, 'utf8');
    expect(await upgradeFile(TRAINING_NODE, path)).toEqual([]);
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  it('the file that release 0.1 itself wrote is upgraded to the same meaning', async () => {
    const fixture = new URL('../../../../test/fixtures/node-folder-0.1/config.yaml', import.meta.url);
    await writeFile(path, await readFile(fixture));
    const before = (await loadConfig(path)).config;
    expect(before.training).toMatchObject({ roles: ['aggregator'], maxStake: '10' });
    expect((await upgradeFile(TRAINING_NODE, path)).length).toBeGreaterThan(2);
    expect((await loadConfig(path)).config).toEqual(before);
  });

  it('an edit of an old file upgrades it first, and takes the earlier name', async () => {
    await write(...OLD);
    await editConfig(path, 'maxStake', '20');
    expect((await loadConfig(path)).config.training.maxStake).toBe('20');
    expect(await readFile(`${path}.before-upgrade`, 'utf8')).toBe(OLD.join('\n'));
  });

  it('a value under both names is refused, and a wrong one is named as it was written', async () => {
    await write(...OLD, 'training: { maxStake: 5 }');
    await expect(loadConfig(path)).rejects.toMatchObject({ code: 'E_CONFIG', facts: { field: 'maxStake' } });
    await write(...OLD.filter((line) => !line.startsWith('roles')), 'roles: [king]');
    await expect(loadConfig(path)).rejects.toThrow(/^roles\.0: /);
    await expect(upgradeFile(TRAINING_NODE, path)).rejects.toMatchObject({ code: 'E_CONFIG' });
  });
});
