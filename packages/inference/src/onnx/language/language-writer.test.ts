import { createTokenizer, openDecoder, tinyModel } from '@chorus/language-models';
import { randomNumbers, referenceGreedy, referenceLogits } from '@chorus/language-models/testing';
import type { ScoredToken } from '@chorus/protocol';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LanguageAnswer, LanguageJob, LanguageSetup, TokenSampling } from '../jobs/language-messages.ts';
import { DEFAULT_SAMPLING } from '../language-checks.ts';
import { LanguageWriter } from './language-writer.ts';

const CONTEXT = 600;
const file = tinyModel({ seed: 4, context: CONTEXT });
const tokenizer = createTokenizer(openDecoder(file));

const open = (task: Partial<LanguageSetup['task']> = {}) =>
  LanguageWriter.open({
    task: {
      kind: 'language',
      slots: 3,
      context: null,
      weights: 'float32',
      adapter: null,
      prefixBytes: 2 ** 20,
      ...task,
    },
    model: file,
    threads: 1,
  });

function job(
  tokens: number[],
  most: number,
  changes: Partial<LanguageJob> = {},
  how: Partial<TokenSampling> = {},
) {
  const sampling = { ...DEFAULT_SAMPLING, temperature: 0, seed: 1, ...how };
  return {
    kind: 'generate',
    prompt: { tokens },
    sampling,
    schema: null,
    calls: null,
    stop: [],
    most,
    logprobs: null,
    echo: false,
    transcript: false,
    ...changes,
  } as LanguageJob;
}

async function write(writer: LanguageWriter, wanted: LanguageJob, isStopped = () => false) {
  const answers: LanguageAnswer[] = [];
  await writer.write(wanted, isStopped, (answer) => answers.push(answer));
  const ids = answers.flatMap((answer) => (answer.kind === 'token' ? answer.token.id : []));
  const parts = answers.flatMap((answer) => ('bytes' in answer ? [answer.bytes] : []));
  return {
    ids,
    text: Buffer.concat(parts).toString(),
    end: answers.at(-1) as LanguageAnswer & { kind: 'generated' },
  };
}

function someTokens(seed: number, count: number): number[] {
  const next = randomNumbers(seed);
  // No control tokens.
  return Array.from({ length: count }, () => 3 + Math.floor(next() * 297));
}

describe('a writer of texts', () => {
  let writer: LanguageWriter;
  beforeAll(async () => {
    writer = await open();
  });

  it('writes what the float64 reference writes, over several parts of a prompt and of the cache', async () => {
    for (const [seed, length] of [
      [1, 1],
      [2, 64],
      [3, 65],
      [4, 250],
    ] as const) {
      const prompt = someTokens(seed, length);
      const { ids, end } = await write(writer, job(prompt, 30));
      expect(ids).toEqual(referenceGreedy(file, prompt, 30, tokenizer.ends));
      expect(end).toMatchObject({ inputTokens: length, outputTokens: ids.length });
    }
  });

  it('gives each text the tokens that it is given alone, whatever else is written at the time', async () => {
    const text = fc.record({
      seed: fc.nat(5),
      length: fc.constantFrom(1, 20, 70, 130),
      most: fc.integer({ min: 1, max: 40 }),
      temperature: fc.constantFrom(0, 1),
      delay: fc.nat(12),
      abort: fc.option(fc.nat(25), { freq: 3 }),
    });
    const alone = await open({ slots: 1, prefixBytes: 0 });
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 2, maxLength: 7 }), async (texts) => {
        await Promise.all(
          texts.map(async ({ seed, length, most, temperature, delay, abort }) => {
            for (let i = 0; i < delay; i++) await new Promise(setImmediate);
            let steps = 0;
            const wanted = job(someTokens(seed, length), most, {}, { temperature, seed });
            const isStopped = () => abort !== null && steps++ > abort;
            const { ids, end } = await write(writer, wanted, isStopped);
            const expected = (await write(alone, wanted)).ids;
            expect(ids).toEqual(abort === null ? expected : expected.slice(0, ids.length));
            if (abort === null) expect(end.outputTokens).toBe(expected.length);
          }),
        );
      }),
      // Texts whose two best tokens are equally likely may differ: the runs are the same ones each time.
      { numRuns: 25, seed: 5 },
    );
  });

  it('does not read again what another text began with, and writes the same', async () => {
    const fresh = await open();
    const system = someTokens(9, 200);
    const first = [...system, ...someTokens(10, 20)];
    const second = [...system, ...someTokens(11, 20)];
    const one = await write(fresh, job(first, 20));
    expect(one.end.cachedTokens).toBe(0);
    const two = await write(fresh, job(second, 20));
    expect(two.end.cachedTokens).toBe(200);
    expect(two.ids).toEqual(referenceGreedy(file, second, 20, tokenizer.ends));
    const onward = [...first, ...one.ids, ...someTokens(12, 5)];
    const three = await write(fresh, job(onward, 20));
    expect(three.end.cachedTokens).toBeGreaterThanOrEqual(first.length + one.ids.length - 1);
    expect(three.ids).toEqual(referenceGreedy(file, onward, 20, tokenizer.ends));
    // Of a text that is being written, too.
    const [four, five] = await Promise.all([
      write(fresh, job([...someTokens(13, 100), 5], 60)),
      write(fresh, job([...someTokens(13, 100), 6], 10)),
    ]);
    expect([four.end.cachedTokens, five.end.cachedTokens]).toEqual([0, 100]);
  });

  it('keeps nothing without memory for it', async () => {
    const forgetful = await open({ prefixBytes: 0 });
    const prompt = someTokens(9, 100);
    await write(forgetful, job(prompt, 1));
    expect((await write(forgetful, job(prompt, 1))).end.cachedTokens).toBe(0);
  });

  it('ends at a stop text over the borders of tokens, which is not shown', async () => {
    const prompt = someTokens(2, 30);
    const { text } = await write(writer, job(prompt, 30));
    // Plain letters: the rest is no UTF-8.
    const [stop] = /[ -~]{4}/.exec(text.slice(2))!;
    const stopped = await write(writer, job(prompt, 30, { stop: ['never written', stop] }));
    expect(stopped.text).toBe(text.slice(0, text.indexOf(stop)));
    expect(stopped.end.reason).toBe('stop');
    // What begins like one, and is not one, is shown at the end.
    const short = (await write(writer, job(prompt, 4))).text;
    expect(short).toMatch(/[ -~]{3}$/);
    expect((await write(writer, job(prompt, 4, { stop: [`${short.slice(-3)}\u0001`] }))).text).toBe(short);
  });

  it('ends at a token that ends texts, at the limit, and at the end of the context', async () => {
    const prompt = someTokens(2, 30);
    const bias = new Map([[2, 1000]]);
    expect(await write(writer, job(prompt, 30, {}, { logitBias: bias }))).toMatchObject({
      ids: [2],
      text: '',
      end: { reason: 'stop', outputTokens: 1 },
    });
    const never = new Map([...tokenizer.ends].map((id) => [id, Number.NEGATIVE_INFINITY] as const));
    const limited = await write(writer, job(prompt, 3, {}, { logitBias: never }));
    expect(limited).toMatchObject({ ids: { length: 3 }, end: { reason: 'length' } });
    const full = await write(writer, job(someTokens(3, CONTEXT - 5), 30, {}, { logitBias: never }));
    expect(full).toMatchObject({ ids: { length: 5 }, end: { reason: 'length', outputTokens: 5 } });
  });

  it('lists probabilities before what the request changes', async () => {
    const prompt = someTokens(2, 30);
    const answers: LanguageAnswer[] = [];
    const wanted = job(prompt, 4, { logprobs: 3 }, { logitBias: new Map([[70, 1000]]) });
    await writer.write(
      wanted,
      () => false,
      (answer) => answers.push(answer),
    );
    const { token } = answers.find((answer) => answer.kind === 'token') as LanguageAnswer & { kind: 'token' };
    expect(token.id).toBe(70);
    expect(token.top).toHaveLength(3);
    expect(token.top[0]!.id).toBe(referenceGreedy(file, prompt, 1)[0]);
    expect(token.top[0]!.logprob).toBeGreaterThan(token.logprob!);
    expect(token.top[0]!.bytes).toEqual(tokenizer.bytes(token.top[0]!.id));
  });

  it('gives each token of a prompt the probability that the float64 reference gives, with other texts at the time', async () => {
    const text = someTokens(8, 150);
    const logits = referenceLogits(file, text);
    const told = await Promise.all(
      [0, 1, 2].map(async (most) => {
        const answers: LanguageAnswer[] = [];
        const wanted = job(text, most, { logprobs: 5, echo: true });
        await writer.write(
          wanted,
          () => false,
          (answer) => answers.push(answer),
        );
        expect(answers.at(-1)).toMatchObject({ kind: 'generated', inputTokens: 150, outputTokens: most });
        return answers.flatMap((answer) => (answer.kind === 'read' ? answer.tokens : []));
      }),
    );
    for (const tokens of told) {
      expect(tokens.map(({ id }) => id)).toEqual(text);
      expect(tokens[0]).toMatchObject({ logprob: null, top: [] });
      for (const [place, { id, logprob, top }] of tokens.entries()) {
        if (place === 0) continue;
        const scores = logits[place - 1]!;
        const whole = Math.log(scores.reduce((sum, score) => sum + Math.exp(score), 0));
        expect(logprob).toBeCloseTo(scores[id]! - whole, 3);
        expect(top.map((each) => each.logprob)).toEqual(
          [...top].map((each) => each.logprob).sort((a, b) => b - a),
        );
        expect(top[0]!.logprob).toBeCloseTo(Math.max(...scores) - whole, 3);
        const own = top.find((each) => each.id === id);
        if (own) expect(own.logprob).toBe(logprob);
      }
    }
  });

  it('reports the tokens of a prompt without probabilities if none are asked for, also of what was read before', async () => {
    const text = someTokens(8, 150);
    const tokensOf = async () => {
      const tokens: ScoredToken[] = [];
      await writer.write(
        job(text, 1, { echo: true }),
        () => false,
        (answer) => {
          if (answer.kind === 'read') tokens.push(...answer.tokens);
        },
      );
      return tokens;
    };
    await tokensOf();
    const tokens = await tokensOf();
    expect(tokens.map(({ id }) => id)).toEqual(text);
    expect(tokens.every(({ logprob, top }) => logprob === null && top.length === 0)).toBe(true);
  });

  it.each<[why: string, code: string, prompt: LanguageJob['prompt']]>([
    ['no text', 'E_AGENT_INPUT', { text: '' }],
    ['a token that the model does not know', 'E_AGENT_INPUT', { tokens: [300] }],
    ['as many tokens as the context', 'E_AGENT_CONTEXT', { tokens: someTokens(1, CONTEXT) }],
    ['a text that is not worth counting', 'E_AGENT_CONTEXT', { text: 'x'.repeat(1e8) }],
    [
      'messages that are not worth counting',
      'E_AGENT_CONTEXT',
      { messages: [{ role: 'user', content: 'x'.repeat(1e8) }] },
    ],
  ])('refuses a prompt of %s: %s', async (_, code, prompt) => {
    await expect(write(writer, job([], 1, { prompt }))).rejects.toMatchObject({ code });
  });
});
