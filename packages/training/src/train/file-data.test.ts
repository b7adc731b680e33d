import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeModel } from '@chorus/autodiff';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataset, type FileDataset, type MemoryDataset, subset } from '../data/dataset.ts';
import { readShard, writeShard } from '../data/shard.ts';
import type { Optimizer } from '../jobs/messages.ts';
import { buildModel, type ModelName } from '../model/build.ts';
import { syntheticDigits } from '../synthetic-digits/synthetic.ts';
import { resNet8 } from '../testing/models.ts';
import { trainModel } from './train-model.ts';
import { createTrainer, type Trainer } from './trainer.ts';
import { tryModel } from './trial.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-file-data-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let files = 0;
/** The same data in a file. */
async function inFile(dataset: MemoryDataset): Promise<FileDataset> {
  const path = join(folder, `${files++}.shard`);
  await writeShard(path, dataset);
  const read = await readShard(path, { memoryBytes: 0 });
  expect(read.file).toBeDefined();
  return read as FileDataset;
}

const bitsOf = ({ buffer, byteOffset, byteLength }: Float32Array) =>
  Buffer.from(buffer, byteOffset, byteLength);

const loss = { kind: 'softmax-cross-entropy' } as const;
const digits = syntheticDigits({ seed: 1, count: 300 });

describe('training on data in a file gives the bits of training in memory', () => {
  const optimizers: Optimizer[] = [
    { kind: 'sgd', momentum: 0.9, weightDecay: 1e-4 },
    { kind: 'adam', weightDecay: 0 },
  ];

  it.each<[ModelName, Optimizer]>([
    ['mlp', optimizers[0]!],
    ['cnn', optimizers[1]!],
    ['2nn', optimizers[0]!],
  ])('%s, with any samples, batch, epochs and seed', { timeout: 120_000 }, async (name, optimizer) => {
    const file = await inFile(digits);
    const model = buildModel(name, { inputShape: [1, 28, 28], classes: 10, seed: 0 });
    const trainer = await createTrainer({ model, loss, optimizer });
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.nat(digits.count - 1), { minLength: 1, maxLength: 120 }),
          fc.boolean(),
          fc.integer({ min: 1, max: 40 }),
          fc.integer({ min: 1, max: 3 }),
          fc.integer(),
          async (some, whole, batchSize, epochs, seed) => {
            const [memory, filed] = whole ? [digits, file] : [subset(digits, some), subset(file, some)];
            const settings = { epochs, batchSize, learningRate: 0.02, seed, parameters: trainer.initial };
            const one = await trainer.train({ ...settings, dataset: memory });
            const other = await trainer.train({ ...settings, dataset: filed });
            expect(bitsOf(other.delta).equals(bitsOf(one.delta))).toBe(true);
            expect(other.losses).toEqual(one.losses);
            expect(other.state).toEqual(one.state);
            const parameters = trainer.initial.map((value, j) => value + one.delta[j]!);
            const evaluated = [memory, filed].map((dataset) => trainer.evaluate({ parameters, dataset }));
            const [first, second] = await Promise.all(evaluated);
            expect(second).toEqual(first);
          },
        ),
        { numRuns: 12 },
      );
    } finally {
      await trainer.close();
    }
  });

  it('batch statistics, checkpoints and the history are the same', {
    timeout: 120_000,
  }, async () => {
    const colour = createDataset({
      inputs: Float32Array.from({ length: 40 * 3 * 32 * 32 }, (_, i) => ((i * 37) % 101) / 101),
      labels: Int32Array.from({ length: 40 }, (_, i) => i % 10),
      inputShape: [3, 32, 32],
      classes: 10,
      name: 'colours',
    });
    const file = await inFile(colour);
    const checkpoints = join(folder, 'checkpoints');
    const options = {
      model: encodeModel(resNet8()),
      batchSize: 16,
      learningRate: 0.05,
      optimizer: optimizers[0]!,
      seed: 3,
    };
    const one = await trainModel({ ...options, dataset: colour, validation: colour, epochs: 2 });
    // A training begun in memory is resumed from a file: the data is the same.
    await trainModel({ ...options, dataset: colour, validation: colour, epochs: 1, checkpoints });
    const other = await trainModel({
      ...options,
      dataset: file,
      validation: file,
      epochs: 2,
      checkpoints,
      resume: true,
    });
    expect(Buffer.from(other.model).equals(Buffer.from(one.model))).toBe(true);
    expect(other.history.map(({ seconds: _, ...rest }) => rest)).toEqual(
      one.history.map(({ seconds: _, ...rest }) => rest),
    );
    await expect(
      trainModel({ ...options, dataset: subset(file, [0, 1, 2]), epochs: 3, checkpoints, resume: true }),
    ).rejects.toMatchObject({ code: 'E_CHECKPOINT_MISMATCH', facts: { differs: 'data' } });
  });
});

describe('a trainer with data in a file', () => {
  const model = buildModel('mlp', { inputShape: [1, 28, 28], classes: 10, seed: 0 });
  const optimizer = { kind: 'sgd', momentum: 0, weightDecay: 0 } as const;
  const use = async (work: (trainer: Trainer) => Promise<void>, more: object = {}) => {
    const trainer = await createTrainer({ model, loss, optimizer, ...more });
    await work(trainer).finally(() => trainer.close());
  };
  const settings = { epochs: 1, batchSize: 16, learningRate: 0.1, seed: 1 };

  it('it refuses a file that is gone or another one, and trains on the next', () =>
    use(async (trainer) => {
      const parameters = trainer.initial;
      const gone = await inFile(digits);
      await rm(gone.file.path);
      const replaced = await inFile(digits);
      await writeFile(replaced.file.path, 'another');
      for (const dataset of [gone, replaced]) {
        await expect(trainer.train({ ...settings, parameters, dataset })).rejects.toMatchObject({
          code: 'E_DATA_UNREADABLE',
          facts: { path: dataset.file.path },
        });
      }
      const dataset = await inFile(digits);
      expect((await trainer.train({ ...settings, parameters, dataset })).losses).toHaveLength(19);
    }));

  it('it goes on with a file that was removed while it was open', () =>
    use(async (trainer) => {
      const parameters = trainer.initial;
      const dataset = await inFile(digits);
      const first = await trainer.train({ ...settings, parameters, dataset });
      await rm(dataset.file.path);
      const second = await trainer.train({ ...settings, parameters, dataset });
      expect(second.delta).toEqual(first.delta);
    }));

  it('private steps and a trial read from the file too', () =>
    use(
      async (trainer) => {
        const dataset = await inFile(digits);
        const { losses } = await trainer.train({ ...settings, parameters: trainer.initial, dataset });
        expect(losses).toHaveLength(19);
        const data = { kind: 'classification' as const, inputShape: [1, 28, 28], classes: 10 };
        const terms = { data, batchSize: 16, learningRate: 0.1, scale: 2 ** -14 };
        expect((await tryModel(trainer, { terms, dataset })).secondsPerStep).toBeGreaterThan(0);
      },
      { privacy: { clip: 3, noiseMultiplier: 0.5 } },
    ));
});
