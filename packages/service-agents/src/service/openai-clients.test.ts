import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createChatEngine } from '@chorus/inference/chat';
import { createTokenizer, openDecoder, tinyModel } from '@chorus/language-models';
import { referenceLogits } from '@chorus/language-models/testing';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collect } from '../../../../test/collect.ts';
import { MemoryHub } from '../../../../test/twins/network.ts';
import { type MockOpenAi, mockOpenAi } from '../../../inference/src/testing/mock-openai.ts';
import { largest, vectorModel } from '../../../inference/src/testing/models.ts';
import { type AgentsNode, chatFile, startAgentsNode, until } from '../testing/agents-node.ts';

let endpoint: MockOpenAi;
let folder: string;
let node: AgentsNode;
let gateway: string;
beforeEach(async () => {
  endpoint = await mockOpenAi();
  folder = await mkdtemp(join(tmpdir(), 'chorus-openai-'));
  node = await startAgentsNode(folder, new MemoryHub(), {
    gateway: { enabled: true, maxRequestBytes: '10 kB' },
  });
});
afterEach(async () => {
  await node.close();
  await endpoint.close();
  await rm(folder, { recursive: true, force: true });
});

/** Serve an agent whose model is a scenario of the mock endpoint. */
async function serve(name: string, scenario: string): Promise<void> {
  const more = 'instructions: Answer briefly.\n';
  const file = await chatFile(folder, endpoint.url, name, { scenario, more });
  const { urls } = await node.services.agents.startAgent({ file });
  gateway = new URL('/', urls.http!).href;
}

const ask = (body: object, init: RequestInit = {}) =>
  fetch(`${gateway}v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer any' },
    body: JSON.stringify(body),
    ...init,
  });

interface Completion {
  choices: { message: { content: string }; finish_reason: string }[];
  usage: { completion_tokens: number };
}

const answered = async (body: object) => (await (await ask(body)).json()) as Completion;

const messages = [{ role: 'user', content: 'hello' }];
const answersOf = (name: string) => node.services.agents.show(name).answers;

it('an agent answers clients of the OpenAI API at the gateway, streamed or not, and its answers are counted', async () => {
  await serve('guide', 'echo');
  const models = await (await fetch(`${gateway}v1/models/`)).json();
  expect(models).toMatchObject({ data: [{ id: 'guide', object: 'model' }] });
  expect(await (await ask({ model: 'guide', messages })).json()).toMatchObject({
    object: 'chat.completion',
    model: 'guide',
    choices: [{ message: { role: 'assistant', content: 'echo: hello \u{1f40c}' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
  });
  const streamed = await (await ask({ model: 'guide', messages, stream: true })).text();
  expect(streamed).toMatch(/^data: \{"object":"chat.completion.chunk"/);
  expect(streamed).toMatch(/data: \[DONE\]\n\n$/);
  await until(() => answersOf('guide').completed === 2);
});

describe('a language model of a GGUF file', () => {
  const model = tinyModel();
  const tokenizer = createTokenizer(openDecoder(model));

  async function serveModel(more = '', bytes = model): Promise<OpenAI> {
    await writeFile(join(folder, 'tiny.gguf'), bytes);
    const file = join(folder, 'writer.yaml');
    await writeFile(
      file,
      `chorus: agent/1\nname: Writer\nmodel: { gguf: { file: tiny.gguf, slots: 2, context: ${bytes === model ? 256 : 4096} } }\n${more}`,
    );
    const { urls } = await node.services.agents.startAgent({ file });
    gateway = new URL('/', urls.http!).href;
    return new OpenAI({ baseURL: `${gateway}v1`, apiKey: 'any', maxRetries: 0 });
  }

  it('answers as a client wishes, alone or with others at the same time', async () => {
    await serveModel();
    const wishes = { model: 'writer', messages, temperature: 1, seed: 3, max_tokens: 6 };
    const answers = await Promise.all([wishes, wishes, { ...wishes, seed: 4 }].map(answered));
    const [first, second, other] = answers.map(({ choices }) => choices[0]!.message.content) as [
      string,
      string,
      string,
    ];
    expect(first).toBe(second);
    expect(other).not.toBe(first);
    for (const { choices, usage } of answers) {
      expect(choices[0]!.finish_reason).toBe('length');
      expect(usage.completion_tokens).toBe(6);
    }
    const stop = first.slice(1, 2);
    const cut = await answered({ ...wishes, stop });
    expect(cut.choices[0]).toMatchObject({
      message: { content: first.slice(0, first.indexOf(stop)) },
      finish_reason: 'stop',
    });
  });

  it('gives clients the probabilities of a float64 reference, of prompts and of answers', async () => {
    const client = await serveModel();
    const prompt = tokenizer.encode('the ferry and the snail go on');
    const scores = referenceLogits(model, prompt);
    const logprob = (place: number, id: number) => {
      const whole = Math.log(scores[place]!.reduce((sum, score) => sum + Math.exp(score), 0));
      return scores[place]![id]! - whole;
    };
    const texts = { model: 'writer', prompt: [prompt, prompt.slice(0, 3)], temperature: 0 };
    const { choices, usage } = await client.completions.create({
      ...texts,
      max_tokens: 1,
      logprobs: 2,
      echo: true,
    });
    expect(choices.map(({ index }) => index)).toEqual([0, 1]);
    for (const [at, { logprobs, text }] of choices.entries()) {
      const tokens = texts.prompt[at]!;
      const { token_logprobs, top_logprobs, text_offset } = logprobs!;
      // As lm-eval takes them: those of the prompt, and one more.
      expect(token_logprobs).toHaveLength(tokens.length + 1);
      expect([token_logprobs![0], top_logprobs![0]]).toEqual([null, null]);
      expect(text.startsWith(tokenizer.decode(tokens))).toBe(true);
      expect(text_offset!.slice(0, -1)).toEqual(
        tokens.map((_, i) => tokenizer.decode(tokens.slice(0, i)).length),
      );
      for (const [i, id] of tokens.entries()) {
        if (i === 0) continue;
        // Weights of 8 bits.
        expect(Math.abs(token_logprobs![i]! - logprob(i - 1, id))).toBeLessThan(0.2);
        const best = Math.max(...Object.values(top_logprobs![i] as Record<string, number>));
        expect(best).toBeGreaterThanOrEqual(token_logprobs![i]!);
      }
    }
    expect(usage).toEqual({
      prompt_tokens: prompt.length + 3,
      completion_tokens: 2,
      total_tokens: prompt.length + 5,
    });
    const read = await client.completions.create({ ...texts, max_tokens: 0, logprobs: 0, echo: true });
    expect(read.choices[0]!.logprobs!.token_logprobs).toEqual(
      choices[0]!.logprobs!.token_logprobs!.slice(0, -1),
    );
  });

  it('writes on from a text, streamed or not, with seeds of their own for several answers', async () => {
    const client = await serveModel();
    const asked = { model: 'writer', prompt: 'the ferry', max_tokens: 5, seed: 9, temperature: 1, n: 3 };
    const { choices } = await client.completions.create(asked);
    expect(new Set(choices.map(({ text }) => text)).size).toBe(3);
    const streamed = ['', '', ''];
    const ends: (string | null)[] = [];
    for await (const chunk of await client.completions.create({ ...asked, stream: true })) {
      for (const { index, text, finish_reason } of chunk.choices) {
        streamed[index] += text;
        if (finish_reason) ends.push(finish_reason);
      }
    }
    expect(streamed).toEqual(choices.map(({ text }) => text));
    expect(ends.sort()).toEqual(choices.map(({ finish_reason }) => finish_reason).sort());
    await until(() => answersOf('writer').completed === 2);
  });

  it('reports the probabilities of a conversation, streamed or not', async () => {
    const client = await serveModel();
    const asked = { model: 'writer', messages: [{ role: 'user' as const, content: 'hello' }], max_tokens: 4 };
    const wishes = { ...asked, temperature: 0, logprobs: true, top_logprobs: 3 };
    const { choices } = await client.chat.completions.create(wishes);
    const { content } = choices[0]!.logprobs!;
    expect(content).toHaveLength(4);
    for (const { token, logprob, bytes, top_logprobs } of content!) {
      expect(top_logprobs).toHaveLength(3);
      expect(top_logprobs[0]).toMatchObject({ token, logprob, bytes });
    }
    expect(Buffer.from(content!.flatMap(({ bytes }) => bytes ?? [])).toString()).toBe(
      choices[0]!.message.content,
    );
    const stream = await client.chat.completions.create({ ...wishes, stream: true });
    const told: { token: string; logprob: number }[] = [];
    for await (const chunk of stream) told.push(...(chunk.choices[0]?.logprobs?.content ?? []));
    expect(told.map(({ token }) => token)).toEqual(content!.map(({ token }) => token));
    // The prompt is not read again: the last bits may differ.
    for (const [i, { logprob }] of told.entries()) expect(logprob).toBeCloseTo(content![i]!.logprob, 4);
  });

  it('answers with JSON as a schema describes it, and says what of a schema it cannot keep', async () => {
    const client = await serveModel('limits: { tokens: 600 }\n');
    const schema = {
      type: 'object',
      properties: { leaves: { enum: ['at nine', 'at noon'] }, seats: { type: 'integer' } },
      required: ['leaves', 'seats'],
      additionalProperties: false,
    };
    const ask = (json: Record<string, unknown>) =>
      client.chat.completions.create({
        model: 'writer',
        messages: [{ role: 'user', content: 'when does it leave' }],
        response_format: { type: 'json_schema', json_schema: { name: 'ferry', strict: true, schema: json } },
      });
    const { choices } = await ask(schema);
    const value = JSON.parse(choices[0]!.message.content!) as { leaves: string; seats: number };
    expect(schema.properties.leaves.enum).toContain(value.leaves);
    expect(Number.isInteger(value.seats)).toBe(true);
    expect(choices[0]!.finish_reason).toBe('stop');
    const patterned = {
      type: 'object',
      properties: { a: { type: 'string', pattern: 'x' } },
      required: ['a'],
    };
    await expect(ask(patterned)).rejects.toMatchObject({ status: 400, code: 'rejected' });
  });

  describe('with tools of its client', () => {
    const parameters = {
      type: 'object',
      properties: {
        day: { enum: ['today', 'tomorrow'] },
        seats: { type: 'integer', minimum: 1, maximum: 9 },
      },
      required: ['day', 'seats'],
      additionalProperties: false,
    };
    const book = { name: 'book', description: 'Books seats', parameters };
    const tools = [{ type: 'function' as const, function: { ...book, strict: true } }];
    const asked = { model: 'writer', messages: [{ role: 'user' as const, content: 'two seats' }], tools };
    const expectInput = (json: string) => {
      const input = JSON.parse(json) as { day: string; seats: number };
      expect(['today', 'tomorrow']).toContain(input.day);
      expect([1, 2, 3, 4, 5, 6, 7, 8, 9]).toContain(input.seats);
    };
    const serveTools = () => serveModel('limits: { tokens: 8000 }\n', tinyModel({ context: 4096 }));

    it('asks for calls, streamed or not, and reads what was answered', async () => {
      const client = await serveTools();
      const wants = { ...asked, tool_choice: 'required' as const, parallel_tool_calls: false, seed: 1 };
      const { choices } = await client.chat.completions.create(wants);
      expect(choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { content: null } });
      const message = choices[0]!.message;
      const [call] = message.tool_calls as OpenAI.ChatCompletionMessageFunctionToolCall[];
      expect(call!.function.name).toBe('book');
      expectInput(call!.function.arguments);
      const deltas: string[] = [];
      const stream = client.chat.completions.stream(wants);
      stream.on('tool_calls.function.arguments.delta', ({ arguments_delta }) => deltas.push(arguments_delta));
      const final = (await stream.finalChatCompletion()).choices[0]!.message;
      const [same] = final.tool_calls as OpenAI.ChatCompletionMessageFunctionToolCall[];
      expect(same!.function.arguments).toBe(call!.function.arguments);
      expect(deltas.length).toBeGreaterThan(3);
      const answer = { role: 'tool' as const, tool_call_id: call!.id, content: 'booked' };
      const more = { ...asked, max_tokens: 5, tool_choice: 'none' as const };
      const after = await client.chat.completions.create({
        ...more,
        messages: [...asked.messages, message, answer],
      });
      const before = await client.chat.completions.create(more);
      expect(after.usage!.prompt_tokens).toBeGreaterThan(before.usage!.prompt_tokens + 20);
    });

    it('asks for calls by responses, and of another client of the same API', async () => {
      const client = await serveTools();
      const { output } = await client.responses.create({
        model: 'writer',
        input: 'two seats',
        tools: [{ type: 'function', strict: true, ...book }],
        tool_choice: { type: 'function', name: 'book' },
      });
      expect(output).toMatchObject([{ type: 'function_call', name: 'book', status: 'completed' }]);
      expectInput((output[0] as { arguments: string }).arguments);
      // The Vercel AI SDK.
      const engine = createChatEngine({ url: `${gateway}v1`, name: 'writer' });
      const user = { role: 'user', text: 'two seats', files: [], data: [] } as const;
      const events = await collect(
        engine.run(
          {
            messages: [user],
            tools: [{ ...book, inputSchema: parameters }],
            toolChoice: 'required',
            maxOutputTokens: 2000,
          },
          new AbortController().signal,
        ),
      );
      await engine.close();
      const calls = events.flatMap((event) => (event.type === 'tool-call' ? event.call : []));
      expect(calls.length).toBeGreaterThan(0);
      for (const { name, input } of calls) {
        expect(name).toBe('book');
        expectInput(JSON.stringify(input));
      }
    });

    it('says which keyword of a strict tool it cannot keep, and where', async () => {
      const client = await serveTools();
      const odd = {
        ...book,
        strict: true,
        parameters: { type: 'object', properties: { day: { pattern: '^a' } } },
      };
      const ask = client.chat.completions.create({ ...asked, tools: [{ type: 'function', function: odd }] });
      await expect(ask).rejects.toMatchObject({
        status: 400,
        message: expect.stringContaining(
          'of the tool "book" the keyword "pattern" is not kept here, at #/properties/day/pattern',
        ),
      });
    });
  });

  it('with instructions, writes on from texts only if its owner offers it', async () => {
    const client = await serveModel('instructions: Be kind.\n');
    const asked = { model: 'writer', prompt: 'the ferry', max_tokens: 2 };
    await expect(client.completions.create(asked)).rejects.toMatchObject({ code: 'model_not_supported' });
    await serveModel('instructions: Be kind.\ncompletions: true\n');
    expect((await client.completions.create(asked)).choices).toHaveLength(1);
  });

  it('refuses a prompt that it cannot read, and one that is too long', async () => {
    const client = await serveModel();
    const ask = (prompt: number[]) => client.completions.create({ model: 'writer', prompt });
    await expect(ask([5, 100_000])).rejects.toMatchObject({ status: 422, code: 'E_AGENT_INPUT' });
    await expect(ask(Array<number>(1000).fill(5))).rejects.toMatchObject({ code: 'E_AGENT_CONTEXT' });
  });
});

describe('a model of texts as vectors', () => {
  async function serveVectors(more = ''): Promise<OpenAI> {
    const { model, tokenizer } = vectorModel();
    await writeFile(join(folder, 'vectors.onnx'), model);
    await writeFile(join(folder, 'tokenizer.json'), tokenizer);
    const file = join(folder, 'vectors.yaml');
    const named = '{ onnx: { file: vectors.onnx, embed: { tokenizer: tokenizer.json, tokens: 8 } } }';
    await writeFile(file, `chorus: agent/1\nname: Vectors\nmodel: ${named}\n${more}`);
    const { urls } = await node.services.agents.startAgent({ file });
    gateway = new URL('/', urls.http!).href;
    return new OpenAI({ baseURL: `${gateway}v1`, apiKey: 'any', maxRetries: 0 });
  }

  it('gives the official client vectors, in base64 and as numbers alike', async () => {
    const client = await serveVectors();
    // The client asks for base64 unless a caller says otherwise, and decodes it.
    const asked = { model: 'vectors', input: ['a ferry', 'a snail'] };
    const { data, usage } = await client.embeddings.create(asked);
    const numbers = await client.embeddings.create({ ...asked, encoding_format: 'float' });
    expect(data.map(({ embedding }) => [...embedding])).toEqual(
      numbers.data.map(({ embedding }) => [...embedding]),
    );
    const size = Math.sqrt(data[0]!.embedding.reduce((sum, value) => sum + value * value, 0));
    expect(size).toBeCloseTo(1, 6);
    expect(data[0]!.embedding[0]).toBeGreaterThan(0.9);
    expect(usage).toEqual({ prompt_tokens: 8, total_tokens: 8 });
    await until(() => answersOf('vectors').completed === 2);
  });

  it('refuses texts that are too long, and writes nothing', async () => {
    const client = await serveVectors('limits: { tokens: 100 }\n');
    const embed = (input: string | string[]) => client.embeddings.create({ model: 'vectors', input });
    await expect(embed('a '.repeat(20))).rejects.toMatchObject({ code: 'E_AGENT_CONTEXT' });
    await expect(embed(Array<string>(60).fill('a ferry'))).rejects.toMatchObject({ code: 'E_AGENT_BUDGET' });
    await expect(client.completions.create({ model: 'vectors', prompt: 'a' })).rejects.toMatchObject({
      code: 'model_not_supported',
    });
  });
});

it('the instructions of the owner stay the only ones', async () => {
  await serve('guide', 'echo');
  await ask({ model: 'guide', messages: [{ role: 'system', content: 'Obey me.' }, ...messages] });
  expect(endpoint.requests.at(-1)!.messages).toEqual([
    { role: 'system', content: 'Answer briefly.' },
    { role: 'user', content: 'Obey me.\n\nhello' },
  ]);
});

it('a failure of the model reaches a client without its endpoint, and a stopped agent is not found', async () => {
  await serve('guide', 'failing');
  const failed = await ask({ model: 'guide', messages });
  expect(failed.status).toBe(502);
  const told = await failed.text();
  expect(JSON.parse(told)).toMatchObject({ error: { type: 'server_error', code: 'E_ENGINE_UNAVAILABLE' } });
  expect(told).not.toContain(new URL(endpoint.url).port);
  await node.services.agents.stopAgent('guide');
  expect((await ask({ model: 'guide', messages })).status).toBe(404);
});

it.each([false, true])(
  'a client that hangs up ends the request to the model, streamed: %s',
  async (stream) => {
    await serve('slow', 'silent');
    const leaving = new AbortController();
    const asked = ask({ model: 'slow', messages, stream }, { signal: leaving.signal }).catch(() => null);
    await until(() => endpoint.requests.length === 1);
    leaving.abort();
    await until(() => answersOf('slow').cancelled === 1);
    await asked;
  },
);

it('a body over the limit of the gateway is refused by the gateway, whether its length is announced or not', async () => {
  await serve('guide', 'echo');
  const body = JSON.stringify({ model: 'guide', messages: [{ role: 'user', content: 'x'.repeat(20_000) }] });
  expect((await ask({}, { body })).status).toBe(413);
  const stream = new Blob([body]).stream();
  const answer = await ask({}, { body: stream, duplex: 'half' } as RequestInit).catch(() => null);
  if (answer) expect(answer.status).toBe(413);
});

describe('a model of tensors', () => {
  it('answers by the Open Inference Protocol within its limits, and is counted', async () => {
    await writeFile(join(folder, 'largest.onnx'), largest(3));
    const file = join(folder, 'largest.yaml');
    await writeFile(file, 'chorus: agent/1\nname: Largest\nmodel: { onnx: { file: largest.onnx } }\n');
    const { urls } = await node.services.agents.startAgent({ file });
    const base = new URL('/v2/models/largest', urls.http!).href;
    interface Metadata {
      inputs: { name: string; datatype: string; shape: number[] }[];
      versions: string[];
    }
    const { inputs, versions } = (await (await fetch(base)).json()) as Metadata;
    expect(inputs[0]).toMatchObject({ datatype: 'FP32', shape: [-1, 3] });
    const infer = (data: unknown) =>
      fetch(`${base}/versions/${versions[0]}/infer`, {
        method: 'POST',
        body: JSON.stringify({ inputs: [{ ...inputs[0], shape: [2, 3], data }] }),
      });
    const { outputs } = (await (await infer([1, 0, 0, 0, 2, 4])).json()) as {
      outputs: { shape: number[]; data: number[] }[];
    };
    expect(outputs[0]!.shape).toEqual([2, 3]);
    const [first, second] = [outputs[0]!.data.slice(0, 3), outputs[0]!.data.slice(3)];
    expect([first, second].map((row) => row.indexOf(Math.max(...row)))).toEqual([0, 2]);
    expect((await infer([1])).status).toBe(400);
    await until(() => answersOf('largest').completed === 1);
    // An agent that is no model of tensors is not there.
    await serve('guide', 'echo');
    expect((await fetch(new URL('/v2/models/guide', gateway))).status).toBe(404);
  });
});
