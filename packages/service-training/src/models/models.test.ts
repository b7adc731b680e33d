import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tinyModel } from '@chorus/language-models';
import type { Terms } from '@chorus/protocol';
import { type Dataset, loadDataset } from '@chorus/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { trainingSettings } from '../config/settings.ts';
import { parseConfig } from '../index.ts';
import { Models } from './models.ts';
import { RefusedModels } from './refused-models.ts';

const CID = 'bafkreitiny';
const model = tinyModel();
const terms = {
  version: 1,
  name: 'a tiny language model',
  model: CID,
  modelBytes: model.length,
  dimension: 3_584,
  adapter: { kind: 'lora', rank: 8, alpha: 16, targets: ['q_proj', 'v_proj'], seed: 1 },
  data: { kind: 'tokens', inputShape: [16], classes: 300 },
  loss: { kind: 'softmax-cross-entropy' },
  optimizer: { kind: 'adamw', weightDecay: 0 },
  localEpochs: 1,
  referenceEpochs: 3,
  batchSize: 2,
  learningRate: 0.01,
  scale: 2 ** -14,
  rule: 'reference-projection',
} as const satisfies Terms;

let folder: string;
let texts: Dataset;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-models-'));
  await writeFile(join(folder, 'train.txt'), 'What the sea takes it gives to others. '.repeat(20));
  await writeFile(join(folder, 'test.txt'), 'Nothing.');
  texts = await loadDataset(folder, { context: 4 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The models of a node with this setting, which has refused none yet. */
function models(privacy: object): Models {
  const config = parseConfig(
    {
      dataDir: folder,
      chain: { url: 'http://127.0.0.1:1', contract: `0x${'1'.repeat(40)}` },
      training: { privacy },
    },
    'a test',
  );
  return new Models(trainingSettings(config), new RefusedModels(folder, 'limits'));
}

const open = (privacy: object, dataset: Dataset | null = texts) =>
  models(privacy).open({
    model,
    terms,
    memoryBytes: 2e9,
    dataset,
    joined: false,
    signal: new AbortController().signal,
  });

describe('a language model of a stranger', () => {
  it('is not trained on private texts unless its file is on the list, or any model may be', async () => {
    await expect(open({})).rejects.toMatchObject({ code: 'E_MODEL_PRIVACY' });
    await expect(open({ bases: ['bafkreianother'] })).rejects.toMatchObject({ code: 'E_MODEL_PRIVACY' });
    for (const privacy of [{ bases: [CID] }, { models: 'any' }]) {
      const { trainer, trial, dataset } = await open(privacy);
      expect(trial!.secondsPerStep).toBeGreaterThan(0);
      expect(dataset).toMatchObject({ kind: 'tokens', inputShape: [16], classes: 300 });
      await trainer.close();
    }
  });

  it('is not trained at all by a node that trains with noise', async () => {
    await expect(open({ models: 'any', ownNoise: 1 })).rejects.toMatchObject({ code: 'E_PRIVACY' });
  });

  it('terms that ask too much of it have it refused for themselves alone', async () => {
    const node = models({ models: 'any' });
    const greedy = { ...terms, batchSize: 64 };
    const opening = (wanted: Terms, memoryBytes: number) =>
      node.open({
        model,
        terms: wanted,
        memoryBytes,
        dataset: texts,
        joined: false,
        signal: new AbortController().signal,
      });
    await expect(opening(greedy, 5e5)).rejects.toMatchObject({ code: 'E_MODEL_MEMORY' });
    await expect(opening(greedy, 2e9)).rejects.toMatchObject({ message: 'the model was refused before' });
    await (await opening(terms, 2e9)).trainer.close();
  });

  it('is opened without data, by a node that only aggregates', async () => {
    const { trainer, trial, dataset } = await open({}, null);
    expect([trainer.dimension, trial, dataset]).toEqual([3_584, null, null]);
    await trainer.close();
  });
});
