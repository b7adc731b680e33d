/**
 * Whether an audit finds out that a fine-tuned model answers without its adapter: SmolLM2-135M, LoRA of rank 8 on queries
 * and values, trained on Shakespeare for 40 and for 320 steps of 2 x 64 tokens.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createTokenizer, openDecoder } from '@chorus/language-models';
import { createTrainer, eachNext, tokenWindows, trainedModel } from '@chorus/training';
import { describe, expect, it } from 'vitest';
import { open, QUESTIONS, report, SAMPLINGS, SHAKESPEARE, SMOLLM2, write } from '../testing/audited.ts';

/** Tokens of a sequence, and sequences: 20 steps of two an epoch. */
const [CONTEXT, WINDOWS] = [64, 40];
const options = {
  context: CONTEXT,
  adapter: { rank: 8, alpha: 16, targets: ['q_proj', 'v_proj'], seed: 1 },
} as const;

async function trained(file: Uint8Array, text: string, epochs: number): Promise<Uint8Array> {
  const decoder = openDecoder(file);
  const tokens = Int32Array.from(createTokenizer(decoder).encode(text)).subarray(0, WINDOWS * CONTEXT + 1);
  const classes = decoder.config.vocabulary;
  const windows = tokenWindows(eachNext(tokens), { context: CONTEXT, classes, name: 'shakespeare' });
  const trainer = await createTrainer({
    model: file,
    ...options,
    loss: { kind: 'softmax-cross-entropy' },
    optimizer: { kind: 'adamw', weightDecay: 0 },
  });
  try {
    const before = await trainer.evaluate({ parameters: trainer.initial, dataset: windows });
    const { delta } = await trainer.train({
      parameters: trainer.initial,
      dataset: windows,
      epochs,
      batchSize: 2,
      learningRate: 0.001,
      seed: 1,
    });
    const parameters = trainer.initial.map((value, i) => value + delta[i]!);
    const after = await trainer.evaluate({ parameters, dataset: windows });
    console.log(`${epochs * 20} steps: loss ${before.loss.toFixed(2)} -> ${after.loss.toFixed(2)}`);
    const values = new Map<string, Float32Array>();
    let from = 0;
    for (const { name, shape } of trainer.parameters) {
      const length = shape.reduce((product, dim) => product * dim, 1);
      values.set(name, parameters.slice(from, from + length));
      from += length;
    }
    return (await trainedModel(file, options, values)).bytes;
  } finally {
    await trainer.close();
  }
}

describe.skipIf(!existsSync(SMOLLM2))(
  'audits of a tuned SmolLM2 (skipped where CHORUS_DATA has none)',
  () => {
    it('find that the adapter was left out', async () => {
      const file = await readFile(SMOLLM2);
      const text = await readFile(SHAKESPEARE, 'utf8');
      const tokenizer = createTokenizer(openDecoder(file));
      const prompts = QUESTIONS.map((content) =>
        tokenizer.encodeChat([{ role: 'user', content }], { addGenerationPrompt: true }),
      );
      const writeAll = async (by: Awaited<ReturnType<typeof open>>) =>
        (
          await Promise.all(
            SAMPLINGS.map((how) => Promise.all(prompts.map((prompt, i) => write(by, prompt, how, i)))),
          )
        ).flat();
      const base = await open(file);
      const plain = await writeAll(base);
      for (const epochs of [2, 16]) {
        const adapter = await trained(file, text.slice(0, 20_000), epochs);
        const tuned = await open(file, { adapter });
        const other = await open(file, { adapter, weights: 'float32' });
        const { refused } = await report(
          `honest: tuned for ${epochs * 20} steps`,
          [tuned, other],
          await writeAll(tuned),
        );
        expect(refused).toBe(0);
        await report('fraud: the base answers for it', [tuned, other], plain);
      }
    });
  },
);
