import type { Engine, EngineMessage, NamedTensor } from '@chorus/protocol';
import { buildModel, syntheticDigits, trainModel } from '@chorus/training';
import { afterEach, describe, expect, it } from 'vitest';
import { largest, largestWithSoftmax, linear, unbounded } from '../testing/models.ts';
import { greyPng } from '../testing/png.ts';
import { type Classification, type ClassifierOptions, createClassifier } from './classifier-engine.ts';
import { MAX_IMAGE_BYTES } from './jobs/limits.ts';

const engines: Engine[] = [];
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close();
});

async function open(options: Partial<ClassifierOptions> & { model: Uint8Array }): Promise<Engine> {
  const engine = await createClassifier({ name: 'm.onnx', ...options });
  engines.push(engine);
  return engine;
}

const message = (more: Partial<EngineMessage>): EngineMessage => ({
  role: 'user',
  text: '',
  files: [],
  data: [],
  ...more,
});
const image = (bytes: Uint8Array, mediaType = 'image/png') => ({ files: [{ name: null, mediaType, bytes }] });

async function classify(engine: Engine, more: Partial<EngineMessage>): Promise<Classification> {
  const request = { messages: [message(more)], maxOutputTokens: 1 };
  for await (const event of engine.run(request, new AbortController().signal)) {
    if (event.type === 'data') return event.value as Classification;
  }
  throw new Error('there was no result');
}

/** Bright on the left, or on the right. */
const half = (left: boolean) => greyPng(8, 8, (x) => (x < 4 === left ? 255 : 0));
const weights = [true, false].map((left) =>
  Array.from({ length: 16 }, (_, i) => (i % 4 < 2 === left ? 1 : -1)),
);
const halves = (): Uint8Array => linear([1, 4, 4], weights);

describe('a classifier', () => {
  it('an image is resized to the shape of the model, and its class named', async () => {
    const engine = await open({ model: halves(), classes: ['left', 'right'] });
    expect(engine.facts).toMatchObject({ kind: 'classifier', details: { input: '1x4x4', classes: 2 } });
    expect(engine.facts.inputModes).toContain('image/png');
    expect(await classify(engine, image(half(true)))).toMatchObject({ label: 'left' });
    const { label, confidence, top } = await classify(engine, image(half(false)));
    expect({ label, listed: top.map((each) => each.label) }).toEqual({
      label: 'right',
      listed: ['right', 'left'],
    });
    expect(confidence).toBeGreaterThan(0.99);
    expect(confidence).toBeLessThanOrEqual(1);
  });

  it('numbers are read from a JSON value, a JSON file, and text with or without brackets', async () => {
    const engine = await open({ model: largest(3) });
    const json = new TextEncoder().encode('[0, 4, 1]');
    for (const more of [
      { data: [[0, 4, 1]] },
      { text: '[0, 4, 1]' },
      { text: '0, 4, 1' },
      { files: [{ name: 'a.json', mediaType: 'application/json', bytes: json }] },
    ]) {
      expect(await classify(engine, more)).toMatchObject({ label: '1' });
    }
  });

  it('nested lists are read if they hold as many numbers as a sample', async () => {
    const engine = await open({ model: halves(), classes: ['left', 'right'] });
    const rows = Array.from({ length: 4 }, () => [0, 0, 1, 1]);
    expect(await classify(engine, { data: [[rows]] })).toMatchObject({ label: 'right' });
  });

  it('a model that takes images flat reads them if their shape is stated', async () => {
    const flat = linear([16], weights);
    const engine = await open({ model: flat, input: [1, 4, 4], classes: ['left', 'right'] });
    expect(await classify(engine, image(half(true)))).toMatchObject({ label: 'left' });
  });

  it('probabilities of a model that ends in a softmax are not made flat by another one', async () => {
    const engine = await open({ model: largestWithSoftmax(3) });
    const { confidence } = await classify(engine, { text: '10, 0, 0' });
    expect(confidence).toBeGreaterThan(0.99);
  });

  it('a model trained here is an agent with nothing but its file', async () => {
    const train = syntheticDigits({ seed: 1, count: 600 });
    const model = buildModel('mlp', { inputShape: train.inputShape, classes: train.classes, seed: 0 });
    const trained = await trainModel({
      model,
      dataset: train,
      epochs: 3,
      batchSize: 16,
      learningRate: 0.1,
      optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 0 },
      seed: 1,
    });
    const engine = await open({ model: trained.model, foreign: true });
    const test = syntheticDigits({ seed: 2, count: 50 });
    const width = test.inputs.length / test.count;
    let right = 0;
    for (let i = 0; i < test.count; i++) {
      const sample = test.inputs.subarray(i * width, (i + 1) * width);
      const picture = greyPng(28, 28, (x, y) => Math.round(255 * sample[28 * y + x]!));
      const { label } = await classify(engine, image(picture));
      if (label === String(test.labels[i])) right++;
    }
    expect(right).toBeGreaterThan(25);
  });
});

describe('input that a classifier refuses', () => {
  const refused: [what: string, more: Partial<EngineMessage>, reason: RegExp][] = [
    ['nothing', {}, /no sample/],
    ['words', { text: 'hello' }, /no sample/],
    ['too few numbers', { text: '1, 2' }, /2 numbers, and not 16/],
    ['infinity', { text: `[${'0,'.repeat(15)}1e999]` }, /number 16 .* not a finite number/],
    ['not a number', { data: [Array(16).fill(Number.NaN)] }, /not a finite number/],
    ['a number beyond float32', { data: [[1e300, ...Array(15).fill(0)]] }, /not a finite number/],
    ['texts', { data: [Array(16).fill('1')] }, /not a finite number/],
    ['an object', { data: [{ __proto__: null, length: 16 }] }, /no sample/],
    [
      'lists nested beyond all axes',
      { data: [JSON.parse('['.repeat(5000) + ']'.repeat(5000))] },
      /1 numbers/,
    ],
    [
      'two images',
      { files: [...image(half(true)).files, ...image(half(true)).files] },
      /one sample at a time/,
    ],
    ['an image of 10 MB', image(new Uint8Array(10_000_000)), new RegExp(`at most ${MAX_IMAGE_BYTES}`)],
    ['a file that is no image', image(new Uint8Array(1000)), /cannot be read/],
    ['half an image', image(half(true).slice(0, 60)), /cannot be read/],
    ['a bomb of 400 megapixels', image(greyPng(20_000, 20_000, () => 0)), /cannot be read/],
    [
      'SVG',
      image(
        new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
        'image/svg+xml',
      ),
      /cannot be read/,
    ],
    ['a file of another kind', image(new Uint8Array(9), 'application/pdf'), /application\/pdf/],
  ];

  it('each is refused with its reason, and the next image is read', async () => {
    const engine = await open({ model: halves(), classes: ['left', 'right'] });
    for (const [what, more, reason] of refused) {
      const error = await classify(engine, more).catch((cause: unknown) => cause);
      expect({ what, error }).toMatchObject({
        what,
        error: { code: 'E_AGENT_INPUT', message: expect.stringMatching(reason) },
      });
    }
    expect(await classify(engine, image(half(true)))).toMatchObject({ label: 'left' });
  });
});

describe('a classifier that does not fit', () => {
  it.each([
    ['names of other classes', { classes: ['a', 'b', 'c'] }, 'E_MODEL_SHAPE'],
    ['another shape', { input: [1, 28, 28] }, 'E_MODEL_SHAPE'],
    ['a file that is no model', { model: new Uint8Array(100) }, 'E_MODEL_CORRUPT'],
  ])('%s is refused when it is opened', async (_, more, code) => {
    await expect(open({ model: halves(), ...more })).rejects.toMatchObject({ code });
  });

  it('a model whose values are not finite is refused', async () => {
    await expect(open({ model: unbounded(3) })).rejects.toMatchObject({ code: 'E_MODEL_VALUE' });
  });
});

describe('the tensors of a classifier', () => {
  const bytes = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
  const never = new AbortController().signal;

  it('are those of its file, and are computed for each sample as they are', async () => {
    const engine = await open({ model: largest(3) });
    const { inputs, outputs } = engine.tensors!;
    expect([inputs.length, outputs.length]).toEqual([1, 1]);
    expect(inputs[0]).toMatchObject({ datatype: 'FP32', shape: [-1, 3] });
    expect(outputs[0]).toMatchObject({ datatype: 'FP32', shape: [-1, 3] });
    const infer = (shape: number[], data: Uint8Array) =>
      engine.infer!([{ ...inputs[0]!, shape, data }], never) as Promise<NamedTensor[]>;
    const [both] = await infer([2, 3], bytes(1, 0, 0, 0, 2, 4));
    expect(both!.shape).toEqual([2, 3]);
    const [first] = await infer([1, 3], bytes(1, 0, 0));
    const [second] = await infer([1, 3], bytes(0, 2, 4));
    expect(Buffer.from(both!.data)).toEqual(Buffer.concat([first!.data, second!.data]));
    const logits = new Float32Array(second!.data.slice().buffer);
    expect(logits.indexOf(Math.max(...logits))).toBe(2);
  });

  it.each<[string, Partial<NamedTensor>]>([
    ['another name', { name: 'y' }],
    ['another type', { datatype: 'FP64' }],
    ['another shape', { shape: [1, 4] }],
    ['no samples', { shape: [0, 3], data: new Uint8Array() }],
    ['more samples than a request may have', { shape: [257, 3], data: new Uint8Array(257 * 12) }],
    ['fewer bytes than its shape says', { data: new Uint8Array(8) }],
  ])('%s is refused before the model is asked', async (_, more) => {
    const engine = await open({ model: largest(3) });
    const good: NamedTensor = { ...engine.tensors!.inputs[0]!, shape: [1, 3], data: bytes(1, 2, 3) };
    await expect(engine.infer!([{ ...good, ...more }], never)).rejects.toMatchObject({
      code: 'E_AGENT_INPUT',
    });
    await expect(engine.infer!([], never)).rejects.toMatchObject({ code: 'E_AGENT_INPUT' });
    await expect(engine.infer!([good], AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
  });
});
