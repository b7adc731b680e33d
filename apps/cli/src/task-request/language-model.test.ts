import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tinyModel } from '@chorus/language-models';
import { buildModel } from '@chorus/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adapterTerm } from './language-model.ts';
import { type TaskPlace, type TaskWishes, taskRequest } from './request.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-request-'));
  await writeFile(join(folder, 'tiny.gguf'), tinyModel());
  await writeFile(join(folder, 'mlp.onnx'), buildModel('mlp', { inputShape: [4], classes: 3, seed: 0 }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const place: TaskPlace = {
  token: `0x${'a'.repeat(40)}`,
  decimals: 18,
  validators: [`0x${'b'.repeat(40)}`],
  data: null,
  pace: 1,
};
const wishes = { rounds: '2', trainers: '3', budget: '50', stake: '10', seed: '7' };
const request = (more: Partial<TaskWishes> & { model: string }, data: TaskPlace['data'] = null) =>
  taskRequest({ ...wishes, ...more }, { ...place, data });

describe('a task on a language model', () => {
  it('trains adapters of its queries and values on sequences of its tokens', async () => {
    const { terms, model } = await request({ model: join(folder, 'tiny.gguf') });
    expect(model).toHaveLength(tinyModel().length);
    expect(terms).toMatchObject({
      name: 'tiny.gguf on texts',
      data: { kind: 'tokens', inputShape: [64], classes: 300 },
      adapter: { kind: 'lora', rank: 8, alpha: 16, targets: ['q_proj', 'v_proj'], seed: 7 },
      optimizer: { kind: 'adamw', weightDecay: 0 },
    });
  });

  it('takes other sizes, targets and optimisers', async () => {
    const { terms } = await request({
      model: join(folder, 'tiny.gguf'),
      lora: 'q_proj, up_proj',
      rank: '4',
      alpha: '4',
      context: '32',
      optimizer: 'sgd',
      momentum: '0.9',
    });
    expect(terms.adapter).toMatchObject({ rank: 4, alpha: 4, targets: ['q_proj', 'up_proj'] });
    expect(terms.data.inputShape).toEqual([32]);
    expect(terms.optimizer).toEqual({ kind: 'sgd', momentum: 0.9, weightDecay: 0 });
  });

  it('refuses what the model cannot do, and options that do not belong together', async () => {
    const tiny = join(folder, 'tiny.gguf');
    const refused = (more: Partial<TaskWishes>, text: string) =>
      expect(request({ model: tiny, ...more })).rejects.toMatchObject({
        code: 'E_USAGE',
        message: expect.stringContaining(text),
      });
    await refused({ context: '512' }, '--context must be an integer from 2 to 256');
    await refused({ rank: '0' }, '--rank');
    await refused({ optimizer: 'lion' }, '--optimizer must be sgd or adamw');
    await refused({ optimizer: 'adamw', momentum: '0.5' }, '--momentum belongs to sgd');
    await refused({ model: 'mlp' }, 'the shape of the samples');
  });
});

describe('a task on another model', () => {
  const data = { name: 'rows', inputShape: [4], classes: 3 };

  it('trains all its parameters, or adapters of the named weights', async () => {
    const model = join(folder, 'mlp.onnx');
    expect((await request({ model }, data)).terms.adapter).toBeUndefined();
    const { terms } = await request({ model, lora: 'fc1' }, data);
    expect(terms.adapter).toMatchObject({ rank: 8, targets: ['fc1'] });
    expect(terms.data).toEqual({ kind: 'classification', inputShape: [4], classes: 3 });
  });

  it('has no rank without adapters', () => {
    expect(() => adapterTerm({ rank: '4' }, { isLanguage: false, seed: 0 })).toThrow(
      expect.objectContaining({ code: 'E_USAGE' }),
    );
  });
});
