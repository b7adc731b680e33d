import type { AgentEvent, AgentRequest } from '@chorus/protocol';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { openAiApp } from './app.ts';
import { completed, fakeAgent, text } from './testing/fake-agents.ts';

const part = (id: string, json: string): AgentEvent => ({ type: 'call-part', id, name: 'book', text: json });
const call = (id: string, input: unknown): AgentEvent => ({
  type: 'call',
  call: { id, name: 'book', input },
});
const cut = { ...completed, reason: 'length' } as AgentEvent;

/** An agent that takes tools and answers with these events, and the official client of its server. */
function serve(events: readonly AgentEvent[], callsTools = true) {
  const agent = fakeAgent('guide', async function* () {
    yield* events;
  });
  Object.assign(agent.executor, { callsTools });
  const app = openAiApp({ agents: () => [agent] });
  const client = new OpenAI({
    baseURL: 'http://localhost/v1',
    apiKey: 'any',
    maxRetries: 0,
    fetch: async (url, init) => app.fetch(new Request(url as string, init as RequestInit)),
  });
  return { client, asked: agent.asked };
}

const parameters = { type: 'object', properties: { seats: { type: 'integer' } }, required: ['seats'] };
const tools = [
  { type: 'function' as const, function: { name: 'book', description: 'Books seats', parameters } },
];
const user = { role: 'user' as const, content: 'Two seats' };
const base = { model: 'guide', messages: [user], tools };
const PARTS = [part('a', '{"seats"'), part('a', ': 2}'), call('a', { seats: 2 })];

describe('tools of a client, by chat completions', () => {
  it('are offered to the agent, which answers with calls of them', async () => {
    const { client, asked } = serve([text('I book.'), ...PARTS, call('b', { seats: 1 }), completed]);
    const { choices } = await client.chat.completions.create({ ...base, tool_choice: 'required' });
    expect(choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        content: 'I book.',
        tool_calls: [
          { id: 'a', type: 'function', function: { name: 'book', arguments: '{"seats": 2}' } },
          { id: 'b', type: 'function', function: { name: 'book', arguments: '{"seats":1}' } },
        ],
      },
    });
    expect(asked[0]!.offered).toEqual({
      tools: [{ name: 'book', description: 'Books seats', inputSchema: parameters, strict: false }],
      choice: 'required',
      parallel: true,
    });
  });

  it('come part by part in a stream, of which the client makes the same calls', async () => {
    const { client } = serve([...PARTS, call('b', { seats: 1 }), completed]);
    const stream = client.chat.completions.stream({ ...base, stream_options: { include_usage: true } });
    const deltas: string[] = [];
    stream.on('tool_calls.function.arguments.delta', ({ arguments_delta }) => deltas.push(arguments_delta));
    const { choices, usage } = await stream.finalChatCompletion();
    expect(deltas).toEqual(['{"seats"', ': 2}', '{"seats":1}']);
    expect(choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { tool_calls: [{ id: 'a', function: { arguments: '{"seats": 2}' } }, { id: 'b' }] },
    });
    expect(usage!.total_tokens).toBe(10);
  });

  it('an answer of calls alone has no content, and a call that was cut is left out', async () => {
    const { client } = serve([...PARTS, completed]);
    expect((await client.chat.completions.create(base)).choices[0]!.message.content).toBe(null);
    const half = await serve([part('a', '{"sea'), cut]).client.chat.completions.create(base);
    expect(half.choices[0]).toMatchObject({ finish_reason: 'length', message: { content: '' } });
    expect(half.choices[0]!.message).not.toHaveProperty('tool_calls');
  });

  it.each([{ tool_choice: 'none' as const }, { tools: [] }])('are not offered with %j', async (more) => {
    const { client, asked } = serve([text('no'), completed], false);
    await client.chat.completions.create({ ...base, ...more });
    expect(asked[0]).not.toHaveProperty('offered');
  });

  it('one by its name, one alone, and one whose schema is kept as it is, are offered so', async () => {
    const { client, asked } = serve([text('no'), completed]);
    const choice = { type: 'function' as const, function: { name: 'book' } };
    const strict = [{ type: 'function' as const, function: { name: 'book', strict: true } }];
    await client.chat.completions.create({
      ...base,
      tools: strict,
      tool_choice: choice,
      parallel_tool_calls: false,
    });
    expect(asked[0]!.offered).toMatchObject({
      tools: [{ description: '', inputSchema: { type: 'object', properties: {} }, strict: true }],
      choice: { name: 'book' },
      parallel: false,
    });
  });
});

describe('what tools of a client answered', () => {
  const asks = (...ids: string[]) => ({
    role: 'assistant' as const,
    content: null,
    tool_calls: ids.map((id) => ({
      id,
      type: 'function' as const,
      function: { name: 'book', arguments: '{"seats":2}' },
    })),
  });
  const answers = (id: string, content: string) => ({ role: 'tool' as const, tool_call_id: id, content });
  const answered = (id: string, output: string, input: unknown = { seats: 2 }) => ({
    id,
    name: 'book',
    input,
    output,
  });

  /** What an agent is asked by these messages. */
  async function asked(
    messages: OpenAI.ChatCompletionMessageParam[],
    callsTools = true,
  ): Promise<AgentRequest> {
    const { client, asked } = serve([text('Done.'), completed], callsTools);
    await client.chat.completions.create({ model: 'guide', messages });
    return asked[0]!;
  }

  it('comes after the message, with the calls that it answers', async () => {
    const { message, history, steps } = await asked([
      { role: 'system', content: 'Be quick.' },
      user,
      asks('a', 'b'),
      answers('b', 'second'),
      answers('a', 'first'),
      { role: 'assistant', content: 'One more.', tool_calls: asks('c').tool_calls },
      answers('c', 'third'),
    ]);
    expect(message.text).toBe('Be quick.\n\nTwo seats');
    expect(history).toEqual([]);
    expect(steps).toMatchObject([
      { from: 'agent', text: '', calls: [answered('a', 'first'), answered('b', 'second')] },
      { from: 'agent', text: 'One more.', calls: [answered('c', 'third')] },
    ]);
  });

  it('is part of the history once the user has said more', async () => {
    const { message, history, steps } = await asked([user, asks('a'), answers('a', 'first'), user]);
    expect([message.text, steps]).toEqual(['Two seats', []]);
    expect(history).toMatchObject([{ from: 'caller' }, { from: 'agent', calls: [answered('a', 'first')] }]);
  });

  it('arguments that are no JSON stay text', async () => {
    const odd = asks('a');
    odd.tool_calls[0]!.function.arguments = '{"sea';
    const { steps } = await asked([user, odd, answers('a', 'no')]);
    expect(steps![0]!.calls).toEqual([answered('a', 'no', '{"sea')]);
  });

  it('is words of the user for an agent that calls no tools', async () => {
    const { message, history } = await asked([user, asks('a'), answers('a', 'first'), user], false);
    expect(history.map(({ from, text }) => [from, text])).toEqual([
      ['caller', 'Two seats'],
      ['caller', 'first'],
    ]);
    expect(message.text).toBe('Two seats');
  });

  it.each<[string, OpenAI.ChatCompletionMessageParam[]]>([
    ['a call without an answer', [user, asks('a', 'b'), answers('a', 'x')]],
    ['a call whose answer is elsewhere', [user, asks('a'), user, answers('a', 'x')]],
  ])('%s is refused', async (_, messages) => {
    const { client, asked } = serve([text('no'), completed]);
    await expect(client.chat.completions.create({ model: 'guide', messages })).rejects.toMatchObject({
      status: 400,
      param: 'messages',
    });
    expect(asked).toEqual([]);
  });
});

describe('functions of a client, by responses', () => {
  const functions = [
    { type: 'function' as const, name: 'book', description: 'Books seats', parameters, strict: false },
  ];
  const asking = { model: 'guide', input: 'Two seats', tools: functions };

  it('are offered, and called in items of their own', async () => {
    const { client, asked } = serve([text('I book.'), ...PARTS, completed]);
    const answer = await client.responses.create({
      ...asking,
      tool_choice: { type: 'function', name: 'book' },
    });
    expect(answer.output).toMatchObject([
      { type: 'message', content: [{ text: 'I book.' }] },
      { type: 'function_call', call_id: 'a', name: 'book', arguments: '{"seats": 2}', status: 'completed' },
    ]);
    expect(answer).toMatchObject({ status: 'completed', tools: functions, tool_choice: { name: 'book' } });
    expect(asked[0]!.offered).toMatchObject({ tools: [{ name: 'book' }], choice: { name: 'book' } });
  });

  it('a stream of them has the events of the API, of which the client makes the same answer', async () => {
    for (const events of [
      [...PARTS, completed],
      [text('I '), text('book.'), ...PARTS, call('b', { seats: 1 }), completed],
    ]) {
      const whole = await serve(events).client.responses.create(asking);
      const stream = serve(events).client.responses.stream(asking);
      const types: string[] = [];
      stream.on('event', ({ type }) => types.push(type));
      const { output } = await stream.finalResponse();
      // Ids of the answers differ.
      const plain = (items: object[]) => items.map((item) => ({ ...item, id: '', parsed_arguments: null }));
      expect(JSON.parse(JSON.stringify(plain(output)))).toMatchObject(
        JSON.parse(JSON.stringify(plain(whole.output))),
      );
      expect(types).toContain('response.function_call_arguments.delta');
      expect(types).toContain('response.function_call_arguments.done');
      expect(types.filter((type) => type === 'response.output_item.added')).toHaveLength(output.length);
      expect(types.filter((type) => type === 'response.output_item.done')).toHaveLength(output.length);
    }
  });

  it('what they answered comes with their calls', async () => {
    const { client, asked } = serve([text('Done.'), completed]);
    const called = (id: string) => ({
      type: 'function_call' as const,
      call_id: id,
      name: 'book',
      arguments: '{}',
    });
    const output = (id: string) => ({
      type: 'function_call_output' as const,
      call_id: id,
      output: `${id} is done`,
    });
    await client.responses.create({
      ...asking,
      input: [{ role: 'user', content: 'Two seats' }, called('a'), called('b'), output('a'), output('b')],
    });
    expect(asked[0]!.steps).toMatchObject([
      {
        calls: [
          { id: 'a', output: 'a is done' },
          { id: 'b', output: 'b is done' },
        ],
      },
    ]);
  });
});
