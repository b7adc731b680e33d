import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildModel, createTrainer, loadDataset, syntheticDigits } from '@chorus/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outcomeOf, startChorus } from '../testing/chorus-process.ts';
import { runChorus } from '../testing/run-chorus.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-train-test-'));
  const { inputs, labels, count } = syntheticDigits({ seed: 1, count: 600 });
  // Every fourth pixel each way: enough to tell digits apart, and quick to read.
  const pixels = Array.from({ length: 784 }, (_, i) => i).filter(
    (i) => i % 4 === 0 && Math.floor(i / 28) % 4 === 0,
  );
  const rows = Array.from({ length: count }, (_, k) =>
    [labels[k], ...pixels.map((i) => inputs[k * 784 + i]!.toFixed(3))].join(','),
  );
  const head = ['label', ...pixels.map((i) => `p${i}`)].join(',');
  await writeFile(join(folder, 'digits.csv'), [head, ...rows, ''].join('\n'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const chorus = (args: string[]) => runChorus(args, { cwd: folder });

const train = ['train', 'model.onnx', '--new', 'mlp', '--data', '.', '--label-column', 'label'];
const recipe = ['--optimizer', 'adam', '--lr', '0.003'];

describe('chorus train', () => {
  it('trains a new model on a CSV file and writes one that scores as reported', async () => {
    const { code, stdout } = await chorus([
      ...train,
      ...recipe,
      '--epochs',
      '8',
      '--json',
      '--checkpoint',
      'a',
    ]);
    expect(code).toBe(0);
    const { model, history } = JSON.parse(stdout) as {
      model: string;
      history: { loss: number; validation: { accuracy: number } }[];
    };
    expect(history).toHaveLength(8);
    expect(history[7]!.loss).toBeLessThan(history[0]!.loss);
    const trainer = await createTrainer({
      model: await readFile(join(folder, model)),
      loss: { kind: 'softmax-cross-entropy' },
      optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 },
    });
    const dataset = await loadDataset(folder, { split: 'test', labelColumn: 'label' });
    const { accuracy } = await trainer.evaluate({ parameters: trainer.initial, dataset });
    await trainer.close();
    expect(accuracy).toBe(history[7]!.validation.accuracy);
    expect(accuracy).toBeGreaterThan(0.5);
  });

  it('training interrupted by Ctrl-C ends with 130, and --resume gives the same model as an uninterrupted run', async () => {
    const run = (out: string, checkpoints: string, ...more: string[]) => [
      ...[...train, ...recipe, '--epochs', '12', '--batch', '2'],
      ...['--checkpoint', checkpoints, '--out', out, ...more],
    ];
    const whole = await chorus(run('whole.onnx', 'b'));
    expect(whole.code).toBe(0);
    const child = startChorus(run('parts.onnx', 'c'), { cwd: folder });
    let told = '';
    child.stderr!.on('data', (data) => {
      told += data;
      if (told.includes('epoch 2/12')) child.kill('SIGINT');
    });
    const stopped = await outcomeOf(child);
    expect(stopped.code, stopped.stderr).toBe(130);
    expect(stopped.stderr).toContain('--resume');
    expect((await readdir(folder)).includes('parts.onnx')).toBe(false);
    const resumed = await chorus(run('parts.onnx', 'c', '--resume'));
    expect(resumed.code).toBe(0);
    expect(resumed.stderr).toContain('continuing after epoch');
    const [a, b] = await Promise.all(
      ['whole.onnx', 'parts.onnx'].map((name) => readFile(join(folder, name))),
    );
    expect(a!.equals(b!)).toBe(true);
  });

  it.for([
    [['--epochs', '0'], 64, '--epochs'],
    [['--lr', 'fast'], 64, '--lr'],
    [['--lora', 'fc'], 64, '--lora'],
    [['--freeze', '('], 64, '--freeze'],
    [['--out', '.'], 64, '--out'],
    [['--out', 'digits.csv/x.onnx'], 74, 'E_OUTPUT_UNWRITABLE'],
    [['--data', 'nowhere'], 65, 'E_DATA_UNREADABLE'],
    [['--lora', 'attention:4', '--checkpoint', 'd'], 65, 'E_MODEL_LORA'],
    [['--lr', '1e30', '--checkpoint', 'd'], 1, 'E_TRAINING_DIVERGED'],
  ] as const)('%s ends with %i and says why', async ([args, code, reason]) => {
    const outcome = await chorus([...train, ...args]);
    expect(outcome.code).toBe(code);
    expect(outcome.stderr).toContain(reason);
    expect(outcome.stdout).toBe('');
  });
});

describe('chorus train on texts', () => {
  it('the windows are as long as the model takes, and 32 bytes for a new one', async () => {
    const data = await mkdtemp(join(folder, 'text-'));
    await writeFile(join(data, 'a.txt'), 'the quick brown fox jumps over the lazy dog. '.repeat(20));
    const model = join(folder, 'text-48.onnx');
    await writeFile(model, buildModel('mlp', { inputShape: [48], classes: 256, seed: 0 }));
    const out = ['--out', join(folder, 'text-out.onnx'), '--epochs', '1', '--lr', '0.001', '--json'];
    const { code, stdout, stderr } = await chorus(['train', model, '--data', data, ...out]);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('48 of which foretell the next');
    expect(JSON.parse(stdout).history).toHaveLength(1);
    const fresh = [
      'train',
      join(folder, 'text-new.onnx'),
      '--new',
      'mlp',
      '--data',
      data,
      '--dry-run',
      '--json',
    ];
    expect(JSON.parse((await chorus(fresh)).stdout)).toMatchObject({ train: { shape: [32] } });
  });
});

describe('chorus train on data of few words', () => {
  const animals = (count: number, kinds: string[]) =>
    [
      'a,b,kind',
      ...Array.from({ length: count }, (_, i) => `${i % kinds.length},1,${kinds[i % kinds.length]}`),
      '',
    ].join('\n');
  const args = (data: string) => [
    ...['train', join(data, 'm.onnx'), '--new', 'mlp', '--data', data, '--label-column', 'kind'],
    ...['--out', join(data, 'out.onnx'), '--epochs', '20', '--batch', '2'],
  ];

  it('train scores a test part that lacks a class by the classes of the training part', async () => {
    const data = await mkdtemp(join(folder, 'animals-'));
    await writeFile(join(data, 'train.csv'), animals(60, ['ant', 'bee', 'cat']));
    await writeFile(join(data, 'test.csv'), animals(20, ['ant', 'bee', 'cat']).replaceAll(/.*bee\n/g, ''));
    for (const run of ['first', 'second']) {
      const { code, stdout, stderr } = await chorus([...args(data), '--lr', '0.1', '--json']);
      expect(code, run + stderr).toBe(0);
      expect(stderr).toContain('ant 20, bee 20, cat 20');
      expect(stderr).toContain('no sample is of class bee');
      const { history } = JSON.parse(stdout) as { history: { validation: { accuracy: number } }[] };
      expect(history.at(-1)!.validation.accuracy).toBe(1);
      // After training, only the requested files stay.
      expect((await readdir(data)).sort()).toEqual([
        'm.onnx',
        'out.classes.txt',
        'out.onnx',
        'test.csv',
        'train.csv',
      ]);
      expect(JSON.parse(stdout).classes).toBe(join(data, 'out.classes.txt'));
      expect(await readFile(join(data, 'out.classes.txt'), 'utf8')).toBe('ant\nbee\ncat\n');
    }
  });

  it('train refuses a GGUF file with what trains it', async () => {
    const model = join(folder, 'named.onnx');
    await writeFile(model, Buffer.concat([Buffer.from('GGUF'), Buffer.from([3, 0, 0, 0]), Buffer.alloc(64)]));
    const { code, stderr } = await runChorus(['train', model, '--data', folder]);
    expect(code).toBe(65);
    expect(stderr).toContain('chorus task create --model FILE --lora');
  });

  it('train --dry-run only reports how it reads the data', async () => {
    const data = await mkdtemp(join(folder, 'dry-'));
    await writeFile(join(data, 'all.csv'), animals(30, ['ant', 'bee', '']));
    const { code, stdout } = await chorus([...args(data), '--dry-run']);
    expect(code).toBe(0);
    expect(stdout).toContain('2 classes');
    expect(stdout).toMatch(/left out {2}\d+ samples without a label, such as line 4/);
    expect(await readdir(data)).toEqual(['all.csv']);
    const json = await chorus([...args(data), '--dry-run', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      train: { classes: [{ name: 'ant' }, { name: 'bee' }], shape: [2] },
      test: { classCount: 2 },
    });
  });
});

describe('chorus doctor', () => {
  it('doctor finds the CPU usable and the keys intact, and says how to fix the rest', async () => {
    const { code, stdout } = await chorus(['doctor', '--json']);
    const { findings } = JSON.parse(stdout) as {
      findings: { what: string; state: string; found: string; todo?: string }[];
    };
    const states = Object.fromEntries(findings.map(({ what, state }) => [what, state]));
    expect(states).toMatchObject({ 'Node.js': 'ok', 'circuit keys': 'ok', 'device cpu': 'ok' });
    expect(Object.keys(states)).toEqual(
      expect.arrayContaining(['memory', 'disk', 'reference strings', 'device webgpu', 'device cuda']),
    );
    for (const { what, state, todo } of findings) expect(todo !== undefined, what).toBe(state !== 'ok');
    expect(code).toBe(findings.some(({ state }) => state === 'problem') ? 69 : 0);
  });
});
