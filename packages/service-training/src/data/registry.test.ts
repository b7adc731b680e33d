import { mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { sizeOnDisk } from '@chorus/node';
import { folderBytes } from '@chorus/node/testing';
import { subset, syntheticDigits, writeShard } from '@chorus/training';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addData, listData, openData, removeData } from './registry.ts';

let folder: string;
let shard: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-data-'));
  shard = join(folder, 'digits.shard');
  await writeShard(shard, syntheticDigits({ seed: 1, count: 20 }));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('registered data', () => {
  it('data is opened by its name, and without one if it is the only data', async () => {
    const entry = await addData(folder, 'digits', shard);
    expect(entry).toMatchObject({ samples: 20, classes: 10, inputShape: [1, 28, 28], split: null });
    expect(entry.bytes).toBe((await stat(shard)).size);
    expect((await openData(folder, 'digits')).count).toBe(20);
    expect((await openData(folder, undefined)).count).toBe(20);
    expect((await openData(folder, 'digits.shard')).count).toBe(20);
    expect((await stat(join(folder, 'data.json'))).mode & 0o777).toBe(0o600);
  });

  it('one of several data sets must be chosen, and it can be removed without touching its files', async () => {
    const other = join(folder, 'few.shard');
    await writeShard(other, subset(syntheticDigits({ seed: 1, count: 20 }), Uint32Array.of(1, 2)));
    await addData(folder, 'digits', shard);
    await addData(folder, 'few', other);
    await expect(openData(folder, undefined)).rejects.toMatchObject({
      code: 'E_DATA_MISSING',
      hint: expect.stringContaining('digits, few'),
    });
    await removeData(folder, 'digits');
    expect((await listData(folder)).map(({ name }) => name)).toEqual(['few']);
    expect((await openData(folder, undefined)).count).toBe(2);
    expect((await stat(shard)).size).toBeGreaterThan(0);
    await expect(removeData(folder, 'digits')).rejects.toMatchObject({ code: 'E_DATA_UNKNOWN' });
  });

  it('registered data reads a CSV folder by its label column', async () => {
    const csv = await mkdtemp(join(folder, 'csv-'));
    await writeFile(
      join(csv, 'all.csv'),
      ['kind,a,b', ...Array.from({ length: 10 }, (_, i) => `${i % 2},${i},1`), ''].join('\n'),
    );
    const entry = await addData(folder, 'table', csv, { labelColumn: 'kind' });
    expect(entry).toMatchObject({ samples: 8, classes: 2, inputShape: [2], split: 'train' });
    const test = await addData(folder, 'held-out', csv, { labelColumn: 'kind', split: 'test' });
    expect(test.samples).toBe(2);
    expect((await openData(folder, 'held-out')).count).toBe(2);
  });

  it('data of a CSV file keeps its classes when rows are added later', async () => {
    const table = join(folder, 'table.csv');
    const rows = (labels: string[]) =>
      `a;${'label'}\n${labels.map((label, i) => `${i},5;${label}`).join('\n')}\n`;
    await writeFile(table, rows(['cat', 'ant', 'cat', 'ant', 'cat']));
    const entry = await addData(folder, 'animals', table, {
      classNames: ['ant', 'bee', 'cat'],
      separator: ';',
    });
    expect(entry).toMatchObject({
      samples: 4,
      classes: 3,
      classNames: ['ant', 'bee', 'cat'],
      split: 'train',
    });
    expect(entry.understood.classes).toEqual([
      { name: 'ant', samples: 2 },
      { name: 'bee', samples: 0 },
      { name: 'cat', samples: 2 },
    ]);
    await writeFile(table, rows(['bee', 'ant']));
    expect([...(await openData(folder, 'animals')).labels]).toEqual([1, 0]);
    await writeFile(table, rows(['bee', 'dog']));
    await expect(openData(folder, 'animals')).rejects.toMatchObject({
      code: 'E_DATA_LABEL',
      facts: { unknown: 'dog' },
    });
  });

  it('data of a compressed CSV file is not a shard', async () => {
    const table = join(folder, 'table.csv.gz');
    await writeFile(table, gzipSync(`a,label\n${'1,0\n2,1\n'.repeat(5)}`));
    expect(await addData(folder, 'table', table)).toMatchObject({ samples: 8, classes: 2, split: 'train' });
    expect((await openData(folder, table)).count).toBe(8);
  });

  it('data with some of the classes is registered with the number of all classes', async () => {
    const csv = await mkdtemp(join(folder, 'csv-'));
    await writeFile(join(csv, 'a.csv'), `a,b,label\n${'1,2,0\n'.repeat(5)}`);
    await expect(addData(folder, 'zeros', csv)).rejects.toMatchObject({
      code: 'E_DATA_FORMAT',
      hint: expect.stringContaining('--classes'),
    });
    const entry = await addData(folder, 'zeros', csv, { classes: 10, labelColumn: '-1', leaveOut: ['b'] });
    expect(entry).toMatchObject({ classes: 10, classNames: null, inputShape: [1] });
    expect(await openData(folder, 'zeros')).toMatchObject({ classes: 10, inputShape: [1] });
  });

  it('data of an earlier version, without names, still opens', async () => {
    const csv = await mkdtemp(join(folder, 'csv-'));
    await writeFile(join(csv, 'a.csv'), `a,label\n${'1,x\n2,y\n'.repeat(5)}`);
    const { classNames, reading, understood, ...old } = await addData(folder, 'old', csv);
    await writeFile(join(folder, 'data.json'), JSON.stringify({ version: 1, data: [old] }));
    expect((await openData(folder, 'old')).classNames).toEqual(['x', 'y']);
  });

  it('the size of data includes links, and circular links end', async () => {
    const source = await mkdtemp(join(folder, 'source-'));
    await writeFile(join(source, 'a.csv'), `a,label\n${'1,x\n2,y\n'.repeat(5)}`);
    const linked = await mkdtemp(join(folder, 'linked-'));
    await symlink(join(source, 'a.csv'), join(linked, 'a.csv'));
    await mkdir(join(linked, 'more'));
    await symlink('..', join(linked, 'more', 'up'));
    const { size } = await stat(join(source, 'a.csv'));
    expect((await addData(folder, 'linked', linked)).bytes).toBe(size);
  });

  it('data in a shard accepts no option for files', async () => {
    await expect(addData(folder, 'digits', shard, { classes: 10 })).rejects.toMatchObject({
      code: 'E_USAGE',
    });
  });

  it('data is refused under an invalid or used name, and if it cannot be read', async () => {
    await addData(folder, 'digits', shard);
    const before = await readFile(join(folder, 'data.json'), 'utf8');
    for (const [name, path, code] of [
      ['digits', shard, 'E_DATA_EXISTS'],
      ['../x', shard, 'E_DATA_NAME'],
      ['none', join(folder, 'nowhere'), 'E_DATA_UNREADABLE'],
      ['text', join(folder, 'data.json'), 'E_DATA_FORMAT'],
    ] as const) {
      await expect(addData(folder, name, path), name).rejects.toMatchObject({ code });
    }
    expect(await readFile(join(folder, 'data.json'), 'utf8')).toBe(before);
    await expect(openData(folder, 'digit')).rejects.toMatchObject({ code: 'E_DATA_UNKNOWN' });
    await writeFile(join(folder, 'data.json'), '{"version":1,"data":[{}]}');
    await expect(listData(folder)).rejects.toMatchObject({ code: 'E_DATA_REGISTRY' });
  });
});

describe('registered data that is too large for memory', () => {
  const large = { memoryBytes: 0 };
  const samples = async () => (await readdir(join(folder, 'samples')).catch(() => [])).sort();
  const table = async (rows: number) => {
    const path = join(folder, 'table.csv');
    const lines = Array.from({ length: rows }, (_, i) => `${i},${i % 3},${i % 2}`);
    await writeFile(path, ['a,b,c', ...lines, ''].join('\n'));
    return path;
  };

  it('it is read once: at registration, and again if its files or the entry change', async () => {
    const path = await table(50);
    const { understood, ...entry } = await addData(folder, 'table', path, { labelColumn: 'b' }, large);
    const small = await addData(folder, 'small', path, { labelColumn: 'b' });
    expect(small.understood).toEqual(understood);
    expect({ ...small, name: 'table', understood }).toEqual({ ...entry, addedAt: small.addedAt, understood });
    const [kept] = (await samples()).filter((name) => !name.startsWith('own.'));
    const written = (await stat(join(folder, 'samples', kept!))).mtimeMs;
    const shares: number[] = [];
    const open = () =>
      openData(folder, 'table', {}, { ...large, onProgress: (fraction) => void shares.push(fraction) });
    const dataset = await open();
    expect(dataset.file).toBeDefined();
    expect(shares).toEqual([]);
    expect(await samples()).toContain(kept);
    expect((await stat(join(folder, 'samples', kept!))).mtimeMs).toBe(written);
    const inMemory = await openData(folder, 'small');
    expect(dataset.labels).toEqual(inMemory.labels);
    expect(inMemory.file).toBeUndefined();
    // Another column by hand.
    const registry = join(folder, 'data.json');
    await writeFile(
      registry,
      (await readFile(registry, 'utf8')).replace('"labelColumn": "b"', '"labelColumn": "c"'),
    );
    expect(new Set((await open()).labels)).toEqual(new Set([0, 1]));
    expect(shares.length).toBeGreaterThan(0);
    await table(60);
    expect((await open()).count).toBe(48);
    expect(await samples()).not.toContain(kept);
    expect((await samples()).filter((name) => !name.startsWith('own.'))).toHaveLength(1);
    await removeData(folder, 'table');
    expect((await samples()).filter((name) => !name.startsWith('own.'))).toEqual([]);
  });

  it('it must fit into what is left of the quota of the data folder', async () => {
    const path = await table(50);
    const used = await sizeOnDisk(folder);
    const add = (quotaBytes: number) =>
      addData(folder, 'table', path, { labelColumn: 'b' }, { ...large, quotaBytes });
    await expect(add(used + 319)).rejects.toMatchObject({ code: 'E_DATA_DISK', facts: { limit: 319 } });
    await expect(add(0)).rejects.toMatchObject({ code: 'E_DATA_DISK', facts: { limit: 0 } });
    expect(await listData(folder)).toEqual([]);
    expect(await samples()).toEqual([]);
    expect((await add(used + 320)).samples).toBe(40);
  });

  it('its links count once in the size of the data folder', async () => {
    await addData(folder, 'table', await table(50), { labelColumn: 'b' }, large);
    await openData(folder, 'table', {}, large);
    const names = await samples();
    expect(names.length).toBeGreaterThan(2);
    const { size } = await stat(join(folder, 'samples', names[0]!));
    expect(await folderBytes(join(folder, 'samples'))).toBeCloseTo(size);
  });

  it('a shard is read where it lies', async () => {
    await addData(folder, 'digits', shard, {}, large);
    expect((await openData(folder, 'digits', {}, large)).file?.path).toBe(await realpath(shard));
    expect(await samples()).toEqual([]);
  });
});
