import { describe, expect, it } from 'vitest';
import { parseTrainOptions, type RawTrainOptions } from './options.ts';

const raw = (change: Partial<RawTrainOptions> = {}): RawTrainOptions => ({
  data: 'digits',
  epochs: '5',
  batch: '32',
  optimizer: 'adam',
  weightDecay: '0',
  loss: 'softmax-cross-entropy',
  device: 'cpu',
  threads: '1',
  seed: '1',
  out: 'trained.onnx',
  ...change,
});

describe('the options of chorus train', () => {
  it('have a learning rate that suits the optimiser, unless one is given', async () => {
    for (const [optimizer, learningRate] of [
      ['sgd', 0.1],
      ['momentum', 0.02],
      ['adam', 0.001],
      ['adamw', 0.001],
    ] as const) {
      expect(await parseTrainOptions(raw({ optimizer }))).toMatchObject({ learningRate });
    }
    expect(await parseTrainOptions(raw({ optimizer: 'sgd', lr: '3e-4' }))).toMatchObject({
      learningRate: 3e-4,
    });
  });

  it('name the optimiser as training knows it', async () => {
    const of = async (optimizer: string, weightDecay = '0.01') =>
      (await parseTrainOptions(raw({ optimizer, weightDecay }))).optimizer;
    expect(await of('adamw')).toEqual({ kind: 'adamw', weightDecay: 0.01 });
    expect(await of('momentum')).toEqual({ kind: 'sgd', momentum: 0.9, weightDecay: 0.01 });
    expect(await of('sgd', '0')).toEqual({ kind: 'sgd', momentum: 0, weightDecay: 0 });
  });

  it('keep checkpoints if their folder is named, and else put them next to the model', async () => {
    expect(await parseTrainOptions(raw())).toMatchObject({
      checkpoints: 'trained.onnx.checkpoints',
      keepsCheckpoints: false,
    });
    expect(await parseTrainOptions(raw({ checkpoint: 'kept' }))).toMatchObject({
      checkpoints: 'kept',
      keepsCheckpoints: true,
    });
  });

  it('take a pattern with colons for an adapter, whose rank is after the last one', async () => {
    const { lora } = await parseTrainOptions(raw({ lora: 'a:b.*:8' }));
    expect(lora).toEqual({ target: /a:b.*/, rank: 8 });
  });

  it('are switched off if they are left out', async () => {
    expect(await parseTrainOptions(raw())).toMatchObject({
      dryRun: false,
      resume: false,
      json: false,
      freeze: undefined,
      lora: undefined,
      reading: {},
    });
  });

  it.each([
    ['--epochs', { epochs: '0' }],
    ['--epochs', { epochs: '1.5' }],
    ['--epochs', { epochs: '1e3' }],
    ['--batch', { batch: '' }],
    ['--batch', { batch: '-4' }],
    ['--threads', { threads: '257' }],
    ['--seed', { seed: '9007199254740993' }],
    ['--lr', { lr: '0' }],
    ['--lr', { lr: '' }],
    ['--lr', { lr: 'Infinity' }],
    ['--weight-decay', { weightDecay: '-0.1' }],
    ['--weight-decay', { weightDecay: '' }],
    ['--weight-decay', { weightDecay: 'much' }],
    ['--freeze', { freeze: '(' }],
    ['--lora', { lora: 'attn' }],
    ['--lora', { lora: 'attn:0' }],
    ['--lora', { lora: '(:8' }],
  ])('refuse a bad %s, and the message quotes it: %o', async (option, change) => {
    const [value] = Object.values(change);
    await expect(parseTrainOptions(raw(change))).rejects.toMatchObject({
      code: 'E_USAGE',
      message: expect.stringMatching(new RegExp(`^${option} is "`)),
      hint: expect.stringContaining('give '),
    });
    if (option !== '--lora') {
      await expect(parseTrainOptions(raw(change))).rejects.toThrow(`"${value}"`);
    }
  });
});
