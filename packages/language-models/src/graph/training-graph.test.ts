import { differentiate, encodeModel, insertLora, type TrainingGraph } from '@chorus/autodiff';
import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { openDecoder } from '../decoder/open.ts';
import { referenceLogits } from '../testing/reference.ts';
import { randomNumbers } from '../tiny/random-numbers.ts';
import { type TinyModelOptions, tinyModel } from '../tiny/tiny-model.ts';
import { trainingModel } from './training-graph.ts';

const VOCABULARY = 300;
const open = (model: Uint8Array) =>
  ort.InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 });
const ids = (tokens: readonly number[], dims: number[]) =>
  new ort.Tensor('int64', BigInt64Array.from(tokens, BigInt), dims);
function someTokens(seed: number, count: number): number[] {
  const next = randomNumbers(seed);
  return Array.from({ length: count }, () => Math.floor(next() * VOCABULARY));
}

describe('the training graph', () => {
  it.each<TinyModelOptions>([
    { tiedHead: true },
    { tiedHead: false },
    { headSize: 32, ropeFactors: true },
    { architecture: 'qwen2' },
    { architecture: 'qwen3', headSize: 32, tiedHead: false },
  ])('scores like the float64 reference: %j', async (options) => {
    const file = tinyModel({ seed: 3, ...options });
    const context = 12;
    const session = await open(encodeModel(trainingModel(openDecoder(file), { context })));
    const texts = [someTokens(1, context), someTokens(2, context)];
    const { logits } = await session.run({ input_ids: ids(texts.flat(), [2, context]) });
    expect(logits!.dims).toEqual([2, context, VOCABULARY]);
    const expected = texts.flatMap((text) => referenceLogits(file, text).flatMap((row) => [...row]));
    const found = logits!.data as Float32Array;
    const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i]!)), 0);
    expect(Math.max(...expected)).toBeGreaterThan(3);
    expect(worst).toBeLessThan(1e-4);
  });

  it('has one initialiser for each weight, under the name that Hugging Face gives it', () => {
    const decoder = openDecoder(tinyModel());
    const { initializers } = trainingModel(decoder, { context: 8 }).graph;
    for (const [name, shape] of decoder.weights) expect(initializers.get(name)?.dims, name).toEqual(shape);
    const large = [...initializers.values()].filter(({ data }) => data.length > 1024).map(({ name }) => name);
    expect(large.filter((name) => !decoder.weights.has(name))).toEqual([]);
  });

  it.each<TinyModelOptions>([{}, { architecture: 'qwen2' }, { architecture: 'qwen3', headSize: 32 }])(
    'learns a repeated batch through adapters, with labels per place and places that do not count: %j',
    async (options) => {
      const losses = await train(tinyModel(options), 4, 16);
      expect(losses[0]).toBeGreaterThan(4);
      expect(losses.at(-1)!).toBeLessThan(losses[0]! - 1);
    },
  );

  it.each([0, 257, 1.5])('refuses a context of %s tokens', (context) => {
    expect(() => trainingModel(openDecoder(tinyModel()), { context })).toThrow(RangeError);
  });
});

/** Loss of each of 20 steps of Adam on one batch. */
async function train(file: Uint8Array, batch: number, context: number): Promise<number[]> {
  const adapted = insertLora(trainingModel(openDecoder(file), { context }), {
    rank: 4,
    target: /q_proj|v_proj/,
  });
  const graph: TrainingGraph = differentiate(adapted.model, {
    loss: { kind: 'softmax-cross-entropy', ignoreIndex: -100 },
    trainable: adapted.trainable,
    optimizer: { kind: 'adam' },
  });
  expect(graph.parameters).toHaveLength(8);
  const session = await open(graph.step);
  const tokens = someTokens(7, batch * context);
  const labels = tokens.map((_, i) =>
    i % context < 4 || i % context === context - 1 ? -100 : tokens[i + 1]!,
  );
  const feeds: Record<string, ort.Tensor> = {
    input_ids: ids(tokens, [batch, context]),
    [graph.labelInput!.name]: ids(labels, [batch, context]),
    [graph.inputs.learningRate]: new ort.Tensor('float32', [0.02], []),
  };
  for (const { name, dtype, shape, initial } of [...graph.parameters, ...graph.state]) {
    feeds[name] = new ort.Tensor(dtype as 'float32', initial as Float32Array, shape as number[]);
  }
  const losses: number[] = [];
  for (let step = 0; step < 20; step++) {
    const out = await session.run(feeds);
    losses.push(Number(out[graph.outputs.loss]!.data[0]));
    for (const [name, next] of graph.outputs.next) feeds[name] = out[next]!;
  }
  return losses;
}
