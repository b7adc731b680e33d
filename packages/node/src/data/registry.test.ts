import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  it('is opened by its name, and without one where there is no other', async () => {
    const entry = await addData(folder, 'digits', shard);
    expect(entry).toMatchObject({ samples: 20, classes: 10, inputShape: [1, 28, 28], split: null });
    expect(entry.bytes).toBe((await stat(shard)).size);
    expect((await openData(folder, 'digits')).count).toBe(20);
    expect((await openData(folder, undefined)).count).toBe(20);
    expect((await openData(folder, 'digits.shard')).count).toBe(20);
    expect((await stat(join(folder, 'data.json'))).mode & 0o777).toBe(0o600);
  });

  it('must be chosen among several, and can be removed without touching its files', async () => {
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

  it('reads a CSV folder by its label column', async () => {
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

  it('is refused under a bad or taken name, and where it cannot be read', async () => {
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
