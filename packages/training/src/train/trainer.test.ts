import { encodeModel, GraphBuilder } from '@chorus/autodiff';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDataset, type MemoryDataset, subset } from '../data/dataset.ts';
import { buildModel } from '../model/build.ts';
import { syntheticDigits } from '../synthetic-digits/synthetic.ts';
import { createTrainer, type Trainer, type TrainerOptions } from './trainer.ts';

const sgd = {
  loss: { kind: 'softmax-cross-entropy' },
  optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 },
} as const;

const digits = syntheticDigits({ seed: 1, count: 330 });
const model = buildModel('mlp', { inputShape: [1, 28, 28], classes: 10, seed: 0 });
const settings = { dataset: digits, epochs: 2, batchSize: 16, learningRate: 0.1, seed: 1 };

/** Logistic regression on `shape`, so small that a test can do its gradient by hand. */
function linearModel(shape: (number | string)[], values: number, classes: number): Uint8Array {
  const g = new GraphBuilder({ name: 'linear' });
  const x = g.input('x', 'float32', ['N', ...shape]);
  const w = g.initializer('w', [values, classes], new Float32Array(values * classes));
  g.output(
    g.op('MatMul', [shape.length > 1 ? g.op('Flatten', [x]) : x, w]),
    'float32',
    ['N', classes],
    'logits',
  );
  return encodeModel(g.build());
}

async function opened<T>(
  options: Partial<TrainerOptions>,
  use: (trainer: Trainer) => Promise<T>,
): Promise<T> {
  const trainer = await createTrainer({ model, ...sgd, ...options });
  try {
    return await use(trainer);
  } finally {
    await trainer.close();
  }
}

describe('a trainer', () => {
  let trainer: Trainer;
  beforeAll(async () => {
    trainer = await createTrainer({ model, ...sgd });
  });
  afterAll(() => trainer.close());

  it('a trainer describes the parameters in the order of the model file', () => {
    expect(trainer.parameters.map(({ name, shape, offset }) => [name, shape, offset])).toEqual([
      ['fc1.weight', [784, 64], 0],
      ['fc1.bias', [64], 50_176],
      ['fc2.weight', [64, 32], 50_240],
      ['fc2.bias', [32], 52_288],
      ['fc3.weight', [32, 10], 52_320],
      ['fc3.bias', [10], 52_640],
    ]);
    expect(trainer.dimension).toBe(52_650);
    expect(trainer.initial).toHaveLength(52_650);
  });

  it('a trainer learns: the loss on the training data falls and the accuracy rises', async () => {
    const before = await trainer.evaluate({ parameters: trainer.initial, dataset: digits });
    const { delta, losses, seconds } = await trainer.train({
      ...settings,
      parameters: trainer.initial,
      epochs: 20,
    });
    const parameters = trainer.initial.map((x, j) => x + delta[j]!);
    const after = await trainer.evaluate({ parameters, dataset: digits });
    expect(before.accuracy).toBeLessThan(0.3);
    expect(after.accuracy).toBeGreaterThan(0.7);
    expect(after.loss).toBeLessThan(before.loss / 2);
    expect(losses).toHaveLength(20 * Math.ceil(330 / 16));
    expect(seconds).toBeGreaterThan(0);
  });

  it('a trainer gives equal bits for equal seeds and others for another seed', async () => {
    const run = (seed: number) => trainer.train({ ...settings, parameters: trainer.initial, seed });
    const [a, b, c] = [await run(7), await run(7), await run(8)];
    expect(a.delta).toEqual(b.delta);
    expect(a.losses).toEqual(b.losses);
    expect(a.delta).not.toEqual(c.delta);
  });

  it('a trainer gives equal bits in another thread, and with jobs queued at once', async () => {
    const here = trainer.train({ ...settings, parameters: trainer.initial });
    const again = trainer.train({ ...settings, parameters: trainer.initial });
    const there = await opened({}, (other) => other.train({ ...settings, parameters: other.initial }));
    expect(there.delta).toEqual((await here).delta);
    expect((await again).delta).toEqual(there.delta);
  });

  it('a trainer leaves the given parameters and the data set as they were', async () => {
    const parameters = trainer.initial;
    const inputs = digits.inputs.slice();
    await trainer.train({ ...settings, parameters, epochs: 1 });
    expect(parameters).toEqual(trainer.initial);
    expect(digits.inputs).toEqual(inputs);
  });

  it('a trainer reports progress from 0 to 1 without going back', async () => {
    const seen: number[] = [];
    await trainer.train({
      ...settings,
      parameters: trainer.initial,
      onProgress: (fraction) => seen.push(fraction),
    });
    expect(seen.at(-1)).toBe(1);
    expect(seen.length).toBeGreaterThan(2);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  it('a trainer uses a batch of all samples if there are fewer than the batch size', async () => {
    const few = subset(digits, [0, 1, 2]);
    const { losses } = await trainer.train({
      ...settings,
      dataset: few,
      parameters: trainer.initial,
      epochs: 1,
    });
    expect(losses).toHaveLength(1);
  });

  it('a trainer does not block the event loop while it trains', async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const { seconds } = await trainer.train({
      ...settings,
      parameters: trainer.initial,
      epochs: 60,
      batchSize: 4,
    });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan((seconds * 1000) / 5 / 10);
    expect(ticks).toBeGreaterThan(2);
  });

  it('a trainer stops soon after an abort, with the given reason, and keeps working', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    const long = trainer.train({
      ...settings,
      parameters: trainer.initial,
      epochs: 100_000,
      signal: abort.signal,
      onProgress: () => abort.abort(reason),
    });
    await expect(long).rejects.toBe(reason);
    await expect(
      trainer.train({ ...settings, parameters: trainer.initial, signal: AbortSignal.abort(reason) }),
    ).rejects.toBe(reason);
    const { losses } = await trainer.train({ ...settings, parameters: trainer.initial, epochs: 1 });
    expect(losses).toHaveLength(21);
  });

  it('a trainer stops at a loss that is not finite and names the step', async () => {
    const wild = trainer.train({ ...settings, parameters: trainer.initial, learningRate: 1e30 });
    await expect(wild).rejects.toMatchObject({
      code: 'E_TRAINING_DIVERGED',
      message: expect.stringMatching(/at step \d+$/),
      facts: { step: expect.any(Number), learningRate: 1e30 },
      hint: expect.stringContaining('learning rate'),
    });
  });

  it('a trainer recognises a data set it holds, and forgets the least recently used', async () => {
    const sets = Array.from({ length: 6 }, (_, k) =>
      subset(
        digits,
        Array.from({ length: 20 + k }, (_, i) => i),
      ),
    );
    for (const dataset of [...sets, ...sets.toReversed()]) {
      expect((await trainer.evaluate({ parameters: trainer.initial, dataset })).count).toBe(dataset.count);
    }
  });

  it.each([
    [
      'a sample of another shape',
      { inputShape: [28, 28] },
      'E_DATA_SHAPE',
      { samples: '28x28', model: '1x28x28' },
    ],
    [
      'a label the model has no class for',
      { classes: 11, labels: digits.labels.map(() => 10) },
      'E_DATA_LABEL',
      { label: 10 },
    ],
    ['no samples', { count: 0, labels: new Int32Array(0), inputs: new Float32Array(0) }, 'E_DATA_EMPTY', {}],
    ['fewer inputs than it says', { inputs: new Float32Array(784) }, 'E_DATA_SHAPE', {}],
  ])('a trainer refuses %s before training', async (_, change, code, facts) => {
    const dataset: MemoryDataset = { ...digits, ...change };
    await expect(trainer.train({ ...settings, dataset, parameters: trainer.initial })).rejects.toMatchObject({
      code,
      facts,
    });
    await expect(trainer.evaluate({ dataset, parameters: trainer.initial })).rejects.toMatchObject({
      code,
      facts,
    });
  });

  it('a trainer refuses parameters of another model', async () => {
    await expect(trainer.train({ ...settings, parameters: new Float32Array(3) })).rejects.toMatchObject({
      code: 'E_MODEL_DIMENSION',
    });
  });

  it.each([
    { epochs: 0 },
    { epochs: 1.5 },
    { batchSize: 0 },
    { learningRate: 0 },
    { learningRate: Number.NaN },
    { seed: 0.5 },
  ])('a trainer refuses %o', async (change) => {
    await expect(trainer.train({ ...settings, parameters: trainer.initial, ...change })).rejects.toThrow(
      RangeError,
    );
  });
});

describe('one step of gradient descent', () => {
  // Zero weights: every class has probability 1/2, so the gradient is x (p - y) averaged over the batch.
  const dataset = createDataset({
    inputs: Float32Array.of(1, 2, 3, 4),
    labels: Int32Array.of(0, 1),
    inputShape: [2],
    classes: 2,
    name: 'two',
  });
  const once = { dataset, epochs: 1, batchSize: 2, learningRate: 0.5, seed: 1 };

  it('one step of gradient descent equals a calculation by hand', async () => {
    const { delta, losses } = await opened({ model: linearModel([2], 2, 2) }, (trainer) =>
      trainer.train({ ...once, parameters: trainer.initial }),
    );
    // d/dW = 1/2 [x1^T (0.5 - 1, 0.5) + x2^T (0.5, 0.5 - 1)]; delta = -0.5 d/dW
    expect([...delta]).toEqual([-0.25, 0.25, -0.25, 0.25]);
    expect(losses).toEqual([Math.fround(Math.log(2))]);
  });

  it('one step of gradient descent decays weights by the coefficient', async () => {
    const parameters = Float32Array.of(1, 1, 1, 1); // still equal logits for both classes
    const { delta } = await opened(
      { model: linearModel([2], 2, 2), optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0.5 } },
      (trainer) => trainer.train({ ...once, parameters }),
    );
    expect([...delta]).toEqual([-0.5, 0, -0.5, 0]);
  });

  it('one step of gradient descent begins every round with zero momentum', async () => {
    await opened(
      { model: linearModel([2], 2, 2), optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 0 } },
      async (trainer) => {
        const train = (epochs: number) => trainer.train({ ...once, epochs, parameters: trainer.initial });
        const first = await train(3);
        expect((await train(3)).delta).toEqual(first.delta);
        expect([...(await train(1)).delta]).toEqual([-0.25, 0.25, -0.25, 0.25]);
      },
    );
  });
});

describe('models', () => {
  it('models may take samples flat, or leave dimensions open', async () => {
    for (const shape of [[784], ['any'], [1, 28, 'width']]) {
      await opened({ model: linearModel(shape, 784, 10) }, async (trainer) => {
        const { delta } = await trainer.train({ ...settings, parameters: trainer.initial });
        const result = await trainer.evaluate({ parameters: delta, dataset: digits });
        expect(result.accuracy).toBeGreaterThan(0.3);
      });
    }
  });

  it('models may be convolutional', async () => {
    const cnn = buildModel('cnn', { inputShape: [1, 28, 28], classes: 10, seed: 0 });
    await opened({ model: cnn }, async (trainer) => {
      const { delta } = await trainer.train({ ...settings, parameters: trainer.initial, epochs: 3 });
      const parameters = trainer.initial.map((x, j) => x + delta[j]!);
      expect((await trainer.evaluate({ parameters, dataset: digits })).accuracy).toBeGreaterThan(0.6);
    });
  });

  it('a damaged model is refused for any missing byte', async () => {
    for (const bytes of [
      new Uint8Array(0),
      new Uint8Array(100).fill(0xff),
      new TextEncoder().encode('<html>404</html>'),
      model.subarray(0, model.length - 1),
      model.subarray(0, 1000),
    ]) {
      await expect(createTrainer({ model: bytes, ...sgd })).rejects.toMatchObject({
        code: 'E_MODEL_CORRUPT',
      });
    }
  });

  const unsupported: [string, () => Uint8Array][] = [
    [
      'with a fixed batch',
      () => {
        const g = new GraphBuilder();
        const x = g.input('x', 'float32', [1, 2]);
        const w = g.initializer('w', [2, 2], new Float32Array(4));
        g.output(g.op('MatMul', [x, w]), 'float32', [1, 2], 'y');
        return encodeModel(g.build());
      },
    ],
    [
      'with two data inputs',
      () => {
        const g = new GraphBuilder();
        const sum = g.op('Add', [g.input('a', 'float32', ['N', 2]), g.input('b', 'float32', ['N', 2])]);
        g.output(
          g.op('MatMul', [sum, g.initializer('w', [2, 2], new Float32Array(4))]),
          'float32',
          ['N', 2],
          'y',
        );
        return encodeModel(g.build());
      },
    ],
    [
      'with an operator that has no gradient',
      () => {
        const g = new GraphBuilder();
        const w = g.initializer('w', [2, 2], new Float32Array(4));
        const h = g.op('MatMul', [g.input('x', 'float32', ['N', 2]), w]);
        g.output(g.op('Bernoulli', [h]), 'float32', ['N', 2], 'y');
        return encodeModel(g.build());
      },
    ],
    [
      'without anything to train',
      () => {
        const g = new GraphBuilder();
        g.output(g.op('Relu', [g.input('x', 'float32', ['N', 2])]), 'float32', ['N', 2], 'y');
        return encodeModel(g.build());
      },
    ],
  ];
  it.each(unsupported)('%s are refused with a hint', async (_, build) => {
    await expect(createTrainer({ model: build(), ...sgd })).rejects.toMatchObject({
      code: 'E_MODEL_UNSUPPORTED',
      hint: expect.any(String),
      facts: expect.any(Object),
    });
  });
});

describe('closing', () => {
  it('closing a trainer ends current and waiting jobs, refuses new ones, and may be repeated', async () => {
    const trainer = await createTrainer({ model, ...sgd });
    const running = trainer.train({ ...settings, parameters: trainer.initial, epochs: 100_000 });
    const waiting = trainer.evaluate({ parameters: trainer.initial, dataset: digits });
    const ended = Promise.allSettled([running, waiting]);
    await Promise.all([trainer.close(), trainer.close()]);
    for (const result of await ended) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'E_TRAINER_CLOSED' } });
    }
    await expect(trainer.evaluate({ parameters: trainer.initial, dataset: digits })).rejects.toMatchObject({
      code: 'E_TRAINER_CLOSED',
    });
  });

  it('a trainer closes itself if its opening is aborted', async () => {
    const abort = new AbortController();
    const opening = createTrainer({ model, ...sgd, signal: abort.signal });
    setTimeout(() => abort.abort(new Error('no more')), 5);
    await expect(opening).rejects.toThrow('no more');
  });

  it('closing a trainer leaves nothing behind that would keep the process alive', async () => {
    const workers = () =>
      process.getActiveResourcesInfo().filter((kind) => /Worker|MessagePort/.test(kind)).length;
    const before = workers();
    await opened({}, (trainer) => trainer.evaluate({ parameters: trainer.initial, dataset: digits }));
    expect(workers()).toBe(before);
  });
});

it.each([0, 1.5, -1, 1000])('a trainer is refused %s threads', async (threads) => {
  await expect(createTrainer({ model, ...sgd, threads })).rejects.toThrow(RangeError);
});
