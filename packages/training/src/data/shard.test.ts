import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { syntheticDigits } from '../synthetic-digits/synthetic.ts';
import { createDataset, subset } from './dataset.ts';
import { readShard, writeShard } from './shard.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'chorus-shard-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const small = createDataset({
  inputs: Float32Array.of(1, 2, 3, 4),
  labels: Int32Array.of(0, 1),
  inputShape: [2],
  classes: 2,
  name: 'small',
  classNames: ['no', 'yes'],
});

describe('a shard', () => {
  it('a shard comes back as it was, is private and leaves no other file', async () => {
    const path = join(dir, 'a.shard');
    const dataset = syntheticDigits({ seed: 1, count: 50 });
    await writeShard(path, small);
    await writeShard(path, dataset); // replaces
    expect(await readShard(path)).toEqual(dataset);
    if (process.platform !== 'win32') expect((await stat(path)).mode & 0o077).toBe(0);
    expect(await readdir(dir)).toEqual(['a.shard']);
  });

  it('a shard keeps class names and an empty data set', async () => {
    const path = join(dir, 'b.shard');
    await writeShard(path, small);
    expect(await readShard(path)).toEqual(small);
    await writeShard(path, subset(small, []));
    expect(await readShard(path)).toMatchObject({ count: 0, inputShape: [2] });
  });

  it('a shard is refused when any byte has changed or is missing', async () => {
    const path = join(dir, 'c.shard');
    await writeShard(path, small);
    const bytes = await readFile(path);
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 0x41;
      await writeFile(path, changed);
      await expect(readShard(path), `byte ${at}`).rejects.toMatchObject({ code: 'E_DATA_FORMAT' });
    }
    for (const length of [0, 8, 15, 16, 40, bytes.length - 1]) {
      await writeFile(path, bytes.subarray(0, length));
      await expect(readShard(path), `${length} bytes`).rejects.toMatchObject({ code: 'E_DATA_FORMAT' });
    }
  });

  it('a shard that does not exist is unreadable', async () => {
    await expect(readShard(join(dir, 'none'))).rejects.toMatchObject({ code: 'E_DATA_UNREADABLE' });
  });

  it('a shard is not half written into a folder that does not exist', async () => {
    await expect(writeShard(join(dir, 'none', 'x'), small)).rejects.toThrow('ENOENT');
  });
});
