import { tinyModel } from '@chorus/language-models';
import { afterEach, describe, expect, it } from 'vitest';
import { collect } from '../../../../../test/collect.ts';
import { patience } from '../../../../../test/patience.ts';
import {
  endlessLoop,
  foreignDomain,
  largeConstants,
  largeShape,
  nested,
  sizeFromData,
  slow,
} from '../../../../training/src/testing/hostile-models.ts';
import { counting } from '../../testing/models.ts';
import type { LanguageJob } from '../jobs/language-messages.ts';
import type { HostSetup, Opened } from '../jobs/messages.ts';
import { DEFAULT_SAMPLING } from '../language-checks.ts';
import { type HostLimits, ModelHost } from './model-host.ts';

const VALUES = 16;
const GiB = 2 ** 30;
const generous: HostLimits = { memoryBytes: 4 * GiB, callSeconds: patience(60_000) / 1000 };
const hosts: ModelHost[] = [];
afterEach(async () => {
  for (const host of hosts.splice(0)) await host.close();
});

function host(
  model: Uint8Array,
  setup: Partial<HostSetup> = {},
  limits: Partial<HostLimits> = {},
): ModelHost {
  const filled = { ...generous, ...limits };
  const made = new ModelHost(
    {
      model,
      task: { kind: 'classifier', input: [VALUES] },
      foreign: false,
      threads: 1,
      tensorBytes: filled.memoryBytes,
      ...setup,
    },
    filled,
  );
  hosts.push(made);
  return made;
}

describe("a stranger's model is refused before the runtime sees it", () => {
  it.each([
    ['three tensors of 1 GiB', largeConstants(VALUES, GiB), 'E_MODEL_MEMORY'],
    ['eight bytes of shape that make 2.3 GB', largeShape(VALUES, 575_000_000), 'E_MODEL_MEMORY'],
    ['a tensor whose size the data decides', sizeFromData(VALUES), 'E_MODEL_UNBOUNDED'],
    ['a loop of 2^62', endlessLoop(VALUES, 2n ** 62n), 'E_MODEL_FORBIDDEN'],
    ["an operator of the runtime's own domain", foreignDomain(VALUES), 'E_MODEL_FORBIDDEN'],
    ['loops nested beyond all measure', nested(VALUES, 40), 'E_MODEL_CORRUPT'],
  ])("a stranger's model with %s is refused", async (_, model, code) => {
    const opening = host(model, { foreign: true, tensorBytes: GiB }).open();
    await expect(opening).rejects.toMatchObject({ code });
  });
});

describe("an owner's model is ended when it passes a limit", () => {
  it('a model that computes without end is ended, and says why', async () => {
    const opening = host(slow(VALUES), {}, { callSeconds: 1 }).open();
    await expect(opening).rejects.toMatchObject({ code: 'E_MODEL_TIME' });
  });

  it.skipIf(process.platform !== 'linux')(
    'a model that takes too much memory is ended, and says why',
    async () => {
      const opening = host(largeConstants(VALUES, GiB / 2), {}, { memoryBytes: GiB / 2 }).open();
      await expect(opening).rejects.toMatchObject({ code: 'E_MODEL_MEMORY' });
    },
  );
});

describe('the process of a model', () => {
  const text = { task: { kind: 'text', context: null } } as const;
  const job = {
    kind: 'write',
    prompt: new TextEncoder().encode('a'),
    sampling: { length: 9, temperature: 0, topK: 256, stop: [] },
    seed: 1,
    most: 9,
  } as const;
  const never = new AbortController().signal;

  it('a process that ends is an error of its job, and the next job starts it again', async () => {
    const model = host(counting(4), text);
    const opened: Opened = await model.open();
    expect(opened).toEqual({ kind: 'text', context: 4 });
    const writing = collect(model.run({ ...job, most: 1_000_000 }, never));
    process.kill(pidOf(model), 'SIGKILL');
    await expect(writing).rejects.toMatchObject({ code: 'E_MODEL_CRASHED' });
    const answers = await collect(model.run(job, never));
    expect(answers.at(-1)).toEqual({ kind: 'written', reason: 'length', bytes: 9 });
  });

  it('a job that is aborted stops, and the process goes on with the next one', async () => {
    const model = host(counting(4), text);
    await model.open();
    const pid = pidOf(model);
    const abort = new AbortController();
    const reason = new Error('enough');
    const writing = (async () => {
      for await (const _ of model.run({ ...job, most: 10_000_000 }, abort.signal)) abort.abort(reason);
    })();
    await expect(writing).rejects.toBe(reason);
    expect((await collect(model.run(job, never))).length).toBeGreaterThan(1);
    expect(pidOf(model)).toBe(pid);
  });

  it.skipIf(process.platform === 'win32')(
    'callers who leave while the process hears nothing cost a process each, and never the model',
    async () => {
      const model = host(counting(4), text);
      await model.open();
      for (let i = 0; i < 4; i++) {
        const abort = new AbortController();
        const leaving = async () => {
          for await (const _ of model.run({ ...job, most: 10_000_000 }, abort.signal)) {
            process.kill(pidOf(model), 'SIGSTOP');
            abort.abort(new Error('enough'));
          }
        };
        await expect(leaving()).rejects.toThrow('enough');
        const { pid } = model;
        // Undefined once it is gone.
        while (pid !== undefined && model.pid === pid)
          await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect((await collect(model.run(job, never))).at(-1)).toMatchObject({ kind: 'written' });
    },
  );

  it('a job that is aborted while another one computes leaves that one alone', async () => {
    const model = host(counting(4), text);
    await model.open();
    const pid = pidOf(model);
    const long = collect(model.run({ ...job, most: 60_000 }, never));
    const abort = new AbortController();
    const waiting = collect(model.run({ ...job, most: 10_000_000 }, abort.signal));
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    expect((await long).at(-1)).toMatchObject({ kind: 'written', bytes: 60_000 });
    expect((await collect(model.run(job, never))).length).toBeGreaterThan(1);
    expect(pidOf(model)).toBe(pid);
  });

  it('a process is given no variable of the environment that it does not need', async () => {
    process.env.CHORUS_TEST_SECRET_KEY = 'sk-not-for-models';
    const model = host(counting(4), text);
    await model.open();
    delete process.env.CHORUS_TEST_SECRET_KEY;
    if (process.platform !== 'linux') return;
    const { readFile } = await import('node:fs/promises');
    expect(await readFile(`/proc/${pidOf(model)}/environ`, 'latin1')).not.toContain('sk-not-for-models');
  });

  it('a closed model has no process, and runs no job', async () => {
    const model = host(counting(4), text);
    await model.open();
    const pid = pidOf(model);
    await model.close();
    expect(() => process.kill(pid, 0)).toThrow();
    await expect(collect(model.run(job, never))).rejects.toMatchObject({ code: 'E_AGENT_CLOSED' });
  });
});

describe('the process of a model that does several jobs at once', () => {
  const never = new AbortController().signal;
  const logitBias = new Map([0, 1, 2].map((id) => [id, Number.NEGATIVE_INFINITY]));
  const job = (most: number): LanguageJob => ({
    kind: 'generate',
    prompt: { text: 'a' },
    sampling: { ...DEFAULT_SAMPLING, temperature: 0, seed: 1, logitBias },
    schema: null,
    calls: null,
    stop: [],
    most,
    logprobs: null,
    echo: false,
    transcript: false,
  });
  async function open(): Promise<ModelHost> {
    const task = {
      kind: 'language',
      slots: 2,
      context: null,
      weights: 'float32',
      adapter: null,
      prefixBytes: 0,
    } as const;
    const made = new ModelHost({ task, model: tinyModel({ context: 100_000 }), threads: 1 }, generous);
    hosts.push(made);
    await made.open();
    return made;
  }
  const length = async (model: ModelHost, most: number) =>
    (await collect(model.run(job(most), never))).filter(({ kind }) => kind === 'token').length;

  it('a process that ends is an error of all its jobs, and the next job starts it again', async () => {
    const model = await open();
    const writing = [length(model, 90_000), length(model, 90_000)].map((each) =>
      expect(each).rejects.toMatchObject({ code: 'E_MODEL_CRASHED' }),
    );
    process.kill(pidOf(model), 'SIGKILL');
    await Promise.all(writing);
    expect(await length(model, 5)).toBe(5);
  });

  it('a job that is aborted leaves the others alone', async () => {
    const model = await open();
    const pid = pidOf(model);
    const other = length(model, 400);
    const abort = new AbortController();
    const leaving = (async () => {
      for await (const _ of model.run(job(90_000), abort.signal)) abort.abort(new Error('enough'));
    })();
    await expect(leaving).rejects.toThrow('enough');
    expect(await other).toBe(400);
    expect(pidOf(model)).toBe(pid);
  });

  it.skipIf(process.platform === 'win32')('a process that hears nothing is ended', async () => {
    const model = await open();
    const abort = new AbortController();
    const leaving = (async () => {
      for await (const _ of model.run(job(90_000), abort.signal)) {
        process.kill(pidOf(model), 'SIGSTOP');
        abort.abort(new Error('enough'));
      }
    })();
    await expect(leaving).rejects.toThrow('enough');
    const { pid } = model;
    while (pid !== undefined && model.pid === pid) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await length(model, 5)).toBe(5);
  });
});

function pidOf(model: ModelHost): number {
  const { pid } = model;
  if (pid === undefined) throw new Error('there is no process');
  return pid;
}
