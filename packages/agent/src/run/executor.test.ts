import {
  type AgentMessage,
  type AgentRequest,
  ChorusError,
  type CompletionRequest,
  type Engine,
  type EngineCompletion,
  type EngineCompletionEvent,
  type EngineEvent,
} from '@chorus/protocol';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { collect } from '../../../../test/collect.ts';
import { ScriptedEngine } from '../../../../test/twins/engine.ts';
import type { AgentDefinition } from '../file/definition.ts';
import { chatDefinition } from '../testing/definition.ts';
import { createExecutor } from './executor.ts';

const definition = (limits: Partial<AgentDefinition['limits']> = {}): AgentDefinition =>
  chatDefinition({ tokens: 1000, ...limits });
const says = (from: AgentMessage['from'], text: string): AgentMessage => ({
  from,
  text,
  files: [],
  data: [],
});
const request = (text: string, more: Partial<AgentRequest> = {}): AgentRequest => ({
  taskId: 't',
  contextId: 'c',
  message: says('caller', text),
  history: [],
  caller: 'anonymous',
  ...more,
});
const never = new AbortController().signal;
const finished: Extract<EngineEvent, { type: 'finished' }> = {
  type: 'finished',
  reason: 'stop',
  usage: { inputTokens: 1, outputTokens: 1 },
};

/** An engine that says nothing until it is let go on, and listens to no signal. */
function held() {
  const gate = Promise.withResolvers<void>();
  const engine = new ScriptedEngine({
    answer: async function* () {
      await gate.promise;
      yield { type: 'text', text: 'late' };
      yield finished;
    },
  });
  return { engine, release: gate.resolve };
}

describe('an agent that answers', () => {
  it('text is passed on as it comes, and the last event says what was used', async () => {
    const engine = new ScriptedEngine();
    const events = await collect(
      createExecutor({ definition: definition(), engine }).execute(request('hi'), never),
    );
    expect(events).toEqual([
      { type: 'text', text: 'echo: ' },
      { type: 'text', text: 'hi' },
      { type: 'completed', usage: { inputTokens: 5, outputTokens: 2 } },
    ]);
  });

  it('the model is shown the instructions, the conversation and the message', async () => {
    const engine = new ScriptedEngine();
    const history = [says('caller', 'one'), says('agent', 'two')];
    await collect(
      createExecutor({ definition: definition(), engine }).execute(request('three', { history }), never),
    );
    expect(engine.requests[0]!.messages.map(({ role, text }) => `${role}: ${text}`)).toEqual([
      'system: Be kind.',
      'user: one',
      'assistant: two',
      'user: three',
    ]);
  });

  it('an answer is no longer than its caller wants, and says that it was cut', async () => {
    const engine = new ScriptedEngine({
      answer: async function* ({ maxOutputTokens }) {
        yield { type: 'text', text: `${maxOutputTokens}` };
        yield { ...finished, reason: 'length' };
      },
    });
    const ask = (maxTokens: number) =>
      collect(
        createExecutor({ definition: definition(), engine }).execute(request('hi', { maxTokens }), never),
      );
    expect(await ask(7)).toEqual([
      { type: 'text', text: '7' },
      { type: 'completed', usage: finished.usage, reason: 'length' },
    ]);
    // The owner's limit is the lower one.
    const [text] = await ask(1_000_000);
    expect(Number((text as { text: string }).text)).toBeLessThanOrEqual(1000);
  });

  it('only a model that follows them is given the wishes of a caller', async () => {
    const wishes = { temperature: 0, stop: ['END'] };
    for (const followsWishes of [true, false]) {
      const engine = new ScriptedEngine({ facts: { followsWishes } });
      const executor = createExecutor({ definition: definition(), engine });
      expect(executor.followsWishes).toBe(followsWishes);
      await collect(executor.execute(request('hi', { wishes }), never));
      expect(engine.requests[0]!.wishes).toEqual(followsWishes ? wishes : undefined);
    }
  });

  it('a prompt holds nothing of another caller, however their requests interleave', async () => {
    const engine = new ScriptedEngine();
    const executor = createExecutor({ definition: definition({ depth: 3, concurrent: 20 }), engine });
    const callers = ['ann', 'bob', 'cy'];
    await Promise.all(
      callers.flatMap((caller) =>
        [1, 2, 3].map((turn) => {
          const history = [says('caller', `${caller} said ${turn}`), says('agent', `to ${caller}`)];
          // Equal ids: a caller chooses them, and may choose another one's.
          return collect(executor.execute(request(`from ${caller}`, { caller, history }), never));
        }),
      ),
    );
    expect(engine.requests).toHaveLength(9);
    for (const { messages } of engine.requests) {
      const text = messages.map((message) => message.text).join('\n');
      expect(callers.filter((caller) => text.includes(caller))).toHaveLength(1);
    }
  });

  it('the oldest messages are left out if a conversation is too long, and it still begins with its caller', async () => {
    const engine = new ScriptedEngine();
    const history = Array.from({ length: 40 }, (_, i) =>
      says(i % 2 ? 'agent' : 'caller', `${i} ${'x'.repeat(200)}`),
    );
    await collect(
      createExecutor({ definition: definition(), engine }).execute(request('now', { history }), never),
    );
    const [system, first, ...rest] = engine.requests[0]!.messages;
    expect(system!.role).toBe('system');
    expect(first!.role).toBe('user');
    expect(rest.length).toBeGreaterThan(3);
    expect(rest.length).toBeLessThan(20);
    expect(rest.at(-2)!.text).toMatch(/^39 /);
    expect(engine.requests[0]!.maxOutputTokens).toBeGreaterThanOrEqual(250);
  });

  it('a message that is too long by itself is refused before the model is asked', async () => {
    const engine = new ScriptedEngine();
    const executor = createExecutor({ definition: definition(), engine });
    await expect(collect(executor.execute(request('x'.repeat(10_000)), never))).rejects.toMatchObject({
      code: 'E_AGENT_CONTEXT',
    });
    expect(engine.requests).toEqual([]);
  });

  it('a message that the model cannot read is rejected with what it reads', async () => {
    const executor = createExecutor({ definition: definition(), engine: new ScriptedEngine() });
    const message = {
      ...says('caller', ''),
      files: [{ name: 'a', mediaType: 'image/png', bytes: new Uint8Array(1) }],
    };
    expect(await collect(executor.execute(request('', { message }), never))).toEqual([
      { type: 'rejected', reason: 'this agent reads no files: send text' },
    ]);
  });
});

describe('an agent that fails', () => {
  const failing = (answer: () => AsyncGenerator<EngineEvent>) =>
    createExecutor({ definition: definition({ tokens: 100 }), engine: new ScriptedEngine({ answer }) });

  it("the model's own failure is passed on", async () => {
    // biome-ignore lint/correctness/useYield: it fails before
    const executor = failing(async function* () {
      throw new ChorusError('E_ENGINE_UNAVAILABLE', 'away');
    });
    await expect(collect(executor.execute(request('hi'), never))).rejects.toMatchObject({
      code: 'E_ENGINE_UNAVAILABLE',
    });
  });

  it('a model that writes without end is cut off', async () => {
    const executor = failing(async function* () {
      while (true) yield { type: 'text', text: 'x'.repeat(1000) };
    });
    await expect(collect(executor.execute(request('hi'), never))).rejects.toMatchObject({
      code: 'E_AGENT_BUDGET',
    });
  });

  it('an answer that ends without saying so is a failure', async () => {
    const executor = failing(async function* () {
      yield { type: 'text', text: 'half' };
    });
    await expect(collect(executor.execute(request('hi'), never))).rejects.toMatchObject({
      code: 'E_ENGINE_RESPONSE',
    });
  });

  it('an answer that its host withheld is rejected', async () => {
    const executor = failing(async function* () {
      yield { ...finished, reason: 'filtered' } as EngineEvent;
    });
    const events = await collect(executor.execute(request('hi'), never));
    expect(events).toEqual([{ type: 'rejected', reason: "the model's host withheld the answer" }]);
  });

  it('a request over its time ends, also if the model does not listen', async () => {
    const { engine, release } = held();
    let now = 0;
    // The clock has passed nearly all of the time when the timer is set.
    const executor = createExecutor({
      definition: definition({ seconds: 1 }),
      engine,
      now: () => (now += 999),
    });
    await expect(collect(executor.execute(request('hi'), never))).rejects.toMatchObject({
      code: 'E_AGENT_TIME',
    });
    release();
  });

  it('a request that is aborted ends with the reason, and makes room for another one', async () => {
    const { engine, release } = held();
    const executor = createExecutor({ definition: definition({ depth: 3, concurrent: 1 }), engine });
    const abort = new AbortController();
    const asked = collect(executor.execute(request('hi'), abort.signal));
    await expect(collect(executor.execute(request('hi'), never))).rejects.toMatchObject({
      code: 'E_AGENT_BUSY',
    });
    const reason = new Error('no longer wanted');
    abort.abort(reason);
    await expect(asked).rejects.toBe(reason);
    release();
    expect(await collect(executor.execute(request('hi'), never))).toHaveLength(2);
  });

  it('a caller that leaves in the middle makes room for another one', async () => {
    const executor = createExecutor({
      definition: definition({ depth: 3, concurrent: 1 }),
      engine: new ScriptedEngine(),
    });
    for await (const _ of executor.execute(request('hi'), never)) break;
    expect(await collect(executor.execute(request('hi'), never))).toHaveLength(3);
  });

  it('a closed agent closes its model, and answers nothing', async () => {
    const { engine, release } = held();
    const executor = createExecutor({ definition: definition(), engine });
    const asked = collect(executor.execute(request('hi'), never));
    await executor.close();
    release();
    await expect(asked).rejects.toMatchObject({ code: 'E_AGENT_CLOSED' });
    await expect(collect(executor.execute(request('hi'), never))).rejects.toMatchObject({
      code: 'E_AGENT_CLOSED',
    });
    expect(engine.isClosed).toBe(true);
  });
});

describe('an agent that writes on from texts', () => {
  const asked: EngineCompletion[] = [];
  /** Writes as many letters as it may, after a turn of the event loop each. */
  const engine = (letters = 3): Engine =>
    Object.assign(new ScriptedEngine(), {
      complete: async function* (request: EngineCompletion): AsyncGenerator<EngineCompletionEvent> {
        asked.push(request);
        for (let i = 0; i < Math.min(letters, request.maxTokens); i++) {
          await new Promise(setImmediate);
          yield { type: 'text', text: 'x' };
        }
        yield { type: 'finished', reason: 'length', usage: { inputTokens: 2, outputTokens: 3 } };
      },
    });
  const offering = (limits: Partial<AgentDefinition['limits']> = {}) => ({
    ...definition(limits),
    completions: true,
  });
  const completion = (more: Partial<CompletionRequest> = {}): CompletionRequest => ({
    prompts: [{ text: 'a' }],
    maxTokens: 3,
    echo: false,
    wishes: {},
    caller: 'anonymous',
    ...more,
  });
  beforeEach(() => void asked.splice(0));

  it('offers it only if its owner and its model do', () => {
    expect(createExecutor({ definition: offering(), engine: engine() }).complete).toBeDefined();
    expect(createExecutor({ definition: definition(), engine: engine() }).complete).toBeUndefined();
    expect(createExecutor({ definition: offering(), engine: new ScriptedEngine() }).complete).toBeUndefined();
  });

  it('writes the choices of a request together, each with a seed of its own, and adds up their tokens', async () => {
    const executor = createExecutor({ definition: offering(), engine: engine() });
    const prompts = Array.from({ length: 6 }, (_, i) => ({ text: `${i}` }));
    const events = await collect(executor.complete!(completion({ prompts, wishes: { seed: 5 } }), never));
    expect(events.at(-1)).toEqual({ type: 'completed', usage: { inputTokens: 12, outputTokens: 18 } });
    for (const choice of prompts.keys()) {
      const own = events.flatMap((each) =>
        each.type === 'choice' && each.choice === choice ? each.event.type : [],
      );
      expect(own).toEqual(['text', 'text', 'text', 'finished']);
    }
    // Those that are written at the same time come in turns.
    const firsts = events.slice(0, 4).map((each) => each.type === 'choice' && each.choice);
    expect(new Set(firsts).size).toBe(4);
    expect(asked.map(({ prompt, wishes }) => [prompt, wishes.seed])).toEqual(
      prompts.map((prompt, i) => [prompt, 5 + i]),
    );
  });

  it('all choices together have the tokens of one request', async () => {
    const executor = createExecutor({ definition: offering({ tokens: 100 }), engine: engine() });
    const prompts = [{ tokens: Array<number>(30).fill(1) }, { tokens: Array<number>(30).fill(1) }];
    await collect(executor.complete!(completion({ prompts, maxTokens: 1000 }), never));
    expect(asked.map(({ maxTokens }) => maxTokens)).toEqual([20, 20]);
    const long = [{ tokens: Array<number>(100).fill(1) }];
    const many = Array.from({ length: 30 }, () => ({ tokens: [1, 2, 3] }));
    for (const refused of [long, many]) {
      await expect(
        collect(executor.complete!(completion({ prompts: refused }), never)),
      ).rejects.toMatchObject({ code: 'E_AGENT_BUDGET' });
    }
  });

  it('takes a place like any request, and gives it back when its reader leaves', async () => {
    const executor = createExecutor({ definition: offering({ concurrent: 1 }), engine: engine() });
    for await (const _ of executor.complete!(completion(), never)) {
      await expect(collect(executor.complete!(completion(), never))).rejects.toMatchObject({
        code: 'E_AGENT_BUSY',
      });
      await expect(collect(executor.execute(request('hi'), never))).rejects.toMatchObject({
        code: 'E_AGENT_BUSY',
      });
      break;
    }
    expect(await collect(executor.complete!(completion(), never))).toHaveLength(5);
  });

  it('a choice that fails ends the others', async () => {
    const ended: number[] = [];
    const failing: Engine = Object.assign(new ScriptedEngine(), {
      complete: async function* ({ prompt }: EngineCompletion): AsyncGenerator<EngineCompletionEvent> {
        const { text } = prompt as { text: string };
        try {
          for (let i = 0; i < 50; i++) {
            await new Promise(setImmediate);
            if (text === '2' && i === 3) throw new ChorusError('E_AGENT_INPUT', 'no');
            yield { type: 'text', text };
          }
        } finally {
          ended.push(Number(text));
        }
      },
    });
    const executor = createExecutor({ definition: offering(), engine: failing });
    const prompts = ['0', '1', '2'].map((text) => ({ text }));
    await expect(collect(executor.complete!(completion({ prompts }), never))).rejects.toMatchObject({
      code: 'E_AGENT_INPUT',
    });
    await vi.waitFor(() => expect(ended.sort()).toEqual([0, 1, 2]));
  });
});
