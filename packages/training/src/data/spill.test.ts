import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataFolder } from '../testing/data-folder.ts';
import { contentOf } from '../testing/samples.ts';
import { type Dataset, subset } from './dataset.ts';
import { describeDataset } from './describe.ts';
import { forgetSamples, keptOr } from './kept-samples.ts';
import { LEAST_FREE_BYTES } from './limits.ts';
import { type LoadOptions, loadDataset, loadParts } from './load.ts';
import { SampleReader } from './sample-file.ts';
import type { SpillOptions } from './sample-writer.ts';
import { readShard, writeShard } from './shard.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'chorus-spill-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const folder = (files: Record<string, string | Uint8Array>) => dataFolder(root, files);
/** A reading of a folder that keeps its samples under a name. */
const kept = (name: string, dir: string, spill: SpillOptions, options: LoadOptions = {}) =>
  keptOr(dir, { folder: spill.folder, name, reading: JSON.stringify(options) }, () =>
    loadDataset(dir, { ...options, spill }),
  );

/** A new folder for samples, into which all data goes. */
const place = async () => ({ folder: await mkdtemp(join(root, 's-')), memoryBytes: 0 });

function idx(dims: number[], data: ArrayLike<number>): Uint8Array {
  const bytes = Buffer.alloc(4 + 4 * dims.length + data.length);
  bytes[2] = 8;
  bytes[3] = dims.length;
  dims.forEach((dim, k) => void bytes.writeUInt32BE(dim, 4 + 4 * k));
  bytes.set(data, 4 + 4 * dims.length);
  return bytes;
}

/** Both readings of data, or both refusals. */
async function bothReadings(path: string, options: LoadOptions = {}) {
  const spill = await place();
  const outcome = async (reading: Promise<Dataset>) =>
    reading.then(
      async (dataset) => ({ ...(await contentOf(dataset)), understood: describeDataset(dataset) }),
      ({ code, message, facts }) => ({ code, message, facts }),
    );
  const { spill: _, ...plain } = options;
  const inMemory = await outcome(loadDataset(path, plain));
  const file = loadDataset(path, { ...options, spill });
  const inFile = await outcome(file);
  if ('values' in inFile) expect((await file).file).toBeDefined();
  else expect(await readdir(spill.folder)).toEqual([]);
  return { inMemory, inFile };
}

describe('data in a file is the data in memory', () => {
  it('a CSV file is read the same, with its labels, missing ones, limits and parts', async () => {
    const cell = fc.oneof(fc.double({ min: -1e30, max: 1e30, noNaN: true }), fc.integer());
    const labels = fc
      .constantFrom(['0', '1', '2.0', '03'], ['ant', 'bee', '1'])
      .map((some) =>
        fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...some) }, fc.constantFrom('', 'NA', 'nan')),
      );
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(fc.integer({ min: 1, max: 4 }), labels).chain(([width, label]) =>
          fc.record({
            names: fc.constantFrom('x', 'pixel'),
            width: fc.constant(width),
            rows: fc.array(fc.tuple(label, fc.array(cell, { minLength: width, maxLength: width })), {
              maxLength: 40,
            }),
          }),
        ),
        fc.record(
          {
            split: fc.constantFrom('train' as const, 'test' as const),
            limit: fc.integer({ min: 1, max: 9 }),
          },
          { requiredKeys: [] },
        ),
        fc.boolean(),
        async ({ names, width, rows }, options, packed) => {
          const text = [
            `label,${Array.from({ length: width }, (_, i) => `${names}${i}`).join(',')}`,
            ...rows.map(([of, values]) => [of, ...values].join(',')),
          ].join('\n');
          const dir = await folder(packed ? { 'd.csv.gz': gzipSync(text) } : { 'd.csv': text });
          const { inMemory, inFile } = await bothReadings(dir, options);
          expect(inFile).toEqual(inMemory);
        },
      ),
      { numRuns: 120 },
    );
  });

  it('IDX files are read the same, of any rank and with a limit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 4 }),
        fc.infiniteStream(fc.integer({ min: 0, max: 255 })),
        fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
        async (dims, bytes, limit) => {
          const length = dims.reduce((a, b) => a * b);
          const dir = await folder({
            'train-images-idx3-ubyte': idx(dims, [...bytes.take(length)]),
            'train-labels-idx1-ubyte': idx([dims[0]!], [...bytes.take(dims[0]!)]),
          });
          const { inMemory, inFile } = await bothReadings(dir, limit === undefined ? {} : { limit });
          expect(inFile).toEqual(inMemory);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('images are read the same, of several sizes, and both parts', async () => {
    const image = (value: number, width: number) =>
      sharp(Buffer.alloc(width * 4 * 3, value), { raw: { width, height: 4, channels: 3 } })
        .png()
        .toBuffer();
    const files: Record<string, Uint8Array> = {};
    for (let i = 0; i < 11; i++)
      files[`${i % 2 ? 'ant' : 'bee'}/${i}.png`] = await image(20 * i, 4 + (i % 3));
    const dir = await folder({ ...files, 'notes.txt': 'x' });
    for (const options of [
      {},
      { split: 'test' as const },
      { limit: 3 },
      { imageShape: [1, 2, 3] as const },
    ]) {
      const { inMemory, inFile } = await bothReadings(dir, options);
      expect(inFile).toEqual(inMemory);
      expect(inFile).toHaveProperty('values');
    }
  });

  it('texts are read the same, in windows that overlap over the ends of files', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ maxLength: 30 }), { minLength: 1, maxLength: 4 }),
        fc.record(
          {
            context: fc.integer({ min: 1, max: 12 }),
            split: fc.constantFrom('train' as const, 'test' as const),
            limit: fc.integer({ min: 1, max: 20 }),
          },
          { requiredKeys: [] },
        ),
        async (texts, options) => {
          const dir = await folder(Object.fromEntries(texts.map((text, i) => [`${i}.txt`, text])));
          const { inMemory, inFile } = await bothReadings(dir, options);
          expect(inFile).toEqual(inMemory);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('a shard is read where it lies, and written from a file as from memory', async () => {
    const dir = await folder({ 'd.csv': 'a,b,label\n1,2,0\n3,4,1\n5,6,1\n7,8,2\n' });
    const dataset = await loadDataset(dir, { spill: await place() });
    const [one, other] = [join(dir, 'one.shard'), join(dir, 'other.shard')];
    await writeShard(one, dataset);
    await writeShard(other, await loadDataset(dir));
    const [inFile, inMemory] = [await readShard(one, { memoryBytes: 0 }), await readShard(other)];
    expect(inFile.file?.path).toBe(one);
    expect(await contentOf(inFile)).toEqual(await contentOf(inMemory));
    await expect(readShard(`${one}.not`, { memoryBytes: 0 })).rejects.toMatchObject({
      code: 'E_DATA_UNREADABLE',
    });
    // Another file under the name of the first is not read as if it were that.
    await rename(other, one);
    expect(() => new SampleReader(inFile.file!, 2)).toThrow(/not the one that was written/);
  });

  it('some samples of a file, and some of those, are those of memory', async () => {
    const rows = Array.from({ length: 50 }, (_, i) => `${i},${i % 3}`).join('\n');
    const dir = await folder({ 'd.csv': `a,label\n${rows}\n` });
    const [file, memory] = [await loadDataset(dir, { spill: await place() }), await loadDataset(dir)];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(39), { minLength: 1, maxLength: 30 }),
        fc.array(fc.nat(1e6), { minLength: 1, maxLength: 9 }),
        async (first, second) => {
          const again = second.map((k) => k % first.length);
          const [a, b] = [file, memory].map((dataset) => subset(subset(dataset, first), again));
          expect(await contentOf(a!)).toEqual(await contentOf(b!));
        },
      ),
    );
    expect(() => subset(file, [40])).toThrow(RangeError);
  });

  it('small data stays in memory, and both parts together take no more than the bound', async () => {
    const rows = Array.from({ length: 100 }, (_, i) => `${i},${i % 3}`).join('\n');
    const dir = await folder({ 'd.csv': `a,label\n${rows}\n` });
    const spill = await place();
    const kinds = async (memoryBytes: number) => {
      const { train, test } = await loadParts(dir, { spill: { ...spill, memoryBytes } });
      return [train, test].map(({ file }) => (file ? 'file' : 'memory'));
    };
    // 80 and 20 samples of 4 bytes.
    expect(await kinds(400)).toEqual(['memory', 'memory']);
    expect(await kinds(399)).toEqual(['memory', 'file']);
    expect(await kinds(319)).toEqual(['file', 'file']);
  });
});

describe('the file of samples', () => {
  const csv = (rows: number, zeros = '') =>
    `a,b,c${zeros.replaceAll('0', 'z')},label\n${Array.from({ length: rows }, (_, i) => `${i},2,3${zeros},${i % 2}`).join('\n')}\n`;

  it('data that does not fit onto the disk or the quota is refused with figures, and leaves nothing', async () => {
    const dir = await folder({ 'd.csv': csv(500) });
    const spill = await place();
    const refused = (more: object) => loadDataset(dir, { spill: { ...spill, ...more } });
    await expect(refused({ maxBytes: 4799 })).rejects.toMatchObject({
      code: 'E_DATA_DISK',
      facts: { bytes: 4800, limit: 4799 },
      hint: expect.stringContaining('limits.disk'),
    });
    await expect(refused({ freeBytes: async () => LEAST_FREE_BYTES + 4799 })).rejects.toMatchObject({
      code: 'E_DATA_DISK',
      facts: { bytes: 4800, free: LEAST_FREE_BYTES + 4799 },
    });
    await expect(refused({ folder: join(dir, 'd.csv', 'x') })).rejects.toMatchObject({ code: 'E_DATA_DISK' });
    expect(await readdir(spill.folder)).toEqual([]);
    expect((await refused({ maxBytes: 4800 })).count).toBe(400);
  });

  it('a disk that fills up while the file is written is noticed, and the file is removed', async () => {
    // 68 MB of samples: the space is asked for again after each 64 MiB.
    const side = 1000;
    const dir = await folder({
      'train-images-idx3-ubyte': idx([68, side, side], new Uint8Array(68 * side * side)),
      'train-labels-idx1-ubyte': idx([68], new Uint8Array(68)),
    });
    const spill = await place();
    const answers = [2 * LEAST_FREE_BYTES, 0];
    const reading = loadDataset(dir, { spill: { ...spill, freeBytes: async () => answers.shift() ?? 0 } });
    await expect(reading).rejects.toMatchObject({ code: 'E_DATA_DISK', facts: { free: 0 } });
    expect(await readdir(spill.folder)).toEqual([]);
  });

  it('a reading that is interrupted, or fails at the last line, leaves nothing', async () => {
    const spill = await place();
    const dir = await folder({ 'd.csv': `${csv(2000)}x,y,z,0\n` });
    await expect(loadDataset(dir, { spill })).rejects.toMatchObject({ facts: { line: 2002 } });
    const abort = new AbortController();
    const shares: number[] = [];
    const reading = loadDataset(dir, {
      spill,
      signal: abort.signal,
      onProgress(fraction) {
        shares.push(fraction);
        if (shares.length === 3) abort.abort(new Error('enough'));
      },
    });
    await expect(reading).rejects.toThrow('enough');
    expect(shares.every((share) => share > 0 && share <= 1)).toBe(true);
    expect(await readdir(spill.folder)).toEqual([]);
  });

  it('kept samples serve the next reading, until files or options change', async () => {
    const dir = await folder({ 'd.csv': csv(50) });
    const spill = await place();
    const names = async () => (await readdir(spill.folder)).filter((name) => name.startsWith('digits.'));
    const first = await kept('digits', dir, spill);
    const [name, ...more] = await names();
    expect(more).toEqual([]);
    const path = join(spill.folder, name!);
    const written = (await stat(path)).mtimeMs;
    const second = await kept('digits', dir, spill);
    expect(await contentOf(second)).toEqual(await contentOf(first));
    expect((await stat(path)).mtimeMs).toBe(written);
    expect(await contentOf(second)).toEqual(await contentOf(await loadDataset(dir)));
    // Another option: other samples, and the old ones go, but not for who uses them.
    const test = await kept('digits', dir, spill, { split: 'test' });
    expect(await names()).toHaveLength(1);
    expect(await names()).not.toContain(name);
    expect((await contentOf(first)).count).toBe(40);
    expect(await contentOf(test)).toEqual(await contentOf(await loadDataset(dir, { split: 'test' })));
    // Another file of the same size.
    await writeFile(join(dir, 'd.csv'), csv(50).replace('0,2,3', '9,2,3'));
    await utimes(join(dir, 'd.csv'), new Date(), new Date(Date.now() + 5000));
    expect((await contentOf(await kept('digits', dir, spill))).values[0]).toBe(9);
    await forgetSamples(spill.folder, 'digits');
    await forgetSamples(join(spill.folder, 'missing'), 'digits');
    expect(await names()).toEqual([]);
  });

  it('a kept file that is damaged, cut or foreign is written again', async () => {
    const dir = await folder({ 'd.csv': csv(50) });
    const spill = await place();
    const good = await contentOf(await kept('digits', dir, spill));
    const [name] = (await readdir(spill.folder)).filter((each) => each.startsWith('digits.'));
    const path = join(spill.folder, name!);
    const { size } = await stat(path);
    for (const content of [Buffer.alloc(0), Buffer.alloc(size), Buffer.alloc(size, 'CHORSMPL')]) {
      await rm(path);
      await writeFile(path, content);
      expect(await contentOf(await kept('digits', dir, spill))).toEqual(good);
      expect((await stat(path)).size).toBe(size);
    }
  });

  it('samples of one name do not take those of a longer one', async () => {
    const dir = await folder({ 'd.csv': csv(50) });
    const spill = await place();
    await kept('a', dir, spill);
    await kept('a-b', dir, spill);
    await forgetSamples(spill.folder, 'a');
    const left = (await readdir(spill.folder)).filter((name) => !name.startsWith('own.'));
    expect(left).toEqual([expect.stringMatching(/^a-b\./)]);
  });

  it('processes that read the same data at once all have it, and a killed one leaves only what the next removes', async () => {
    const dir = await folder({ 'd.csv': csv(20_000) });
    const spill = await place();
    const children = Array.from({ length: 4 }, () => reader(dir, spill));
    const answers = await Promise.all(children.map(async (child) => (await once(child, 'message'))[0]));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject({ count: 16_000, sum: expect.any(Number) });
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(children.map((child) => once(child, 'close')));
    const names = await readdir(spill.folder);
    expect(names.filter((name) => name.startsWith('digits.'))).toHaveLength(1);
    expect(names.filter((name) => name.startsWith('own.'))).toHaveLength(4);
    const last = reader(dir, spill);
    expect((await once(last, 'message'))[0]).toEqual(answers[0]);
    last.send('end');
    await once(last, 'close');
    expect((await readdir(spill.folder)).map((name) => name.replace(/\..*/, ''))).toEqual(['digits']);
  });

  it('a process that is killed while it writes leaves no half file for the next', async () => {
    // 1.3 million values are more than one piece, which is written before the end.
    const dir = await folder({ 'd.csv': csv(80_000, ',0'.repeat(17)) });
    const spill = await place();
    const child = reader(dir, spill, 'tell');
    await once(child, 'message');
    child.kill('SIGKILL');
    await once(child, 'close');
    const left = await readdir(spill.folder);
    expect(left).toEqual([expect.stringMatching(/^own\./)]);
    expect((await stat(join(spill.folder, left[0]!))).size).toBeGreaterThan(0);
    const dataset = await kept('digits', dir, spill);
    expect(dataset.count).toBe(64_000);
    const names = await readdir(spill.folder);
    expect(names).toHaveLength(2);
    expect(names).not.toContain(left[0]);
  });
});

function reader(dir: string, spill: object, ...more: string[]): ChildProcess {
  return fork(
    fileURLToPath(new URL('../testing/read-samples.ts', import.meta.url)),
    [dir, JSON.stringify(spill), ...more],
    { execArgv: ['--conditions=@chorus/source'] },
  );
}
