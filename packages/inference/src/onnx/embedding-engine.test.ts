import type { TextPrompt } from '@chorus/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { collect } from '../../../../test/collect.ts';
import { largest, vectorModel } from '../testing/models.ts';
import { createTextEmbedder, type TextEmbedder, type TextEmbedderOptions } from './embedding-engine.ts';

const never = new AbortController().signal;
const files = vectorModel();
const opened: TextEmbedder[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

async function open(options: Partial<TextEmbedderOptions> = {}): Promise<TextEmbedder> {
  const made = await createTextEmbedder({ ...files, name: 'vectors.onnx', ...options });
  opened.push(made);
  return made;
}

async function embed(by: TextEmbedder, inputs: readonly (string | number[])[]) {
  const prompts = inputs.map(
    (input): TextPrompt => (typeof input === 'string' ? { text: input } : { tokens: input }),
  );
  const events = await collect(by.embed(prompts, never));
  return {
    vectors: events.flatMap(({ vectors }) => vectors.map((vector) => [...vector])),
    tokens: events.reduce((sum, { tokens }) => sum + tokens, 0),
  };
}

describe('a model of texts as vectors', () => {
  it('gives the mean of the vectors of all tokens, of any number of texts, whatever stands in the same run', async () => {
    const raw = await open({ normalise: false });
    expect(raw).toMatchObject({ dimension: 4, facts: { kind: 'embedding' } });
    // [CLS] ferry [SEP]; [CLS] a snail [SEP]; [CLS] boat ##s [SEP]
    const texts = ['Ferry', 'a snail', 'boats'];
    const expected = [
      [4 / 3, 0, 0, 0],
      [0, 1, 0, 0.25],
      [1, 0, 0, 0.25],
    ];
    const { vectors, tokens } = await embed(raw, texts);
    for (const [i, vector] of vectors.entries()) {
      for (const [k, value] of vector.entries()) expect(value).toBeCloseTo(expected[i]![k]!, 6);
    }
    expect(tokens).toBe(3 + 4 + 4);
    const alone = await Promise.all(texts.map((text) => embed(raw, [text])));
    expect(alone.flatMap((each) => each.vectors)).toEqual(vectors);
    const many = await embed(
      raw,
      Array.from({ length: 70 }, (_, i) => texts[i % 3]!),
    );
    expect(many.vectors).toEqual(Array.from({ length: 70 }, (_, i) => vectors[i % 3]));
  });

  it('gives vectors of length 1, near for what means the same, and those of tokens as they are', async () => {
    const by = await open();
    const { vectors } = await embed(by, ['a ferry', 'a boat', 'a snail', [3]]);
    const cosine = (a: number, b: number) => vectors[a]!.reduce((sum, x, i) => sum + x * vectors[b]![i]!, 0);
    expect(cosine(0, 0)).toBeCloseTo(1, 6);
    expect(cosine(0, 1)).toBeCloseTo(1, 6);
    expect(cosine(0, 2)).toBeLessThan(0.1);
    expect(vectors[3]).toEqual([1, 0, 0, 0]);
  });

  it('takes the first token alone if that is how it was trained', async () => {
    const by = await open({ pooling: 'cls', normalise: false });
    expect(
      (
        await embed(by, [
          [3, 5],
          [5, 3],
        ])
      ).vectors,
    ).toEqual([
      [4, 0, 0, 0],
      [0, 4, 0, 0],
    ]);
  });

  it('answers a message with its vector', async () => {
    const by = await open();
    const message = { role: 'user', text: 'ferry', files: [], data: [] } as const;
    const events = await collect(by.run({ messages: [message], maxOutputTokens: 1 }, never));
    expect(events).toEqual([
      { type: 'text', text: 'a vector of 4 numbers' },
      { type: 'data', name: 'embedding', value: [1, 0, 0, 0] },
      { type: 'finished', reason: 'stop', usage: { inputTokens: 3, outputTokens: 0 } },
    ]);
  });

  it('refuses texts that are too long, or cuts them if it is to', async () => {
    const strict = await open({ most: 4 });
    const cutting = await open({ most: 4, truncate: true });
    for (const text of ['a ferry a boat', 'a '.repeat(1_000_000), [3, 3, 3, 3, 3]]) {
      await expect(embed(strict, ['ferry', text])).rejects.toMatchObject({ code: 'E_AGENT_CONTEXT' });
      expect((await embed(cutting, [text])).tokens).toBe(4);
    }
    // Cut between the tokens that every text has.
    expect((await embed(cutting, ['ferry boat snail'])).vectors[0]).toEqual([1, 0, 0, 0]);
  });

  it.each<[string, readonly (string | number[])[]]>([
    ['no tokens', [[]]],
    ['a token that is not one', [[-1]]],
    ['a token that the model does not know', [[9_999]]],
  ])('refuses %s, and goes on', async (_, inputs) => {
    const by = await open();
    await expect(embed(by, inputs)).rejects.toMatchObject({ code: 'E_AGENT_INPUT' });
    expect((await embed(by, ['ferry'])).vectors).toHaveLength(1);
  });

  it.each<[string, string, Partial<TextEmbedderOptions>]>([
    ['a tokenizer that is not one', 'E_MODEL_UNSUPPORTED', { tokenizer: '{}' }],
    ['a tokenizer that is no JSON', 'E_MODEL_UNSUPPORTED', { tokenizer: 'x' }],
    ['a model of something else', 'E_MODEL_UNSUPPORTED', { model: largest(3) }],
    ['a file that is no model', 'E_MODEL_UNSUPPORTED', { model: new Uint8Array(100) }],
  ])('%s is refused: %s', async (_, code, options) => {
    await expect(open(options)).rejects.toMatchObject({ code });
  });
});
