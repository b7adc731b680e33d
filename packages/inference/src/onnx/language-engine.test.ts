import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createTokenizer,
  openDecoder,
  type TinyModelOptions,
  tinyModel,
  writeAdapter,
} from '@chorus/language-models';
import { randomNumbers, referenceGreedy } from '@chorus/language-models/testing';
import type { EngineEvent, EngineMessage, EngineRequest, ToolDescription } from '@chorus/protocol';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { collect } from '../../../../test/collect.ts';
import { textOf } from '../../../../test/compliance/engine.ts';
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
    expect(one.facts).toMatchObject({ kind: 'chat', model: 'tiny.gguf', callsTools: true });
    expect(other.facts.details).toEqual({ context: 100, slots: 4, weights: 'float32' });
    expect(await write(one)).toEqual(await write(other));
    await expect(open({ slots: 0 })).rejects.toThrow(RangeError);
    await expect(open({ model: join(folder, 'none.gguf') })).rejects.toMatchObject({
      code: 'E_MODEL_UNREADABLE',
    });
    await expect(open({ model: model.subarray(0, 9000) })).rejects.toMatchObject({ code: 'E_MODEL_CORRUPT' });
  });

  it('bounds the memory that callers can make it take, and refuses what the runtime cannot', async () => {
    const long = tinyModel({ context: 2 ** 24, headSize: 64 });
    // 2 KB for each place of a text: 4 GiB for 256 texts of 8,192.
    const many = await open({ model: long, slots: 256 });
    expect(many.facts.details).toMatchObject({ context: 8192, slots: 256 });
    await expect(open({ model: long, context: 2 ** 24 })).rejects.toMatchObject({
      code: 'E_MODEL_UNSUPPORTED',
      message: expect.stringContaining('larger than the runtime takes'),
    });
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

  it.each<TinyModelOptions>([
    { architecture: 'qwen2', splitting: 'qwen2' },
    { architecture: 'qwen3', splitting: 'qwen2', headSize: 32, tiedHead: false },
    { splitting: 'llama-bpe', ropeFactors: true, headSize: 32 },
  ])('writes as the reference does: %j', async (options) => {
    const file = tinyModel({ seed: 6, ...options });
    const prompt = createTokenizer(openDecoder(file)).encodePrompt('say hi');
    const [plain, small] = [await open({ model: file }), await open({ model: file, weights: 'int8' })];
    const sampling = { temperature: 0 };
    const request = { ...hi, sampling };
    const expected = referenceGreedy(file, prompt, 20, new Set([0, 2]));
    // The token that ends a text is not of it.
    expect((await write(plain, request)).ids).toEqual(expected.filter((id) => id !== 0 && id !== 2));
    expect((await write(small, { ...hi, sampling: on })).ids).toHaveLength(20);
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

  it('holds answers to a schema of its own, which is tried when it is opened', async () => {
    const schema = '{"enum":["at nine","at noon"]}';
    const one = await open({ schema });
    expect(one.facts.outputModes).toEqual(['application/json', 'text/plain']);
    const user: EngineMessage = { role: 'user', text: 'when?', files: [], data: [] };
    const answer = async (wishes = {}) =>
      JSON.parse(
        textOf(await collect(one.run({ messages: [user], maxOutputTokens: 60, wishes }, never))),
      ) as unknown;
    expect(['at nine', 'at noon']).toContain(await answer());
    expect(await answer({ schema: '{"const":7}' })).toBe(7);
    // What is written on from a text is no answer.
    expect((await write(one)).ids).toHaveLength(20);
    await expect(open({ schema: '{"pattern":"x"}' })).rejects.toMatchObject({ code: 'E_AGENT_INPUT' });
  });

  describe('with tools', () => {
    const tides: ToolDescription = {
      name: 'tide_at',
      description: 'Height of the tide',
      inputSchema: {
        type: 'object',
        properties: {
          day: { enum: ['today', 'tomorrow'] },
          harbour: { type: 'integer', maximum: 9, minimum: 1 },
        },
        required: ['day'],
      },
    };
    const user: EngineMessage = { role: 'user', text: 'how high?', files: [], data: [] };
    let one: LanguageModel;
    beforeAll(async () => {
      const large = tinyModel({ seed: 4, context: 4096 });
      one = await createLanguageModel({
        model: large,
        name: 'tiny.gguf',
        weights: 'float32',
        sampling: { ...on, temperature: 1, seed: 5 },
      });
    });
    afterAll(() => one.close());
    const ask = (from: LanguageModel, more: Partial<EngineRequest> = {}) =>
      collect(
        from.run(
          { messages: [user], maxOutputTokens: 900, tools: [tides], toolChoice: 'required', ...more },
          never,
        ),
      );

    it('asks for calls whose arguments their schema describes, part by part, while others write', async () => {
      const alone = await write(one);
      const [events, other] = await Promise.all([ask(one), write(one)]);
      expect(other.ids).toEqual(alone.ids);
      const calls = events.flatMap((event) => (event.type === 'tool-call' ? event.call : []));
      expect(calls.length).toBeGreaterThan(0);
      for (const { id, name, input } of calls) {
        expect(name).toBe('tide_at');
        expect(['today', 'tomorrow']).toContain((input as { day: string }).day);
        const parts = events.flatMap((event) =>
          event.type === 'tool-call-part' && event.id === id ? event.text : [],
        );
        expect(JSON.parse(parts.join(''))).toEqual(input);
        expect(parts.length).toBeGreaterThan(2);
      }
      expect(new Set(calls.map(({ id }) => id)).size).toBe(calls.length);
      expect(events.some(({ type }) => type === 'text')).toBe(false);
      expect(events.at(-1)).toMatchObject({ type: 'finished', reason: 'stop' });
    });

    it('asks for one call if no more are wanted, and reads what was answered', async () => {
      const [call] = (await ask(one, { parallelCalls: false })).filter(({ type }) => type === 'tool-call');
      const { id, name, input } = (call as Extract<EngineEvent, { type: 'tool-call' }>).call;
      const answered = {
        role: 'assistant',
        text: '',
        files: [],
        data: [],
        calls: [{ id, name, input, output: '1.2 m' }],
      } as const;
      const tokens = async (messages: EngineMessage[]) => {
        const end = (await ask(one, { messages, toolChoice: 'auto', maxOutputTokens: 1 })).at(-1)!;
        return (end as Extract<EngineEvent, { type: 'finished' }>).usage.inputTokens!;
      };
      expect(await tokens([user, answered])).toBeGreaterThan((await tokens([user])) + 20);
    });

    it('a call that is cut does not come', async () => {
      const events = await ask(one, { maxOutputTokens: 30 });
      expect(events.some(({ type }) => type === 'tool-call')).toBe(false);
      expect(events.at(-1)).toMatchObject({ reason: 'length', usage: { outputTokens: 30 } });
    });

    it('may write text instead, which is then all of it shown', async () => {
      const events = await ask(one, { toolChoice: 'auto', maxOutputTokens: 60, transcript: true });
      const end = events.at(-1) as Extract<EngineEvent, { type: 'finished' }>;
      const ids = end.transcript!.answer;
      expect(textOf(events)).toBe(createTokenizer(openDecoder(model)).decode(ids));
    });

    it('refuses tools that it cannot call before anything is written', async () => {
      const odd = { ...tides, strict: true, inputSchema: { type: 'object', properties: { a: { not: {} } } } };
      for (const tools of [[{ ...tides, name: 'a b' }], [odd]]) {
        await expect(ask(one, { tools })).rejects.toMatchObject({ code: 'E_AGENT_INPUT' });
      }
      await expect(ask(one, { toolChoice: { name: 'rm' } })).rejects.toMatchObject({ code: 'E_AGENT_INPUT' });
      const deep = Array.from({ length: 20_000 }).reduce<object>((inner) => ({ a: inner }), {});
      const huge = { ...tides, description: 'x'.repeat(1e6), inputSchema: { type: 'object' } };
      await expect(ask(one, { tools: [huge] })).rejects.toMatchObject({ code: 'E_AGENT_CONTEXT' });
      await expect(
        ask(one, { tools: [{ ...tides, inputSchema: deep as Record<string, unknown> }] }),
      ).rejects.toThrow();
      expect(await ask(one)).toContainEqual(expect.objectContaining({ type: 'tool-call' }));
    });
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
