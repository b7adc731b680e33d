import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeModel } from '@chorus/autodiff';
import ort from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { createTokenizer, type Decoder, openDecoder, type Tokenizer, trainingModel } from './index.ts';
import { referenceLogits } from './testing/reference.ts';

const DATA = process.env.CHORUS_DATA ?? new URL('../../../../shared/data', import.meta.url).pathname;
const FILE = join(DATA, 'smollm2/SmolLM2-135M-Instruct.Q4_1.gguf');

describe.skipIf(!existsSync(FILE))('SmolLM2-135M (skipped where CHORUS_DATA has none)', () => {
  let file: Uint8Array;
  let decoder: Decoder;
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    file = await readFile(FILE);
    decoder = openDecoder(file);
    tokenizer = createTokenizer(decoder);
  });

  it('has the same bits in every weight on every machine', () => {
    const hash = createHash('sha256');
    for (const name of decoder.weights.keys()) hash.update(decoder.weight(name));
    expect(hash.digest('hex')).toBe('6ebe794c4ff0fb7627d4d134bd5ebb9d4c02f72940bad5b9ad2c04677662620a');
  });

  // Tokens by node-llama-cpp 3.21.1, without special parsing.
  it.each([
    ['Hello, world!', [19556, 28, 905, 17]],
    [
      'In 2024 we paid 1,234.50 \u20ac for 17\u00bd gl\u00fchwein\u2026',
      [
        788, 216, 34, 32, 34, 36, 392, 5940, 216, 33, 28, 34, 35, 36, 30, 37, 32, 24927, 327, 216, 33, 39,
        16738, 1074, 46991, 677, 254, 2829,
      ],
    ],
    [
      '  two spaces,\n\n\ttabs and \u65e5\u672c\u8a9e \u{1f40c}\u{1f469}\u200d\u{1f52c}',
      [
        216, 827, 5600, 28, 1116, 197, 100, 7366, 284, 17097, 241, 115, 40993, 179, 120, 248, 15107, 234, 230,
        10813, 235, 119, 321, 231, 10813, 238, 122,
      ],
    ],
    ["don't <|im_end|> stop", [12420, 982, 2067, 108, 306, 79, 486, 108, 46, 2853]],
  ])('gives the tokens of llama.cpp: %j', (text, ids) => {
    expect(tokenizer.encode(text)).toEqual(ids);
    expect(tokenizer.decode(ids)).toBe(text);
  });

  it('gives the tokens of its chat template', () => {
    const ids = tokenizer.encodeChat([{ role: 'user', content: 'Hi' }], { addGenerationPrompt: true });
    expect(ids).toEqual([
      1, 9690, 198, 2683, 359, 253, 5356, 5646, 11173, 3365, 3511, 308, 34519, 28, 7018, 411, 407, 19712,
      8182, 2, 198, 1, 4093, 198, 26843, 2, 198, 1, 520, 9531, 198,
    ]);
  });

  it('scores like the float64 reference', async () => {
    const tokens = tokenizer.encode('The capital of France is');
    const session = await ort.InferenceSession.create(
      encodeModel(trainingModel(decoder, { context: tokens.length })),
      { intraOpNumThreads: 1, logSeverityLevel: 3 },
    );
    const input_ids = new ort.Tensor('int64', BigInt64Array.from(tokens, BigInt), [1, tokens.length]);
    const found = (await session.run({ input_ids })).logits!.data as Float32Array;
    const expected = referenceLogits(file, tokens);
    const worst = expected.map((row, place) =>
      row.reduce((most, value, i) => Math.max(most, Math.abs(value - found[place * row.length + i]!)), 0),
    );
    expect(Math.max(...worst)).toBeLessThan(2e-3);
    const last = expected.at(-1)!;
    expect(tokenizer.decode([last.indexOf(Math.max(...last))])).toBe(' Paris');
  });
});
