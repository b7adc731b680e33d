import { encodeModel, GraphBuilder } from '@chorus/autodiff';
import { afterEach, describe, expect, it } from 'vitest';
import { createDataset } from '../data/dataset.ts';
import { buildModel } from '../model/build.ts';
import { createTrainer, type Trainer } from './trainer.ts';
import { type TrialTerms, tryModel } from './trial.ts';

const VALUES = 4;
const CLASSES = 3;
const terms: TrialTerms = {
  data: { kind: 'classification', inputShape: [VALUES], classes: CLASSES },
  batchSize: 5,
  learningRate: 0.1,
  scale: 2 ** -14,
};

let trainer: Trainer | undefined;
afterEach(() => trainer?.close());

async function open(model: Uint8Array): Promise<Trainer> {
  trainer = await createTrainer({
    model,
    loss: { kind: 'softmax-cross-entropy' },
    optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 },
    foreign: { inputShape: [VALUES], batchSize: 5 },
  });
  return trainer;
}

type Value = (g: GraphBuilder, x: string) => string;

/** x W behind whatever `before` makes of x, and before whatever `after` makes of the logits. */
function linear({
  before = (_, x) => x,
  after = (_, y) => y,
  weight = (i: number) => Math.sin(i + 1),
}: {
  before?: Value;
  after?: Value;
  weight?: (i: number) => number;
} = {}): GraphBuilder {
  const g = new GraphBuilder({ name: 'linear' });
  const x = g.input('x', 'float32', ['N', VALUES]);
  const values = Float32Array.from({ length: VALUES * CLASSES }, (_, i) => weight(i));
  const w = g.initializer('w', [VALUES, CLASSES], values);
  const y = after(g, g.op('MatMul', [before(g, x), w]));
  g.output(y, 'float32', ['N', CLASSES]);
  return g;
}
const bytesOf = (g: GraphBuilder) => encodeModel(g.build());
const scalar = (g: GraphBuilder, value: number) => g.initializer(`c${value}`, [], Float32Array.of(value));

const own = createDataset({
  inputs: Float32Array.from({ length: 7 * VALUES }, (_, i) => (i + 1) / 28),
  labels: Int32Array.from({ length: 7 }, (_, i) => i % CLASSES),
  inputShape: [VALUES],
  classes: CLASSES,
  name: 'own',
});

describe('what a round does with a model is done with it first', () => {
  it.each([
    ['a linear model', bytesOf(linear())],
    ['one of zeros', bytesOf(linear({ weight: () => 0 }))],
    [
      'one whose loss is finite on numbers that are not bits',
      bytesOf(linear({ before: (g, x) => g.op('Log', [x]) })),
    ],
    ['the mlp', buildModel('mlp', { inputShape: [VALUES], classes: CLASSES, seed: 1 })],
  ])('the trial of %s passes, with a node’s data and without', async (_, model) => {
    const opened = await open(model);
    expect((await tryModel(opened, { terms })).secondsPerStep).toBeGreaterThan(0);
    expect((await tryModel(opened, { terms, dataset: own })).peakBytes).toBeGreaterThan(1e6);
  });

  it.each<[string, GraphBuilder, string]>([
    ['a weight that is no number', linear({ weight: (i) => (i === 4 ? Number.NaN : 1) }), 'E_MODEL_VALUE'],
    [
      'a weight without end',
      linear({ weight: (i) => (i === 4 ? Number.POSITIVE_INFINITY : 1) }),
      'E_MODEL_VALUE',
    ],
    ['weights whose loss is no number', linear({ weight: () => 3e38 }), 'E_MODEL_VALUE'],
    [
      'a constant that makes every loss no number',
      linear({ after: (g, y) => g.op('Mul', [y, scalar(g, Number.NaN)]) }),
      'E_MODEL_VALUE',
    ],
    [
      'nothing that moves',
      linear({ after: (g, y) => g.op('Mul', [y, scalar(g, 0)]) }),
      'E_MODEL_UNSUPPORTED',
    ],
  ])('%s is refused', async (_, g, code) => {
    const tried = open(bytesOf(g)).then((opened) => tryModel(opened, { terms, dataset: own }));
    await expect(tried).rejects.toMatchObject({ code, hint: expect.any(String) });
  });

  it.each<[string, object, string]>([
    ['more classes than it has', { data: { inputShape: [VALUES], classes: 4 } }, 'E_DATA_LABEL'],
    ['samples of another shape', { data: { inputShape: [5], classes: CLASSES } }, 'E_DATA_SHAPE'],
    ['a batch beyond all measure', { batchSize: 2 ** 24 }, 'E_DATA_SHAPE'],
    ['a scale that every update is nothing in', { scale: 2 ** 30 }, 'E_TASK_SCALE'],
    ['a scale that every update is too large for', { scale: 2 ** -60 }, 'E_TASK_SCALE'],
    ['a learning rate that moves nothing', { learningRate: 1e-9 }, 'E_MODEL_UNSUPPORTED'],
  ])('%s is refused', async (_, change, code) => {
    const opened = await open(bytesOf(linear({ weight: (i) => 1000 + i })));
    await expect(tryModel(opened, { terms: { ...terms, ...change } })).rejects.toMatchObject({
      code,
      hint: expect.any(String),
    });
  });
});

it('a trial distinguishes data without information from a model that cannot learn', async () => {
  const opened = await open(bytesOf(linear()));
  const dataset = { ...own, inputs: own.inputs.map(() => Number.NaN) };
  await expect(tryModel(opened, { terms, dataset })).rejects.toMatchObject({
    code: 'E_TRAINING_DIVERGED',
    hint: expect.stringContaining('check the data'),
  });
});

describe('a model is refused when it is opened', () => {
  it.each<[string, () => GraphBuilder]>([
    [
      'an input that nothing uses',
      () => {
        const g = linear();
        g.input('mask', 'float32', ['N', VALUES]);
        return g;
      },
    ],
    [
      'an input that another output alone uses',
      () => {
        const g = linear();
        g.output(g.op('Relu', [g.input('mask', 'float32', ['N', VALUES])]), 'float32', ['N', VALUES]);
        return g;
      },
    ],
    [
      'an input that its logits use',
      () => linear({ before: (g, x) => g.op('Mul', [x, g.input('mask', 'float32', ['N', VALUES])]) }),
    ],
  ])('for %s, by its name', async (_, graph) => {
    await expect(open(bytesOf(graph()))).rejects.toMatchObject({
      code: 'E_MODEL_UNSUPPORTED',
      facts: { inputs: expect.stringContaining('mask') },
    });
  });
});
