import { exportOnnx, type ModelReport, modelFileBytes, rebuildModel, verifyModel } from '@chorus/inspector';
import { hasCode, type TaskState } from '@chorus/protocol';
import { decodeGlobalModel, encodeGlobalModel } from '@chorus/training';
import type { OpenedNetwork } from './open.ts';

export interface GetModelOptions {
  format: 'onnx' | 'chorus';
  /** A published model to use if aggregates are missing. */
  cid: string | null;
  timeoutMs: number;
}

export interface GotModel {
  bytes: Uint8Array;
  /** Source of the model; in both cases it is checked against the chain. */
  source: 'aggregates' | 'published';
  report: ModelReport;
}

/** A task's model as a file, with its checks: do not use the model if one failed. */
export async function getModel(
  network: OpenedNetwork,
  task: TaskState,
  { format, cid, timeoutMs }: GetModelOptions,
): Promise<GotModel> {
  network.step('computing the model from its aggregates');
  let source: GotModel['source'] = 'aggregates';
  const file = await rebuildModel(network, task)
    .then(encodeGlobalModel)
    .catch((error: unknown) => {
      if (cid === null || !hasCode(error, 'E_MODEL_AGGREGATES')) throw error;
      network.step('getting the published model');
      source = 'published';
      const { storage, signal } = network;
      return storage.get(cid, { maxBytes: modelFileBytes(task.dimension), timeoutMs, signal });
    });
  network.step('checking it against the chain');
  const report = await verifyModel(network, task, file);
  const usable = format === 'onnx' && report.checks.every((check) => check.ok);
  const bytes = usable ? await exportOnnx(network, task, decodeGlobalModel(file)) : file;
  return { bytes, source, report };
}
