import { AutodiffError, parseModel } from '@chorus/autodiff';
import type { TaskState } from '@chorus/protocol';
import type { GlobalModel } from '@chorus/training';
import { type Check, runCheck } from './checks.ts';
import type { Inspection } from './inspection.ts';
import { exportOnnx } from './model-history.ts';

/** Whether these bytes are an ONNX model, as `chorus model get` writes it for other runtimes. */
export function isOnnxFile(bytes: Uint8Array): boolean {
  try {
    return parseModel(bytes).graph.nodes.length > 0;
  } catch (error) {
    if (error instanceof AutodiffError) return false;
    throw error;
  }
}

/**
 * Whether an ONNX file is the one that a task's model is written as. Its floats do not determine the integers that
 * open the history, so it is compared with the file of a model that has them.
 *
 * @param model computed from the aggregates, or published; checked by `verifyModel`
 */
export function checkOnnxFile(
  inspection: Inspection,
  task: TaskState,
  bytes: Uint8Array,
  model: GlobalModel,
): Promise<Check> {
  return runCheck('onnx', async () => {
    const expected = await exportOnnx(inspection, task, model);
    if (Buffer.from(expected).equals(bytes)) return undefined;
    const [found, wanted] = [bytes, expected].map((each) => parseModel(each).graph.initializers);
    for (const [name, { data }] of wanted!) {
      const there = found!.get(name);
      if (!there) return `it has no tensor "${name}"`;
      if (!Buffer.from(data).equals(there.data)) {
        return `its tensor "${name}" is not that of the model after round ${task.round}`;
      }
    }
    return "its graph is not written as the task's is";
  });
}
