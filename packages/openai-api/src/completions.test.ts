import {
  ChorusError,
  type CompletionEvent,
  type CompletionRequest,
  type EngineCompletionEvent,
  type ScoredToken,
} from '@chorus/protocol';
import { describe, expect, it } from 'vitest';
import type { OpenAiAgent } from './agents.ts';
import { post, saying } from './testing/fake-agents.ts';

/** An agent that reports these events of each choice, the choices in turns. */
function writer(events: readonly EngineCompletionEvent[], error?: unknown) {
  const asked: CompletionRequest[] = [];
  const { executor, ...agent } = saying('writer', []);
  const complete = async function* (request: CompletionRequest): AsyncGenerator<CompletionEvent> {
    asked.push(request);
    for (const event of events) {
      for (const choice of request.prompts.keys()) yield { type: 'choice', choice, event };
    }
    if (error) throw error;
    yield { type: 'completed', usage: { inputTokens: 4, outputTokens: 2 } };
  };
  return { ...agent, executor: { ...executor, complete }, asked };
}

const ask = (agent: OpenAiAgent, body: object) => post('/v1/completions', agent, body);

const bytesOf = (text: string) => new TextEncoder().encode(text);
const token = (
  id: number,
  text: string | Uint8Array,
  logprob: number | null = null,
  name: string | null = null,
) =>
  ({
    id,
    bytes: typeof text === 'string' ? bytesOf(text) : text,
    name,
    logprob,
    top: [],
  }) satisfies ScoredToken;
const finished = { type: 'finished', reason: 'length', usage: { inputTokens: 2, outputTokens: 1 } } as const;

describe('a text completion', () => {
  it('an echoed prompt has one entry for each token, with null first, and offsets in code points', async () => {
    const snail = bytesOf('\u{1f40c}');
    const other = { id: 9, bytes: bytesOf('b'), name: null, logprob: -0.25 };
    const { executor, ...agent } = writer([
      { type: 'prompt', tokens: [token(1, '', null, '<|s|>'), token(2, 'a', -1)] },
      { type: 'prompt', tokens: [token(3, snail.slice(0, 2), -2), token(4, snail.slice(2), -3)] },
      { type: 'text', text: ' c', tokens: [{ ...token(5, ' c', -0.5), top: [other] }] },
      { type: 'text', text: '', tokens: [token(0, '', -0.125, '<|end|>')] },
      { ...finished, reason: 'stop' },
    ]);
    const response = await ask(
      { ...agent, executor },
      { prompt: [1, 2, 3, 4], echo: true, logprobs: 1, max_tokens: 2 },
    );
    expect(await response.json()).toEqual({
      id: expect.stringMatching(/^cmpl-/),
      object: 'text_completion',
      created: expect.any(Number),
      model: 'writer',
      choices: [
        {
          index: 0,
          text: 'a\u{1f40c} c',
          finish_reason: 'stop',
          logprobs: {
            tokens: ['<|s|>', 'a', 'bytes:\\xf0\\x9f', 'bytes:\\x90\\x8c', ' c', '<|end|>'],
            token_logprobs: [null, -1, -2, -3, -0.5, -0.125],
            top_logprobs: [
              null,
              { a: -1 },
              { 'bytes:\\xf0\\x9f': -2 },
              { 'bytes:\\x90\\x8c': -3 },
              { b: -0.25, ' c': -0.5 },
              { '<|end|>': -0.125 },
            ],
            text_offset: [0, 0, 1, 1, 2, 4],
          },
        },
      ],
      usage: { prompt_tokens: 4, completion_tokens: 2, total_tokens: 6 },
    });
    expect(agent.asked).toEqual([
      {
        prompts: [{ tokens: [1, 2, 3, 4] }],
        maxTokens: 2,
        echo: true,
        wishes: { logprobs: 1 },
        caller: 'anonymous',
      },
    ]);
  });

  it('each prompt has n choices, in order, whichever is written first', async () => {
    const agent = writer([{ type: 'text', text: 'x' }, { type: 'text', text: 'y' }, finished]);
    const response = await ask(agent, {
      prompt: ['one', 'two'],
      n: 2,
      seed: -7,
      temperature: 0,
      stop: 'END',
    });
    const { choices } = (await response.json()) as { choices: object[] };
    expect(choices).toEqual(
      [0, 1, 2, 3].map((index) => ({ index, text: 'xy', logprobs: null, finish_reason: 'length' })),
    );
    const [request] = agent.asked;
    expect(request!.prompts.map((prompt) => 'text' in prompt && prompt.text)).toEqual([
      'one',
      'one',
      'two',
      'two',
    ]);
    expect(request).toMatchObject({ maxTokens: 16, wishes: { seed: 7, temperature: 0, stop: ['END'] } });
    expect(request!.wishes).not.toHaveProperty('logprobs');
  });

  it('a stream has a chunk for each part, then the tokens if they are wanted, then [DONE]', async () => {
    const agent = writer([{ type: 'text', text: 'x', tokens: [token(5, 'x', -1)] }, finished]);
    const body = { prompt: 'one', logprobs: 0, stream: true, stream_options: { include_usage: true } };
    const lines = [...(await (await ask(agent, body)).text()).matchAll(/^data: (.*)$/gm)].map(
      ([, data]) => data!,
    );
    expect(lines.at(-1)).toBe('[DONE]');
    expect(lines.slice(0, -1).map((line) => JSON.parse(line))).toMatchObject([
      { choices: [{ text: 'x', logprobs: { token_logprobs: [-1] }, finish_reason: null }], usage: null },
      { choices: [{ text: '', finish_reason: 'length' }], usage: null },
      { choices: [], usage: { total_tokens: 6 } },
    ]);
  });

  it('an agent without a language model says so, and where to ask it', async () => {
    const response = await ask(saying('guide', []), { prompt: 'one' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { type: 'invalid_request_error', param: 'model', code: 'model_not_supported' },
    });
  });

  it('a failure of the model is an error with its status, and a busy one says when to ask again', async () => {
    const busy = await ask(writer([], new ChorusError('E_AGENT_BUSY', 'busy')), { prompt: 'one' });
    expect([busy.status, busy.headers.get('retry-after')]).toEqual([429, '5']);
    const long = await ask(writer([], new ChorusError('E_AGENT_CONTEXT', 'too long')), { prompt: 'one' });
    expect(long.status).toBe(413);
  });
});

describe('a stranger', () => {
  it.each<[string, object, string]>([
    ['no prompt', {}, 'prompt'],
    ['an empty prompt', { prompt: '' }, 'prompt'],
    ['no prompts', { prompt: [] }, 'prompt'],
    ['an empty prompt among others', { prompt: ['a', ''] }, 'prompt[1]'],
    ['prompts of several kinds', { prompt: ['a', [1]] }, 'prompt[1]'],
    ['a negative token', { prompt: [1, -1] }, 'prompt[1]'],
    ['a prompt of a wrong type', { prompt: { text: 'a' } }, 'prompt'],
    ['more prompts than one request may have', { prompt: Array(33).fill('a') }, 'prompt'],
    ['prompts without end', { prompt: Array(200_000).fill('a') }, 'prompt'],
    ['tokens without end', { prompt: Array(300_000).fill(1) }, 'prompt'],
    ['more text than a context holds', { prompt: ['x'.repeat(600_000), 'x'.repeat(600_000)] }, 'prompt'],
    [
      'more tokens than a context holds',
      { prompt: [Array(200_000).fill(1), Array(200_000).fill(1)] },
      'prompt',
    ],
    ['more choices than one request may have', { prompt: ['a', 'b'], n: 17 }, 'n'],
    ['probabilities of too many tokens', { prompt: 'a', logprobs: 6 }, 'logprobs'],
    ['fewer tokens than none', { prompt: 'a', max_tokens: -1 }, 'max_tokens'],
    ['the best of several', { prompt: 'a', best_of: 3 }, 'best_of'],
    ['an end of the text', { prompt: 'a', suffix: 'b' }, 'suffix'],
    ['weights of tokens', { prompt: 'a', logit_bias: { 50256: -100 } }, 'logit_bias'],
  ])('%s is refused, with the parameter at fault', async (_, body, param) => {
    const agent = writer([finished]);
    const response = await ask(agent, body);
    const { error } = (await response.json()) as { error: { message: string; param: string } };
    expect([response.status, error.param]).toEqual([400, param]);
    expect(error.message.length).toBeLessThan(300);
    expect(agent.asked).toEqual([]);
  });
});
