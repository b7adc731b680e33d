import { execFile, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Measured } from '../testing/measure-steps.ts';

const MODELS = ['mlp', 'lenet', 'resnet8', 'transformer'] as const;
const ROUNDS = 3;
const SECONDS = 1.5;
/** Where `import torch` works; any Python by environment variable. */
const PYTHON = process.env.CHORUS_BENCH_PYTHON ?? 'python3';

type Times = { median: number; best: number };

function measure(model: string): Promise<Measured> {
  const path = fileURLToPath(new URL('../testing/measure-steps.ts', import.meta.url));
  return new Promise((resolve, reject) => {
    const child = fork(path, [model, String(SECONDS)], { execArgv: ['--conditions=@chorus/source'] });
    child.once('message', (message) => resolve(message as Measured));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`measuring ${model} ended with ${code}`)));
  });
}

/** Milliseconds per step of PyTorch eager by model; null without PyTorch. */
async function torch(): Promise<Record<string, Times> | null> {
  const path = fileURLToPath(new URL('../testing/pytorch-steps.py', import.meta.url));
  try {
    const { stdout } = await promisify(execFile)(PYTHON, ['-W', 'ignore', path, String(SECONDS)]);
    const { steps } = JSON.parse(stdout) as { steps: Record<string, Times> };
    return Object.fromEntries(
      Object.entries(steps).map(([name, { median, best }]) => [
        name,
        { median: median * 1000, best: best * 1000 },
      ]),
    );
  } catch {
    return null;
  }
}

/** The round that was disturbed least stands for all. */
const least = (times: readonly Times[]): Times => ({
  median: Math.min(...times.map(({ median }) => median)),
  best: Math.min(...times.map(({ best }) => best)),
});

describe('training steps, batch 32, one thread', () => {
  it('per second, in the epoch graph, one run per step, and in PyTorch eager', {
    timeout: 600_000,
  }, async () => {
    const ours = new Map<string, Measured[]>(MODELS.map((model) => [model, []]));
    const theirs: Record<string, Times>[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      for (const model of MODELS) ours.get(model)!.push(await measure(model));
      const times = await torch();
      if (times) theirs.push(times);
    }
    const rows = MODELS.map((model) => {
      const measured = ours.get(model)!;
      const [step, epoch] = [least(measured.map((m) => m.step)), least(measured.map((m) => m.epoch))];
      const peer = theirs.length > 0 ? least(theirs.map((times) => times[model]!)) : null;
      const fastest = Math.min(step.median, epoch.median);
      return {
        model,
        'epoch graph, steps/s': Math.round(1000 / epoch.median),
        'run per step, steps/s': Math.round(1000 / step.median),
        'epoch / step': (step.median / epoch.median).toFixed(2),
        'PyTorch, steps/s': peer ? Math.round(1000 / peer.median) : 'not installed',
        'ours / PyTorch': peer ? (peer.median / fastest).toFixed(2) : '',
        'at best': peer ? (peer.best / Math.min(step.best, epoch.best)).toFixed(2) : '',
        'graph, ms': Math.round(Math.min(...measured.map((m) => m.buildMs))),
        'peak MiB': Math.round(Math.max(...measured.map((m) => m.peakMiB))),
      };
    });
    console.table(rows);
    for (const { model, 'epoch graph, steps/s': rate } of rows) expect(rate, model).toBeGreaterThan(1);
  });
});
