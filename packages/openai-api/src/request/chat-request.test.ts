import { describe, expect, it } from 'vitest';
import { openAiApp } from '../app.ts';
import { completed, saying, text } from '../testing/fake-agents.ts';

const PNG = 'data:image/png;base64,iVBORw0KGgo=';
const user = (content: unknown) => ({ role: 'user', content });
const image = (url: unknown) => user([{ type: 'image_url', image_url: { url } }]);

/** Send a body to an agent: the response, and what the agent was asked. */
async function send(body: string | object, { followsWishes = false } = {}) {
  const agent = saying('guide', [text('yes'), completed]);
  Object.assign(agent.executor, { followsWishes });
  const response = await openAiApp({ agents: () => [agent] }).request('/v1/chat/completions', {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify({ model: 'guide', ...body }),
  });
  const answer = (await response.json()) as {
    error?: { message: string; type: string; param: string | null };
  };
  return { status: response.status, error: answer.error, asked: agent.asked };
}

describe('a request', () => {
  it('earlier messages are the history, and the text of the system is in front of the first of the user', async () => {
    const { asked } = await send({
      messages: [
        { role: 'system', content: 'Be brief.' },
        user('one'),
        { role: 'assistant', content: null, tool_calls: [] },
        { role: 'assistant', content: [{ type: 'text', text: 'two' }] },
        { role: 'tool', tool_call_id: 'a', content: 'three' },
        { role: 'developer', content: 'Be kind.' },
        user([
          { type: 'text', text: 'four' },
          { type: 'text', text: 'five' },
        ]),
      ],
    });
    const message = (from: string, words: string) => ({ from, text: words, files: [], data: [] });
    expect(asked[0]!.history).toEqual([
      message('caller', 'Be brief.\n\nBe kind.\n\none'),
      message('agent', 'two'),
      message('caller', 'three'),
    ]);
    expect(asked[0]!.message).toEqual(message('caller', 'four\nfive'));
  });

  it('images and files are attachments', async () => {
    const { asked } = await send({
      messages: [
        user([
          { type: 'image_url', image_url: { url: PNG, detail: 'high' } },
          {
            type: 'file',
            file: { filename: 'a.txt', file_data: 'data:text/plain;charset=utf-8;base64,aGk=' },
          },
        ]),
      ],
    });
    expect(asked[0]!.message.files).toEqual([
      { name: null, mediaType: 'image/png', bytes: new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10]) },
      { name: 'a.txt', mediaType: 'text/plain', bytes: new Uint8Array([104, 105]) },
    ]);
  });

  it('hints on sampling and neutral values of what an agent cannot do are accepted', async () => {
    const hints = { temperature: 0.1, top_p: 1, seed: 7, max_tokens: 9, user: 'me', unheard_of: [1] };
    const neutral = { n: 1, tools: [], stop: null, modalities: ['text'], response_format: { type: 'text' } };
    const { status, asked } = await send({ messages: [user('hi')], ...hints, ...neutral });
    expect(status).toBe(200);
    expect(asked[0]).toMatchObject({ maxTokens: 9 });
    expect(asked[0]!.wishes).toBeUndefined();
  });

  it('a model that follows them is given the wishes of a request', async () => {
    const sampling = { temperature: 0, top_p: 0.9, seed: -7, presence_penalty: 1, frequency_penalty: -1 };
    const { asked } = await send(
      { messages: [user('hi')], ...sampling, stop: ['END', '###'], max_tokens: 3, max_completion_tokens: 5 },
      { followsWishes: true },
    );
    expect(asked[0]).toMatchObject({
      maxTokens: 5,
      wishes: {
        temperature: 0,
        topP: 0.9,
        seed: 7,
        presencePenalty: 1,
        frequencyPenalty: -1,
        stop: ['END', '###'],
      },
    });
  });
});

it('a model that follows wishes is given the schema of an answer', async () => {
  const schema = { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] };
  const asked = async (response_format: object) =>
    (await send({ messages: [user('hi')], response_format }, { followsWishes: true })).asked[0]!.wishes;
  expect(await asked({ type: 'json_schema', json_schema: { name: 'x', strict: true, schema } })).toEqual({
    schema: JSON.stringify(schema),
  });
  expect(await asked({ type: 'json_object' })).toEqual({ schema: '{"type":"object"}' });
  expect(await asked({ type: 'text' })).toBeUndefined();
});

const tool = (name: string, more: object = {}) => ({
  type: 'function',
  function: { name, parameters: { type: 'object', properties: {} }, ...more },
});

describe('a stranger', () => {
  const hi = [user('hi')];

  it('a tool or a schema without bottom is refused', async () => {
    // The reader of JSON has no bound on its depth.
    const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    const tools = `"tools":[{"type":"function","function":{"name":"a","parameters":${deep}}}]`;
    const format = `"response_format":{"type":"json_schema","json_schema":{"schema":${deep}}}`;
    for (const field of [tools, format]) {
      const body = `{"model":"guide","messages":[{"role":"user","content":"hi"}],${field}}`;
      expect(await send(body)).toMatchObject({ status: 400, asked: [] });
    }
  });

  it.each<[string, object, string | null]>([
    ['two answers', { messages: hi, n: 2 }, 'n'],
    ['tools', { messages: hi, tools: [tool('book')] }, 'tools'],
    ['tools without functions', { messages: hi, tools: [{ type: 'function' }] }, 'tools[0].function'],
    ['tools of another kind', { messages: hi, tools: [{ type: 'custom', custom: {} }] }, 'tools[0].type'],
    ['a tool with an odd name', { messages: hi, tools: [tool('a b')] }, 'tools[0].function.name'],
    ['two tools of one name', { messages: hi, tools: [tool('a'), tool('a')] }, 'tools'],
    ['too many tools', { messages: hi, tools: Array(129).fill({}) }, 'tools'],
    ['a large tool', { messages: hi, tools: [tool('a', { description: 'x'.repeat(300_000) })] }, 'tools'],
    ['a choice of no tool', { messages: hi, tool_choice: 'required' }, 'tool_choice'],
    [
      'a choice of another tool',
      { messages: hi, tools: [tool('a')], tool_choice: { type: 'function', function: { name: 'b' } } },
      'tool_choice',
    ],
    [
      'the last word of a tool',
      { messages: [...hi, { role: 'tool', content: 'x', tool_call_id: 'a' }] },
      'messages',
    ],
    ['no message of the user', { messages: [{ role: 'tool', content: 'x' }] }, 'messages'],
    [
      'arguments without end',
      {
        messages: [
          ...hi,
          {
            role: 'assistant',
            tool_calls: [
              { id: 'a', type: 'function', function: { name: 'a', arguments: 'x'.repeat(1_000_001) } },
            ],
          },
          ...hi,
        ],
      },
      'messages',
    ],
    ['tools of a wrong type', { messages: hi, tools: 'all' }, 'tools'],
    ['functions', { messages: hi, functions: [{}] }, 'functions'],
    ['speech', { messages: hi, modalities: ['text', 'audio'], audio: {} }, 'modalities'],
    ['a form of the answer', { messages: hi, response_format: { type: 'json_object' } }, 'response_format'],
    [
      'a schema of the answer',
      { messages: hi, response_format: { type: 'json_schema', json_schema: { schema: {} } } },
      'response_format',
    ],
    [
      'a schema that is missing',
      { messages: hi, response_format: { type: 'json_schema' } },
      'response_format.json_schema',
    ],
    [
      'a form that is not known',
      { messages: hi, response_format: { type: 'grammar' } },
      'response_format.type',
    ],
    ['a word that ends the answer', { messages: hi, stop: 'END' }, 'stop'],
    ['an answer of no length', { messages: hi, max_tokens: 0 }, 'max_tokens'],
    ['probabilities', { messages: hi, logprobs: true }, 'logprobs'],
    ['likely tokens without probabilities', { messages: hi, top_logprobs: 2 }, 'top_logprobs'],
    ['a temperature beyond bounds', { messages: hi, temperature: 2.5 }, 'temperature'],
    ['a temperature of a wrong type', { messages: hi, temperature: 'hot' }, 'temperature'],
    ['stop texts without end', { messages: hi, stop: Array(100).fill('x') }, 'stop'],
    ['no messages', {}, 'messages'],
    ['messages of a wrong type', { messages: 'hi' }, 'messages'],
    ['an empty conversation', { messages: [] }, 'messages'],
    ['a conversation without end', { messages: Array(200_000).fill(0) }, 'messages'],
    ['a message that is not one', { messages: [null] }, 'messages[0]'],
    ['an unknown role', { messages: [{ role: 'root', content: 'hi' }] }, 'messages[0].role'],
    ['an answer as the last message', { messages: [{ role: 'assistant', content: 'hi' }] }, 'messages'],
    ['no content', { messages: [user(undefined)] }, 'messages[0].content'],
    ['content of a wrong type', { messages: [user({ text: 'hi' })] }, 'messages[0].content'],
    ['parts without end', { messages: [user(Array(200_000).fill({}))] }, 'messages[0].content'],
    ['more text than a context holds', { messages: [user('x'.repeat(1_000_001))] }, 'messages'],
    [
      'more files than a request may have',
      { messages: [user(Array(33).fill({ type: 'image_url', image_url: { url: PNG } }))] },
      'messages',
    ],
    [
      'sound',
      { messages: [user([{ type: 'input_audio', input_audio: {} }])] },
      'messages[0].content[0].type',
    ],
    ['an uploaded file', { messages: [user([{ type: 'file', file: { file_id: 'f' } }])] }, null],
    [
      'an image of the system',
      { messages: [{ ...image(PNG), role: 'system' }, ...hi] },
      'messages[0].content',
    ],
    ['a stream of a wrong type', { messages: hi, stream: 'yes' }, 'stream'],
    ['a model of a wrong type', { messages: hi, model: ['guide'] }, 'model'],
    ['a model with a name without end', { messages: hi, model: 'x'.repeat(100_000) }, 'model'],
  ])('%s is refused, with the parameter at fault', async (_, body, param) => {
    const { status, error, asked } = await send(body);
    expect({ status, type: error?.type }).toEqual({ status: 400, type: 'invalid_request_error' });
    if (param) expect(error!.param).toBe(param);
    expect(error!.message.length).toBeLessThan(300);
    expect(asked).toEqual([]);
  });

  it.each([
    ['https://127.0.0.1:1/secret.png'],
    ['file:///etc/passwd'],
    ['data:text/html;base64,aGk='],
    ['data:image/png,plain'],
    ['data:image/png;base64,!!!!'],
    ['data:image/png;base64,'],
    [`data:image/png${';a=b'.repeat(100_000)};base64,aGk=`],
    [17],
  ])('the image %.40s is refused, and nothing is fetched', async (url) => {
    const { status, error, asked } = await send({ messages: [image(url)] });
    expect(status).toBe(400);
    expect(error!.param).toBe('messages[0].content[0].image_url.url');
    expect(asked).toEqual([]);
  });

  it.each(['', '{', 'null', '[]', '7', `${'['.repeat(1_000_000)}`])(
    'the body %.10s is refused',
    async (body) => {
      const { status, error } = await send(body);
      expect({ status, type: error?.type }).toEqual({ status: 400, type: 'invalid_request_error' });
    },
  );

  it('an agent that is not there is not found', async () => {
    const { status, error } = await send({ messages: hi, model: '__proto__' });
    expect({ status, param: error?.param }).toEqual({ status: 404, param: 'model' });
  });
});
