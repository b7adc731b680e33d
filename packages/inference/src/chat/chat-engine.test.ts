import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type EngineMessage, type EngineRequest, explain, keepSecret } from '@chorus/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collect } from '../../../../test/collect.ts';
import { patience } from '../../../../test/patience.ts';
import { type MockOpenAi, mockOpenAi, type Scenario } from '../testing/mock-openai.ts';
import { createChatEngine } from './chat-engine.ts';

let server: MockOpenAi;
beforeAll(async () => {
  server = await mockOpenAi();
});
afterAll(() => server.close());

const KEY = 'sk-0123456789abcdef';
keepSecret(KEY);
const never = new AbortController().signal;
const message = (role: EngineMessage['role'], text: string): EngineMessage => ({
  role,
  text,
  files: [],
  data: [],
});
const request = (text = 'hi', maxOutputTokens = 50): EngineRequest => ({
  messages: [message('user', text)],
  maxOutputTokens,
});
const engine = (name: Scenario, more = {}) => createChatEngine({ url: server.url, name, key: KEY, ...more });
const ask = (name: Scenario, more: EngineRequest = request()) => collect(engine(name).run(more, never));
const textOf = (events: readonly object[]) =>
  events.map((event) => ('text' in event ? event.text : '')).join('');

/** What a failing request is explained with. */
async function failure(name: Scenario, more = {}, maxOutputTokens = 50) {
  const error = await collect(engine(name, more).run(request('hi', maxOutputTokens), never)).then(
    () => new Error('it was answered'),
    (cause: unknown) => cause,
  );
  return explain(error);
}

describe('an answer of a chat endpoint', () => {
  it('characters that are split over chunks arrive whole, and usage is reported', async () => {
    const events = await ask('echo');
    expect(textOf(events)).toBe('echo: hi \u{1f40c}');
    expect(events.filter((event) => event.type === 'text').length).toBeGreaterThan(1);
    expect(events.at(-1)).toEqual({
      type: 'finished',
      reason: 'stop',
      usage: { inputTokens: 7, outputTokens: 3 },
    });
  });

  it('usage that the endpoint does not report is null', async () => {
    expect((await ask('no-usage')).at(-1)).toMatchObject({
      usage: { inputTokens: null, outputTokens: null },
    });
  });

  it('an answer that is cut at its limit of tokens says so, and so does a withheld one', async () => {
    expect((await ask('cut')).at(-1)).toMatchObject({ reason: 'length' });
    expect((await ask('filtered')).at(-1)).toMatchObject({ reason: 'filtered' });
  });

  it('the endpoint is sent the conversation, the limit and the temperature', async () => {
    const messages = [
      message('system', 'Be kind.'),
      message('user', 'one'),
      message('assistant', 'two'),
      message('user', 'three'),
    ];
    const events = await collect(
      engine('repeat-prompt', { temperature: 0.5 }).run({ messages, maxOutputTokens: 77 }, never),
    );
    expect(textOf(events)).toBe('system: Be kind. | user: one | assistant: two | user: three');
    expect(server.requests.at(-1)).toMatchObject({ max_tokens: 77, temperature: 0.5, stream: true });
  });

  it('text files and JSON values are part of the message', async () => {
    const files = [{ name: 'a.txt', mediaType: 'text/plain', bytes: new TextEncoder().encode('inside') }];
    const events = await ask('echo', {
      messages: [{ ...message('user', 'see'), files, data: [{ a: 1 }] }],
      maxOutputTokens: 50,
    });
    expect(textOf(events)).toBe('echo: see\n\nFile "a.txt":\ninside\n\n{"a":1} \u{1f40c}');
  });
});

it('an empty message is refused, and not sent', async () => {
  const before = server.requests.length;
  await expect(ask('echo', request(''))).rejects.toMatchObject({ code: 'E_AGENT_INPUT' });
  expect(server.requests.length).toBe(before);
});

it('the chat engine alone brings no ONNX runtime into a process', async () => {
  const program = `
    const { createChatEngine } = await import('@chorus/inference/chat');
    const engine = createChatEngine({ url: '${server.url}', name: 'echo' });
    const message = { role: 'user', text: 'hi', files: [], data: [] };
    for await (const _ of engine.run({ messages: [message], maxOutputTokens: 9 }, new AbortController().signal)) {}
    console.log(process.report.getReport().sharedObjects.filter((path) => /onnx|sharp/.test(path)).length);`;
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=@chorus/source', '--input-type=module', '-e', program],
    { cwd },
  );
  expect(stdout.trim()).toBe('0');
});

describe('a chat endpoint that fails', () => {
  it.each([
    ['unauthorized', 'E_ENGINE_UNAUTHORIZED', /refuses the key.*Incorrect API key/],
    ['rate-limited', 'E_ENGINE_RATE', /429.*Rate limit reached/],
    ['failing', 'E_ENGINE_UNAVAILABLE', /500/],
    ['unknown-model', 'E_ENGINE_MODEL', /404/],
    ['too-long', 'E_AGENT_CONTEXT', /maximum context length/],
    ['redirect', 'E_ENGINE_RESPONSE', /redirects/],
    ['html', 'E_ENGINE_RESPONSE', /text\/html/],
    ['giant-error', 'E_ENGINE_RESPONSE', /larger than it can be/],
    ['not-json', 'E_ENGINE_RESPONSE', /form that is not understood/],
    ['truncated', 'E_ENGINE_RESPONSE', /ended before it was complete/],
    ['cut-connection', 'E_ENGINE_UNAVAILABLE', /does not answer/],
    ['error-event', 'E_ENGINE_UNAVAILABLE', /the model has crashed/],
  ] as [Scenario, string, RegExp][])('%s is reported as %s', async (scenario, code, words) => {
    const { code: found, message: said, hint } = await failure(scenario);
    expect({ found, hint }).toEqual({ found: code, hint: expect.any(String) });
    expect(said).toMatch(words);
  });

  it('an error that quotes the key is shown without it', async () => {
    const { message: said } = await failure('leaks-key');
    expect(said).toContain('[redacted]');
    expect(said).not.toContain(KEY);
  });

  it('a redirect is not followed: no second request, and no key for another host', async () => {
    const before = server.requests.length;
    await failure('redirect');
    expect(server.requests.length).toBe(before + 1);
  });

  it('an answer without end is cut, and its connection closed', async () => {
    const { code, message: said } = await failure('giant', {}, 10);
    expect({ code, said }).toMatchObject({
      code: 'E_ENGINE_RESPONSE',
      said: expect.stringContaining('larger than it can be'),
    });
    await expect.poll(() => server.open(), { timeout: patience(10_000) }).toBeLessThanOrEqual(1);
  });

  it.each(['hang', 'silent'] as const)(
    'an endpoint that goes %s is given up after its time of silence',
    async (scenario) => {
      const { code, message: said } = await failure(scenario, { idleMilliseconds: 100 });
      expect(code).toBe('E_ENGINE_UNAVAILABLE');
      expect(said).toContain('has stopped answering');
    },
  );

  it('an endpoint that does not exist is reported without a stack', async () => {
    const gone = await mockOpenAi();
    await gone.close();
    const { code, message: said } = await failure('echo', { url: gone.url });
    expect({ code, said }).toMatchObject({
      code: 'E_ENGINE_UNAVAILABLE',
      said: expect.stringContaining('nothing listens there'),
    });
  });

  it('an aborted answer closes its connection', async () => {
    const own = await mockOpenAi();
    const abort = new AbortController();
    const reason = new Error('enough');
    const asked = (async () => {
      for await (const event of createChatEngine({ url: own.url, name: 'hang' }).run(
        request(),
        abort.signal,
      )) {
        if (event.type === 'text') abort.abort(reason);
      }
    })();
    await expect(asked).rejects.toBe(reason);
    await expect.poll(() => own.open(), { timeout: patience(10_000) }).toBe(0);
    await own.close();
  });
});
