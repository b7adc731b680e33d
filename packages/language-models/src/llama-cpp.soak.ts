import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeAdapter } from './adapter/file.ts';
import { mergeAdapter } from './adapter/merge.ts';
import { openDecoder } from './decoder/open.ts';
import { readGguf } from './gguf/read.ts';
import { writeGguf } from './gguf/write.ts';
import { FAMILIES, type Family, familyModel } from './testing/families.ts';
import { type LlamaCpp, type LlamaCppModel, openLlamaCpp } from './testing/llama-cpp.ts';
import { referenceGreedy, referenceLogits } from './testing/reference.ts';
import { best, EQUAL, furthest, ROUNDED, servedLogits, spread } from './testing/serve.ts';
import { randomTexts, surroundedLetters, WRITTEN } from './testing/tricky-texts.ts';
import { type FamilyVectors, readVectors, type Score, splittingVectors, VECTORS } from './testing/vectors.ts';
import { randomNumbers } from './tiny/random-numbers.ts';
import { SPLITTINGS } from './tokenizer/splitting.ts';
import { createTokenizer } from './tokenizer/tokenizer.ts';

const llama = await openLlamaCpp();
const why = typeof llama === 'string' ? llama : '';
if (why) console.warn(why);

/** Writes what llama.cpp gives into the repository instead of holding the repository to it. */
const UPDATE = process.env.CHORUS_UPDATE_VECTORS === '1';

/** Code points of all kinds, without the middles of large blocks of ideographs and syllables. */
const SWEPT = [
  [0, 0x33ff],
  [0x4d80, 0x4e7f],
  [0x9f80, 0xac7f],
  [0xd700, 0xffff],
  [0x10000, 0x103ff],
  [0x1d400, 0x1d7ff],
  [0x1f000, 0x1fbff],
  [0xe0000, 0xe01ff],
] as const;

/** Those among them that were given a kind after llama.cpp's tables were made (Unicode 16 and 17). */
const LATER = [0x88f, 0xc5c, 0xcdc, 0x1c89, 0x1c8a, 0xa7cb, 0xa7cc, 0xa7cd, 0xa7ce, 0xa7cf].concat([
  0xa7d2, 0xa7d4, 0xa7da, 0xa7db, 0xa7dc, 0xa7f1,
]);

const DISTINCT = ['gpt-2', 'smollm', 'qwen2', 'llama-bpe', 'tekken'];

const made: { splittings: Record<string, unknown>; families: Record<string, FamilyVectors> } = {
  splittings: {},
  families: {},
};

describe.skipIf(why)(`llama.cpp ${why && `(skipped: ${why.slice(0, 200)})`}`, () => {
  const cpp = llama as LlamaCpp;
  afterAll(async () => {
    if (UPDATE) writeFileSync(VECTORS, `${JSON.stringify(made)}\n`);
    await cpp.close();
  });

  describe.each(Object.keys(SPLITTINGS))('splits as %s', (splitting) => {
    const [base] = FAMILIES as [Family];
    const { addBegin, ...family } = { ...base, model: { ...base.model, splitting } };
    const file = familyModel(family);
    const tokenizer = createTokenizer(readGguf(file));
    let other: LlamaCppModel;
    beforeAll(async () => {
      other = await cpp.open(file);
    });
    afterAll(() => other.close());

    it('gives equal tokens for written and for random texts', () => {
      for (const text of [...WRITTEN, ...randomTexts(31, 3000)]) {
        expect(tokenizer.encode(text), JSON.stringify(text)).toEqual(other.encode(text));
      }
      made.splittings[splitting] = splittingVectors((text) => other.encode(text));
      if (!UPDATE) expect(readVectors().splittings[splitting]).toEqual(made.splittings[splitting]);
    });

    // The others have the pattern of one of these.
    it.runIf(DISTINCT.includes(splitting))(
      'gives equal tokens for letters of all kinds, but new ones',
      () => {
        const differs = (text: string) => tokenizer.encode(text).join() !== other.encode(text).join();
        const texts = SWEPT.flatMap(([first, last]) => surroundedLetters(first, last));
        const differing = texts.flatMap((text, row) => {
          if (!differs(text)) return [];
          const codes = new Set(Array.from(text, (letter) => letter.codePointAt(0)!));
          return [...codes].filter(
            (code) => (row === 0 || code > 127) && differs(surroundedLetters(code, code)[0]!),
          );
        });
        expect(differing.filter((code) => !LATER.includes(code))).toEqual([]);
      },
    );

    it('begins texts with the same token', () => {
      expect(tokenizer.encodePrompt('a')[0] === tokenizer.begin).toBe(other.tokens.shouldPrependBosToken);
    });
  });

  describe.each(FAMILIES)('runs $name', (family) => {
    const files = { F32: familyModel(family), Q8_0: familyModel(family, 'Q8_0') };
    const tokenizer = createTokenizer(readGguf(files.F32));
    const prompt = tokenizer.encodePrompt("The rest of 1234 is'nt sad, e\u0301t\xe9 \u4e2d\u6587");
    const tokens = [...prompt, ...referenceGreedy(files.F32, prompt, 16)];

    it('knows the same tokens that begin and end', async () => {
      const other = await cpp.open(files.F32);
      expect([tokenizer.begin, tokenizer.end]).toEqual([other.tokens.bos, other.tokens.eos]);
      expect(tokenizer.encodePrompt('a')[0] === tokenizer.begin).toBe(other.tokens.shouldPrependBosToken);
      for (const id of [0, 1, 2, 3, 300]) expect(tokenizer.ends.has(id), `${id}`).toBe(other.ends(id));
      await other.close();
    });

    it('gives equal tokens of a conversation', async () => {
      const [, , turn] = family.control;
      const template = `{{ bos_token }}{% for m in messages %}<think>{{ m.role }}\n{{ m.content }}${turn}\n{% endfor %}${turn}`;
      const { metadata, tensors } = readGguf(files.F32);
      const key = 'tokenizer.chat_template';
      const changed = new Map(metadata).set(key, { type: 'string', value: template });
      const chat = createTokenizer({ metadata: changed });
      const other = await cpp.open(writeGguf({ metadata: changed, tensors }));
      for (const content of WRITTEN.filter((text) => !text.includes('<|im_end|>'))) {
        const filled = `${family.control[0]}<think>user\n${content}${turn}\n${turn}`;
        expect(chat.encodeChat([{ role: 'user', content }])).toEqual(other.encode(filled, true));
      }
      await other.close();
    });

    it('gives equal scores at every place, and the same most likely tokens', async () => {
      const other = await cpp.open(files.F32);
      const expected = await other.logits(tokens);
      await other.close();
      expect(expected.slice(prompt.length - 1, -1).map(best)).toEqual(tokens.slice(prompt.length));
      expect(furthest(referenceLogits(files.F32, tokens), expected)).toBeLessThan(EQUAL);
      expect(furthest(await servedLogits(openDecoder(files.F32), tokens), expected)).toBeLessThan(EQUAL);
      const quantised = await cpp.open(files.Q8_0);
      const rounded = await quantised.logits(tokens);
      await quantised.close();
      const whole = referenceLogits(files.Q8_0, tokens);
      const small = await servedLogits(openDecoder(files.Q8_0), tokens, 'int8');
      for (const ours of [whole, small]) {
        expect(furthest(ours, rounded)).toBeLessThan(ROUNDED.most);
        expect(spread(ours, rounded)).toBeLessThan(ROUNDED.spread);
      }
      const scores = { F32: someScores(expected), Q8_0: someScores(rounded) };
      made.families[family.name] = { tokens, prompt: prompt.length, scores };
      if (UPDATE) return;
      const kept = readVectors().families[family.name]!;
      expect(kept.tokens).toEqual(tokens);
      for (const [type, rows] of [
        ['F32', expected],
        ['Q8_0', rounded],
      ] as const) {
        for (const [place, token, score] of kept.scores[type]) {
          expect(Math.abs(rows[place]![token]! - score)).toBeLessThan(type === 'F32' ? EQUAL : ROUNDED.most);
        }
      }
    });

    it('an adapter that is written here gives the scores of the model that it is merged into', async () => {
      const decoder = openDecoder(files.F32);
      const next = randomNumbers(3);
      const values = (count: number) => Float32Array.from({ length: count }, () => next() - 0.5);
      const names = [...decoder.weights].filter(([, shape]) => shape.length === 2);
      const weights = new Map(
        names
          .filter(([name]) => /layers/.test(name))
          .map(([name, [from, to]]) => [name, { a: values(from! * 2), b: values(2 * to!) }]),
      );
      const adapter = { alpha: 1, weights };
      const other = await cpp.open(files.F32, writeAdapter(decoder, adapter));
      const expected = await other.logits(tokens);
      await other.close();
      const merged = await servedLogits(mergeAdapter(decoder, adapter), tokens);
      expect(furthest(merged, await servedLogits(decoder, tokens))).toBeGreaterThan(0.5);
      expect(furthest(merged, expected)).toBeLessThan(4 * EQUAL);
    });
  });

  it.skipIf(UPDATE)('has no vectors of others', () => {
    const { splittings, families } = JSON.parse(readFileSync(VECTORS, 'utf8'));
    expect(Object.keys(splittings)).toEqual(Object.keys(SPLITTINGS));
    expect(Object.keys(families)).toEqual(FAMILIES.map(({ name }) => name));
  });
});

/** The highest scores and some others, after the first, a middle and the last token. */
function someScores(rows: readonly Float32Array[]): Score[] {
  return [0, Math.floor(rows.length / 2), rows.length - 1].flatMap((place) => {
    const row = rows[place]!;
    const order = [...row.keys()].sort((a, b) => row[b]! - row[a]!);
    return [0, 1, 2, 100, order.length - 1].map((rank): Score => {
      const token = order[rank]!;
      return [place, token, Number(row[token]!.toPrecision(7))];
    });
  });
}
