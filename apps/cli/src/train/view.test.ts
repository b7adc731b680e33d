import type { EpochResult, TrainedModel } from '@chorus/training';
import { describe, expect, it } from 'vitest';
import { captured } from '../testing/captured.ts';
import { createTrainView, type TrainView } from './view.ts';

const streams = captured();

const epoch = (n: number, validation: EpochResult['validation'] = null): EpochResult =>
  ({ epoch: n, loss: 1 / n, validation, seconds: 1.25 }) as EpochResult;

const finish = (
  view: TrainView,
  history: EpochResult[],
  files: Partial<Parameters<TrainView['finish']>[1]> = {},
) =>
  view.finish({ history, device: 'cpu', dimension: 5 } as unknown as TrainedModel, {
    out: 'models/pets.onnx',
    classFile: null,
    checkpoints: null,
    understood: { train: { name: 'a' }, test: { name: 'b' } } as never,
    ...files,
  });

describe('the view of a training', () => {
  it('is one JSON document on standard output, and all else on standard error', () => {
    const view = createTrainView('models/pets.onnx', { epochs: 2, json: true });
    view.open({ dimension: 5, device: 'cpu', samples: 100, held: 10, resumedFrom: 0 });
    view.epoch(epoch(1));
    finish(view, [epoch(1), epoch(2)], { classFile: 'models/pets.classes.txt' });
    expect(JSON.parse(streams.out)).toMatchObject({
      model: 'models/pets.onnx',
      classes: 'models/pets.classes.txt',
      device: 'cpu',
      history: [{ epoch: 1 }, { epoch: 2 }],
    });
    expect(streams.err).toContain('pets.onnx: 5 parameters train on cpu, 100 samples, 10 held out');
    expect(streams.err).toContain('epoch 1/2: loss 1.0000');
  });

  it('says after which epoch a training goes on, and what was measured on held-out samples', () => {
    const view = createTrainView('pets.onnx', { epochs: 9, json: false });
    view.open({ dimension: 5, device: 'cpu', samples: 100, held: 10, resumedFrom: 4 });
    view.epoch(epoch(5, { loss: 0.25, accuracy: 0.875 } as EpochResult['validation']));
    expect(streams.err).toContain('continuing after epoch 4');
    expect(streams.err).toContain('held out: loss 0.2500, accuracy 87.5 %');
  });

  it('ends with a table of the last twelve epochs, and the files that it left', () => {
    const view = createTrainView('pets.onnx', { epochs: 20, json: false });
    const history = Array.from({ length: 20 }, (_, i) => epoch(i + 1));
    finish(view, history, { checkpoints: 'kept', classFile: 'models/pets.classes.txt' });
    expect(streams.out).toMatch(/│ +9 │/);
    expect(streams.out).not.toMatch(/│ +8 │/);
    expect(streams.out).toContain('trained models/pets.onnx  checkpoints in kept');
    expect(streams.out).toContain('classes: ./pets.classes.txt');
  });

  it('draws no curve of one value, and one of a thousand values in sixty points', () => {
    const one = createTrainView('pets.onnx', { epochs: 1, json: false });
    finish(one, [epoch(1)]);
    expect(streams.out).not.toMatch(/^loss$/m);
    streams.out = '';
    const many = createTrainView('pets.onnx', { epochs: 1, json: false });
    for (let i = 1; i <= 1_000; i++) many.progress(i / 1_000, 1_000 / i);
    finish(many, [epoch(1)]);
    expect(streams.out).toMatch(/^loss$/m);
    const curve = streams.out.split('\n').filter((line) => /[┤┼]/.test(line) && !line.includes('├'));
    expect(Math.max(...curve.map((line) => line.length))).toBeLessThan(80);
  });
});
