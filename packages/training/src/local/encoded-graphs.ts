import { type GraphPorts, portsOnly } from '../jobs/graph-ports.ts';
import type { TrainingGraphs } from './graph.ts';

/** The graphs of a model as the runtime takes them. */
export interface EncodedGraphs {
  ports: GraphPorts;
  step: Uint8Array;
  /** Several steps in one run; null if the model has no such graph, or must be opened as seldom as possible. */
  epoch: Uint8Array | null;
  evaluate: Uint8Array;
  /** Sums clipped gradients, if training is private. */
  clippedSum: { ports: GraphPorts; epoch: Uint8Array } | null;
}

/** Encode what will be opened. The models themselves, with their weights, are not needed after that. */
export function encodedGraphs({ training, clippedSum }: TrainingGraphs): EncodedGraphs {
  const { step, evaluate, frozen } = training;
  return {
    ports: portsOnly(training),
    step,
    // Each session takes memory for frozen weights, and steps of a large model gain little from one run for several.
    epoch: frozen ? null : training.epoch,
    evaluate,
    clippedSum: clippedSum && { ports: portsOnly(clippedSum), epoch: clippedSum.epoch! },
  };
}
