import {
  boundTensors,
  DataType,
  parseModel,
  type TrainingGraph,
  type ValueSpec,
  type ValueType,
} from '@chorus/autodiff';
import { ChorusError } from '@chorus/protocol';
import type { Foreign } from '../jobs/messages.ts';
import { evaluateBatch, sampleShape } from '../jobs/tensors.ts';

/**
 * Bounds every tensor of a training step and of an evaluation of a foreign model, in the graphs for the runtime.
 *
 * @param tensorBytes most that they may take together, in bytes; default: any size
 * @returns bytes of what the runtime may compute when it opens the graphs
 * @throws ChorusError `E_MODEL_MEMORY` if they take more
 * @throws UnboundedTensorError
 */
export function checkForeign(
  graph: TrainingGraph,
  { inputShape, batchSize }: Foreign,
  tensorBytes = Infinity,
): number {
  const width = inputShape.reduce((product, dim) => product * dim, 1);
  const data = graph.dataInputs[0]!;
  const labels = graph.labelInput!;
  const sizes = (count: number): Map<string, ValueType> => {
    const inputs = new Map<string, ValueType>();
    const set = ({ name, dtype }: Pick<ValueSpec, 'name' | 'dtype'>, shape: readonly number[]) =>
      inputs.set(name, { dtype: DataType[dtype], shape });
    for (const entry of [...graph.parameters, ...graph.state]) set(entry, entry.shape);
    set(data, [count, ...sampleShape(data.shape, width)]);
    // Integer labels are one number for a sample or for each of its positions, others one row.
    const perSample = Number(labels.shape?.[1] ?? 1);
    set(labels, labels.dtype === 'int64' && labels.shape?.length !== 2 ? [count] : [count, perSample]);
    set({ name: graph.inputs.learningRate, dtype: 'float32' }, []);
    return inputs;
  };
  // Frozen weights count by their size; their values bound nothing.
  const frozen = new Uint8Array(graph.frozen?.parts.reduce((sum, { length }) => sum + length, 0) ?? 0);
  let constantBytes = 0;
  for (const [bytes, count] of [
    [graph.step, batchSize],
    [graph.evaluate, evaluateBatch(graph)],
  ] as const) {
    const bounds = boundTensors(parseModel(bytes, { externalData: () => frozen }).graph, sizes(count));
    if (bounds.peakBytes > tensorBytes) {
      throw new ChorusError('E_MODEL_MEMORY', 'the tensors of the model take more memory than it may', {
        facts: {
          bytes: bounds.peakBytes,
          limit: tensorBytes,
          largest: bounds.largest.name.slice(0, 100),
          samples: count,
        },
        hint: 'use a smaller model or batch, or raise limits.memory',
      });
    }
    constantBytes = Math.max(constantBytes, bounds.constantBytes);
  }
  return constantBytes;
}
