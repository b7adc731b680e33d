import { readFile, stat } from 'node:fs/promises';
import {
  checkTrainedFile,
  getModel,
  isTrainedFile,
  type ModelReport,
  modelFileBytes,
  verifyModel,
} from '@chorus/inspector';
import { ChorusError, MAX_MODEL_BYTES, type TaskState } from '@chorus/protocol';
import { decodeGlobalModel } from '@chorus/training';
import type { OpenedNetwork } from './open.ts';

export interface VerifyModelOptions {
  /** A file, or the CID of a published model. */
  model: string;
  /** Time limit for finding a published model, ms. */
  timeoutMs: number;
}

/**
 * Check a model against its task's history: a file of either kind that `chorus model get` writes, or a published one.
 * @throws ChorusError `E_MODEL_CORRUPT` if a file is too large for either kind; `E_MODEL_AGGREGATES`, `E_STORAGE_*`
 */
export async function verifyAnyModel(
  network: OpenedNetwork,
  task: TaskState,
  { model, timeoutMs }: VerifyModelOptions,
): Promise<ModelReport> {
  network.step('getting the model');
  const bytes = await readModel(network, task, { model, timeoutMs });
  if (!isTrainedFile(bytes)) {
    network.step('checking it against the chain');
    return verifyModel(network, task, bytes);
  }
  const { modelCid: cid, step: onStep } = network;
  const own = await getModel(network, task, { format: 'chorus', cid, timeoutMs, onStep });
  if (own.report.checks.some(({ ok }) => !ok)) return own.report;
  const check = await checkTrainedFile(network, task, bytes, decodeGlobalModel(own.bytes));
  const report = { ...own.report, checks: [...own.report.checks, check] };
  return check.ok ? report : { ...report, afterRound: null, ingredients: [] };
}

/** The bytes of a model file, or of a published model. */
async function readModel(
  network: OpenedNetwork,
  task: TaskState,
  { model, timeoutMs }: VerifyModelOptions,
): Promise<Uint8Array> {
  const file = await stat(model).catch(() => null);
  if (!file) {
    const { storage, signal } = network;
    return storage.get(model, { maxBytes: modelFileBytes(task.dimension), timeoutMs, signal });
  }
  if (file.isFile() && file.size <= Math.max(modelFileBytes(task.dimension), MAX_MODEL_BYTES)) {
    return new Uint8Array(await readFile(model));
  }
  throw new ChorusError('E_MODEL_CORRUPT', 'this is not a model file of the task', {
    facts: { path: model, bytes: file.size },
    hint: 'give a file that `chorus model get` wrote, or the CID of a published model',
  });
}
