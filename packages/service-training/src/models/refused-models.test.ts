import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChorusError } from '@chorus/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RefusedModels } from './refused-models.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chorus-refused-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const MODEL = 'bafkreimodel';
const fault = new ChorusError('E_MODEL_TIME', 'too long');
/** As a node does it when it starts. */
async function started(limits = '1 GB'): Promise<RefusedModels> {
  const models = new RefusedModels(folder, limits);
  await models.load();
  return models;
}

describe('models that are not opened again', () => {
  it('models with a fault of their own are refused, also after a restart', async () => {
    const models = await started();
    models.check(MODEL);
    await models.begin(MODEL);
    await models.judge(MODEL, fault);
    for (const later of [models, await started()]) {
      expect(() => later.check(MODEL)).toThrow(expect.objectContaining({ code: 'E_MODEL_TIME' }));
      later.check('bafkreianother');
    }
  });

  it('models during which the node crashed are refused', async () => {
    await (await started()).begin(MODEL);
    const later = await started();
    expect(() => later.check(MODEL)).toThrow(expect.objectContaining({ code: 'E_MODEL_CRASHED' }));
  });

  it('models that worked, or failed for another reason, are not refused', async () => {
    const models = await started();
    await models.begin(MODEL);
    await models.allow(MODEL);
    (await started()).check(MODEL);
    await models.begin(MODEL);
    await models.judge(MODEL, new ChorusError('E_TASK_MODEL', 'another number of parameters'));
    (await started()).check(MODEL);
  });

  it('refused models are tried again under other limits', async () => {
    await (await started('1 GB')).judge(MODEL, fault);
    (await started('2 GB')).check(MODEL);
  });

  it('at most a thousand refused models are remembered, the last ones', async () => {
    const models = await started();
    await Promise.all(Array.from({ length: 1_002 }, (_, i) => models.judge(`model-${i}`, fault)));
    const later = await started();
    later.check('model-1');
    expect(() => later.check('model-2')).toThrow();
    expect(() => later.check('model-1001')).toThrow();
  });

  it('a damaged file of refused models does not stop a node from starting', async () => {
    await writeFile(join(folder, 'refused-models.json'), '[{');
    (await started()).check(MODEL);
  });
});
