import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTokenizer, openDecoder } from '@chorus/language-models';
import { referenceLogits } from '@chorus/language-models/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { collect } from '../../../../test/collect.ts';
import { createLanguageModel, type LanguageModel } from './language-engine.ts';

const DATA = process.env.CHORUS_DATA ?? new URL('../../../../../shared/data', import.meta.url).pathname;
const FILE = join(DATA, 'smollm2/SmolLM2-135M-Instruct.Q4_1.gguf');
const QUESTION = [{ role: 'user', content: 'What is the capital of France?' }] as const;

describe.skipIf(!existsSync(FILE))('SmolLM2-135M (skipped where CHORUS_DATA has none)', () => {
  let model: LanguageModel | undefined;
  afterEach(() => model?.close());

  it.each([
    ['float32', 0.003],
    // Weights and inputs of 8 bits: as far apart as two machines may be.
    ['int8', 0.17],
  ] as const)(
    '%s gives the probabilities of the float64 reference, to %s on average',
    async (weights, apart) => {
      const file = await readFile(FILE);
      const prompt = createTokenizer(openDecoder(file)).encodeChat([...QUESTION], {
        addGenerationPrompt: true,
      });
      const logits = referenceLogits(file, prompt).at(-1)!;
      const most = Math.max(...logits);
      const whole = most + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0));
      model = await createLanguageModel({ model: FILE, name: 'SmolLM2', weights });
      const request = { prompt: { tokens: prompt }, maxTokens: 1, logprobs: 8 };
      const [token] = await collect(model.generate(request, new AbortController().signal));
      if (token?.type !== 'token') throw new Error('no token came');
      const differences = token.top.map(({ id, logprob }) => Math.abs(logprob - (logits[id]! - whole)));
      expect(differences).toHaveLength(8);
      expect(differences.reduce((sum, difference) => sum + difference, 0) / 8).toBeLessThan(apart);
    },
  );

  it('answers a question', async () => {
    model = await createLanguageModel({ model: FILE, name: 'SmolLM2', sampling: { temperature: 0 } });
    const message = { role: 'user', text: QUESTION[0].content, files: [], data: [] } as const;
    const asked = model.run({ messages: [message], maxOutputTokens: 40 }, new AbortController().signal);
    const text = (await collect(asked)).map((event) => (event.type === 'text' ? event.text : '')).join('');
    expect(text).toContain('Paris');
  });
});
