import { explain } from '@chorus/protocol';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type MockOpenAi, mockOpenAi } from '../testing/mock-openai.ts';
import { createEmbedder } from './embedder.ts';

let server: MockOpenAi;
beforeAll(async () => {
  server = await mockOpenAi();
});
afterAll(() => server.close());

const never = new AbortController().signal;
const embed = (model: string, texts: string[]) =>
  createEmbedder({ url: server.url, model, key: null }).embed(texts, never);

it('each text has a vector, in order', async () => {
  const [ferry, boat, tax] = await embed('embed', ['The ferry', 'a boat', 'taxes']);
  const product = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  expect(product(ferry!, boat!)).toBeGreaterThan(product(ferry!, tax!));
});

it.each([
  ['unknown-model', 'E_ENGINE_MODEL'],
  ['failing', 'E_ENGINE_UNAVAILABLE'],
  ['html', 'E_ENGINE_RESPONSE'],
  ['too-few', 'E_ENGINE_RESPONSE'],
])('an endpoint that answers %s is reported as %s', async (model, code) => {
  const error = await embed(model, ['a', 'b']).catch((cause: unknown) => cause);
  expect(explain(error).code).toBe(code);
});

it('an aborted request throws the reason of its signal', async () => {
  const embedder = createEmbedder({ url: server.url, model: 'silent', key: null });
  const abort = new AbortController();
  const asked = embedder.embed(['a'], abort.signal);
  abort.abort(new Error('enough'));
  await expect(asked).rejects.toThrow('enough');
});
