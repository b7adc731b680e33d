import { describe, expect, it } from 'vitest';
import { openDecoder } from './decoder/open.ts';
import { readGguf } from './gguf/read.ts';
import { FAMILIES, type Family, familyModel } from './testing/families.ts';
import { best, EQUAL, ROUNDED, servedLogits } from './testing/serve.ts';
import { readVectors, splittingVectors } from './testing/vectors.ts';
import { SPLITTINGS } from './tokenizer/splitting.ts';
import { createTokenizer } from './tokenizer/tokenizer.ts';

const vectors = readVectors();

/** What `llama-cpp.soak.ts` wrote of llama.cpp itself. */
describe('the vectors of llama.cpp', () => {
  it.each(['gpt-2', 'smollm', 'qwen2', 'llama-bpe', 'tekken'])(
    'has the tokens of texts that are split as %s',
    (splitting) => {
      const [family] = FAMILIES as [Family];
      const file = familyModel({ ...family, model: { ...family.model, splitting } });
      const { encode } = createTokenizer(readGguf(file));
      expect(splittingVectors(encode)).toEqual(vectors.splittings[splitting]);
    },
  );

  it.each(FAMILIES)('has the scores of $name', async (family) => {
    const { tokens, prompt, scores } = vectors.families[family.name]!;
    const [plain, quantised] = [familyModel(family), familyModel(family, 'Q8_0')];
    const rows = await servedLogits(openDecoder(plain), tokens);
    const small = await servedLogits(openDecoder(quantised), tokens, 'int8');
    expect(rows.slice(prompt - 1, -1).map(best)).toEqual(tokens.slice(prompt));
    const kept = [
      [rows, scores.F32, EQUAL],
      [small, scores.Q8_0, ROUNDED.most],
    ] as const;
    for (const [found, expected, most] of kept) {
      for (const [place, token, score] of expected) {
        expect(Math.abs(found[place]![token]! - score)).toBeLessThan(most);
      }
    }
  });

  it('has equal tokens for names of the same way of splitting', () => {
    const names = {
      'deepseek-r1-qwen': 'qwen2',
      llama3: 'llama-bpe',
      'llama-v3': 'llama-bpe',
      falcon3: 'llama-bpe',
    };
    for (const [name, other] of Object.entries(names)) {
      expect(SPLITTINGS[name]).toBe(SPLITTINGS[other]);
      expect(vectors.splittings[name]).toEqual(vectors.splittings[other]);
    }
  });
});
