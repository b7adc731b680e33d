import {
  type Client,
  ClientFactory,
  JsonRpcTransportFactory,
  RestTransportFactory,
} from '@a2a-js/sdk/client';
import {
  type A2aApp,
  type A2aAppOptions,
  type AgentPlaces,
  a2aApp,
  buildCard,
  type CallEvent,
  type ConnectOptions,
  callAgent,
  connectAgent,
  signCard,
} from '@chorus/a2a';
import {
  type AgentEvent,
  type AgentExecutor,
  type AgentRequest,
  ChorusError,
  hasCode,
} from '@chorus/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import { until } from '../patience.ts';

/** An agent that is served, and two callers of it. */
export interface Served {
  app: A2aApp;
  /** Base URL of the agent. */
  target: string;
  caller: ConnectOptions;
  stranger: ConnectOptions;
  /** A plain request of the caller, below the base. */
  request(path: string, init?: RequestInit): Promise<Response>;
  /** Whether callers are proven to be who they are. */
  proven: boolean;
  /** Requests that one caller may send at once without being refused by the transport itself. */
  flood: number;
  close(): Promise<void>;
}

/** Serves what `make` makes for the places that it is served at. */
export type Serve = (make: (places: AgentPlaces, seed: Uint8Array) => Promise<A2aApp>) => Promise<Served>;

const USAGE = { inputTokens: 3, outputTokens: 5 };
const completed: AgentEvent = { type: 'completed', usage: USAGE };
const JSON_HEADERS = { 'content-type': 'application/json', 'a2a-version': '1.0' };
const hi = { message: { messageId: 'm1', role: 'ROLE_USER', parts: [{ text: 'hi' }] } };
const rpc = (method: string, params: unknown): RequestInit => ({
  method: 'POST',
  headers: JSON_HEADERS,
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
});
const withCode = (code: Parameters<typeof hasCode>[1]) => (error: unknown) => hasCode(error, code);

/** An executor for tests: does what a function says. */
function executorOf(
  run: (request: AgentRequest, signal: AbortSignal) => AsyncIterable<AgentEvent>,
): AgentExecutor {
  return { execute: run, close: async () => undefined };
}

const echo = executorOf(async function* ({ message }) {
  yield { type: 'text', text: `You said: ${message.text}` };
  yield completed;
});

/** Works until it is let go on, or stopped. */
function patientExecutor() {
  const state = { running: 0, aborted: 0, goOn: () => {} };
  const gate = new Promise<void>((resolve) => {
    state.goOn = resolve;
  });
  const executor = executorOf(async function* (_, signal) {
    state.running++;
    yield { type: 'text', text: 'begun ' };
    await Promise.race([
      gate,
      new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true })),
    ]);
    if (signal.aborted) state.aborted++;
    yield { type: 'text', text: 'done' };
    yield completed;
  });
  return { state, executor };
}

const textOf = (events: CallEvent[]) =>
  events.map((event) => (event.type === 'text' ? event.text : '')).join('');

/** The same of every way to an agent. */
export function describeA2a(name: string, serve: Serve): void {
  describe(`A2A ${name}`, () => {
    let served: Served | undefined;
    const start = async (executor: AgentExecutor, options: Partial<A2aAppOptions> = {}) => {
      served = await serve(async (places, seed) => {
        const about = {
          name: 'Echo',
          description: 'Says what you say',
          version: '1.0.0',
          skills: [{ id: 'echo', description: 'echo', tags: ['test'] }],
          inputModes: ['text/plain', 'image/*'],
        };
        const card = await signCard(buildCard(about, places), seed);
        return a2aApp({ card, executor, ...options });
      });
      return served;
    };
    afterEach(async () => {
      await served?.close();
      served = undefined;
    });
    const ask = async (
      message: Parameters<typeof callAgent>[1],
      options: Parameters<typeof callAgent>[2] = {},
    ) => {
      const { target, caller } = served!;
      return await all(callAgent(target, message, { ...caller, ...options }));
    };

    test('an agent answers with text, data, files and tools, and the caller sees them in order', async () => {
      const bytes = new Uint8Array([0, 1, 2, 255]);
      await start(
        executorOf(async function* ({ message }) {
          yield { type: 'tool', name: 'search', state: 'called', detail: message.text };
          yield { type: 'text', text: 'The answer ' };
          yield { type: 'text', text: 'is 42. Grüße' };
          yield { type: 'data', name: 'result', value: { n: 42 } };
          yield {
            type: 'file',
            file: { name: 'a.bin', mediaType: 'image/png', bytes: message.files[0]!.bytes },
          };
          yield completed;
        }),
      );
      const file = { name: 'q.png', mediaType: 'image/png', bytes };
      const events = await ask({ from: 'caller', text: 'why?', files: [file], data: [] });
      expect(events[0]).toMatchObject({ type: 'task' });
      expect(textOf(events)).toBe('The answer is 42. Grüße');
      const others = events.slice(1).filter(({ type }) => type !== 'text');
      expect(others).toEqual([
        { type: 'tool', name: 'search', state: 'called', detail: 'why?' },
        { type: 'data', name: 'result', value: { n: 42 } },
        { type: 'file', file: { name: 'a.bin', mediaType: 'image/png', bytes } },
        completed,
      ]);
    });

    test('an answer that is not streamed has the same results', async () => {
      await start(echo);
      const events = await ask('hello', { stream: false });
      expect(textOf(events)).toBe('You said: hello');
      expect(events.at(-1)).toEqual(completed);
    });

    test('the caller is named as its transport proves it', async () => {
      const seen: string[] = [];
      const { proven } = await start(
        executorOf(async function* ({ caller }) {
          seen.push(caller);
          yield completed;
        }),
      );
      await ask('x');
      expect(seen).toEqual([proven ? expect.stringMatching(/^peer:12D3KooW/) : 'anonymous']);
    });

    test('a task goes on with the answer to its question, and a conversation with what was said', async () => {
      const heard: string[][] = [];
      await start(
        executorOf(async function* ({ message, history }) {
          heard.push([...history.map(({ from, text }) => `${from}: ${text}`), message.text]);
          if (message.text === 'book') yield { type: 'input-required', question: 'For when?' };
          else {
            yield { type: 'text', text: `done ${message.text}` };
            yield completed;
          }
        }),
      );
      const first = await ask('book');
      expect(first.at(-1)).toEqual({ type: 'input-required', question: 'For when?' });
      const { taskId, contextId } = first[0] as { taskId: string; contextId: string };
      const second = await ask('noon', { taskId });
      expect(textOf(second)).toBe('done noon');
      const third = await ask('thanks', { contextId });
      expect(third[0]).toMatchObject({ contextId });
      expect(heard).toEqual([
        ['book'],
        ['caller: book', 'agent: For when?', 'noon'],
        ['caller: book', 'agent: For when?', 'caller: noon', 'agent: done noon', 'thanks'],
      ]);
    });

    test('a conversation whose name others may know shows them nothing of each other', async () => {
      const heard: number[] = [];
      const { target, stranger } = await start(
        executorOf(async function* ({ history }) {
          heard.push(history.length);
          yield completed;
        }),
      );
      await ask('my secret', { contextId: 'chat' });
      await all(callAgent(target, 'tell me', { ...stranger, contextId: 'chat' }));
      expect(heard).toEqual([0, 0]);
    });

    test('a refusal and a failure reach the caller in words, and words that are not meant for it do not', async () => {
      await start(
        executorOf(async function* ({ message }) {
          if (message.text === 'reject') yield { type: 'rejected', reason: 'not my job' };
          else if (message.text === 'throw') {
            throw new ChorusError('E_TEST_LIMIT', 'the model is busy', {
              facts: { key: 'secret' },
              hint: 'wait',
            });
          } else if (message.text === 'crash') throw new Error('secret');
        }),
      );
      const last = async (message: string, stream: boolean) => (await ask(message, { stream })).at(-1);
      for (const stream of [true, false]) {
        expect(await last('reject', stream)).toEqual({ type: 'rejected', reason: 'not my job' });
        expect(await last('throw', stream)).toEqual({
          type: 'failed',
          reason: 'the model is busy - wait (E_TEST_LIMIT)',
        });
        expect(await last('crash', stream)).toEqual({ type: 'failed', reason: 'The agent failed.' });
        expect(await last('nothing', stream)).toMatchObject({ type: 'failed' });
      }
    });

    test('a cancelled task stops its executor, and all who watch see it end', async () => {
      const { state, executor } = patientExecutor();
      const { app } = await start(executor);
      const agent = await connectAgent(served!.target, served!.caller);
      const events: CallEvent[] = [];
      const watching = (async () => {
        for await (const event of agent.call('go')) events.push(event);
      })();
      await until(() => events.some(({ type }) => type === 'text'));
      const { taskId } = events[0] as { taskId: string };
      await agent.cancel(taskId);
      await watching;
      expect(events.at(-1)).toEqual({ type: 'cancelled' });
      await until(() => state.aborted === 1 && app.load().tasks === 0);
      expect([state.aborted, app.load()]).toEqual([1, { tasks: 0, streams: 0 }]);
      expect((await agent.task(taskId)).at(-1)).toEqual({ type: 'cancelled' });
    });

    test('two streams on one task see the same, and a second message to a task at work is refused', async () => {
      const { state, executor } = patientExecutor();
      await start(executor);
      const agent = await connectAgent(served!.target, served!.caller);
      const first: CallEvent[] = [];
      const second: CallEvent[] = [];
      const one = (async () => {
        for await (const event of agent.call('go')) first.push(event);
      })();
      await until(() => textOf(first) !== '');
      const { taskId } = first[0] as { taskId: string };
      const two = (async () => {
        for await (const event of agent.subscribe(taskId)) second.push(event);
      })();
      await until(() => second.length > 0);
      await expect(all(agent.call('again', { taskId }))).rejects.toSatisfy(withCode('E_A2A_REFUSED'));
      state.goOn();
      await Promise.all([one, two]);
      expect([textOf(first), textOf(second)]).toEqual(['begun done', 'begun done']);
      expect([first.at(-1), second.at(-1)]).toEqual([completed, completed]);
      expect(state.running).toBe(1);
    });

    test('a caller that leaves frees its stream, and the task goes on to its end', async () => {
      const { state, executor } = patientExecutor();
      const { app } = await start(executor);
      const leave = new AbortController();
      const events: CallEvent[] = [];
      const watching = (async () => {
        const signal = leave.signal;
        for await (const event of callAgent(served!.target, 'go', { ...served!.caller, signal })) {
          events.push(event);
          if (event.type === 'text') leave.abort(new Error('enough'));
        }
      })();
      await expect(watching).rejects.toThrow('enough');
      await until(() => app.load().streams === 0);
      expect(app.load()).toEqual({ tasks: 1, streams: 0 });
      state.goOn();
      await until(() => app.load().tasks === 0);
      const agent = await connectAgent(served!.target, served!.caller);
      const { taskId } = events[0] as { taskId: string };
      expect(textOf(await agent.task(taskId))).toBe('begun done');
      expect(state.aborted).toBe(0);
    });

    test('the task of another caller is not there: not by its id if callers are proven, and never in a list', async () => {
      const { target, stranger, proven } = await start(echo);
      const events = await ask('secret');
      const { taskId } = events[0] as { taskId: string };
      const other = await connectAgent(target, stranger);
      if (proven) {
        await expect(other.task(taskId)).rejects.toSatisfy(withCode('E_A2A_TASK_UNKNOWN'));
        await expect(other.cancel(taskId)).rejects.toSatisfy(withCode('E_A2A_TASK_UNKNOWN'));
        await expect(all(other.subscribe(taskId))).rejects.toSatisfy(withCode('E_A2A_TASK_UNKNOWN'));
        await expect(all(other.call('and?', { taskId }))).rejects.toSatisfy(withCode('E_A2A_TASK_UNKNOWN'));
      }
      const listed = await answerOf(await served!.request('a2a', rpc('ListTasks', {})));
      expect(listed.result?.tasks.map(({ id }) => id)).toEqual(proven ? [taskId] : []);
    });

    test.each(['JSONRPC', 'HTTP+JSON'] as const)(
      "the SDK's own client speaks %s with an agent: send, stream, get, list, cancel, push configurations",
      async (binding) => {
        const { state, executor } = patientExecutor();
        await start(executor, { push: { allowPrivate: true } });
        const client = await sdkClient(served!, binding);
        const message = { messageId: 'm', role: 1, parts: [{ content: { $case: 'text', value: 'hi' } }] };
        const params = {
          tenant: '',
          message,
          configuration: { returnImmediately: true },
          metadata: undefined,
        };
        const task = await client.sendMessage(params as never);
        if (!('status' in task)) throw new Error('not a task');
        const seen = (async () => {
          const kinds: string[] = [];
          for await (const { payload } of client.resubscribeTask({ id: task.id, tenant: '' })) {
            kinds.push(payload!.$case);
            if (kinds.length === 1) state.goOn();
          }
          return kinds;
        })();
        expect((await seen).at(-1)).toBe('statusUpdate');
        const got = await client.getTask({ id: task.id, tenant: '' });
        expect(got.artifacts[0]!.parts).toHaveLength(1);
        expect(got.history).toHaveLength(1);
        const config = { id: 'c1', taskId: task.id, url: 'http://127.0.0.1:9/hook', tenant: '', token: '' };
        await client.createTaskPushNotificationConfig({ ...config, authentication: undefined });
        const where = { taskId: task.id, tenant: '' };
        expect(await client.getTaskPushNotificationConfig({ ...where, id: 'c1' })).toMatchObject({
          url: config.url,
        });
        const list = () => client.listTaskPushNotificationConfig({ ...where, pageSize: 0, pageToken: '' });
        expect((await list()).configs).toHaveLength(1);
        await client.deleteTaskPushNotificationConfig({ ...where, id: 'c1' });
        expect((await list()).configs).toEqual([]);
        await expect(client.cancelTask({ id: task.id, tenant: '', metadata: undefined })).rejects.toThrow(
          /cancel/i,
        );
        await expect(client.getTask({ id: 'none', tenant: '' })).rejects.toThrow(/not found/i);
        const query = {
          tenant: '',
          contextId: task.contextId,
          status: 0,
          pageToken: '',
          statusTimestampAfter: undefined,
        };
        expect((await client.listTasks(query)).tasks.map(({ id }) => id)).toEqual([task.id]);
        const kinds: string[] = [];
        for await (const { payload } of client.sendMessageStream({
          ...params,
          configuration: undefined,
        } as never)) {
          kinds.push(payload!.$case);
        }
        expect(kinds[0]).toBe('task');
        expect(kinds).toContain('artifactUpdate');
      },
    );

    test('what is not a request of A2A 1.0 gets the error that the specification names', async () => {
      await start(echo);
      const code = async (init: RequestInit) => {
        const response = await served!.request('a2a', init);
        return [response.status, (await answerOf(response)).error?.code];
      };
      expect(await code({ method: 'POST', headers: JSON_HEADERS, body: '{' })).toEqual([200, -32700]);
      expect(await code({ method: 'POST', headers: JSON_HEADERS, body: new Uint8Array([0xff]) })).toEqual([
        200, -32700,
      ]);
      expect(await code({ method: 'POST', headers: JSON_HEADERS, body: '[]' })).toEqual([200, -32602]);
      expect(await code(rpc('NoSuchMethod', {}))).toEqual([200, -32601]);
      expect(await code(rpc('GetTask', { id: 'none' }))).toEqual([200, -32001]);
      expect(await code(rpc('SendMessage', {}))).toEqual([200, -32602]);
      expect(
        await code({ ...rpc('GetTask', { id: 'x' }), headers: { 'content-type': 'application/json' } }),
      ).toEqual([200, -32009]);
      expect(
        await code({ ...rpc('GetTask', {}), headers: { ...JSON_HEADERS, 'content-type': 'text/html' } }),
      ).toEqual([200, -32005]);
      const rest = await served!.request('rest/tasks/none', { headers: { 'a2a-version': '1.0' } });
      expect([rest.status, (await answerOf(rest)).error?.details?.[0]?.reason]).toEqual([
        404,
        'TASK_NOT_FOUND',
      ]);
      expect((await served!.request('rest/nothing', { headers: { 'a2a-version': '1.0' } })).status).toBe(404);
    });

    test('a message that is too large, too deep, of too many parts, or of a kind that is not accepted is refused', async () => {
      await start(echo, { limits: { maxRequestBytes: 20_000 } });
      const send = async (message: object, body?: string) => {
        const init = rpc('SendMessage', { message: { ...hi.message, ...message } });
        const response = await served!.request('a2a', body === undefined ? init : { ...init, body });
        return [response.status, (await answerOf(response)).error?.code];
      };
      expect(await send({ parts: [{ text: 'x'.repeat(20_000) }] })).toEqual([413, -32000]);
      expect(await send({}, `{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}`)).toEqual([200, -32602]);
      expect(await send({ parts: Array.from({ length: 101 }, () => ({ text: 'x' })) })).toEqual([
        200, -32602,
      ]);
      expect(await send({ parts: [] })).toEqual([200, -32602]);
      expect(await send({ messageId: 'x'.repeat(201) })).toEqual([200, -32602]);
      expect(await send({ parts: [{ url: 'http://169.254.169.254/', mediaType: 'text/plain' }] })).toEqual([
        200, -32005,
      ]);
      expect(await send({ parts: [{ raw: 'AAAA', mediaType: 'application/zip' }] })).toEqual([200, -32005]);
      expect(await send({ parts: [{ raw: 'AAAA', mediaType: 'image/png' }] })).toEqual([200, undefined]);
    });

    test('a flood of tasks leaves a bounded number open, the rest told to come later, and then the agent works on', async () => {
      const { state, executor } = patientExecutor();
      const limits = { maxRunning: 2, maxOpen: 10, maxOpenPerCaller: 8 };
      const { app, flood } = await start(executor, { limits });
      const immediately = rpc('SendMessage', { ...hi, configuration: { returnImmediately: true } });
      const statuses = new Map<number, number>();
      const floods = Array.from({ length: 20 }, async () => {
        for (let i = 0; i < flood / 20; i++) {
          const response = await served!.request('a2a', immediately);
          if (response.status === 429 && !response.headers.has('retry-after')) statuses.set(-1, 1);
          statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
          await response.arrayBuffer();
        }
      });
      await Promise.all(floods);
      expect(statuses).toEqual(
        new Map([
          [200, 8],
          [429, flood - 8],
        ]),
      );
      expect(app.load().tasks).toBe(8);
      expect(state.running).toBe(2);
      state.goOn();
      await until(() => app.load().tasks === 0);
      expect(textOf(await ask('still there?'))).toBe('begun done');
    });

    test('a task that takes too long, or answers too much, fails with the reason, and its executor is stopped', async () => {
      const { state, executor } = patientExecutor();
      await start(executor, { limits: { maxTaskSeconds: 0.2 } });
      expect((await ask('x')).at(-1)).toMatchObject({
        type: 'failed',
        reason: expect.stringContaining('E_A2A_TIME'),
      });
      await until(() => state.aborted === 1);
      expect(state.aborted).toBe(1);
      await served!.close();
      await start(
        executorOf(async function* () {
          for (;;) yield { type: 'text', text: 'x'.repeat(10_000) };
        }),
        { limits: { maxAnswerBytes: 100_000 } },
      );
      expect((await ask('x')).at(-1)).toMatchObject({
        type: 'failed',
        reason: expect.stringContaining('E_A2A_TOO_LARGE'),
      });
    });

    test('a card is served as it was signed, byte for byte, and is not sent again to one who has it', async () => {
      await start(echo);
      const first = await served!.request('.well-known/agent-card.json');
      const second = await served!.request('.well-known/agent-card.json');
      expect(await first.text()).toBe(await second.text());
      const headers = { 'if-none-match': first.headers.get('etag')! };
      expect((await served!.request('.well-known/agent-card.json', { headers })).status).toBe(304);
    });

    test('closing an agent ends its streams and tasks', async () => {
      const { state, executor } = patientExecutor();
      const { app } = await start(executor);
      const watching = ask('go');
      await until(() => state.running === 1);
      await app.close();
      expect((await watching).at(-1)).toEqual({
        type: 'failed',
        reason: 'The agent was stopped. Ask again later.',
      });
      expect(state.aborted).toBe(1);
    });
  });
}

async function sdkClient(served: Served, binding: 'JSONRPC' | 'HTTP+JSON'): Promise<Client> {
  const path = (url: string) => new URL(url.replace(/^libp2p:/, 'http:')).pathname.split('/agents/7/')[1]!;
  const fetchImpl = (async (url: string, init?: RequestInit) => {
    const { search } = new URL(String(url).replace(/^libp2p:/, 'http:'));
    return await served.request(`${path(String(url))}${search}`, init);
  }) as typeof fetch;
  const transports = [new JsonRpcTransportFactory({ fetchImpl }), new RestTransportFactory({ fetchImpl })];
  const { card } = await connectAgent(served.target, served.caller);
  const url = `http://agent/agents/7/${binding === 'JSONRPC' ? 'a2a' : 'rest'}`;
  return await new ClientFactory({ transports }).createFromAgentCard({
    ...card,
    supportedInterfaces: [{ url, protocolBinding: binding, protocolVersion: '1.0', tenant: '' }],
  });
}

/** All values, in order. */
async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const seen: T[] = [];
  for await (const value of values) seen.push(value);
  return seen;
}

/** What these tests read of an answer. */
interface Answer {
  error?: { code: number; details?: { reason: string }[] };
  result?: { tasks: { id: string }[] };
}

async function answerOf(response: Response): Promise<Answer> {
  return (await response.json()) as Answer;
}
