import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildModel, createDataset, createTrainer, textWindows } from '@chorus/training';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitDataset, fitsData } from './fit-data.ts';
import { addData, openData } from './registry.ts';

const task = (classes: number, classNames?: string[]) => ({
  data: {
    kind: 'classification' as const,
    inputShape: [1],
    classes,
    ...(classNames ? { classNames } : {}),
  },
});
const data = (labels: number[], classes: number, classNames?: string[]) =>
  createDataset({
    inputs: new Float32Array(labels.length),
    labels: Int32Array.from(labels),
    inputShape: [1],
    classes,
    name: 'mine/train',
    ...(classNames ? { classNames } : {}),
  });
const numbered = (count: number) => Array.from({ length: count }, (_, i) => String(i));

describe('local data', () => {
  it('texts fit a task with windows of any length that they are long enough for', () => {
    const tokens = Int32Array.from({ length: 80 }, (_, i) => i % 7);
    const vocabulary = numbered(256);
    const report = { format: 'text' as const, notes: [], leftOut: [] };
    const text = textWindows({ kind: 'text', tokens, vocabulary, name: 'mine' }, { context: 32, report });
    const terms = (window: number) => ({ data: { ...task(256).data, inputShape: [window] } });
    expect(fitDataset(terms(48), text)).toMatchObject({ inputShape: [48], count: 32, classes: 256 });
    expect(fitDataset(terms(48), text)).toBe(fitDataset(terms(48), text));
    expect(fitDataset(terms(32), text)).toBe(text);
    expect(fitsData(terms(80), text)).toBe(false);
    expect(fitsData({ data: { ...task(256).data, inputShape: [4, 8] } }, text)).toBe(false);
  });

  it.each([
    ['in memory', {}],
    ['in a file', { memoryBytes: 0 }],
  ])('registered texts %s train a model with windows of 48', async (_, bounds) => {
    const folder = await mkdtemp(join(tmpdir(), 'chorus-fit-'));
    try {
      await mkdir(join(folder, 'texts'));
      await writeFile(
        join(folder, 'texts', 'a.txt'),
        'the quick brown fox jumps over the lazy dog. '.repeat(9),
      );
      const entry = await addData(folder, 'texts', join(folder, 'texts'), {}, bounds);
      expect(entry.inputShape).toEqual([32]);
      const terms = { data: { ...task(256).data, inputShape: [48] } };
      const dataset = fitDataset(terms, await openData(folder, 'texts', {}, bounds));
      expect(dataset).toMatchObject({ inputShape: [48], count: entry.samples - 16 });
      const trainer = await createTrainer({
        model: buildModel('mlp', { inputShape: [48], classes: 256, seed: 0 }),
        loss: { kind: 'softmax-cross-entropy' },
        optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 },
      });
      const parameters = trainer.initial;
      const run = { parameters, dataset, epochs: 2, batchSize: 16, learningRate: 1e-4, seed: 1 };
      const { losses } = await trainer.train(run);
      await trainer.close();
      expect(losses.at(-1)).toBeLessThan(losses[0]!);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('data with some of the classes fits, with the label numbers of the task', () => {
    const names = ['ant', 'bee', 'cat', 'dog', 'elk', 'fox'];
    fc.assert(
      fc.property(
        fc.shuffledSubarray(names, { minLength: 2 }),
        fc.shuffledSubarray(names, { minLength: 2 }),
        fc.array(fc.nat(99), { minLength: 1, maxLength: 20 }),
        (theirs, mine, picks) => {
          const labels = picks.map((pick) => pick % mine.length);
          const held = labels.map((label) => mine[label]!);
          const local = data(labels, mine.length, mine);
          const strangers = held.filter((name) => !theirs.includes(name));
          expect(fitsData(task(theirs.length, theirs), local)).toBe(strangers.length === 0);
          if (strangers.length > 0) {
            expect(() => fitDataset(task(theirs.length, theirs), local)).toThrow(
              expect.objectContaining({
                code: 'E_TASK_DATA',
                facts: expect.objectContaining({ unknown: expect.stringContaining(strangers[0]!) }),
              }),
            );
            return;
          }
          const fitted = fitDataset(task(theirs.length, theirs), local);
          expect([...fitted.labels].map((label) => theirs[label])).toEqual(held);
          expect(fitted.classes).toBe(theirs.length);
        },
      ),
    );
  });

  it('numbered data fits if the task has at least as many classes', () => {
    const nine = data([0, 8], 9, numbered(9));
    expect(fitDataset(task(10), nine)).toMatchObject({ classes: 10, labels: nine.labels });
    expect(fitsData(task(10, numbered(10)), nine)).toBe(true);
    expect(fitsData(task(10, ['T-shirt', ...'bcdefghij']), nine)).toBe(true);
    expect(fitsData(task(8), nine)).toBe(false);
  });

  it('named data fits a task without names only if the number of classes is the same', () => {
    const named = data([0, 1], 2, ['ant', 'bee']);
    expect(fitDataset(task(2), named)).toBe(named);
    expect(() => fitDataset(task(3), named)).toThrow(
      expect.objectContaining({ code: 'E_TASK_DATA', hint: expect.stringContaining('--classes FILE') }),
    );
  });

  it('data of another shape is refused, naming both shapes', () => {
    expect(() => fitDataset({ data: { ...task(2).data, inputShape: [2] } }, data([0, 1], 2))).toThrow(
      expect.objectContaining({
        facts: expect.objectContaining({ task: '2, 2 classes', local: 'mine/train: 1, 2 classes' }),
      }),
    );
  });
});
