import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDecoder, tinyModel, writeAdapter } from '@chorus/language-models';
import { randomNumbers } from '@chorus/language-models/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { collect } from '../../../../test/collect.ts';
import { createLanguageModel, type LanguageModel } from './language-engine.ts';
import type { GenerationRequest, LanguageModelOptions } from './language-options.ts';

const never = new AbortController().signal;
const model = tinyModel({ seed: 4 });
/** No token ends the text. */
const on = {
  temperature: 0,
  logitBias: new Map([
    [0, -1000],
    [1, -1000],
    [2, -1000],
  ]),
};
const hi: GenerationRequest = { prompt: { text: 'say hi' }, maxTokens: 20, sampling: on };

const models: LanguageModel[] = [];
afterEach(async () => {
  for (const each of models.splice(0)) await each.close();
});

async function open(options: Partial<LanguageModelOptions> = {}): Promise<LanguageModel> {
  const made = await createLanguageModel({ model, name: 'tiny.gguf', weights: 'float32', ...options });
  models.push(made);
  return made;
}

async function write(from: LanguageModel, request: GenerationRequest = hi, signal = never) {
  const events = await collect(from.generate(request, signal));
  const ids = events.flatMap((event) => (event.type === 'token' ? event.id : []));
  return { text: events.map(({ text }) => text).join(''), ids, end: events.at(-1)! };
}

describe('a language model', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chorus-language-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is opened from bytes or from a path, and says what it is', async () => {
    const path = join(folder, 'tiny.gguf');
    await writeFile(path, model);
    const [one, other] = [await open(), await open({ model: path, context: 100 })];
    expect(one.facts).toMatchObject({ kind: 'chat', model: 'tiny.gguf', callsTools: false });
    expect(other.facts.details).toEqual({ context: 100, slots: 4, weights: 'float32' });
    expect(await write(one)).toEqual(await write(other));
    await expect(open({ slots: 0 })).rejects.toThrow(RangeError);
    await expect(open({ model: join(folder, 'none.gguf') })).rejects.toMatchObject({
      code: 'E_MODEL_UNREADABLE',
    });
    await expect(open({ model: model.subarray(0, 9000) })).rejects.toMatchObject({ code: 'E_MODEL_CORRUPT' });
  });

  it('writes with integer weights, and with an adapter', async () => {
    const decoder = openDecoder(model);
    const next = randomNumbers(1);
    const values = () => Float32Array.from({ length: 64 * 4 }, () => next() - 0.5);
    const weights = new Map([['model.layers.0.self_attn.q_proj.weight', { a: values(), b: values() }]]);
    const adapter = writeAdapter(decoder, { alpha: 16, weights });
    const [plain, small, adapted] = [await open(), await open({ weights: 'int8' }), await open({ adapter })];
    expect((await write(small)).ids).toHaveLength(20);
    expect((await write(adapted)).ids).not.toEqual((await write(plain)).ids);
  });

  it('writes equal texts for equal seeds, and other ones for others', async () => {
    const one = await open();
    const seeded = (seed: number) => write(one, { ...hi, sampling: { ...on, temperature: 1, seed } });
    const [first, again, other] = await Promise.all([seeded(1), seeded(1), seeded(2)]);
    expect(again.ids).toEqual(first.ids);
    expect(other.ids).not.toEqual(first.ids);
  });

  it('holds letters back until they are whole', async () => {
    const one = await open({ slots: 1 });
    // Only the bytes of one letter, which is never whole at the limit.
    const bytes = [...Buffer.from('\u00fc')].map((byte) => byteId(byte));
    const logitBias = new Map([[bytes[0]!, 5000]]);
    const halves = await collect(
      one.generate({ ...hi, maxTokens: 2, sampling: { temperature: 0, logitBias } }, never),
    );
    expect(halves.map(({ text }) => text)).toEqual(['', '\ufffd', '\ufffd']);
  });

  it('an aborted text gives its slot to the next one at once', async () => {
    const one = await open({ slots: 1 });
    const abort = new AbortController();
    const reason = new Error('enough');
    const long = (async () => {
      for await (const _ of one.generate({ ...hi, maxTokens: 10_000 }, abort.signal)) {
        abort.abort(reason);
      }
    })();
    await expect(long).rejects.toBe(reason);
    expect((await write(one)).ids).toHaveLength(20);
  });

  it('takes no more requests than it has slots and places to wait', async () => {
    const one = await open({ slots: 1, queue: 1 });
    const asked = [write(one), write(one), write(one)];
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    await expect(asked[2]).rejects.toMatchObject({ code: 'E_AGENT_BUSY' });
    expect((await write(one)).ids).toHaveLength(20);
  });

  it('refuses what is not possible', async () => {
    const one = await open();
    const odd: [name: string, changes: Partial<GenerationRequest>][] = [
      ['temperature', { sampling: { temperature: -1 } }],
      ['topP', { sampling: { topP: Number.NaN } }],
      ['topK', { sampling: { topK: 1.5 } }],
      ['seed', { sampling: { seed: 2 ** 60 } }],
      ['logitBias', { sampling: { logitBias: new Map([[-1, 1]]) } }],
      ['stop', { stop: [''] }],
      ['stop', { stop: Array.from({ length: 17 }, () => 'x') }],
      ['logprobs', { logprobs: 21 }],
      ['maxTokens', { maxTokens: -1 }],
    ];
    for (const [name, changes] of odd) {
      await expect(write(one, { ...hi, ...changes })).rejects.toMatchObject({
        code: 'E_AGENT_INPUT',
        message: expect.stringContaining(name),
      });
    }
  });
});

/** The token of a byte in the tiny model: they follow three control tokens. */
const byteId = (byte: number): number => 3 + byte;
