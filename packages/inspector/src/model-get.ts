import { hasCode, type TaskState } from '@chorus/protocol';
import { decodeGlobalModel, encodeGlobalModel, type TrainedFile } from '@chorus/training';
import type { Inspection } from './inspection.ts';
import { exportModel, type ModelReport, modelFileBytes, rebuildModel, verifyModel } from './model-history.ts';

export interface GetModelOptions {
  /** `trained`: for other runtimes; `chorus`: with the integers that prove its history. */
  format: 'trained' | 'chorus';
  /** A published model to use if aggregates are missing. */
  cid: string | null;
  timeoutMs: number;
  /** Called with what is being done. */
  onStep?: (text: string) => void;
}

export interface GotModel {
  bytes: Uint8Array;
  /** What the file is; `chorus` also if the model must not be used. */
  format: TrainedFile['format'] | 'chorus';
  /** Source of the model; in both cases it is checked against the chain. */
  source: 'aggregates' | 'published';
  report: ModelReport;
}

/** A task's model as a file, with its checks: do not use the model if one failed. */
export async function getModel(
  inspection: Inspection,
  task: TaskState,
  { format, cid, timeoutMs, onStep }: GetModelOptions,
): Promise<GotModel> {
  onStep?.('computing the model from its aggregates');
  let source: GotModel['source'] = 'aggregates';
  const file = await rebuildModel(inspection, task)
    .then(encodeGlobalModel)
    .catch((error: unknown) => {
      if (cid === null || !hasCode(error, 'E_MODEL_AGGREGATES')) throw error;
      onStep?.('getting the published model');
      source = 'published';
      const { storage, signal } = inspection;
      return storage.get(cid, { maxBytes: modelFileBytes(task.dimension), timeoutMs, signal });
    });
  onStep?.('checking it against the chain');
  const report = await verifyModel(inspection, task, file);
  const usable = format === 'trained' && report.checks.every((check) => check.ok);
  const written = usable
    ? await exportModel(inspection, task, decodeGlobalModel(file))
    : { bytes: file, format: 'chorus' as const };
  return { ...written, source, report };
}
