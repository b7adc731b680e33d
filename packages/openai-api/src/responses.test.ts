import type { AddressInfo } from 'node:net';
import { type AgentEvent, ChorusError } from '@chorus/protocol';
import { type ServerType, serve } from '@hono/node-server';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OpenAiAgent } from './agents.ts';
import { openAiApp } from './app.ts';
import { completed, fakeAgent, post, saying, text, waiting } from './testing/fake-agents.ts';

const PNG = `data:image/png;base64,${Buffer.from([1, 2, 3]).toString('base64')}`;
const cited: AgentEvent = {
  type: 'citations',
  citations: [{ source: 'a.md', place: null, start: 0, end: 4, quote: 'At', document: 'a' } as never],
};

let agents: OpenAiAgent[];
let server: ServerType;
let client: OpenAI;
beforeEach(async () => {
  agents = [
    saying('guide', [text('At '), text('nine.'), { type: 'data', name: 'hour', value: 9 }, completed]),
  ];
  const app = openAiApp({ agents: () => agents });
  await new Promise<void>((resolve) => {
    server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  client = new OpenAI({ baseURL: `http://127.0.0.1:${port}/v1`, apiKey: 'any', maxRetries: 0 });
});
afterEach(() => new Promise<unknown>((resolve) => server.close(resolve)));

const input = 'When does the ferry leave?';
const respond = (agent: OpenAiAgent, body: object) => post('/v1/responses', agent, body);

describe('responses of the OpenAI API', () => {
  it('the official client gets an answer, with its tokens and what is not text', async () => {
    const response = await client.responses.create({ model: 'guide', input });
    expect(response.output_text).toBe('At nine.');
    expect(response).toMatchObject({
      ...{ object: 'response', status: 'completed', model: 'guide', error: null, incomplete_details: null },
      output: [
        { type: 'message', role: 'assistant', status: 'completed', chorus: { data: [{ name: 'hour' }] } },
      ],
      usage: { input_tokens: 7, output_tokens: 3, total_tokens: 10 },
    });
  });

  it('the official client makes the same response of a stream, event by event', async () => {
    const stream = client.responses.stream({ model: 'guide', input });
    const deltas: string[] = [];
    const types: string[] = [];
    stream.on('response.output_text.delta', ({ delta }) => deltas.push(delta));
    stream.on('event', ({ type }) => types.push(type));
    const response = await stream.finalResponse();
    expect(deltas).toEqual(['At ', 'nine.']);
    expect(response.output_text).toBe('At nine.');
    expect(response.usage?.total_tokens).toBe(10);
    expect([types[0], types.at(-1)]).toEqual(['response.created', 'response.completed']);
  });

  it('a stream has named, numbered events, and no mark after the last', async () => {
    const body = await (await respond(agents[0]!, { input, stream: true })).text();
    const events = body.trim().split('\n\n');
    const data = events.map((each) => JSON.parse(each.split('\ndata: ')[1]!));
    expect(events.every((each, i) => each.startsWith(`event: ${data[i].type}\n`))).toBe(true);
    expect(data.map(({ sequence_number }) => sequence_number)).toEqual(data.map((_, i) => i));
    expect(body).not.toContain('[DONE]');
  });

  it('items, images, instructions and earlier answers reach the agent as its conversation', async () => {
    const agent = saying('guide', [text('ok'), completed]);
    await respond(agent, {
      instructions: 'Be brief.',
      input: [
        { role: 'user', content: 'Hello' },
        { type: 'reasoning', id: 'rs_1', summary: [] },
        {
          type: 'message',
          role: 'assistant',
          content: [{ type: 'output_text', text: 'Hi', annotations: [] }],
        },
        { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c', output: '42' },
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'And this?' },
            { type: 'input_image', image_url: PNG, detail: 'auto' },
            { type: 'input_file', filename: 'a.txt', file_data: 'data:text/plain;base64,aGk=' },
          ],
        },
      ],
    });
    const [asked] = agent.asked;
    expect(asked!.history).toMatchObject([
      { from: 'caller', text: 'Be brief.\n\nHello' },
      { from: 'agent', text: 'Hi' },
      { from: 'caller', text: '42' },
    ]);
    expect(asked!.message).toMatchObject({
      text: 'And this?',
      files: [{ mediaType: 'image/png' }, { name: 'a.txt', mediaType: 'text/plain' }],
    });
  });

  it('length, sampling and the form of an answer reach a model that follows them', async () => {
    const asked = fakeAgent('writer', async function* () {
      yield text('{}');
      yield { ...completed, reason: 'length' } as AgentEvent;
    });
    const agent = { ...asked, executor: { ...asked.executor, followsWishes: true } };
    const schema = { type: 'object', properties: { a: { type: 'integer' } } };
    const response = await respond(agent, {
      ...{ input, max_output_tokens: 5, temperature: 0, top_logprobs: 2 },
      text: { format: { type: 'json_schema', name: 'a', schema, strict: true } },
    });
    expect(await response.json()).toMatchObject({
      ...{ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' }, max_output_tokens: 5 },
      text: { format: { type: 'json_schema', name: 'a' } },
    });
    expect(agent.asked[0]).toMatchObject({
      maxTokens: 5,
      wishes: { temperature: 0, logprobs: 2, schema: JSON.stringify(schema) },
    });
  });

  it('citations are annotations of the text', async () => {
    const response = await respond(saying('guide', [text('At nine.'), cited, completed]), { input });
    const { output } = (await response.json()) as { output: { content: object[] }[] };
    expect(output[0]!.content[0]).toMatchObject({
      annotations: [{ type: 'url_citation', url: 'a.md', start_index: 0, end_index: 4 }],
    });
  });

  it.each<[string, object, string | null, string]>([
    ['no input', { input: undefined }, 'input', 'must be a string or an array of items'],
    ['an empty input', { input: [] }, 'input', 'at least one message'],
    [
      'an answer that was kept',
      { previous_response_id: 'resp_1' },
      'previous_response_id',
      'no answer is kept',
    ],
    ['a conversation that was kept', { conversation: 'conv_1' }, 'conversation', 'no conversation is kept'],
    ['work in the background', { background: true }, 'background', 'when it is asked for'],
    ['a tool of another kind', { tools: [{ type: 'web_search' }] }, 'tools[0].type', 'must be "function"'],
    ['a tool', { tools: [{ type: 'function', name: 'book' }] }, 'tools', 'calls no tools'],
    ['a tool with an odd name', { tools: [{ type: 'function', name: 'a b' }] }, 'tools[0].name', 'letters'],
    [
      'a call without its arguments, after others',
      {
        input: [
          { type: 'reasoning' },
          { role: 'user', content: 'x' },
          { type: 'function_call', call_id: 'a', name: 'a', arguments: '{}' },
          { type: 'function_call', call_id: 'b', name: 'b', arguments: '{}' },
          { type: 'message', role: 'user', content: 7 },
        ],
      },
      'input[4].content',
      'must be a string',
    ],
    [
      'an item that is referred to',
      { input: [{ type: 'item_reference', id: 'x' }] },
      'input[0]',
      'not taken',
    ],
    [
      'a part that is not known',
      { instructions: 'x', input: [{ role: 'user', content: [{ type: 'input_audio' }] }] },
      'input[0].content[0].type',
      'must be a part',
    ],
    [
      'an image at another address',
      {
        input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'https://example.com/a.png' }] }],
      },
      'input[0].content[0].image_url.url',
      'not fetched',
    ],
    [
      'the last word of the agent',
      { input: [{ role: 'assistant', content: 'x' }] },
      'input',
      'from the user',
    ],
    [
      'a form of an answer that the agent cannot keep',
      { text: { format: { type: 'json_object' } } },
      'text.format',
      'form of an answer',
    ],
  ])('%s is refused, and the agent is not asked', async (_, body, param, message) => {
    const agent = saying('guide', [text('no'), completed]);
    const response = await respond(agent, { input, ...body });
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { error: { message: string; param: string } };
    expect(error.param).toBe(param);
    expect(error.message).toContain(message);
    expect(agent.asked).toEqual([]);
  });

  it('the client reports a failure in the middle of a stream, and one that leaves ends the work', async () => {
    agents.push(saying('broken', [text('half')], new ChorusError('E_ENGINE_RESPONSE', 'it broke off')));
    const broken = client.responses.stream({ model: 'broken', input });
    await expect(broken.finalResponse()).rejects.toMatchObject({ code: 'E_ENGINE_RESPONSE' });
    const { agent, aborted } = waiting('slow');
    agents.push(agent);
    for await (const { type } of await client.responses.create({ model: 'slow', input, stream: true })) {
      if (type === 'response.output_text.delta') break;
    }
    await aborted;
  });
});
