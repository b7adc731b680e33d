import { describe, expect, it } from 'vitest';
import { openDecoder } from './decoder/open.ts';
import { readGguf } from './gguf/read.ts';
import { FAMILIES, type Family, familyModel } from './testing/families.ts';
import { referenceGreedy, referenceLogits } from './testing/reference.ts';
import { EQUAL, furthest, ROUNDED, servedLogits, spread } from './testing/serve.ts';
import { readVectors, splittingVectors } from './testing/vectors.ts';
import { SPLITTINGS } from './tokenizer/splitting.ts';
import { createTokenizer } from './tokenizer/tokenizer.ts';

const vectors = readVectors();

/** What `llama-cpp.slow.ts` wrote of llama.cpp itself. */
describe('the vectors of llama.cpp', () => {
  it.each(Object.keys(SPLITTINGS))('has the tokens of texts that are split as %s', (splitting) => {
    const [family] = FAMILIES as [Family];
    const file = familyModel({ ...family, model: { ...family.model, splitting } });
    const { encode } = createTokenizer(readGguf(file));
    expect(splittingVectors(encode)).toEqual(vectors.splittings[splitting]);
  });

  it.each(FAMILIES)('has the scores of $name', async (family) => {
    const { tokens, prompt, scores } = vectors.families[family.name]!;
    const [plain, quantised] = [familyModel(family), familyModel(family, 'Q8_0')];
    expect(referenceGreedy(plain, tokens.slice(0, prompt), tokens.length - prompt)).toEqual(tokens.slice(prompt));
    const small = await servedLogits(openDecoder(quantised), tokens, 'int8');
    const kept = [
      [await servedLogits(openDecoder(plain), tokens), scores.F32, EQUAL],
      [small, scores.Q8_0, ROUNDED.most],
    ] as const;
    for (const [rows, expected, most] of kept) {
      for (const [place, token, score] of expected) {
        expect(Math.abs(rows[place]![token]! - score)).toBeLessThan(most);
      }
    }
    const reference = referenceLogits(plain, tokens);
    expect(furthest(kept[0][0], reference)).toBeLessThan(EQUAL);
    expect(spread(small, referenceLogits(quantised, tokens))).toBeLessThan(ROUNDED.spread);
  });
});
