import { type AgentEvent, type AgentRequest, ChorusError, type EngineFacts } from '@chorus/protocol';
import { Client, InMemoryTransport } from '@modelcontextprotocol/client';
import { afterEach, describe, expect, it } from 'vitest';
import type { McpAgent } from './agent.ts';
import { agentMcpServer } from './agent-server.ts';

type Work = (request: AgentRequest, signal: AbortSignal) => AsyncIterable<AgentEvent>;

const COMPLETED: AgentEvent = { type: 'completed', usage: { inputTokens: null, outputTokens: null } };
const CHAT = { kind: 'chat', inputModes: ['text/plain', 'application/json'], details: {} } as const;
const PICTURES = {
  kind: 'classifier',
  inputModes: ['image/png', 'application/json'],
  details: { input: '1x28x28', classes: 10 },
} as const;

const events = (...all: AgentEvent[]): Work =>
  async function* () {
    yield* all;
    yield COMPLETED;
  };

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A client of an agent that does this work, with what the agent was asked and what was reported. */
async function connect(work: Work, facts: Pick<EngineFacts, 'kind' | 'inputModes' | 'details'> = CHAT) {
  const requests: AgentRequest[] = [];
  const errors: unknown[] = [];
  const agent: McpAgent = {
    name: 'harbour',
    title: 'Harbour guide',
    description: 'Knows the harbour',
    version: '2',
    facts,
    executor: {
      execute: (request, signal) => {
        requests.push(request);
        return work(request, signal);
      },
      close: async () => {},
    },
    onError: (error) => errors.push(error),
  };
  const client = new Client({ name: 'test', version: '1' });
  const [here, there] = InMemoryTransport.createLinkedPair();
  const server = agentMcpServer(agent);
  await server.connect(there);
  await client.connect(here);
  closing.push(() => client.close());
  const ask = (args: Record<string, unknown>, options = {}) =>
    client.callTool({ name: 'ask', arguments: args }, options);
  return { client, ask, requests, errors };
}

const echo: Work = async function* ({ message }) {
  yield { type: 'text', text: 'echo: ' };
  yield { type: 'text', text: message.text };
  yield COMPLETED;
};
const failing = (error: Error): Work =>
  // biome-ignore lint/correctness/useYield: it fails before
  async function* () {
    throw error;
  };
const textOf = ({ content }: { content: unknown[] }) =>
  content.map((part) => (part as { text?: string }).text ?? '').join('\n');

describe('the tool of an agent', () => {
  it('a client finds the agent by its title and description', async () => {
    const { client } = await connect(echo);
    expect(client.getServerVersion()).toMatchObject({
      name: 'harbour',
      title: 'Harbour guide',
      version: '2',
    });
    const { tools } = await client.listTools();
    expect(tools).toEqual([
      expect.objectContaining({ name: 'ask', title: 'Harbour guide', description: 'Knows the harbour' }),
    ]);
  });

  it.each([
    ['a chat', CHAT, ['data', 'message'], ['message']],
    [
      'a language model',
      { ...CHAT, kind: 'text', inputModes: ['text/plain'] } as const,
      ['message'],
      ['message'],
    ],
    ['a classifier of images', PICTURES, ['data', 'image', 'message'], []],
  ])('%s takes what its model reads, and nothing else', async (_, facts, properties, required) => {
    const { client, ask, requests } = await connect(echo, facts);
    const { inputSchema } = (await client.listTools()).tools[0]!;
    expect(Object.keys(inputSchema.properties!).sort()).toEqual(properties);
    expect(inputSchema.required ?? []).toEqual(required);
    expect((await ask({ message: 'hi', password: 'x' })).isError).toBe(true);
    expect(requests).toEqual([]);
  });

  it('an image and data reach the agent as they were sent', async () => {
    const { ask, requests } = await connect(echo, PICTURES);
    await ask({ data: [[0, 1]], image: { data: 'AQID', mediaType: 'image/png' } });
    expect(requests[0]).toMatchObject({
      caller: 'anonymous',
      history: [],
      message: {
        from: 'caller',
        text: '',
        data: [[[0, 1]]],
        files: [{ name: null, mediaType: 'image/png', bytes: Buffer.from([1, 2, 3]) }],
      },
    });
  });
});

describe('an answer', () => {
  it('text is one piece of content, and the client sees it grow if it asks for progress', async () => {
    const { ask } = await connect(echo);
    const progress: unknown[] = [];
    const result = await ask({ message: 'ahoy' }, { onprogress: (each: unknown) => progress.push(each) });
    expect(result.content).toEqual([{ type: 'text', text: 'echo: ahoy' }]);
    expect(progress).toEqual([
      { progress: 6, message: 'echo: ' },
      { progress: 10, message: 'ahoy' },
    ]);
  });

  it('data is structured content, and text for clients that read only that', async () => {
    const value = { label: 'dog' };
    const { ask } = await connect(
      events({ type: 'text', text: 'dog' }, { type: 'data', name: 'classification', value }),
    );
    expect(await ask({ message: '' })).toMatchObject({
      content: [
        { type: 'text', text: 'dog' },
        { type: 'text', text: '{"label":"dog"}' },
      ],
      structuredContent: { text: 'dog', data: [{ name: 'classification', value }] },
    });
  });

  it('files are content of their media types', async () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const { ask } = await connect(
      events(
        { type: 'file', file: { name: 'a b.pdf', mediaType: 'application/pdf', bytes } },
        { type: 'file', file: { name: null, mediaType: 'image/png', bytes } },
      ),
    );
    expect((await ask({ message: '' })).content).toEqual([
      {
        type: 'resource',
        resource: { uri: 'attachment:a%20b.pdf', mimeType: 'application/pdf', blob: 'AQID' },
      },
      { type: 'image', mimeType: 'image/png', data: 'AQID' },
    ]);
  });

  it('an agent that answers without end is stopped', async () => {
    let stopped = false;
    const { ask } = await connect(async function* () {
      try {
        while (true) yield { type: 'text', text: 'x'.repeat(2 ** 20) };
      } finally {
        stopped = true;
      }
    });
    const result = await ask({ message: 'hi' });
    expect({ stopped, isError: result.isError }).toEqual({ stopped: true, isError: true });
    expect(textOf(result)).toContain('E_AGENT_BUDGET');
  });
});

describe('a call that fails', () => {
  it('a message that the agent rejects is a failure with its reason', async () => {
    const { ask } = await connect(events({ type: 'rejected', reason: 'send a list of 3 numbers' }));
    expect(await ask({ message: 'hi' })).toMatchObject({
      isError: true,
      content: [{ type: 'text', text: 'send a list of 3 numbers' }],
    });
  });

  it('a known failure is shown with its hint, and without its facts and cause', async () => {
    const { ask, errors } = await connect(
      failing(
        new ChorusError('E_ENGINE_UNAVAILABLE', 'the endpoint does not answer', {
          facts: { host: 'inner.example' },
          hint: 'try again later',
          cause: new Error('ECONNREFUSED 10.0.0.7'),
        }),
      ),
    );
    const text = textOf(await ask({ message: 'hi' }));
    expect(text).toBe('the endpoint does not answer (E_ENGINE_UNAVAILABLE)\ntry again later');
    expect(errors).toEqual([]);
  });

  it('an unknown failure is hidden from the client, and reported here', async () => {
    const error = new Error('SELECT secret FROM /home/me/keys');
    const { ask, errors } = await connect(failing(error));
    expect(await ask({ message: 'hi' })).toMatchObject({
      isError: true,
      content: [{ type: 'text', text: 'the agent failed' }],
    });
    expect(errors).toEqual([error]);
  });

  it.each([
    ['a message that is no text', CHAT, { message: 5 }],
    ['no message', CHAT, {}],
    ['a message that is too long', CHAT, { message: 'x'.repeat(8 * 2 ** 20 + 1) }],
    ['data that is no list', PICTURES, { data: '1, 2' }],
    ['an image without a type', PICTURES, { image: { data: 'AQID' } }],
    ['an image of another type', PICTURES, { image: { data: 'AQID', mediaType: 'image/tiff' } }],
    ['an image that is an address', PICTURES, { image: 'file:///etc/passwd' }],
  ])('%s does not reach the agent', async (_, facts, args) => {
    const { ask, requests } = await connect(echo, facts);
    expect((await ask(args)).isError).toBe(true);
    expect(requests).toEqual([]);
  });

  it('a tool that does not exist is refused', async () => {
    const { client, requests } = await connect(echo);
    await expect(client.callTool({ name: 'shell', arguments: { message: 'hi' } })).rejects.toThrow(/shell/);
    expect(requests).toEqual([]);
  });

  it('a call that its client cancels is aborted', async () => {
    const started = Promise.withResolvers<void>();
    const aborted = Promise.withResolvers<void>();
    const { ask, errors } = await connect(async function* (_, signal) {
      started.resolve();
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      aborted.resolve();
      signal.throwIfAborted();
      yield COMPLETED;
    });
    const abort = new AbortController();
    const asked = ask({ message: 'hi' }, { signal: abort.signal });
    await started.promise;
    abort.abort();
    await expect(asked).rejects.toThrow();
    await aborted.promise;
    expect(errors).toEqual([]);
  });
});
