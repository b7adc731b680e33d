import { ChorusError } from '@chorus/protocol';
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { NO_LABEL } from '../data/dataset.ts';
import type { GraphPorts } from '../jobs/graph-ports.ts';
import type { EvaluateResult, GraphOptions, TrainingState, TrainResult } from '../jobs/messages.ts';
import {
  dataTensor,
  evaluateBatch,
  type Feeds,
  labelTensor,
  parameterFeeds,
  readParameters,
  readState,
  sampleShape,
  stateFeeds,
} from '../jobs/tensors.ts';
import type { PrivacySettings } from '../privacy/accountant.ts';
import { permutation, random } from '../random.ts';
import type { EncodedGraphs } from './encoded-graphs.ts';
import { ports } from './graph.ts';
import { clippedSumIn, privateStep } from './private-training.ts';
import type { Samples } from './samples.ts';
import type { SessionOpener } from './sessions.ts';

/** Samples as inputs of an epoch graph, and which of them are meant. */
export interface Fed {
  data: Tensor;
  labels: Tensor;
  index: BigInt64Array;
}

/** Called between runs; throws to stop. */
type Checkpoint = (fraction: number, loss: number) => void;

export interface TrainSettings {
  epochs: number;
  /** Number of the first epoch, by which its shuffling is drawn. */
  firstEpoch: number;
  /** Initial momentum and other state; default: zero. */
  state: TrainingState | undefined;
  batchSize: number;
  learningRate: number;
  seed: number;
}

interface PrivateTraining {
  graph: GraphPorts;
  epoch: InferenceSession;
  settings: PrivacySettings & Pick<GraphOptions, 'optimizer'>;
}

/** Target duration of one run of the epoch graph, so that progress shows and a stop takes effect. */
const RUN_MS = 100;
const MAX_STEPS_PER_RUN = 4096;

/** A model's sessions in this thread. Runs block the thread: onnxruntime-node computes synchronously. */
export class LocalTraining {
  readonly #graph: GraphPorts;
  readonly #step: InferenceSession;
  readonly #epoch: InferenceSession | null;
  readonly #evaluate: InferenceSession;
  readonly #private: PrivateTraining | null;
  readonly #whole = new WeakMap<Samples, Pick<Fed, 'data' | 'labels'>>();

  private constructor(
    graph: GraphPorts,
    step: InferenceSession,
    epoch: InferenceSession | null,
    evaluate: InferenceSession,
    privately: PrivateTraining | null,
  ) {
    this.#graph = graph;
    this.#step = step;
    this.#epoch = epoch;
    this.#evaluate = evaluate;
    this.#private = privately;
  }

  static async open(
    { ports, step, epoch, evaluate, clippedSum }: EncodedGraphs,
    opener: SessionOpener,
    { optimizer, privacy }: Pick<GraphOptions, 'optimizer' | 'privacy'>,
  ): Promise<LocalTraining> {
    try {
      const sessions = [
        await opener.open(step),
        epoch ? await opener.open(epoch) : null,
        await opener.open(evaluate),
      ] as const;
      const privately =
        clippedSum && privacy
          ? {
              graph: clippedSum.ports,
              epoch: await opener.open(clippedSum.epoch),
              settings: { ...privacy, optimizer },
            }
          : null;
      return new LocalTraining(ports, ...sessions, privately);
    } finally {
      await opener.close();
    }
  }

  /**
   * Stochastic gradient descent over whole epochs, shuffled by seed. Full batches run many steps at a time in
   * the epoch graph; the last, shorter one by itself. How many steps go into a run does not change the result.
   * A model opened with privacy settings trains by {@link privateStep} instead.
   * @throws ChorusError `E_TRAINING_DIVERGED` naming the step whose loss or parameters are not finite
   */
  async train(
    start: Float32Array,
    samples: Samples,
    settings: TrainSettings,
    check: Checkpoint,
  ): Promise<TrainResult> {
    if (this.#private) return this.#trainPrivately(this.#private, start, samples, settings, check);
    const begin = performance.now();
    const { epochs, firstEpoch, state, batchSize, learningRate, seed } = settings;
    const { count } = samples;
    const perEpoch = Math.ceil(count / batchSize);
    const full = Math.floor(count / batchSize);
    const losses: number[] = [];
    let carried: Feeds = { ...parameterFeeds(this.#graph, start), ...stateFeeds(this.#graph.state, state) };
    const record = (values: Iterable<number>) => {
      for (const loss of values) {
        if (!Number.isFinite(loss)) throw diverged(losses.length + 1, loss, learningRate);
        losses.push(loss);
      }
      check(losses.length / (epochs * perEpoch), losses.at(-1)!);
    };
    let stepsPerRun = 4;
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = permutation(count, random(seed, firstEpoch + epoch));
      for (let step = 0; step < full; ) {
        const most = Math.max(1, Math.floor(samples.most / batchSize));
        const steps = this.#epoch ? Math.min(stepsPerRun, most, full - step) : 1;
        const index = order.subarray(step * batchSize, (step + steps) * batchSize);
        const before = performance.now();
        const [next, stepLosses] = this.#epoch
          ? await this.#runSteps(this.#epoch, carried, samples, index, steps, learningRate)
          : await this.#runStep(carried, samples, index, learningRate);
        carried = next;
        record(stepLosses);
        step += steps;
        const perStep = Math.max(1e-3, (performance.now() - before) / steps);
        stepsPerRun = Math.max(1, Math.min(MAX_STEPS_PER_RUN, Math.round(RUN_MS / perStep)));
      }
      if (full < perEpoch) {
        const rest = order.subarray(full * batchSize);
        const [next, stepLosses] = await this.#runStep(carried, samples, rest, learningRate);
        carried = next;
        record(stepLosses);
      }
    }
    const delta = new Float32Array(start.length);
    readParameters(this.#graph, carried, delta);
    for (let j = 0; j < delta.length; j++) {
      // A gradient may overflow although the loss did not: then only the parameters show it.
      if (!Number.isFinite(delta[j])) throw diverged(losses.length, delta[j]!, learningRate);
      delta[j] = delta[j]! - start[j]!;
    }
    const after = readState(this.#graph.state, carried);
    return { delta, losses, state: after, seconds: (performance.now() - begin) / 1000 };
  }

  async #trainPrivately(
    { graph, epoch, settings }: PrivateTraining,
    start: Float32Array,
    samples: Samples,
    { epochs, batchSize, learningRate }: TrainSettings,
    check: Checkpoint,
  ): Promise<TrainResult> {
    const begin = performance.now();
    const { count } = samples;
    const steps = epochs * Math.ceil(count / batchSize);
    const state = { parameters: start.slice(), velocity: new Float32Array(start.length) };
    const losses: number[] = [];
    const progressed = () => check(losses.length / steps, losses.at(-1) ?? 0);
    const clippedSum = clippedSumIn(graph, epoch, (indices) => this.#feed(samples, indices), progressed);
    // A data set smaller than a batch is in each batch whole.
    const expected = Math.min(batchSize, count);
    for (let step = 1; step <= steps; step++) {
      const drawn = await privateStep(state, { ...settings, learningRate, count, expected }, clippedSum);
      // A step that drew no sample has no loss; the last loss replaces it.
      const loss = drawn.length ? drawn.reduce((sum, x) => sum + x, 0) / drawn.length : (losses.at(-1) ?? 0);
      if (!Number.isFinite(loss)) throw diverged(step, loss, learningRate);
      losses.push(loss);
      progressed();
    }
    const delta = state.parameters.map((value, j) => value - start[j]!);
    const broken = delta.find((value) => !Number.isFinite(value));
    if (broken !== undefined) throw diverged(steps, broken, learningRate);
    return { delta, losses, state: {}, seconds: (performance.now() - begin) / 1000 };
  }

  /** Mean loss and accuracy of a parameter vector over the labels of samples. */
  async evaluate(
    parameters: Float32Array,
    given: TrainingState | undefined,
    samples: Samples,
    check: Checkpoint,
  ): Promise<EvaluateResult> {
    const graph = this.#graph;
    const { data, labels, logits } = ports(graph);
    const { count, perSample, width } = samples;
    const batch = evaluateBatch(graph);
    const feeds = parameterFeeds(graph, parameters);
    const state = stateFeeds(
      graph.state.filter(({ name }) => graph.inputs.evaluateState.includes(name)),
      given,
    );
    let loss = 0;
    let correct = 0;
    let total = 0;
    for (let from = 0; from < count; from += batch) {
      const to = Math.min(count, from + batch);
      const truth = samples.labels.subarray(from * perSample, to * perSample);
      const outputs = await this.#evaluate.run({
        ...feeds,
        ...state,
        [data.name]: dataTensor(
          graph,
          samples.gather(Uint32Array.from({ length: to - from }, (_, k) => from + k)),
          to - from,
          this.#shape(width),
        ),
        [labels.name]: labelTensor(graph, truth, perSample),
      });
      const meant = truth.reduce((sum, label) => sum + (label === NO_LABEL ? 0 : 1), 0);
      total += meant;
      loss += scalar(outputs[graph.outputs.loss]!) * meant;
      correct += countCorrect(rows(outputs[logits.name] as Tensor, truth.length), truth);
      check(to / count, loss / Math.max(1, total));
    }
    return { loss: loss / Math.max(1, total), accuracy: correct / Math.max(1, total), count };
  }

  #shape(width: number): number[] {
    return sampleShape(ports(this.#graph).data.shape, width);
  }

  /** In memory, all samples as one tensor that is made once; else those that are meant. */
  #feed(samples: Samples, indices: ArrayLike<number>): Fed {
    const { inputs, labels, perSample, count, width } = samples;
    if (!inputs) {
      const values = dataTensor(this.#graph, samples.gather(indices), indices.length, this.#shape(width));
      return {
        data: values,
        labels: labelTensor(this.#graph, samples.labelsOf(indices), perSample),
        index: BigInt64Array.from(indices, (_, k) => BigInt(k)),
      };
    }
    let whole = this.#whole.get(samples);
    if (!whole) {
      whole = {
        data: dataTensor(this.#graph, inputs, count, this.#shape(width)),
        labels: labelTensor(this.#graph, labels, perSample),
      };
      this.#whole.set(samples, whole);
    }
    return { ...whole, index: BigInt64Array.from(indices, BigInt) };
  }

  async #runSteps(
    session: InferenceSession,
    carried: Feeds,
    samples: Samples,
    order: Uint32Array,
    steps: number,
    learningRate: number,
  ): Promise<[Feeds, Float32Array]> {
    const { data, labels } = ports(this.#graph);
    const { inputs, outputs } = this.#graph;
    const fed = this.#feed(samples, order);
    const results = await session.run({
      ...carried,
      [data.name]: fed.data,
      [labels.name]: fed.labels,
      [inputs.index]: new Tensor('int64', fed.index, [steps, order.length / steps]),
      [inputs.learningRate]: new Tensor('float32', new Float32Array(steps).fill(learningRate), [steps]),
    });
    return [this.#carry(results), results[outputs.losses]!.data as Float32Array];
  }

  async #runStep(
    carried: Feeds,
    samples: Samples,
    order: Uint32Array,
    learningRate: number,
  ): Promise<[Feeds, number[]]> {
    const { data, labels } = ports(this.#graph);
    const { width } = samples;
    const batch = samples.gather(order);
    const results = await this.#step.run({
      ...carried,
      [data.name]: dataTensor(this.#graph, batch, order.length, this.#shape(width)),
      [labels.name]: labelTensor(this.#graph, samples.labelsOf(order), samples.perSample),
      [this.#graph.inputs.learningRate]: new Tensor('float32', Float32Array.of(learningRate), []),
    });
    return [this.#carry(results), [scalar(results[this.#graph.outputs.loss]!)]];
  }

  /** Outputs of one run under the names the next run takes them. */
  #carry(results: InferenceSession.OnnxValueMapType): Feeds {
    return Object.fromEntries(
      Array.from(this.#graph.outputs.next, ([name, output]) => [name, results[output] as Tensor]),
    );
  }
}

function scalar(value: unknown): number {
  return Number((value as Tensor).data[0]);
}

/** Logits of `count` labels. */
function rows({ dims, data }: Tensor, count: number): ArrayLike<number> {
  const isRows = dims.length === 2 || dims.length === 3;
  if (isRows && dims.slice(0, -1).reduce((product, dim) => product * dim, 1) === count)
    return data as Float32Array;
  throw new ChorusError('E_MODEL_UNSUPPORTED', 'the model does not give one row of logits per label', {
    facts: { output: dims.join('x'), labels: count },
    hint: 'the first output must be [N, classes], or [N, positions, classes] of a language model',
  });
}

function countCorrect(logits: ArrayLike<number>, labels: Int32Array): number {
  const classes = logits.length / labels.length;
  let correct = 0;
  labels.forEach((label, i) => {
    if (label === NO_LABEL) return;
    let best = 0;
    for (let c = 1; c < classes; c++) if (logits[i * classes + c]! > logits[i * classes + best]!) best = c;
    if (best === label) correct++;
  });
  return correct;
}

function diverged(step: number, value: number, learningRate: number): ChorusError {
  return new ChorusError('E_TRAINING_DIVERGED', `the training is no longer finite at step ${step}`, {
    facts: { step, value, learningRate },
    hint: 'lower the learning rate of the task or check the data',
  });
}
