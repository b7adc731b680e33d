import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataFolder } from '../testing/data-folder.ts';
import { subset } from './dataset.ts';
import { loadDataset } from './load.ts';
import { isOfChats, isOfText, textOf } from './text-of.ts';
import { eachNext, tokenWindows } from './token-windows.ts';

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
    tokenWindows(eachNext(tokens), { context, classes: 300, name: 'text' });

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
      expect.objectContaining({ code: 'E_DATA_FORMAT', facts: { name: 'text', tokens: 2, needed: 3 } }),
    );
    expect(() => windows(Int32Array.of(1, 2, 300), 2)).toThrow(
      expect.objectContaining({ code: 'E_DATA_LABEL' }),
    );
  });
});

describe('conversations', () => {
  const line = (...turns: [role: string, content: string][]) =>
    JSON.stringify({ id: 7, messages: turns.map(([role, content]) => ({ role, content })) });
  const five = ['one', 'two', 'three', 'four', 'five'].map((word) =>
    line(['user', word], ['assistant', `${word}!`]),
  );

  it('they are read from JSON Lines, in either form, and come back whole; a fifth is held out', async () => {
    const folder = await dataFolder(root, {
      'a.jsonl': `${five.slice(0, 4).join('\n')}\n\n`,
      'b.jsonl': '{"prompt": "five \u00fc", "completion": "5"}',
      'README.md': 'About it.',
    });
    const train = await loadDataset(folder);
    const test = await loadDataset(folder, { split: 'test' });
    expect([isOfChats(train), isOfText(train)]).toEqual([true, false]);
    expect(train.report).toMatchObject({
      notes: ['4 conversations, whose answers are learnt by a language model'],
      leftOut: [{ count: 1, example: 'README.md' }],
    });
    const linesOf = async (dataset: typeof train) =>
      new TextDecoder()
        .decode(await textOf(dataset))
        .split('\n')
        .filter((text) => text !== '')
        .map((text) => JSON.parse(text));
    expect(await linesOf(train)).toEqual(
      five.slice(0, 4).map((text) => ({ messages: JSON.parse(text).messages })),
    );
    expect(await linesOf(test)).toEqual([
      {
        messages: [
          { role: 'user', content: 'five \u00fc' },
          { role: 'assistant', content: '5' },
        ],
      },
    ]);
    const divided = await dataFolder(root, {
      'train.jsonl': five[0]!,
      'test.jsonl': five.slice(1).join('\n'),
    });
    expect(await linesOf(await loadDataset(divided, { split: 'test' }))).toHaveLength(4);
  });

  it.each([
    ['no JSON', '{"messages": ', 'it is not JSON'],
    ['no messages', '{"text": "hi"}', expect.any(String)],
    ['no answer', line(['user', 'hi']), expect.any(String)],
    ['an unknown role', line(['user', 'hi'], ['oracle', 'yes']), expect.any(String)],
  ])('a line with %s is refused with its number', async (_, text, reason) => {
    const folder = await dataFolder(root, { 'a.jsonl': `${five[0]}\n${text}\n` });
    await expect(loadDataset(folder)).rejects.toMatchObject({
      code: 'E_DATA_FORMAT',
      facts: { line: 2, file: expect.stringContaining('a.jsonl'), reason },
    });
  });
});
