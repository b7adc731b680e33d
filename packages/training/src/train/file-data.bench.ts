import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, it } from 'vitest';
import type { Dataset } from '../data/dataset.ts';
import { loadDataset } from '../data/load.ts';
import { buildModel, MODEL_NAMES } from '../model/build.ts';
import { createTrainer } from './trainer.ts';

/** The folder that test data is in; without MNIST there is nothing to measure. */
const MNIST = join(process.env.CHORUS_DATA ?? resolve('../shared/data'), 'mnist');
const ROUNDS = 5;

describe.skipIf(!existsSync(MNIST))('an epoch of MNIST from a file, against one from memory', () => {
  it.for(MODEL_NAMES)('%s', { timeout: 600_000 }, async (name) => {
    const folder = await mkdtemp(join(tmpdir(), 'chorus-bench-'));
    const memory = await loadDataset(MNIST);
    const file = await loadDataset(MNIST, { spill: { folder, memoryBytes: 0 } });
    const model = buildModel(name, { inputShape: [1, 28, 28], classes: 10, seed: 0 });
    const loss = { kind: 'softmax-cross-entropy' } as const;
    const trainer = await createTrainer({
      model,
      loss,
      optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 },
    });
    const train = async (dataset: Dataset) => {
      const settings = { epochs: 1, batchSize: 32, learningRate: 0.05, seed: 1 };
      return (await trainer.train({ ...settings, dataset, parameters: trainer.initial })).seconds;
    };
    const evaluate = async (dataset: Dataset) => {
      const before = performance.now();
      await trainer.evaluate({ dataset, parameters: trainer.initial });
      return (performance.now() - before) / 1000;
    };
    for (const [what, run] of Object.entries({ train, evaluate })) {
      const times: [number, number][] = [];
      await run(memory);
      await run(file);
      // In turns: what else the machine does falls on both.
      for (let k = 0; k < ROUNDS; k++) times.push([await run(memory), await run(file)]);
      const least = (at: 0 | 1) => Math.min(...times.map((pair) => pair[at]));
      const ratio = median(times.map(([one, other]) => one / other));
      process.stdout.write(
        `${name} ${what}: memory ${least(0).toFixed(3)} s, file ${least(1).toFixed(3)} s, ` +
          `throughput of the file / of memory: median ${ratio.toFixed(2)}, of the least times ${(least(0) / least(1)).toFixed(2)}\n`,
      );
    }
    await trainer.close();
    await rm(folder, { recursive: true, force: true });
  });
});

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
