import { type DifferentiateOptions, differentiate, type Model, type TrainingGraph } from '@chorus/autodiff';
import { ChorusError } from '@chorus/protocol';
import type { InferenceSession } from 'onnxruntime-node';
import { Tensor } from 'onnxruntime-node';
import type { GraphPorts } from '../jobs/graph-ports.ts';
import type { Optimizer } from '../jobs/messages.ts';
import { type Feeds, parameterFeeds, stateFeeds } from '../jobs/tensors.ts';
import type { PrivacySettings } from '../privacy/accountant.ts';
import { type SecureRandom, secureRandom } from '../privacy/gaussian.ts';

/** Target duration of one run, so that progress shows, a stop takes effect, and no limit of a call is passed. */
const RUN_MILLISECONDS = 100;
/** Samples whose clipped gradients the first run sums, and the most that one may. */
const FIRST_RUN = 8;
const LONGEST_RUN = 256;

/**
 * The graph whose epoch sums the gradients of single samples, each clipped to norm C: batches of one, parameters that
 * stay, and an accumulator as the only state.
 *
 * @throws ChorusError `E_PRIVACY` if the optimiser is not SGD, or the model carries state from sample to sample
 */
export function clippedSumGraph(
  model: Model,
  {
    loss,
    optimizer,
    trainable,
    batchNormalization = 'running',
    frozenData,
  }: Omit<DifferentiateOptions, 'optimizer'> & {
    optimizer: Optimizer;
  },
  { clip }: PrivacySettings,
): TrainingGraph {
  if (!(clip > 0 && Number.isFinite(clip))) throw impossible('the clip must be a positive number', { clip });
  if (optimizer.kind !== 'sgd') {
    throw impossible('private training needs the optimiser sgd', { optimizer: optimizer.kind });
  }
  const graph = differentiate(model, {
    loss,
    optimizer: { kind: 'accumulate' },
    clipNorm: clip,
    batchNormalization,
    ...(trainable ? { trainable } : {}),
    ...(frozenData === undefined ? {} : { frozenData }),
  });
  if (!graph.epoch || graph.state.length !== graph.parameters.length) {
    throw impossible('this model cannot be trained one sample at a time', {
      state: graph.state.length - graph.parameters.length,
      obstacle: graph.epochUnavailable ?? 'statistics or a random state in addition to the parameters',
    });
  }
  return graph;
}

export interface PrivateSteps extends PrivacySettings {
  optimizer: Optimizer;
  learningRate: number;
  /** Samples of the data set; each is drawn by itself with chance `expected / count`. */
  count: number;
  /**
   * Expected size of a batch. A step divides by it, not by the size drawn, which would reveal something about the
   * samples.
   */
  expected: number;
}

/** State from one step to the next. */
export interface PrivateState {
  parameters: Float32Array;
  velocity: Float32Array;
}

/** The sum of clipped gradients at `parameters` of the given samples, and their losses. */
export type ClippedSum = (
  parameters: Float32Array,
  samples: readonly number[],
) => Promise<{ sum: Float64Array; losses: number[] }>;

/**
 * One step of differentially private SGD (Abadi et al. 2016, arXiv:1607.00133, algorithm 1): a Poisson sample of the
 * data, the sum of its clipped gradients with Gaussian noise of deviation sigma C, then SGD with momentum. Weight decay
 * acts on parameters alone and needs no noise.
 *
 * @returns the losses of the samples drawn
 */
export async function privateStep(
  state: PrivateState,
  { optimizer, learningRate, count, expected, clip, noiseMultiplier }: PrivateSteps,
  clippedSum: ClippedSum,
  random: SecureRandom = secureRandom(),
): Promise<number[]> {
  const { parameters, velocity } = state;
  const rate = expected / count;
  const drawn: number[] = [];
  for (let i = 0; i < count; i++) if (random.uniform() < rate) drawn.push(i);
  const { sum, losses } = await clippedSum(parameters, drawn);
  const deviation = noiseMultiplier * clip;
  const momentum = optimizer.kind === 'sgd' ? optimizer.momentum : 0;
  for (let j = 0; j < parameters.length; j++) {
    const noisy = (sum[j]! + deviation * random.normal()) / expected;
    velocity[j] = momentum * velocity[j]! + noisy + optimizer.weightDecay * parameters[j]!;
    parameters[j]! -= learningRate * velocity[j]!;
  }
  return losses;
}

/**
 * Sums clipped gradients in onnxruntime, by {@link clippedSumGraph}'s epoch.
 * @param feed the tensors of given samples
 * @param progressed called after each run; throws to stop
 */
export function clippedSumIn(
  graph: GraphPorts,
  epoch: InferenceSession,
  feed: (samples: readonly number[]) => { data: Tensor; labels: Tensor; index: BigInt64Array },
  progressed: () => void,
): ClippedSum {
  const { inputs, outputs } = graph;
  // The parameters come back unchanged: only the sums are fetched.
  const wanted = [outputs.losses, ...graph.state.map(({ name }) => outputs.next.get(name)!)];
  let perRun = FIRST_RUN;
  return async (parameters, samples) => {
    const sum = new Float64Array(parameters.length);
    const losses: number[] = [];
    for (let from = 0; from < samples.length; ) {
      const count = Math.min(perRun, samples.length - from);
      const fed = feed(samples.slice(from, from + count));
      const feeds: Feeds = {
        ...parameterFeeds(graph, parameters),
        ...stateFeeds(graph.state),
        [graph.dataInputs[0]!.name]: fed.data,
        [graph.labelInput!.name]: fed.labels,
        [inputs.index]: new Tensor('int64', fed.index, [count, 1]),
        [inputs.learningRate]: new Tensor('float32', new Float32Array(count), [count]),
      };
      const before = performance.now();
      const results = await epoch.run(feeds, wanted);
      const perSample = Math.max(1e-3, (performance.now() - before) / count);
      perRun = Math.max(1, Math.min(LONGEST_RUN, Math.round(RUN_MILLISECONDS / perSample)));
      losses.push(...(results[outputs.losses]!.data as Float32Array));
      for (const [i, { offset }] of graph.parameters.entries()) {
        const part = results[outputs.next.get(graph.state[i]!.name)!]!.data as Float32Array | Float64Array;
        for (let j = 0; j < part.length; j++) sum[offset + j]! += part[j]!;
      }
      from += count;
      progressed();
    }
    return { sum, losses };
  };
}

function impossible(message: string, facts: Record<string, string | number>): ChorusError {
  return new ChorusError('E_PRIVACY', message, {
    facts,
    hint: 'use sgd and a model without batch statistics or dropout, or train without privacy',
  });
}
