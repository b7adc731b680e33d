import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildModel, loadDataset, syntheticDigits } from '@chorus/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { windowedFor } from './text-window.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-text-window-'));
  await writeFile(join(folder, 'a.txt'), 'to be, or not to be: that is the question. '.repeat(10));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('texts of a new task', () => {
  it('have windows of the length that the model file takes', async () => {
    const texts = await loadDataset(folder);
    const model = join(folder, 'model.onnx');
    await writeFile(model, buildModel('mlp', { inputShape: [48], classes: 256, seed: 0 }));
    expect(texts.inputShape).toEqual([32]);
    expect(await windowedFor(model, texts)).toMatchObject({ inputShape: [48], classes: 256 });
    expect(await windowedFor('mlp', texts)).toBe(texts);
    const digits = syntheticDigits({ seed: 1, count: 3 });
    expect(await windowedFor(model, digits)).toBe(digits);
  });
});
