import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataFolder } from '../testing/data-folder.ts';
import { subset } from './dataset.ts';
import { loadDataset } from './load.ts';
import { isOfText, textOf } from './text-of.ts';
import { tokenWindows } from './token-windows.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'chorus-texts-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe('the text of a data set', () => {
  const text = `${'Ünïcode and lines\n'.repeat(40)}the end`;

  it('the text comes back as it was, from memory and from a file of samples', async () => {
    const folder = await dataFolder(root, { 'train.txt': text, 'test.txt': 'x'.repeat(100) });
    const inMemory = await loadDataset(folder);
    const spilled = await loadDataset(folder, {
      spill: { folder: await mkdtemp(join(root, 's-')), memoryBytes: 0 },
    });
    expect(spilled.file).toBeDefined();
    expect(new TextDecoder().decode(await textOf(inMemory))).toBe(text);
    expect(await textOf(spilled)).toEqual(await textOf(inMemory));
  });

  it('a part of the windows of a text, and other data, have no text', async () => {
    const folder = await dataFolder(root, { 'a.txt': text, 'b.txt': text });
    const windows = await loadDataset(folder);
    expect(isOfText(windows)).toBe(true);
    const part = subset(windows, [3, 1]);
    expect(isOfText(part)).toBe(false);
    await expect(textOf(part)).rejects.toThrow(RangeError);
  });
});

describe('windows of tokens', () => {
  const windows = (tokens: Int32Array, context: number) =>
    tokenWindows(tokens, { context, classes: 300, name: 'text' });

  it('each position has the token that follows it as its label', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 299 }), { minLength: 2, maxLength: 60 }),
        fc.integer({ min: 1, max: 12 }),
        (list, context) => {
          fc.pre(list.length > context);
          const { inputs, labels, count, inputShape } = windows(Int32Array.from(list), context);
          expect(inputShape).toEqual([context]);
          expect(count).toBe(Math.floor((list.length - 1) / context));
          expect([...inputs]).toEqual(list.slice(0, count * context));
          expect([...labels]).toEqual(list.slice(1, count * context + 1));
        },
      ),
    );
  });

  it('a part of them keeps the labels of its sequences', () => {
    const { inputs, labels } = subset(windows(Int32Array.from([1, 2, 3, 4, 5, 6, 7]), 2), [2, 0]);
    expect([...inputs]).toEqual([5, 6, 1, 2]);
    expect([...labels]).toEqual([6, 7, 2, 3]);
  });

  it('a text that fills no sequence and a token beyond the vocabulary are refused', () => {
    expect(() => windows(Int32Array.of(1, 2, 3), 3)).toThrow(
      expect.objectContaining({ code: 'E_DATA_FORMAT', facts: { name: 'text', tokens: 3, needed: 4 } }),
    );
    expect(() => windows(Int32Array.of(1, 2, 300), 2)).toThrow(
      expect.objectContaining({ code: 'E_DATA_LABEL' }),
    );
  });
});
