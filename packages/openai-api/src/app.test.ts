import { type AgentEvent, ChorusError } from '@chorus/protocol';
import { expect, it } from 'vitest';
import type { OpenAiAgent } from './agents.ts';
import { openAiApp } from './app.ts';
import { completed, fakeAgent, saying, text, waiting } from './testing/fake-agents.ts';

const messages = [{ role: 'user', content: 'hello' }];

/** Ask an agent. */
async function ask(agent: OpenAiAgent, body: object = {}, init: RequestInit = {}) {
  const app = openAiApp({ agents: () => [agent] });
  return app.request('/v1/chat/completions', {
    method: 'POST',
    body: JSON.stringify({ model: agent.name, messages, ...body }),
    ...init,
  });
}

/** The events of a stream: their `data`, parsed if it is JSON. */
async function dataOf(response: Response): Promise<unknown[]> {
  return [...(await response.text()).matchAll(/^data: (.*)$/gm)].map(([, data]) =>
    data === '[DONE]' ? data : JSON.parse(data!),
  );
}

it('the agents that can be called are listed as models, one by one as well, and others are not known', async () => {
  const agents = [saying('guide', [])];
  const app = openAiApp({ agents: () => agents });
  const model = { id: 'guide', object: 'model', created: 1_700_000_000, owned_by: 'chorus' };
  expect(await (await app.request('/v1/models')).json()).toEqual({ object: 'list', data: [model] });
  expect(await (await app.request('/v1/models/guide')).json()).toEqual(model);
  const unknown = await app.request('/v1/models/other');
  expect(unknown.status).toBe(404);
  expect(await unknown.json()).toMatchObject({ error: { code: 'model_not_found', param: 'model' } });
});

it('an answer is a chat completion with text, tokens, and in a field of its own what is not text', async () => {
  const label = { type: 'data', name: 'label', value: { label: 'cat' } } satisfies AgentEvent;
  const file = { name: 'a.txt', mediaType: 'text/plain', bytes: new Uint8Array([104, 105]) };
  const tool = { type: 'tool', name: 'search', state: 'called', detail: '' } satisfies AgentEvent;
  const agent = saying('guide', [text('a '), tool, label, { type: 'file', file }, text('cat'), completed]);
  const response = await ask(agent);
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({
    id: expect.stringMatching(/^chatcmpl-/),
    object: 'chat.completion',
    created: expect.any(Number),
    model: 'guide',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: 'a cat',
          refusal: null,
          chorus: {
            data: [{ name: 'label', value: { label: 'cat' } }],
            files: [{ name: 'a.txt', url: 'data:text/plain;base64,aGk=' }],
          },
        },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
  });
  expect(agent.asked).toMatchObject([{ caller: 'anonymous', message: { text: 'hello' }, history: [] }]);
});

it('an agent that reports no tokens has no usage, and a question back is the answer', async () => {
  const agent = saying('guide', [{ type: 'input-required', question: 'Which harbour?' }]);
  const answer = (await (await ask(agent)).json()) as object;
  expect(answer).toMatchObject({ choices: [{ message: { content: 'Which harbour?' } }] });
  expect(answer).not.toHaveProperty('usage');
});

it('a streamed answer is chunks of one id, the last with what is not text, then tokens if wanted, then [DONE]', async () => {
  const label = { type: 'data', name: 'label', value: 1 } satisfies AgentEvent;
  const events = [text('a '), label, text('cat'), completed];
  const response = await ask(saying('guide', events), {
    stream: true,
    stream_options: { include_usage: true },
  });
  expect(response.headers.get('content-type')).toMatch('text/event-stream');
  const chunks = await dataOf(response);
  const { id } = chunks[0] as { id: string };
  const chunk = (delta: object, finish_reason: string | null = null) =>
    expect.objectContaining({
      id,
      object: 'chat.completion.chunk',
      model: 'guide',
      choices: [{ index: 0, delta, logprobs: null, finish_reason }],
      usage: null,
    });
  expect(chunks).toEqual([
    chunk({ role: 'assistant', content: '' }),
    chunk({ content: 'a ' }),
    chunk({ content: 'cat' }),
    chunk({ chorus: { data: [{ name: 'label', value: 1 }] } }, 'stop'),
    expect.objectContaining({
      id,
      choices: [],
      usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
    }),
    '[DONE]',
  ]);
  expect(JSON.stringify(await dataOf(await ask(saying('guide', events), { stream: true })))).not.toContain(
    'usage',
  );
});

const busy = new ChorusError('E_AGENT_BUSY', 'the agent is busy', { hint: 'try again later' });
const late = new ChorusError('E_AGENT_TIME', 'too slow');
const odd = new ChorusError('E_ENGINE_FAILED', 'failed', { cause: new Error('secret inside') });

it.each([
  ['a busy agent', [], busy, 429, 'rate_limit_error', 'E_AGENT_BUSY', 'the agent is busy: try again later'],
  ['one that takes too long', [], late, 504, 'server_error', 'E_AGENT_TIME', 'too slow'],
  ['a failure with an inner cause', [], odd, 502, 'server_error', 'E_ENGINE_FAILED', 'failed'],
  ['an unknown failure', [], new Error('secret inside'), 500, 'server_error', null, 'the agent failed'],
  ['an agent that says nothing at all', [], undefined, 500, 'server_error', null, 'the agent failed'],
  [
    'a refusal of the agent',
    [{ type: 'rejected', reason: 'not a picture' } satisfies AgentEvent],
    undefined,
    400,
    'invalid_request_error',
    'rejected',
    'not a picture',
  ],
])('%s is an error of the API, streamed or not', async (_, events, error, status, type, code, message) => {
  for (const stream of [false, true]) {
    const response = await ask(saying('guide', events, error), { stream });
    expect(response.status).toBe(status);
    expect(response.headers.get('retry-after')).toBe(status === 429 ? '5' : null);
    expect(await response.json()).toEqual({ error: { message, type, param: null, code } });
  }
});

it('a failure in the middle of a stream is an event, and the end', async () => {
  const response = await ask(saying('guide', [text('half')], new Error('secret inside')), { stream: true });
  expect(response.status).toBe(200);
  const told = await response.text();
  expect(told).toContain('event: error\ndata: {"error":{"message":"the agent failed"');
  expect(told).not.toContain('[DONE]');
  expect(told).not.toContain('secret');
});

it.each([false, true])('a client that leaves aborts the agent, streamed: %s', async (stream) => {
  const { agent, began, aborted } = waiting('guide');
  const client = new AbortController();
  const asked = ask(agent, { stream }, { signal: client.signal });
  await began;
  client.abort();
  await aborted;
  await (await asked).text();
});

it('a client that stops to read a stream aborts the agent', async () => {
  const { agent, aborted } = waiting('guide');
  const response = await ask(agent, { stream: true });
  const reader = response.body!.getReader();
  await reader.read();
  await reader.cancel();
  await aborted;
});

it('a client that reads nothing does not keep the place of the agent', async () => {
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const endless = fakeAgent('guide', async function* (_, signal) {
    signal.addEventListener('abort', () => resolve());
    while (!signal.aborted) yield text('x'.repeat(10_000));
  });
  const response = await ask(endless, { stream: true });
  await aborted;
  expect(await response.text()).not.toContain('[DONE]');
});
