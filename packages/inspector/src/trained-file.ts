import { AutodiffError, parseModel } from '@chorus/autodiff';
import { isGguf, readGguf } from '@chorus/language-models/gguf';
import type { TaskState } from '@chorus/protocol';
import type { GlobalModel } from '@chorus/training';
import type { Inspection } from './inspection.ts';
import { exportModel } from './model-history.ts';
import { type Check, runCheck } from './records/run-check.ts';

/** Whether these bytes are a model as `chorus model get` writes it for other runtimes: ONNX, or the GGUF of an adapter. */
export function isTrainedFile(bytes: Uint8Array): boolean {
  if (isGguf(bytes)) return true;
  try {
    return parseModel(bytes).graph.nodes.length > 0;
  } catch (error) {
    if (error instanceof AutodiffError) return false;
    throw error;
  }
}

/**
 * Whether a file is the one that a task's model is written as. Its floats do not determine the integers that open the
 * history, so it is compared with the file of a model that has them.
 *
 * @param model computed from the aggregates, or published; checked by `verifyModel`
 */
export function checkTrainedFile(
  inspection: Inspection,
  task: TaskState,
  bytes: Uint8Array,
  model: GlobalModel,
): Promise<Check> {
  return runCheck(isGguf(bytes) ? 'gguf' : 'onnx', async () => {
    const expected = await exportModel(inspection, task, model);
    if (Buffer.from(expected.bytes).equals(bytes)) return undefined;
    if (isGguf(bytes) !== (expected.format === 'gguf')) {
      return `it is no file of this kind that the task's model is written as: ${expected.format}`;
    }
    const tensorsOf = expected.format === 'gguf' ? ggufTensors : onnxTensors;
    const [found, wanted] = [tensorsOf(bytes), tensorsOf(expected.bytes)];
    for (const [name, data] of wanted) {
      const there = found.get(name);
      if (!there) return `it has no tensor "${name}"`;
      if (!Buffer.from(data).equals(there)) {
        return `its tensor "${name}" is not that of the model after round ${task.round}`;
      }
    }
    return "the rest of it is not written as the task's is";
  });
}

type Tensors = Map<string, Uint8Array>;

const onnxTensors = (bytes: Uint8Array): Tensors =>
  new Map([...parseModel(bytes).graph.initializers].map(([name, { data }]) => [name, data]));

const ggufTensors = (bytes: Uint8Array): Tensors =>
  new Map([...readGguf(bytes).tensors].map(([name, { data }]) => [name, data]));
