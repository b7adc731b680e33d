import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeModel, GraphBuilder, parseModel, tensorNumbers } from '@chorus/autodiff';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDataset } from '../data/dataset.ts';
import { buildModel } from '../model/build.ts';
import { random } from '../random.ts';
import { syntheticDigits } from '../synthetic-digits/synthetic.ts';
import { readCheckpoint } from './checkpoint.ts';
import { type TrainModelOptions, trainModel } from './train-model.ts';
import { createTrainer } from './trainer.ts';

const dataset = syntheticDigits({ seed: 1, count: 320 });
const validation = syntheticDigits({ seed: 2, count: 100 });
const model = buildModel('mlp', { inputShape: [1, 28, 28], classes: 10, seed: 0 });
const base = {
  model,
  dataset,
  validation,
  epochs: 3,
  batchSize: 32,
  learningRate: 0.003,
  optimizer: { kind: 'adam', weightDecay: 0 },
  seed: 7,
} satisfies TrainModelOptions;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-train-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Values of an ONNX file's initialisers by name. */
function weights(bytes: Uint8Array): Map<string, number[]> {
  const { initializers } = parseModel(bytes).graph;
  return new Map(Array.from(initializers, ([name, tensor]) => [name, tensorNumbers(tensor)]));
}

describe('trainModel', () => {
  it('trainModel writes an inference model with the score of the last validation', async () => {
    const trained = await trainModel(base);
    expect(trained.history.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    expect(trained.history[2]!.loss).toBeLessThan(trained.history[0]!.loss);
    const scored = await createTrainer({
      model: trained.model,
      loss: { kind: 'softmax-cross-entropy' },
      optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 },
    });
    const { loss, accuracy } = await scored.evaluate({ parameters: scored.initial, dataset: validation });
    await scored.close();
    expect({ loss, accuracy }).toEqual(trained.history[2]!.validation);
  });

  it('trainModel gives the same bits after an abort and resume, moments included', async () => {
    const whole = await trainModel(base);
    const abort = new AbortController();
    const stopped = new Error('stopped by the test');
    const interrupted = trainModel({
      ...base,
      checkpoints: folder,
      signal: abort.signal,
      onEpoch: ({ epoch }) => epoch === 2 && abort.abort(stopped),
    });
    await expect(interrupted).rejects.toBe(stopped);
    const seen: number[] = [];
    const resumed = await trainModel({
      ...base,
      checkpoints: folder,
      resume: true,
      onOpen: (_, resumedFrom) => seen.push(resumedFrom),
      onEpoch: ({ epoch }) => seen.push(epoch),
    });
    expect(seen).toEqual([2, 3]);
    expect(Buffer.from(resumed.model).equals(Buffer.from(whole.model))).toBe(true);
    expect(resumed.history.map(({ loss }) => loss)).toEqual(whole.history.map(({ loss }) => loss));
  });

  it('trainModel keeps the last whole epoch when the training diverges', async () => {
    // Squared error with too large a step grows by a factor each step: finite for some, then not.
    const diverging = trainModel({
      ...base,
      loss: { kind: 'mse' },
      optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 },
      model: linear(),
      batchSize: dataset.count,
      learningRate: 1,
      epochs: 500,
      checkpoints: folder,
    });
    await expect(diverging).rejects.toMatchObject({ code: 'E_TRAINING_DIVERGED' });
    const kept = await readCheckpoint(folder);
    expect(kept!.epochs).toBeGreaterThan(0);
    expect(kept!.parameters.every(Number.isFinite)).toBe(true);
    expect(kept!.history).toHaveLength(kept!.epochs);
  });

  it('trainModel leaves frozen parameters as they were, bit for bit', async () => {
    const trained = await trainModel({ ...base, epochs: 1, freeze: /^fc[12]\./ });
    const [before, after] = [weights(model), weights(trained.model)];
    for (const [name, values] of before) {
      if (/^fc[12]\./.test(name)) expect(after.get(name), name).toEqual(values);
      else expect(after.get(name), name).not.toEqual(values);
    }
    expect(trained.dimension).toBe(32 * 10 + 10);
  });

  it('trainModel trains adapters alone with LoRA, and folds them into their weights', async () => {
    const trained = await trainModel({ ...base, epochs: 1, lora: { target: /^fc2\.weight$/, rank: 2 } });
    expect(trained.dimension).toBe(2 * (64 + 32));
    const [before, after] = [weights(model), weights(trained.model)];
    expect([...after.keys()]).toEqual([...before.keys()]);
    for (const [name, values] of before) {
      if (name === 'fc2.weight') expect(after.get(name)).not.toEqual(values);
      else expect(after.get(name), name).toEqual(values);
    }
  });

  it('trainModel refuses adapters for weights that do not exist', async () => {
    const training = trainModel({ ...base, lora: { target: /^attention/, rank: 2 } });
    await expect(training).rejects.toMatchObject({ code: 'E_MODEL_LORA' });
  });

  it('trainModel writes the running statistics of BatchNormalization into the model', async () => {
    const trained = await trainModel({ ...base, epochs: 1, model: normalised() });
    const after = weights(trained.model);
    expect(after.get('mean')!.some((x) => x !== 0)).toBe(true);
    expect(after.get('variance')!.some((x) => x !== 1)).toBe(true);
  });

  it.for(['mse', 'bce-with-logits'] as const)(
    'trainModel learns with %s against the class as a vector',
    async (kind) => {
      const { history } = await trainModel({ ...base, loss: { kind }, epochs: 6 });
      expect(history.at(-1)!.loss).toBeLessThan(history[0]!.loss * 0.7);
      expect(history.at(-1)!.validation!.accuracy).toBeGreaterThan(0.5);
    },
  );
});

describe('checkpoints', () => {
  it('a checkpoint of another training is refused, and so is a folder in use without resume', async () => {
    await trainModel({ ...base, epochs: 1, checkpoints: folder });
    await expect(trainModel({ ...base, checkpoints: folder })).rejects.toMatchObject({
      code: 'E_CHECKPOINT_EXISTS',
    });
    for (const [other, differs] of [
      [{ learningRate: 0.004 }, 'learning rate'],
      [{ batchSize: 16 }, 'batch size'],
      [{ seed: 8, batchSize: 16 }, 'batch size and seed'],
      [{ freeze: /fc1/ }, 'frozen parameters'],
      [{ dataset: validation }, 'data'],
      [{ model: buildModel('mlp', { inputShape: [1, 28, 28], classes: 10, seed: 1 }) }, 'model'],
    ] as const) {
      const training = trainModel({ ...base, ...other, checkpoints: folder, resume: true });
      await expect(training).rejects.toMatchObject({ code: 'E_CHECKPOINT_MISMATCH', facts: { differs } });
    }
  });

  it('training keeps the two newest checkpoints', async () => {
    await trainModel({ ...base, epochs: 4, checkpoints: folder });
    expect((await readdir(folder)).sort()).toEqual(['epoch-000003.checkpoint', 'epoch-000004.checkpoint']);
  });

  it('checkpoints are refused when any byte changed or is missing', async () => {
    await trainModel({ ...base, epochs: 1, checkpoints: folder });
    const path = join(folder, 'epoch-000001.checkpoint');
    const bytes = await readFile(path);
    const stream = random(3);
    for (let k = 0; k < 30; k++) {
      const broken = Buffer.from(bytes);
      // The header in the first half of the cases, the tensors in the others; what the header says of the
      // history is not under the digest, so only its structure is hit.
      const at = k < 15 ? stream.below(24) : bytes.length - 1 - stream.below(bytes.length >> 1);
      broken[at]! ^= 1 + stream.below(255);
      await writeFile(path, k % 3 === 2 ? bytes.subarray(0, bytes.length - 1 - at) : broken);
      await expect(readCheckpoint(folder)).rejects.toMatchObject({ code: 'E_CHECKPOINT_CORRUPT' });
    }
    await writeFile(path, bytes);
    expect((await readCheckpoint(folder))!.epochs).toBe(1);
  });
});

describe('a step whose gradient overflows', () => {
  it('a step whose gradient overflows stops the training although its loss was finite', async () => {
    // The loss of the only step is about 1e30 and finite; its gradient times the rate is not.
    const huge = createDataset({
      inputs: new Float32Array(4).fill(1e15),
      labels: Int32Array.of(0, 1, 0, 1),
      inputShape: [1],
      classes: 2,
      name: 'huge',
    });
    const trainer = await createTrainer({
      model: single(),
      loss: { kind: 'mse' },
      optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 },
    });
    const training = trainer.train({
      parameters: trainer.initial,
      dataset: huge,
      epochs: 1,
      batchSize: 4,
      learningRate: 1e30,
      seed: 1,
    });
    await expect(training).rejects.toMatchObject({ code: 'E_TRAINING_DIVERGED', facts: { step: 1 } });
    await trainer.close();
  });
});

/** One matrix from pixels to classes. */
function linear(): Uint8Array {
  const g = new GraphBuilder();
  const x = g.op('Flatten', [g.input('x', 'float32', ['N', 1, 28, 28])], { axis: 1 });
  const stream = random(1);
  const w = g.initializer(
    'w',
    [784, 10],
    Float32Array.from({ length: 7840 }, () => stream.between(-0.05, 0.05)),
  );
  g.output(g.op('MatMul', [x, w]), 'float32', ['N', 10], 'logits');
  return encodeModel(g.build());
}

/** One value to two. */
function single(): Uint8Array {
  const g = new GraphBuilder();
  const w = g.initializer('w', [1, 2], Float32Array.of(1, -1));
  g.output(g.op('MatMul', [g.input('x', 'float32', ['N', 1]), w]), 'float32', ['N', 2], 'logits');
  return encodeModel(g.build());
}

/** A matrix and BatchNormalization. */
function normalised(): Uint8Array {
  const g = new GraphBuilder();
  const x = g.op('Flatten', [g.input('x', 'float32', ['N', 1, 28, 28])], { axis: 1 });
  const stream = random(1);
  const w = g.initializer(
    'w',
    [784, 10],
    Float32Array.from({ length: 7840 }, () => stream.between(-0.05, 0.05)),
  );
  const vector = (name: string, value: number) => g.initializer(name, [10], new Float32Array(10).fill(value));
  const parts = [vector('scale', 1), vector('bias', 0), vector('mean', 0), vector('variance', 1)];
  const logits = g.op('BatchNormalization', [g.op('MatMul', [x, w]), ...parts]);
  g.output(logits, 'float32', ['N', 10], 'logits');
  return encodeModel(g.build());
}
