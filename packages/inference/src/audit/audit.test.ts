import { openDecoder, tinyModel, writeAdapter } from '@chorus/language-models';
import { randomNumbers } from '@chorus/language-models/testing';
import { decodeTranscript, encodeTranscript, type ToolDescription, type Transcript } from '@chorus/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collect } from '../../../../test/collect.ts';
import { createLanguageModel, type LanguageModel } from '../onnx/language-engine.ts';
import type { GenerationRequest, LanguageModelOptions } from '../onnx/language-options.ts';
import { noiseOf, verdictOf } from './verdict.ts';

const never = new AbortController().signal;
const file = tinyModel({ seed: 4 });
const open = (options: Partial<LanguageModelOptions> = {}) =>
  createLanguageModel({ model: file, name: 'tiny', ...options });
const tokens = Array.from({ length: 60 }, (_, i) => 3 + ((i * 37) % 290));
const drawn = {
  temperature: 0.8,
  topP: 0.95,
  topK: 100,
  presencePenalty: 0.5,
  repetitionPenalty: 1.1,
};

async function write(by: LanguageModel, more: Partial<GenerationRequest> = {}): Promise<Transcript> {
  const request = {
    prompt: { tokens },
    maxTokens: 40,
    sampling: { ...drawn, seed: 7 },
    transcript: true,
    ...more,
  };
  const events = await collect(by.generate(request, never));
  const end = events.at(-1)!;
  if (end.type !== 'finished' || !end.transcript) throw new Error('no transcript');
  return end.transcript;
}

describe('an answer that is re-executed', () => {
  let model: LanguageModel;
  let exact: LanguageModel;
  beforeAll(async () => {
    [model, exact] = await Promise.all([open(), open({ weights: 'float32' })]);
  });
  afterAll(() => Promise.all([model.close(), exact.close()]));

  const audit = async (transcript: Transcript, by = exact) => {
    const findings = await by.check(transcript, never);
    const other = by === exact ? model : exact;
    const noise = noiseOf(await other.check({ ...transcript, likeliest: findings.likeliest }, never));
    return verdictOf(transcript, findings, noise);
  };
  const failed = async (transcript: Transcript, by = exact) =>
    (await audit(transcript, by)).checks.flatMap(({ check, ok }) => (ok === false ? check : []));

  it('is consistent with its model, alone or with others, drawn or not', async () => {
    const wishes = [drawn, { temperature: 1 }, { temperature: 0 }];
    const written = await Promise.all(
      wishes.flatMap((sampling) =>
        [1, 2, 3].map((seed) => write(exact, { sampling: { ...sampling, seed } })),
      ),
    );
    for (const transcript of written) {
      expect(await audit(transcript)).toMatchObject({ verdict: 'consistent' });
    }
  });

  it('needs little noise if its weights have 8 bits, whatever it is checked with', async () => {
    const transcript = await write(model);
    for (const by of [model, exact]) {
      const { figures } = await audit(transcript, by);
      expect(figures.needed).toBeLessThan(0.02);
      expect(figures.distance).toBeLessThan(0.1);
    }
  });

  it('may be off by parts of the noise of its model, which is measured and not given', async () => {
    const transcript = await write(exact);
    // A seller whose list is 0.1 off at each place, in turns up and down.
    const off = transcript.likeliest.map(({ ids, below }) => ({
      ids,
      below: below.map((each, i) => Math.max(0, each + (i % 2 === 0 ? 102 : -102))),
    }));
    const findings = await exact.check({ ...transcript, likeliest: off }, never);
    const said = (distance: number) => verdictOf(transcript, findings, { distance }).verdict;
    expect([said(0), said(0.02), said(0.1)]).toEqual(['inconsistent', 'inconsistent', 'consistent']);
  });

  it('names its model by the digests of its files', async () => {
    const { base, adapter, weights } = model.identity;
    expect([base, adapter, weights]).toEqual([expect.stringMatching(/^sha256:[0-9a-f]{64}$/), null, 'int8']);
    expect(exact.identity).toEqual({ ...model.identity, weights: 'float32' });
    expect((await write(model)).model).toEqual(model.identity);
  });

  it('of another model, or of one without its adapter, is found out', async () => {
    const next = randomNumbers(1);
    const decoder = openDecoder(file);
    const values = () => Float32Array.from({ length: 64 * 4 }, () => next() - 0.5);
    const weights = new Map([['model.layers.0.self_attn.q_proj.weight', { a: values(), b: values() }]]);
    const others = await Promise.all([
      open({ model: tinyModel({ seed: 5 }), weights: 'float32' }),
      open({ adapter: writeAdapter(decoder, { alpha: 16, weights }), weights: 'float32' }),
    ]);
    try {
      for (const other of others) expect(await failed(await write(other))).toContain('probabilities');
      // One that reports the true probabilities of what it wrote is found out by what it wrote.
      const cheap = await write(others[0]!);
      const { needed } = await exact.check(cheap, never);
      expect(needed.reduce((sum, each) => sum + each, 0) / needed.length).toBeGreaterThan(0.2);
    } finally {
      await Promise.all(others.map((each) => each.close()));
    }
  });

  it.each<[fraud: string, check: string, change: (transcript: Transcript) => Transcript]>([
    [
      'a part of the prompt was not read',
      'probabilities',
      (t) => ({ ...t, prompt: [...tokens, 9, 8, 7, 6] }),
    ],
    ['it answers another prompt', 'sampling', (t) => ({ ...t, prompt: tokens.toReversed() })],
    ['it has another seed', 'sampling', (t) => ({ ...t, sampling: { ...t.sampling, seed: 8 } })],
    [
      'it was drawn in another way',
      'sampling',
      (t) => ({ ...t, sampling: { ...t.sampling, temperature: 0 } }),
    ],
    [
      'one token of it was changed',
      'sampling',
      (t) => ({ ...t, answer: t.answer.map((id, i) => (i === 10 ? 0 : id)) }),
    ],
    [
      'it breaks off',
      'ending',
      (t) => ({ ...t, answer: t.answer.slice(0, 30), likeliest: t.likeliest.slice(0, 30) }),
    ],
    ['it says that the model ended it', 'ending', (t) => ({ ...t, reason: 'stop' })],
    ['it goes on after a stop text', 'ending', (t) => ({ ...t, stop: ['a', 'e', ' ', 't', 's'] })],
    [
      'its probabilities are made up',
      'probabilities',
      (t) => ({
        ...t,
        likeliest: t.likeliest.map((each) => ({ ...each, below: each.ids.map((_, i) => i * 700) })),
      }),
    ],
    [
      'it lists one token many times',
      'probabilities',
      (t) => ({
        ...t,
        likeliest: t.likeliest.map(({ ids, below }) => ({
          ids: ids.map(() => ids[0]!),
          below: below.map(() => 0),
        })),
      }),
    ],
  ])('is not consistent if %s: %s', async (_, check, change) => {
    expect(await failed(change(await write(exact)))).toContain(check);
  });

  it('gives the text of its tokens, and of its prompt', async () => {
    const request = {
      prompt: { text: 'the ferry' },
      maxTokens: 40,
      sampling: { ...drawn, seed: 7 },
      transcript: true,
    };
    const events = await collect(exact.generate(request, never));
    const text = events.map((event) => event.text).join('');
    const { transcript } = events.at(-1) as { transcript: Transcript };
    // Plain letters: the rest is no UTF-8.
    const [stop] = /[ -~]{2}/.exec(text.slice(5))!;
    const stopped = await collect(exact.generate({ ...request, stop: [stop] }, never));
    expect(await exact.check(transcript, never)).toMatchObject({ text, prompt: 'the ferry', ended: 'token' });
    expect(await exact.check((stopped.at(-1) as { transcript: Transcript }).transcript, never)).toMatchObject(
      { text: text.slice(0, text.indexOf(stop)), ended: 'stop' },
    );
  });

  it('that was held to a schema is JSON as it says, and consistent with that schema alone', async () => {
    const kind = { enum: ['ferry', 'snail and snail', 'boat in the harbour'] };
    const schema = JSON.stringify({
      type: 'object',
      properties: { kind, count: { type: 'integer' } },
      required: ['kind', 'count'],
    });
    const texts = await Promise.all(
      [1, 2, 3, 4].map(async (seed) => {
        const request = { prompt: { tokens }, maxTokens: 120, transcript: true, schema };
        const sampling = { ...drawn, seed };
        const events = await collect(exact.generate({ ...request, sampling }, never));
        const { transcript } = events.at(-1) as { transcript: Transcript };
        return { transcript, text: events.map((event) => event.text).join('') };
      }),
    );
    for (const { transcript, text } of texts) {
      expect(transcript.reason).toBe('stop');
      const value = JSON.parse(text) as { kind: string; count: number };
      expect(kind.enum).toContain(value.kind);
      expect(Number.isInteger(value.count)).toBe(true);
      expect(await failed(transcript)).toEqual([]);
      expect((await exact.check(transcript, never)).text).toBe(text);
      expect(await failed({ ...transcript, schema: null })).toContain('sampling');
      const other = JSON.stringify({
        type: 'object',
        properties: { kind, weight: {} },
        required: ['kind', 'weight'],
      });
      expect(await failed({ ...transcript, schema: other })).toContain('token');
    }
    const impossible = { prompt: { tokens }, maxTokens: 5, schema: '{"type":"string","pattern":"a"}' };
    await expect(collect(exact.generate(impossible, never))).rejects.toMatchObject({ code: 'E_AGENT_INPUT' });
  });

  it('that asks for calls is consistent with the tools that it names, and with no others', async () => {
    const tool = (days: string[]): ToolDescription => ({
      name: 'tide_at',
      description: 'Height of the tide',
      inputSchema: { type: 'object', properties: { day: { enum: days } }, required: ['day'] },
    });
    const calls = { tools: [tool(['today', 'tomorrow'])], choice: 'required', parallel: true } as const;
    // The tokens that end an answer are rare: it asks for all of the calls that it may.
    const transcript = await write(exact, { calls, maxTokens: 180 });
    expect(decodeTranscript(encodeTranscript(transcript))).toEqual(transcript);
    expect(await failed(transcript)).toEqual([]);
    expect((await exact.check(transcript, never)).text).toBe('');
    // A caller that offered no tools sees that the seller says so.
    expect((await audit(transcript)).checks[0]!.detail).toContain('held to calls of 1 tools');
    const { calls: _, ...without } = transcript;
    expect(await failed(without)).toContain('sampling');
    const others = { ...transcript.calls!, tools: [{ ...transcript.calls!.tools[0]!, name: 'tide_of' }] };
    expect(await failed({ ...transcript, calls: others })).toContain('token');
    const odd = { ...transcript.calls!, tools: [{ ...transcript.calls!.tools[0]!, name: '"' }] };
    await expect(exact.check({ ...transcript, calls: odd }, never)).rejects.toMatchObject({
      code: 'E_AGENT_INPUT',
    });
  });

  it('of which the seller says that any token could have been drawn says nothing', async () => {
    const transcript = await write(exact, { sampling: { temperature: 5, seed: 7 } });
    expect((await audit(transcript)).verdict).toBe('undecided');
    const biased = await write(exact, { sampling: { ...drawn, seed: 7, logitBias: new Map([[70, 2]]) } });
    expect(await failed(biased)).toEqual(['settings']);
  });

  it('of a few tokens is too short to say, unless one of them is wrong', async () => {
    const short = await write(exact, { maxTokens: 5 });
    expect((await audit(short)).verdict).toBe('undecided');
    expect((await audit({ ...short, answer: [0, ...short.answer.slice(1)] })).verdict).toBe('inconsistent');
  });

  it('is refused if this model cannot read it', async () => {
    const transcript = await write(exact);
    await expect(exact.check({ ...transcript, prompt: [5, 1_000] }, never)).rejects.toMatchObject({
      code: 'E_AGENT_TRANSCRIPT',
    });
    const long = { ...transcript, prompt: Array<number>(300).fill(5) };
    await expect(exact.check(long, never)).rejects.toMatchObject({ code: 'E_AGENT_CONTEXT' });
  });
});
