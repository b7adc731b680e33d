import { watch } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTokenizer, openDecoder, tinyModel } from '@chorus/language-models';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type MemoryDataset, NO_LABEL, subset } from '../data/dataset.ts';
import { eachNext, tokenWindows } from '../data/token-windows.ts';
import type { GraphOptions } from '../jobs/messages.ts';
import { syntheticDigits } from '../synthetic-digits/synthetic.ts';
import { createTrainer, type Trainer } from './trainer.ts';
import { tryModel } from './trial.ts';

const CONTEXT = 16;
const VOCABULARY = 300;
const model = tinyModel();
const options: GraphOptions = {
  loss: { kind: 'softmax-cross-entropy' },
  optimizer: { kind: 'adamw', weightDecay: 0 },
  context: CONTEXT,
  adapter: { rank: 4, alpha: 8, targets: ['q_proj', 'v_proj'], seed: 1 },
};
const foreign = { inputShape: [CONTEXT], batchSize: 2 };

/** A sequence in which each token decides the next. */
function pattern(length: number): MemoryDataset {
  const tokens = Int32Array.from({ length }, (_, i) => 20 + ((i * i) % 23));
  return tokenWindows(eachNext(tokens), { context: CONTEXT, classes: VOCABULARY, name: 'pattern' });
}

const windows = pattern(40 * CONTEXT + 1);
const settings = { dataset: windows, epochs: 2, batchSize: 2, learningRate: 0.01, seed: 1 };

describe('a language model', () => {
  let trainer: Trainer;
  beforeAll(async () => {
    trainer = await createTrainer({ model, ...options, foreign });
  });
  afterAll(() => trainer.close());

  it('its adapters learn to predict each next token, and the same bits with equal seeds', async () => {
    const parameters = trainer.initial;
    const before = await trainer.evaluate({ parameters, dataset: windows });
    const first = await trainer.train({ ...settings, parameters });
    const second = await trainer.train({ ...settings, parameters });
    expect(second.delta).toEqual(first.delta);
    const after = await trainer.evaluate({
      parameters: parameters.map((x, j) => x + first.delta[j]!),
      dataset: windows,
    });
    expect(after.loss).toBeLessThan(0.9 * before.loss);
    expect(after.accuracy).toBeGreaterThan(before.accuracy);
    expect(after.count).toBe(40);
  });

  it('positions without a label count neither in the loss nor in the accuracy', async () => {
    const parameters = trainer.initial;
    const last = {
      ...windows,
      labels: windows.labels.map((label, i) => (i % CONTEXT === 15 ? label : NO_LABEL)),
    };
    const each = await Promise.all(
      [0, 1, 2].map((i) => trainer.evaluate({ parameters, dataset: subset(last, [i]) })),
    );
    const all = await trainer.evaluate({ parameters, dataset: subset(last, [0, 1, 2]) });
    expect(all.loss).toBeCloseTo((each[0]!.loss + each[1]!.loss + each[2]!.loss) / 3, 5);
    const none = { ...windows, labels: windows.labels.map(() => NO_LABEL) };
    expect(await trainer.evaluate({ parameters, dataset: none })).toMatchObject({ loss: 0, accuracy: 0 });
    const { delta } = await trainer.train({ ...settings, parameters, dataset: none, epochs: 1 });
    expect(delta.every((x) => x === 0)).toBe(true);
  });

  it('a trial of a round passes, with its own texts and with none', async () => {
    const terms = {
      batchSize: 2,
      learningRate: 0.01,
      scale: 2 ** -14,
      data: { kind: 'tokens' as const, inputShape: [CONTEXT], classes: VOCABULARY },
    };
    for (const dataset of [windows, null]) {
      const { secondsPerStep, peakBytes } = await tryModel(trainer, { terms, dataset });
      expect(secondsPerStep).toBeGreaterThan(0);
      expect(peakBytes).toBeGreaterThan(1e6);
    }
  });

  it('its process divides texts into its tokens, long ones too, and stops when asked', async () => {
    const text = `${'the sea and the wind\n'.repeat(3_000)}\u00fcber alles: \u{1f30a}`;
    const { tokens, labels } = await trainer.tokenise(new TextEncoder().encode(text));
    const tokenizer = createTokenizer(openDecoder(model));
    expect(tokenizer.decode([tokens[0]!, ...labels])).toBe(text);
    expect(tokens.slice(1)).toEqual(labels.slice(0, -1));
    const stop = new AbortController();
    const stopped = trainer.tokenise(new TextEncoder().encode(text.repeat(20)), { signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(stopped).rejects.toThrow('enough');
  });

  it('of conversations only the answers are learnt, with the token that ends them', async () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'the sea' },
      { role: 'assistant', content: 'is wide' },
      { role: 'user', content: 'and?' },
      { role: 'assistant', content: 'deep' },
    ];
    const lines = `${JSON.stringify({ messages })}\n${JSON.stringify({ messages: messages.slice(1, 3) })}\n`;
    const { tokens, labels } = await trainer.tokenise(new TextEncoder().encode(lines), { isChats: true });
    const tokenizer = createTokenizer(openDecoder(model));
    const all = [messages, messages.slice(1, 3)].flatMap((chat) => tokenizer.encodeChat(chat as never));
    expect([...tokens]).toEqual(all);
    for (const [i, label] of labels.entries()) if (label !== NO_LABEL) expect(label).toBe(all[i + 1]);
    const learnt = [...labels].filter((label) => label !== NO_LABEL);
    expect(tokenizer.decode(learnt).split(/\n/).filter(Boolean)).toEqual(['is wide', 'deep', 'is wide']);
    expect(learnt.filter((token) => tokenizer.ends.has(token))).toHaveLength(3);
  });

  it('samples with one class each, and sequences of another length, are refused', async () => {
    const parameters = trainer.initial;
    const digits = syntheticDigits({ seed: 1, count: 4 });
    await expect(trainer.evaluate({ parameters, dataset: digits })).rejects.toMatchObject({
      code: 'E_DATA_SHAPE',
    });
    const longer = tokenWindows(eachNext(new Int32Array(100)), {
      context: 20,
      classes: VOCABULARY,
      name: 'longer',
    });
    await expect(trainer.evaluate({ parameters, dataset: longer })).rejects.toMatchObject({
      code: 'E_DATA_SHAPE',
    });
  });
});

describe('opening a language model', () => {
  const refused = (change: Partial<GraphOptions>, code: string) =>
    expect(createTrainer({ model, ...options, ...change })).rejects.toMatchObject({ code });

  it('one without adapters, one with privacy, and a damaged file are refused', async () => {
    await refused({ adapter: undefined as never }, 'E_MODEL_UNSUPPORTED');
    await refused(
      { optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 }, privacy: { clip: 1, noiseMultiplier: 1 } },
      'E_PRIVACY',
    );
    const damaged = createTrainer({ model: model.slice(0, 5000), ...options });
    await expect(damaged).rejects.toMatchObject({ code: 'E_MODEL_CORRUPT' });
  });

  it('weights in a temporary file are removed when the model is open, and when its process is killed before that', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'chorus-scratch-'));
    vi.stubEnv('TMPDIR', folder);
    try {
      await (await createTrainer({ model, ...options })).close();
      expect(await readdir(folder)).toEqual([]);
      const stop = new AbortController();
      const killing = watch(folder, () => stop.abort(new Error('enough')));
      await createTrainer({ model, ...options, signal: stop.signal }).then(
        (opened) => opened.close(),
        (error: Error) => expect(error.message).toBe('enough'),
      );
      killing.close();
      expect(stop.signal.aborted).toBe(true);
      expect(await readdir(folder)).toEqual([]);
    } finally {
      vi.unstubAllEnvs();
      await rm(folder, { recursive: true });
    }
  });

  it('one that may take too little memory is refused before the runtime opens it', async () => {
    const opening = createTrainer({ model, ...options, foreign, limits: { memoryBytes: 5e5 } });
    await expect(opening).rejects.toMatchObject({ code: 'E_MODEL_MEMORY' });
  });
});
