/** An OpenAI-compatible server for tests: it says what a scenario says, badly if that is asked for. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the server does with a request; chosen by the name of the model. */
export type Scenario =
  /** Answers `echo: ` and the last message, in several chunks, some split in the middle of an event or a character. */
  | 'echo'
  /**
   * Calls the tools that the message names, each on a line `call NAME JSON`; then says `tools: ` and their answers. A
   * message without such a line is echoed.
   */
  | 'calls-tools'
  /** Calls the first tool again and again. */
  | 'calls-forever'
  /** Calls the first tool with arguments that are not JSON, then says what that was answered. */
  | 'calls-badly'
  /** Lists every message it was sent. */
  | 'repeat-prompt'
  | 'no-usage'
  | 'filtered'
  /** Stops at the limit of tokens. */
  | 'cut'
  | 'unauthorized'
  | 'rate-limited'
  | 'failing'
  | 'unknown-model'
  | 'too-long'
  /** Sends headers and one chunk, and nothing more. */
  | 'hang'
  /** Sends nothing at all. */
  | 'silent'
  /** Sends text without end, whatever the limit. */
  | 'giant'
  | 'redirect'
  /** Ends the stream in the middle of an answer. */
  | 'truncated'
  /** Cuts the connection in the middle of an answer. */
  | 'cut-connection'
  | 'not-json'
  | 'html'
  /** An error inside the stream. */
  | 'error-event'
  /** An error of many megabytes. */
  | 'giant-error'
  /** An error message that quotes the key. */
  | 'leaks-key';

interface ChatRequest {
  model: Scenario;
  messages: { role: string; content: string | null; tool_calls?: object[]; tool_call_id?: string }[];
  tools?: { type: string; function: { name: string; description?: string; parameters?: object } }[];
  max_tokens?: number;
  stream?: boolean;
}

export interface MockOpenAi {
  /** Base address, with /v1. */
  url: string;
  /** Bodies of the requests so far. */
  requests: ChatRequest[];
  /** Connections that are open now. */
  open(): number;
  close(): Promise<void>;
}

const ERRORS: Partial<Record<Scenario, [status: number, message: string, code?: string]>> = {
  unauthorized: [401, 'Incorrect API key provided.', 'invalid_api_key'],
  'rate-limited': [429, 'Rate limit reached for requests', 'rate_limit_exceeded'],
  failing: [500, 'The server had an error while processing your request'],
  'unknown-model': [404, 'The model `unknown-model` does not exist', 'model_not_found'],
  'too-long': [400, "This model's maximum context length is 8192 tokens.", 'context_length_exceeded'],
};

export async function mockOpenAi(): Promise<MockOpenAi> {
  const requests: ChatRequest[] = [];
  const sockets = new Set<object>();
  const server: Server = createServer((request, response) => {
    void answer(request, response, requests).catch(() => response.destroy());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    open: () => sockets.size,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  requests: ChatRequest[],
): Promise<void> {
  let text = '';
  for await (const part of request) text += part;
  if (request.url === '/v1/embeddings') return embed(JSON.parse(text), response);
  if (request.url !== '/v1/chat/completions') return void response.writeHead(404).end('not here');
  const body = JSON.parse(text) as ChatRequest;
  requests.push(body);
  const { model: scenario } = body;
  const error = ERRORS[scenario];
  if (error) return sendError(response, ...error);
  if (scenario === 'leaks-key') {
    return sendError(response, 401, `Incorrect API key provided: ${request.headers.authorization?.slice(7)}`);
  }
  if (scenario === 'silent') return;
  if (scenario === 'giant-error') {
    return void response.writeHead(500, { 'content-type': 'application/json' }).end('x'.repeat(8_000_000));
  }
  if (scenario === 'redirect') return void response.writeHead(307, { location: '/v1/elsewhere' }).end();
  if (scenario === 'html') {
    return void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>a login page</html>');
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const write = (chunk: string | Uint8Array) =>
    new Promise<void>(
      (resolve) => void (response.write(chunk) ? setImmediate(resolve) : response.once('drain', resolve)),
    );
  const event = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;
  const delta = (content: string) =>
    event({
      id: 'c',
      object: 'chat.completion.chunk',
      model: scenario,
      choices: [{ index: 0, delta: { content } }],
    });
  const end = (reason: string) =>
    event({
      id: 'c',
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta: {}, finish_reason: reason }],
    });
  const usage = event({
    id: 'c',
    choices: [],
    usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
  });

  const calls = callsOf(body);
  if (calls.length > 0) {
    for (const [index, { name, input }] of calls.entries()) {
      const half = Math.floor(input.length / 2);
      const call = (more: object) =>
        event({
          id: 'c',
          object: 'chat.completion.chunk',
          choices: [{ index: 0, delta: { tool_calls: [{ index, ...more }] } }],
        });
      const id = `call-${body.messages.length}-${index}`;
      await write(call({ id, type: 'function', function: { name, arguments: input.slice(0, half) } }));
      await write(call({ function: { arguments: input.slice(half) } }));
    }
    await write(end('tool_calls'));
    await write(usage);
    await write('data: [DONE]\n\n');
    return void response.end();
  }

  switch (scenario) {
    case 'hang':
      return write(delta('one moment'));
    case 'giant':
      while (!response.destroyed) await write(delta('x'.repeat(64 * 1024)));
      return;
    case 'truncated':
      await write(delta('half an'));
      return void response.end();
    case 'cut-connection':
      await write(delta('half an'));
      return void response.destroy();
    case 'not-json':
      await write('data: {broken\n\n');
      return void response.end();
    case 'error-event':
      await write(delta('well'));
      await write(event({ error: { message: 'the model has crashed', type: 'server_error' } }));
      return void response.end();
    default:
  }
  const said =
    scenario === 'repeat-prompt'
      ? body.messages.map(({ role, content }) => `${role}: ${content}`).join(' | ')
      : body.messages.at(-1)?.role === 'tool'
        ? `tools: ${answersOf(body).join(' | ')}`
        : `echo: ${body.messages.at(-1)?.content} \u{1f40c}`;
  // In the middle of an event, and of a character of four bytes.
  const bytes = new TextEncoder().encode(delta(said.slice(0, 3)) + delta(said.slice(3)));
  const snail = bytes.indexOf(0xf0);
  const cuts = [5, 40, snail > 0 ? snail + 2 : 60, bytes.length];
  let from = 0;
  for (const to of cuts.filter((cut) => cut > 0).sort((a, b) => a - b)) {
    await write(bytes.slice(from, to));
    from = to;
  }
  await write(': keep-alive\n\n');
  await write(end(scenario === 'cut' ? 'length' : scenario === 'filtered' ? 'content_filter' : 'stop'));
  if (scenario !== 'no-usage') await write(usage);
  await write('data: [DONE]\n\n');
  response.end();
}

/** Vectors of words; it knows that a boat is a ferry. Model `too-few` leaves one out. */
function embed(
  { model, input }: { model: string; input: string | string[] },
  response: ServerResponse,
): void {
  const error = ERRORS[model as Scenario];
  if (model === 'silent') return;
  if (error) {
    sendError(response, ...error);
    return;
  }
  if (model === 'html') {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>a login page</html>');
    return;
  }
  const texts = [input].flat().slice(model === 'too-few' ? 1 : 0);
  const data = texts.map((text, index) => {
    const embedding = new Array<number>(64).fill(0.01);
    for (const word of text.toLowerCase().match(/\w+/g) ?? []) {
      const meaning = word.replace(/^(?:boat|ship)s?$/, 'ferry');
      embedding[[...meaning].reduce((sum, c) => (31 * sum + c.charCodeAt(0)) % 64, 7)]! += 1;
    }
    return { object: 'embedding', index, embedding };
  });
  response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ object: 'list', model, data, usage: { prompt_tokens: 1, total_tokens: 1 } }));
}

/** The calls that a scenario asks for, with their arguments as text. */
function callsOf({ model, messages, tools = [] }: ChatRequest): { name: string; input: string }[] {
  const [first] = tools;
  const { role, content } = messages.at(-1)!;
  if (model === 'calls-forever' && first) return [{ name: first.function.name, input: '{}' }];
  if (role === 'tool') return [];
  if (model === 'calls-badly' && first) return [{ name: first.function.name, input: '{"half' }];
  if (model !== 'calls-tools') return [];
  return [...(content ?? '').matchAll(/^call (\S+) (.*)$/gm)].map(([, name, input]) => ({
    name: name!,
    input: input!,
  }));
}

/** The answers of the tools that were called last. */
function answersOf({ messages }: ChatRequest): string[] {
  const from = messages.findLastIndex(({ role }) => role !== 'tool') + 1;
  return messages.slice(from).map(({ content }) => content ?? '');
}

function sendError(
  response: ServerResponse,
  status: number,
  message: string,
  code: string | null = null,
): void {
  response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(JSON.stringify({ error: { message, type: 'error', code } }));
}
