import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { collect } from '../../../../test/collect.ts';
import { createTextEmbedder, type TextEmbedder } from './embedding-engine.ts';

const DATA = process.env.CHORUS_DATA ?? new URL('../../../../../shared/data', import.meta.url).pathname;
const FOLDER = join(DATA, 'minilm');
/** Ids by the tokenizer of Hugging Face. */
const IDS: [text: string, ids: number[]][] = [
  [
    'A ferry leaves at nine. Über café! 日本',
    [101, 1037, 7115, 3727, 2012, 3157, 1012, 19169, 7668, 999, 1864, 1876, 102],
  ],
];

describe.skipIf(!existsSync(FOLDER))('all-MiniLM-L6-v2 (skipped where CHORUS_DATA has none)', () => {
  let model: TextEmbedder | undefined;
  afterEach(() => model?.close());

  it('finds the text that means the same, and reads texts as its own tokenizer does', async () => {
    model = await createTextEmbedder({
      model: await readFile(join(FOLDER, 'model-int8.onnx')),
      name: 'MiniLM',
      tokenizer: await readFile(join(FOLDER, 'tokenizer.json'), 'utf8'),
    });
    expect(model.dimension).toBe(384);
    const embed = async (inputs: readonly (string | number[])[]) => {
      const prompts = inputs.map((input) =>
        typeof input === 'string' ? { text: input } : { tokens: input },
      );
      const events = await collect(model!.embed(prompts, new AbortController().signal));
      return events.flatMap(({ vectors }) => [...vectors]);
    };
    const cosine = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
    const [asked, same, other] = await embed([
      'When does the ferry leave?',
      'The boat departs at what time?',
      'A snail crosses the garden.',
    ]);
    expect(cosine(asked!, asked!)).toBeCloseTo(1, 5);
    expect(cosine(asked!, same!)).toBeGreaterThan(0.6);
    expect(cosine(asked!, other!)).toBeLessThan(0.3);
    for (const [text, ids] of IDS) {
      const [ofText, ofIds] = await embed([text, ids]);
      expect(ofText).toEqual(ofIds);
    }
  });
});
