import { encodeModel, GraphBuilder } from '@chorus/autodiff';

/**
 * Reads private samples out of one update: Fowl et al. 2021, "Robbing the Fed" (arXiv:2110.13057), as the audit used it.
 *
 * The task's model looks like an MLP. All rows of its first layer measure the same thing, the sum of a sample's values,
 * and the biases are staggered thresholds: sample i moves neuron k if its sum is above threshold k. Neighbouring neurons
 * differ by the samples between their thresholds; if that is one sample, the difference of their weights' changes
 * is that sample, times a number that the difference of the biases' changes tells.
 */
export interface ImprintModel {
  kind: 'staggered' | 'binned';
  model: Uint8Array;
  /** Values of a sample. */
  inputs: number;
  neurons: number;
}

export interface ImprintOptions {
  /** Ascending sums of a sample's values: quantiles of public data of the same kind. */
  thresholds: readonly number[];
  /** Of one sample. */
  inputShape: readonly number[];
  classes: number;
  /** Size of the weights behind the first layer: how large the gradients are. */
  headScale?: number;
  /**
   * `staggered`: ReLU, each sample moves all neurons below its sum. `binned`: a ReLU cut off at 1, so that each sample moves
   * one neuron only, with all of its gradient, which clipping then leaves as large as it can be.
   */
  kind?: ImprintModel['kind'];
}

export function imprintModel({
  thresholds,
  inputShape,
  classes,
  headScale = 1e-3,
  kind = 'staggered',
}: ImprintOptions): ImprintModel {
  const inputs = inputShape.reduce((product, dim) => product * dim, 1);
  const neurons = thresholds.length;
  // A bin goes from 0 at its threshold to 1 at the next.
  const steepness = thresholds.map((t, k) =>
    kind === 'binned' ? 1 / Math.max(1e-3, (thresholds[k + 1] ?? 2 * t) - t) : 1 / inputs,
  );
  const g = new GraphBuilder({ name: 'mlp' });
  const x = g.input('x', 'float32', ['N', ...inputShape]);
  const flat = g.op('Flatten', [x], { axis: 1 });
  const weight = g.initializer(
    'fc1.weight',
    [inputs, neurons],
    Float32Array.from({ length: inputs * neurons }, (_, i) => steepness[i % neurons]!),
  );
  const bias = g.initializer(
    'fc1.bias',
    [neurons],
    Float32Array.from(thresholds, (t, k) => -t * steepness[k]!),
  );
  const relu = g.op('Relu', [g.op('Gemm', [flat, weight, bias])]);
  const bounds = [g.constant([], Float32Array.of(0)), g.constant([], Float32Array.of(1))];
  const hidden = kind === 'binned' ? g.op('Clip', [relu, ...bounds]) : relu;
  // The same for every neuron; small, it leaves the probabilities as they are, so that all samples count alike.
  const head = Float32Array.from(
    { length: neurons * classes },
    (_, i) => headScale * ((i % classes) - classes / 2),
  );
  const logits = g.op('MatMul', [hidden, g.constant([neurons, classes], head)]);
  g.output(logits, 'float32', ['N', classes], 'logits');
  return { kind, model: encodeModel(g.build()), inputs, neurons };
}

/** Candidates for private samples, read out of an update's vector: one for each neuron, or pair of neighbours. */
export function reconstruct(
  update: ArrayLike<number>,
  { kind, inputs, neurons }: ImprintModel,
): Float32Array[] {
  const at = (j: number, k: number) => (k < neurons ? update[j * neurons + k]! : 0);
  return Array.from({ length: neurons }, (_, k) =>
    Float32Array.from({ length: inputs }, (_, j) => at(j, k) - (kind === 'binned' ? 0 : at(j, k + 1))),
  );
}

/** How many of the private samples the best of the candidates equals, by Pearson correlation above `above` (either sign). */
export function recovered(
  samples: Float32Array,
  inputs: number,
  candidates: readonly Float32Array[],
  above: number,
): number {
  const known = candidates.map(standardised).filter((c) => c !== null);
  let count = 0;
  for (let from = 0; from < samples.length; from += inputs) {
    const truth = standardised(samples.subarray(from, from + inputs));
    if (truth && known.some((candidate) => Math.abs(dot(truth, candidate)) > above)) count++;
  }
  return count;
}

/** Mean 0, norm 1; null for a constant vector. */
function standardised(values: Float32Array): Float32Array | null {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const centred = values.map((x) => x - mean);
  const norm = Math.sqrt(dot(centred, centred));
  return norm > 0 ? centred.map((x) => x / norm) : null;
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j]! * b[j]!;
  return sum;
}
