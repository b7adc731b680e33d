import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type MockOpenAi, mockOpenAi } from '../../../../../packages/inference/src/testing/mock-openai.ts';
import { largest } from '../../../../../packages/inference/src/testing/models.ts';
import { chorusCommand, outcomeOf } from '../../testing/chorus-process.ts';

let folder: string;
let server: MockOpenAi;
let client: Client | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-mcp-'));
  server = await mockOpenAi();
  await writeFile(join(folder, 'largest.onnx'), largest(3));
});
afterEach(async () => {
  await client?.close();
  client = undefined;
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

async function file(name: string, model: string): Promise<string> {
  const path = join(folder, `${name}.yaml`);
  await writeFile(path, `chorus: agent/1\nname: ${name}\ndescription: Answers\nmodel: ${model}\n`);
  return path;
}
const chat = (scenario: string) => file(scenario, `{ openai: { url: "${server.url}", name: ${scenario} } }`);

/** The SDK's client, which starts the command and ends it. */
async function connect(path: string): Promise<Client> {
  client = new Client({ name: 'test', version: '1' });
  await client.connect(
    new StdioClientTransport({ ...chorusCommand(['agent', 'mcp', path]), cwd: folder, stderr: 'ignore' }),
  );
  return client;
}

/** The command with its streams in the hands of the test. */
function start(path: string): ChildProcess {
  const { command, args } = chorusCommand(['agent', 'mcp', path]);
  return spawn(command, args, { cwd: folder, stdio: 'pipe' });
}
const line = (message: object) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`;
const INITIALIZE = line({
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
});
const call = (message: string) =>
  line({ id: 2, method: 'tools/call', params: { name: 'ask', arguments: { message } } });

describe('chorus agent mcp', () => {
  it('a client lists the agent as a tool, and is answered', async () => {
    const connected = await connect(await chat('echo'));
    expect((await connected.listTools()).tools).toMatchObject([{ name: 'ask', description: 'Answers' }]);
    const { content } = await connected.callTool({ name: 'ask', arguments: { message: 'hello' } });
    expect(content).toEqual([{ type: 'text', text: 'echo: hello \u{1f40c}' }]);
  });

  it('a classifier answers data with its label', async () => {
    const model = '{ onnx: { file: largest.onnx, classes: [cat, dog, eel] } }';
    const connected = await connect(await file('classifier', model));
    const answer = await connected.callTool({ name: 'ask', arguments: { data: [0, 3, 1] } });
    expect(answer.structuredContent).toMatchObject({
      data: [{ name: 'classification', value: { label: 'dog' } }],
    });
    const refused = await connected.callTool({ name: 'ask', arguments: { data: [0] } });
    expect(refused).toMatchObject({ isError: true });
    expect(JSON.stringify(refused.content)).toContain('send a list of 3 numbers');
  });

  it('a cancelled call ends the request to the model, and the agent answers the next one', async () => {
    const connected = await connect(await chat('hang'));
    const abort = new AbortController();
    const asked = connected.callTool(
      { name: 'ask', arguments: { message: 'hi' } },
      { signal: abort.signal, onprogress: () => abort.abort() },
    );
    await expect(asked).rejects.toThrow();
    while (server.open() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await connected.listTools()).tools).toHaveLength(1);
  });

  it('nothing but messages is on standard output, whatever the model writes', async () => {
    const child = start(await chat('echo'));
    const outcome = outcomeOf(child);
    const escapes = '\u001b[31mred\u0007\r\n{"jsonrpc":"2.0"}\n';
    child.stdin!.write(INITIALIZE + line({ method: 'notifications/initialized' }) + call(escapes));
    // The second answer is that of the call; then this client closes its end.
    const answers: { result: { content?: { text: string }[] } }[] = [];
    for await (const text of createInterface({ input: child.stdout! })) {
      answers.push(JSON.parse(text));
      if (answers.length === 2) child.stdin!.end();
    }
    const { code, stdout } = await outcome;
    expect(code).toBe(0);
    expect(answers.map(({ result }) => result.content?.[0]?.text)).toEqual([
      undefined,
      `echo: ${escapes} \u{1f40c}`,
    ]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: there must not be any
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });

  it('a call in flight is answered when its client closes its end, and then the command ends', async () => {
    const path = await chat('silent');
    // Nothing but the limit of the agent ends this call: it is answered with a failure.
    await writeFile(path, `${await readFile(path, 'utf8')}limits: { seconds: 1 }\n`);
    const child = start(path);
    const outcome = outcomeOf(child);
    child.stdin!.end(INITIALIZE + line({ method: 'notifications/initialized' }) + call('hi'));
    const { code, stdout } = await outcome;
    expect(code).toBe(0);
    const answers = stdout
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text));
    expect(answers.map(({ id }) => id)).toEqual([1, 2]);
    expect(answers[1].result).toMatchObject({ isError: true });
    expect(JSON.stringify(answers[1])).toContain('E_AGENT_TIME');
  });

  it('messages without a pause before the end of input are all answered', async () => {
    const child = start(await chat('echo'));
    const outcome = outcomeOf(child);
    child.stdin!.end(INITIALIZE + line({ method: 'notifications/initialized' }) + call('one shot'));
    const { code, stdout } = await outcome;
    expect(code).toBe(0);
    expect(stdout).toContain('echo: one shot');
  });

  it.each([
    ['sends SIGTERM', (child: ChildProcess) => child.kill('SIGTERM')],
    ['sends SIGINT', (child: ChildProcess) => child.kill('SIGINT')],
  ])('the command ends while the model works, when its client %s', async (_, end) => {
    const child = start(await chat('silent'));
    const outcome = outcomeOf(child);
    const asked = server.requests.length;
    child.stdin!.write(INITIALIZE + call('hi'));
    while (server.requests.length === asked) await new Promise((resolve) => setTimeout(resolve, 5));
    end(child);
    expect((await outcome).code).toBe(0);
  });

  it('a message without end closes the connection, and standard error says why', async () => {
    const child = start(await chat('echo'));
    const outcome = outcomeOf(child);
    child.stdin!.on('error', () => {});
    child.stdin!.write(INITIALIZE);
    await once(child.stdout!, 'data');
    child.stdin!.write('x'.repeat(13 * 2 ** 20));
    const { code, stderr } = await outcome;
    expect(code).toBe(0);
    expect(stderr).toMatch(/error .*(size|large|exceed)/i);
  });

  it('a faulty file ends the command, with nothing on standard output', async () => {
    const path = join(folder, 'faulty.yaml');
    await writeFile(path, 'chorus: agent/1\nmodel: {}\n');
    const outcome = await outcomeOf(start(path));
    expect(outcome).toMatchObject({ code: 78, stdout: '' });
    expect(outcome.stderr).toContain('E_AGENT_FILE');
  });
});
