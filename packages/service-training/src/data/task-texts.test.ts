import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Dataset, eachNext, loadDataset, subset, syntheticDigits } from '@chorus/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fitDataset, fitsData } from './fit-data.ts';
import { TaskTexts } from './task-texts.ts';

const terms = { data: { kind: 'tokens' as const, inputShape: [4], classes: 256 } };
const { signal } = new AbortController();
let folder: string;
let texts: Dataset;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-task-texts-'));
  await writeFile(join(folder, 'train.txt'), 'The sea is wide, and no one is in a hurry there.');
  await writeFile(join(folder, 'test.txt'), 'What is said at night is forgotten in the morning.');
  texts = await loadDataset(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A tokenizer of bytes, which counts its texts. */
function bytesTokenizer() {
  const seen: string[] = [];
  const tokenise = async (text: Uint8Array, { isChats = false } = {}) => {
    seen.push(`${isChats ? 'chats: ' : ''}${new TextDecoder().decode(text)}`);
    return eachNext(Int32Array.from(text));
  };
  return { seen, tokenise };
}

describe('texts of a node, for a task on a language model', () => {
  it('are the whole text in tokens of the model, divided once', async () => {
    const tokenizer = bytesTokenizer();
    const fit = new TaskTexts(terms, tokenizer, signal);
    const fitted = await fit.fit(texts);
    expect(tokenizer.seen).toEqual(['The sea is wide, and no one is in a hurry there.']);
    expect(fitted).toMatchObject({ kind: 'tokens', inputShape: [4], classes: 256, count: 11 });
    expect(String.fromCharCode(...fitted.inputs!.subarray(0, 8))).toBe('The sea ');
    expect(String.fromCharCode(...fitted.labels.subarray(0, 4))).toBe('he s');
    expect(await fit.fit(texts)).toBe(fitted);
    expect(await fit.fit(fitted)).toBe(fitted);
    expect(tokenizer.seen).toHaveLength(1);
  });

  it('conversations are divided as such', async () => {
    const chats = join(folder, 'chats');
    await mkdir(chats);
    const one = { messages: [{ role: 'assistant', content: 'Yes.' }] };
    await writeFile(join(chats, 'train.jsonl'), `${JSON.stringify(one)}\n`);
    const tokenizer = bytesTokenizer();
    const dataset = await loadDataset(chats);
    expect(fitsData(terms, dataset)).toBe(true);
    expect((await new TaskTexts(terms, tokenizer, signal).fit(dataset)).kind).toBe('tokens');
    expect(tokenizer.seen[0]!.trimEnd()).toBe(`chats: ${JSON.stringify(one)}`);
  });

  it('fit every such task; other data and parts of texts do not', async () => {
    expect(fitDataset(terms, texts)).toBe(texts);
    for (const other of [syntheticDigits({ seed: 1, count: 4 }), subset(texts, [0, 1])]) {
      expect(fitsData(terms, other)).toBe(false);
      const fitting = new TaskTexts(terms, bytesTokenizer(), signal).fit(other);
      await expect(fitting).rejects.toMatchObject({ code: 'E_TASK_DATA' });
    }
  });

  it('data of a task on samples stays as it is', async () => {
    const digits = syntheticDigits({ seed: 1, count: 4 });
    const data = { kind: 'classification' as const, inputShape: [1, 28, 28], classes: 10 };
    expect(await new TaskTexts({ data }, bytesTokenizer(), signal).fit(digits)).toBe(digits);
  });

  it('a text that is too short is refused, and is divided again when it is longer', async () => {
    const long = { data: { ...terms.data, inputShape: [100] } };
    const tokenizer = bytesTokenizer();
    const fit = new TaskTexts(long, tokenizer, signal);
    await expect(fit.fit(texts)).rejects.toMatchObject({ code: 'E_DATA_FORMAT' });
    await expect(fit.fit(texts)).rejects.toMatchObject({ code: 'E_DATA_FORMAT' });
    expect(tokenizer.seen).toHaveLength(2);
  });
});
