import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { encodeModel } from '@chorus/autodiff';
import { afterEach, describe, expect, it } from 'vitest';
import { createDataset } from '../data/dataset.ts';
import { buildModel, MODEL_NAMES } from '../model/build.ts';
import { cpuTicks, modelProcesses, until } from '../testing/children.ts';
import {
  endlessLoop,
  foreignDomain,
  largeConstants,
  largeShape,
  nested,
  sizeFromData,
  slow,
} from '../testing/hostile-models.ts';
import { leNet, resNet8 } from '../testing/models.ts';
import { createTrainer, type Trainer, type TrainerOptions } from '../train/trainer.ts';
import { tryModel } from '../train/trial.ts';
import { modelMemory } from './model-process.ts';

const sgd = {
  loss: { kind: 'softmax-cross-entropy' },
  optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 },
} as const;
const VALUES = 16;
const GiB = 2 ** 30;
const dataset = createDataset({
  inputs: Float32Array.from({ length: 8 * VALUES }, (_, i) => (i % 7) / 7),
  labels: Int32Array.from({ length: 8 }, (_, i) => i),
  inputShape: [VALUES],
  classes: 10,
  name: 'few',
});
const harmless = buildModel('mlp', { inputShape: [VALUES], classes: 10, seed: 0 });
const settings = { dataset, epochs: 1, batchSize: 4, learningRate: 0.1, seed: 1 };

const trainers: Trainer[] = [];
async function open(model: Uint8Array, options: Partial<TrainerOptions> = {}): Promise<Trainer> {
  const trainer = await createTrainer({ model, ...sgd, ...options });
  trainers.push(trainer);
  return trainer;
}
afterEach(async () => {
  for (const trainer of trainers.splice(0)) await trainer.close();
  expect(modelProcesses()).toEqual([]);
});
const work = (trainer: Trainer, signal?: AbortSignal) =>
  trainer.train({ ...settings, parameters: trainer.initial, ...(signal ? { signal } : {}) });

describe('a foreign model is refused before the runtime sees it', () => {
  const foreign = { inputShape: [VALUES], batchSize: 4 };
  const limits = { memoryBytes: GiB };

  it.each([
    ['three tensors of 1 GiB of which the data chooses', largeConstants(VALUES, GiB), 'E_MODEL_MEMORY'],
    ['eight bytes of shape that make 2.3 GB', largeShape(VALUES, 575_000_000), 'E_MODEL_MEMORY'],
    ['a tensor whose size the data decides', sizeFromData(VALUES), 'E_MODEL_UNBOUNDED'],
    ['a loop of 2^62', endlessLoop(VALUES, 2n ** 62n), 'E_MODEL_FORBIDDEN'],
    ["an operator of the runtime's own domain", foreignDomain(VALUES), 'E_MODEL_FORBIDDEN'],
    ['loops in loops', nested(VALUES, 8), 'E_MODEL_FORBIDDEN'],
    ['loops nested beyond all measure', nested(VALUES, 40), 'E_MODEL_CORRUPT'],
  ])('a foreign model is refused before the runtime sees it with %s', async (_, model, code) => {
    await expect(open(model, { foreign, limits })).rejects.toMatchObject({
      code,
      facts: expect.any(Object),
      hint: expect.any(String),
    });
  });

  it('a foreign model is refused before the runtime sees it with tensors that only its batch makes too large', async () => {
    const wide = { inputShape: [VALUES], batchSize: 2 ** 22 };
    await expect(open(harmless, { foreign: wide, limits })).rejects.toMatchObject({ code: 'E_MODEL_MEMORY' });
  });
});

describe('a foreign model that resembles ordinary ones is opened, and measured', () => {
  const image = [1, 28, 28];
  it.each([
    ...MODEL_NAMES.map(
      (name) => [name, buildModel(name, { inputShape: image, classes: 10, seed: 0 }), image] as const,
    ),
    ['LeNet', encodeModel(leNet()), image] as const,
    ['ResNet-8', encodeModel(resNet8()), [3, 32, 32]] as const,
  ])('%s', async (_, model, inputShape) => {
    const shape = [...inputShape];
    const trainer = await open(model, {
      foreign: { inputShape: shape, batchSize: 16 },
      limits: { memoryBytes: GiB, callSeconds: 60 },
    });
    const data = { kind: 'classification', inputShape: shape, classes: 10 } as const;
    const trial = await tryModel(trainer, {
      terms: { data, batchSize: 16, learningRate: 0.1, scale: 2 ** -14 },
    });
    expect(trial.secondsPerStep).toBeGreaterThan(0);
    expect(trial.peakBytes).toBeGreaterThan(30e6);
    expect(trial.peakBytes).toBeLessThan(GiB);
  });
});

describe('a process that passes its limits is ended', () => {
  it('a process that passes its memory limit while opening is ended, and the node’s memory is unaffected', async () => {
    const before = process.memoryUsage.rss();
    await expect(
      open(largeConstants(VALUES, GiB), { limits: { memoryBytes: GiB / 2 } }),
    ).rejects.toMatchObject({ code: 'E_MODEL_MEMORY', facts: { limit: GiB / 2 } });
    expect(process.memoryUsage.rss() - before).toBeLessThan(GiB / 4);
    expect(modelMemory()).toBe(0);
  });

  it('a process that passes its time limit is ended and not started again, and the next model works', async () => {
    const trainer = await open(endlessLoop(VALUES, 2n ** 62n), { limits: { callSeconds: 5 } });
    await expect(work(trainer)).rejects.toMatchObject({ code: 'E_MODEL_TIME', facts: { limit: 5 } });
    await expect(work(trainer)).rejects.toMatchObject({ code: 'E_MODEL_TIME' });
    expect((await work(await open(harmless))).losses).toHaveLength(2);
  });

  it('a process that passes its time limit with ordinary computations is ended', async () => {
    const foreign = { inputShape: [VALUES], batchSize: 4 };
    const limits = { memoryBytes: GiB, callSeconds: 5 };
    // The runtime computes what does not depend on the data when it opens the model: that may be too long already.
    const computed = open(slow(VALUES), { foreign, limits }).then((trainer) => work(trainer));
    await expect(computed).rejects.toMatchObject({ code: 'E_MODEL_TIME' });
    await until(() => modelProcesses().length === 0);
  });

  it('closing a trainer ends its process during any work', async () => {
    const trainer = await open(endlessLoop(VALUES, 2n ** 62n));
    const working = expect(work(trainer)).rejects.toMatchObject({ code: 'E_TRAINER_CLOSED' });
    await trainer.close();
    await working;
  });

  it('a process that passes its limits is ended even if it ignores a signal', async () => {
    const abort = new AbortController();
    const trainer = await open(endlessLoop(VALUES, 2n ** 62n));
    const working = work(trainer, abort.signal);
    // A job that is stopped before it begins leaves the process as it was: let the loop run first.
    const [pid] = modelProcesses();
    const before = cpuTicks(pid!);
    await until(() => cpuTicks(pid!) > before + 100);
    abort.abort(new Error('enough'));
    await expect(working).rejects.toThrow('enough');
    await until(() => modelProcesses().length === 0);
  });

  it('a model’s process ends with its parent, however that ends', async () => {
    const path = fileURLToPath(new URL('../testing/open-and-hang.ts', import.meta.url));
    const parent = fork(path, [], { execArgv: ['--conditions=@chorus/source'] });
    const [[pid]] = (await once(parent, 'message')) as [[number]];
    expect(modelProcesses(parent.pid)).toEqual([pid]);
    parent.kill('SIGKILL');
    await until(() => !isAlive(pid));
  });
});

describe('a process that crashes', () => {
  it.skipIf(process.platform !== 'linux')(
    'the process of a model has neither the secrets of the node nor the keys of its agents',
    async () => {
      const secrets = { CHORUS_PASSWORD: 'of-the-wallet', LLM_API_KEY: 'of-an-endpoint' };
      Object.assign(process.env, secrets);
      try {
        await open(harmless);
      } finally {
        for (const name of Object.keys(secrets)) delete process.env[name];
      }
      const [pid] = modelProcesses();
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
      expect(environment).toContain('PATH=');
      for (const value of Object.values(secrets)) expect(environment).not.toContain(value);
    },
  );

  it('a crash of the process is reported, and the next job starts it again', async () => {
    const trainer = await open(harmless);
    const first = await work(trainer);
    const running = trainer.train({ ...settings, parameters: trainer.initial, epochs: 10 ** 6 });
    const told = expect(running).rejects.toMatchObject({
      code: 'E_MODEL_CRASHED',
      facts: { signal: 'SIGSEGV' },
      hint: expect.any(String),
    });
    process.kill(modelProcesses()[0]!, 'SIGSEGV');
    await told;
    expect((await work(trainer)).delta).toEqual(first.delta);
  });

  it('a process that crashes each time is given up', async () => {
    const trainer = await open(harmless);
    for (let k = 0; k < 3; k++) {
      const running = trainer.train({ ...settings, parameters: trainer.initial, epochs: 10 ** 6 });
      const told = expect(running).rejects.toMatchObject({ code: 'E_MODEL_CRASHED' });
      await until(() => modelProcesses().length === 1);
      process.kill(modelProcesses()[0]!, 'SIGKILL');
      await told;
    }
    await expect(work(trainer)).rejects.toMatchObject({ code: 'E_MODEL_CRASHED' });
    expect(modelProcesses()).toEqual([]);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
