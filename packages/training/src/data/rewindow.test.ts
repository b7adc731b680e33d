import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeModel, GraphBuilder } from '@chorus/autodiff';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { windowOfModel } from '../model/text-window.ts';
import { contentOf } from '../testing/samples.ts';
import { subset } from './dataset.ts';
import { loadDataset } from './load.ts';
import { rewindowed } from './rewindow.ts';
import { textOf } from './text-of.ts';

let folder: string;
let texts: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-rewindow-'));
  texts = await mkdtemp(join(folder, 'texts-'));
  await writeFile(join(texts, 'a.txt'), Array.from({ length: 60 }, (_, i) => i * i).join(' '));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const inMemory = (context: number) => loadDataset(texts, { context });
const inFile = (context: number) => loadDataset(texts, { context, spill: { folder, memoryBytes: 0 } });

describe('texts in windows of another length', () => {
  it.each([['in memory', inMemory] as const, ['in a file', inFile] as const])(
    '%s they are what loading with that length gives; shorter ones begin later',
    async (_, load) => {
      const dataset = await load(8);
      const longer = rewindowed(dataset, 13)!;
      expect(longer).toMatchObject({ inputShape: [13], count: dataset.count - 5 });
      expect(await contentOf(longer)).toEqual(await contentOf(await load(13)));
      const all = await contentOf(await load(5));
      expect(await contentOf(rewindowed(dataset, 5)!)).toEqual({
        ...all,
        count: all.count - 3,
        values: all.values.slice(3 * 5),
        labels: all.labels.slice(3),
      });
      expect(Buffer.from(await textOf(longer))).toEqual(Buffer.from(await textOf(dataset)));
      expect(!!dataset.file).toBe(!!longer.file);
    },
  );

  it('the same windows are the same data set, which a trainer knows', async () => {
    const dataset = await inMemory(8);
    expect(rewindowed(dataset, 8)).toBe(dataset);
    expect(rewindowed(dataset, 9)).toBe(rewindowed(dataset, 9));
  });

  it('windows that are too many for memory begin some bytes apart, and are no whole text', async () => {
    const dataset = await inMemory(8);
    const [all, some] = [rewindowed(await inMemory(8), 12)!, rewindowed(dataset, 12, 12 * 4 * 50)!];
    const apart = Math.ceil(all.count / 50);
    expect(some.count).toBe(Math.ceil(all.count / apart));
    const [values, labels] = [some.inputs!, some.labels];
    expect(values.subarray(12, 24)).toEqual(all.inputs!.subarray(12 * apart, 12 * apart + 12));
    expect(labels[1]).toBe(all.labels[apart]);
    expect(rewindowed(some, 8)).toBeUndefined();
  });

  it('samples that are not whole texts have no others, nor has a text any longer than itself', async () => {
    const dataset = await inMemory(8);
    expect(rewindowed(subset(dataset, [0, 2]), 9)).toBeUndefined();
    expect(rewindowed(dataset, 8 + dataset.count)).toBeUndefined();
    expect(rewindowed(dataset, 7 + dataset.count)).toMatchObject({ count: 1 });
    expect(rewindowed(dataset, 0)).toBeUndefined();
  });
});

describe('the window of a model', () => {
  const model = (...shapes: (string | number)[][]) => {
    const g = new GraphBuilder();
    const [x] = shapes.map((shape, i) => g.input(`x${i}`, 'float32', shape));
    g.output(g.op('Relu', [x!]), 'float32', shapes[0], 'y');
    return encodeModel(g.build());
  };

  it('is the second axis of its only input', () => {
    expect(windowOfModel(model(['N', 48]))).toBe(48);
    expect(windowOfModel(model(['N', 'T']))).toBeUndefined();
    expect(windowOfModel(model(['N', 3, 8]))).toBeUndefined();
    expect(windowOfModel(model(['N', 48], ['N', 2]))).toBeUndefined();
  });
});
