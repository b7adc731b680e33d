import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MockOpenAi, mockOpenAi } from '../../../../../packages/inference/src/testing/mock-openai.ts';
import { counting, largest, vectorModel } from '../../../../../packages/inference/src/testing/models.ts';
import { outcomeOf, startChorus } from '../../testing/chorus-process.ts';
import { runChorus } from '../../testing/run-chorus.ts';

const KEY = 'sk-abcdefgh01234567';
let folder: string;
let server: MockOpenAi;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-agent-'));
  server = await mockOpenAi();
  await writeFile(join(folder, 'largest.onnx'), largest(3));
  await writeFile(join(folder, 'counting.onnx'), counting(4));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const surroundings = () => ({ cwd: folder, env: { ...process.env, HOME: folder, LLM_KEY: KEY } });
const agent = (...args: string[]) => runChorus(['agent', ...args], surroundings());

/** An agent file in the folder; returns its name. */
async function file(name: string, model: string, more = ''): Promise<string> {
  await writeFile(join(folder, `${name}.yaml`), `chorus: agent/1\nname: ${name}\nmodel: ${model}\n${more}`);
  return `${name}.yaml`;
}
const chat = (name: string) =>
  file(name, `{ openai: { url: "${server.url}", name: ${name}, key: "\${env:LLM_KEY}" } }`);
const classifier = () => file('classifier', '{ onnx: { file: largest.onnx, classes: [cat, dog, eel] } }');

describe('chorus agent init', () => {
  it('init writes a file and its JSON Schema, and overwrites neither', async () => {
    const made = await agent('init', 'my-agent', '--template', 'classify', '--json');
    expect({ code: made.code, ...JSON.parse(made.stdout) }).toMatchObject({ code: 0, file: 'my-agent.yaml' });
    const text = await readFile(join(folder, 'my-agent.yaml'), 'utf8');
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\/agent\.schema\.json\n/);
    expect(text).toContain('name: "My agent"');
    expect(JSON.parse(await readFile(join(folder, 'agent.schema.json'), 'utf8'))).toMatchObject({
      title: 'Chorus agent file',
    });
    await writeFile(join(folder, 'my-agent.yaml'), 'mine');
    expect(await agent('init', 'my-agent.yaml')).toMatchObject({ code: 73, stdout: '' });
    expect(await readFile(join(folder, 'my-agent.yaml'), 'utf8')).toBe('mine');
  });

  it('an unknown template is wrong usage', async () => {
    expect((await agent('init', 'x', '--template', 'magic')).code).toBe(64);
  });
});

describe('chorus agent check', () => {
  it('a model of texts as vectors is asked for one', async () => {
    const { model, tokenizer } = vectorModel();
    await writeFile(join(folder, 'vectors.onnx'), model);
    await writeFile(join(folder, 'tokenizer.json'), tokenizer);
    const vectors = await file(
      'vectors',
      '{ onnx: { file: vectors.onnx, embed: { tokenizer: tokenizer.json } } }',
    );
    const { code, stdout } = await agent('check', vectors);
    expect(code).toBe(0);
    expect(stdout).toContain('"a vector of 4 numbers"');
  });

  it('an agent that works passes, with its limits, its card and one real answer', async () => {
    const { code, stdout } = await agent('check', await chat('echo'), '--json');
    const document = JSON.parse(stdout);
    expect({ code, ok: document.ok }).toEqual({ code: 0, ok: true });
    expect(document.checks.map(({ check }: { check: string }) => check)).toEqual(['file', 'model', 'answer']);
    expect(document.card).toMatchObject({ name: 'echo', skills: [{ id: 'chat' }] });
    expect(stdout).not.toContain(KEY);
  });

  it.each([
    ['unauthorized', 77],
    ['unknown-model', 78],
    ['rate-limited', 69],
    ['leaks-key', 77],
  ])(
    'an endpoint that answers %s fails with the exit code %i, and shows no key',
    async (scenario, expected) => {
      const { code, stdout, stderr } = await agent('check', await chat(scenario));
      expect({ code, stdout }).toEqual({ code: expected, stdout: expect.stringContaining('failed') });
      expect(stdout + stderr).not.toContain(KEY);
    },
  );

  it('a file with faults lists all of them with their places', async () => {
    const name = await file('faulty', `{ openai: { url: "${server.url}", nmae: echo } }`, 'publish: 1\n');
    const { code, stdout } = await agent('check', name);
    expect(code).toBe(78);
    expect(stdout).toMatch(/3:\d+ {2}"model\.openai\.nmae" there is no such key -> did you mean "name"\?/);
    expect(stdout).toContain('"publish" is not supported yet by this version');
  });

  it('a literal key is refused, and not repeated', async () => {
    const name = await file(
      'literal',
      `{ openai: { url: "${server.url}", name: echo, key: sk-literal-987654 } }`,
    );
    const { code, stdout, stderr } = await agent('check', name, '--json');
    expect(code).toBe(78);
    expect(stdout + stderr).not.toContain('literal-987654');
  });

  it('an agent that hires another one is said to spend what it may pay, and others nothing', async () => {
    expect((await agent('check', await chat('echo'))).stdout).toContain('can spend no tokens');
    const hiring = await file('hiring', '{ agent: { id: 7, pay: 0.02 CHOR } }');
    const { stdout } = await agent('check', hiring);
    expect(stdout).toContain('may pay the agent that it asks up to 0.02 CHOR');
    expect(stdout).not.toContain('no tokens');
    const free = await agent('check', await file('free-hiring', '{ agent: { id: 7 } }'));
    expect(free.stdout).toContain('can spend no tokens');
  });

  it('a model file that is missing or none fails as bad data', async () => {
    expect((await agent('check', await file('gone', '{ onnx: { file: gone.onnx } }'))).code).toBe(65);
    expect((await agent('check', await file('none', '{ onnx: { file: none.yaml } }'))).code).toBe(65);
  });
});

describe('chorus agent run', () => {
  it('one message is answered, and nothing else is on standard output', async () => {
    const { code, stdout } = await agent('run', await chat('echo'), '--message', 'hello');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'echo: hello \u{1f40c}\n' });
  });

  it('characters that steer a terminal are not written, as a model may write any', async () => {
    // It counts on from the line feed that stands for an empty message.
    const writer = '{ onnx: { file: counting.onnx, bytes: { length: 22, temperature: 0 } } }';
    const { code, stdout } = await agent('run', await file('writer', writer));
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${'\ufffd'.repeat(21)} \n` });
  });

  it('a classifier answers a file with a label, for programs as JSON', async () => {
    await writeFile(join(folder, 'sample.json'), '[0, 3, 1]');
    const { code, stdout } = await agent('run', await classifier(), '--file', 'sample.json', '--json');
    expect({ code, reply: JSON.parse(stdout) }).toMatchObject({
      code: 0,
      reply: { rejected: null, data: [{ name: 'classification', value: { label: 'dog' } }] },
    });
  });

  it('a message that the model cannot read ends as bad data, with what it reads', async () => {
    const { code, stderr } = await agent('run', await classifier(), '--message', 'hello');
    expect({ code, stderr }).toEqual({
      code: 65,
      stderr: expect.stringContaining('send a list of 3 numbers'),
    });
  });

  it('an answer that breaks off ends on a line of its own, and with an error', async () => {
    const { code, stdout, stderr } = await agent('run', await chat('truncated'), '--message', 'hi');
    expect({ code, stdout }).toEqual({ code: 1, stdout: 'half an\n' });
    expect(stderr).toContain('E_ENGINE_RESPONSE');
  });

  it('an interrupt ends a command that waits for an answer', async () => {
    const child = startChorus(['agent', 'run', await chat('hang'), '--message', 'hi'], surroundings());
    child.stdout!.on('data', () => child.kill('SIGINT'));
    expect(await outcomeOf(child)).toMatchObject({ code: 130, stdout: 'one moment\n' });
  });

  it('standard input that is no terminal is the message, and an empty one is refused', async () => {
    const args = ['run', await chat('echo'), '--json'];
    const child = startChorus(['agent', ...args], surroundings(), 'line one\nline two\n');
    const { code, stdout } = await outcomeOf(child);
    expect({ code, text: JSON.parse(stdout).text }).toEqual({
      code: 0,
      text: 'echo: line one\nline two \u{1f40c}',
    });
    expect(await agent(...args)).toMatchObject({
      code: 65,
      stderr: expect.stringContaining('the message is empty'),
    });
  });
});
