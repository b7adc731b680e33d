import type { AddressInfo } from 'node:net';
import { ChorusError } from '@chorus/protocol';
import { type ServerType, serve } from '@hono/node-server';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OpenAiAgent } from './agents.ts';
import { openAiApp } from './app.ts';
import { completed, saying, text, waiting } from './testing/fake-agents.ts';

let agents: OpenAiAgent[];
let server: ServerType;
let client: OpenAI;
beforeEach(async () => {
  agents = [
    saying('guide', [text('At '), { type: 'data', name: 'hour', value: 9 }, text('nine.'), completed]),
  ];
  const app = openAiApp({ agents: () => agents });
  await new Promise<void>((resolve) => {
    server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  client = new OpenAI({ baseURL: `http://127.0.0.1:${port}/v1`, apiKey: 'any', maxRetries: 0 });
});
afterEach(() => new Promise<unknown>((resolve) => server.close(resolve)));

const messages = [{ role: 'user' as const, content: 'When does the ferry leave?' }];

describe('the official client of the OpenAI API', () => {
  it('the client lists the agents', async () => {
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual(['guide']);
    expect((await client.models.retrieve('guide')).object).toBe('model');
  });

  it('the client gets an answer', async () => {
    const { choices, usage } = await client.chat.completions.create({ model: 'guide', messages });
    expect(choices[0]).toMatchObject({
      message: { content: 'At nine.', chorus: { data: [{ name: 'hour', value: 9 }] } },
      finish_reason: 'stop',
    });
    expect(usage?.total_tokens).toBe(10);
  });

  it('the client gets a streamed answer, and makes the same completion of it', async () => {
    const stream = client.chat.completions.stream({
      model: 'guide',
      messages,
      stream_options: { include_usage: true },
    });
    const deltas: string[] = [];
    stream.on('content', (delta) => deltas.push(delta));
    const { choices, usage } = await stream.finalChatCompletion();
    expect(deltas.filter((delta) => delta !== '')).toEqual(['At ', 'nine.']);
    expect(choices[0]).toMatchObject({
      message: { role: 'assistant', content: 'At nine.', chorus: { data: [{ name: 'hour', value: 9 }] } },
      finish_reason: 'stop',
    });
    expect(usage?.total_tokens).toBe(10);
  });

  it('the client knows errors by their class and code', async () => {
    agents.push(saying('busy', [], new ChorusError('E_AGENT_BUSY', 'the agent is busy')));
    const ask = (model: string, more: object = {}) =>
      client.chat.completions.create({ model, messages, ...more });
    await expect(ask('busy')).rejects.toBeInstanceOf(OpenAI.RateLimitError);
    await expect(ask('busy')).rejects.toMatchObject({ code: 'E_AGENT_BUSY' });
    await expect(ask('other')).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(ask('guide', { n: 2 })).rejects.toMatchObject({ status: 400, param: 'n' });
  });

  it('the client reports a failure in the middle of a stream', async () => {
    agents.push(saying('broken', [text('half')], new ChorusError('E_ENGINE_RESPONSE', 'it broke off')));
    const read = async () => {
      let heard = '';
      try {
        for await (const { choices } of await client.chat.completions.create({
          model: 'broken',
          messages,
          stream: true,
        }))
          heard += choices[0]?.delta.content ?? '';
      } catch (error) {
        return { heard, error };
      }
      return { heard, error: null };
    };
    const { heard, error } = await read();
    expect(heard).toBe('half');
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error).toMatchObject({ code: 'E_ENGINE_RESPONSE' });
  });

  it.each([false, true])('a client that hangs up aborts the agent, streamed: %s', async (stream) => {
    const { agent, began, aborted } = waiting('slow', []);
    agents.push(agent);
    const leaving = new AbortController();
    const asked = client.chat.completions
      .create({ model: 'slow', messages, stream }, { signal: leaving.signal })
      .catch((error: unknown) => error);
    await began;
    leaving.abort();
    await aborted;
    expect(await asked).toBeInstanceOf(OpenAI.APIUserAbortError);
  });

  it('a client that leaves in the middle of a stream aborts the agent', async () => {
    const { agent, aborted } = waiting('slow');
    agents.push(agent);
    for await (const { choices } of await client.chat.completions.create({
      model: 'slow',
      messages,
      stream: true,
    })) {
      if (choices[0]?.delta.content) break;
    }
    await aborted;
  });
});
