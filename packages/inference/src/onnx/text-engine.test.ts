import type { Engine, EngineMessage } from '@chorus/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { collect } from '../../../../test/collect.ts';
import { counting, largest } from '../testing/models.ts';
import type { Sampling } from './jobs/messages.ts';
import { createTextModel } from './text-engine.ts';

const engines: Engine[] = [];
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close();
});

async function open(model: Uint8Array, sampling: Partial<Sampling> = {}): Promise<Engine> {
  const filled = { length: 10, temperature: 0, topK: 256, stop: [], ...sampling };
  const engine = await createTextModel({ model, name: 'm.onnx', sampling: filled });
  engines.push(engine);
  return engine;
}

const says = (text: string, role: EngineMessage['role'] = 'user'): EngineMessage => ({
  role,
  text,
  files: [],
  data: [],
});

async function write(engine: Engine, text: string, { most = 1000, history = [] as EngineMessage[] } = {}) {
  const request = { messages: [...history, says(text)], maxOutputTokens: most };
  const events = await collect(engine.run(request, new AbortController().signal));
  const parts = events.flatMap((event) => (event.type === 'text' ? event.text : []));
  return { text: parts.join(''), parts, end: events.at(-1) };
}

describe('a language model over bytes', () => {
  it.each([false, true])(
    'a text is continued by a model that predicts at every place: %s',
    async (everywhere) => {
      const { text, parts, end } = await write(await open(counting(6, { everywhere })), 'abc');
      expect(text).toBe('defghijklm');
      expect(parts.length).toBeGreaterThan(1);
      expect(end).toEqual({
        type: 'finished',
        reason: 'length',
        usage: { inputTokens: 3, outputTokens: 10 },
      });
    },
  );

  it('an answer ends before a stop text, which is not shown, nor a part of it', async () => {
    const engine = await open(counting(4), { stop: ['zzz', 'fgh', 'gx'] });
    const { text, end } = await write(engine, 'abc');
    expect(text).toBe('de');
    expect(end).toMatchObject({ reason: 'stop' });
  });

  it('an answer is no longer than its limits, whichever is lower', async () => {
    expect((await write(await open(counting(4), { length: 3 }), 'a')).text).toBe('bcd');
    expect((await write(await open(counting(4)), 'a', { most: 2 })).text).toBe('bc');
  });

  it('bytes that make no character become a mark', async () => {
    // 0xc3 follows 0xc2, which ends no text: the bytes from 0xc3 on are no UTF-8.
    const { text } = await write(await open(counting(4), { length: 2 }), '\u0082');
    expect(text).toBe('\ufffd\ufffd');
  });

  it('what was said before stands in front of the message', async () => {
    const engine = await open(counting(4));
    const { end } = await write(engine, 'c', { history: [says('a'), says('b', 'assistant')] });
    expect(end).toMatchObject({ usage: { inputTokens: 'a\nb\nc'.length } });
  });

  it('equal seeds write equal texts, and another seed another one', async () => {
    const loose = { temperature: 2, length: 40 };
    const seeded = (seed: number) => open(counting(4, { strength: 2 }), { ...loose, seed });
    const [one, same, other] = await Promise.all([seeded(1), seeded(1), seeded(2)]);
    const { text } = await write(one, 'abc');
    expect((await write(same, 'abc')).text).toBe(text);
    expect((await write(one, 'abc')).text).toBe(text);
    expect((await write(other, 'abc')).text).not.toBe(text);
  });

  it('the most probable byte alone is taken with topK 1, however warm', async () => {
    const engine = await open(counting(4, { strength: 0.1 }), { temperature: 5, topK: 1 });
    expect((await write(engine, 'abc')).text).toBe('defghijklm');
  });

  it('a classifier is refused, and so is another context', async () => {
    await expect(open(largest(3))).rejects.toMatchObject({ code: 'E_MODEL_SHAPE' });
    await expect(open(counting(4), { context: 5 })).rejects.toMatchObject({ code: 'E_MODEL_SHAPE' });
  });
});
