// First: it must run before onnxruntime's native library is loaded.
import '../device/no-telemetry.ts';

import { type DifferentiateOptions, differentiate, type Model, type TrainingGraph } from '@chorus/autodiff';
import { InferenceSession, Tensor } from 'onnxruntime-node';

/** onnxruntime's, loaded after the variable against its reports is set. */
export { Tensor };

type Feeds = Record<string, Tensor>;

/** A training graph with its sessions, fed by hand: for models that {@link createTrainer} does not take. */
export class GraphTraining {
  readonly graph: TrainingGraph;
  readonly #options: InferenceSession.SessionOptions;
  readonly #sessions = new Map<'step' | 'epoch' | 'evaluate', InferenceSession>();
  #carried: Feeds;

  constructor(
    model: Model | Uint8Array,
    options: DifferentiateOptions,
    session: InferenceSession.SessionOptions = {},
  ) {
    this.graph = differentiate(model, options);
    this.#options = { intraOpNumThreads: 1, interOpNumThreads: 1, ...session };
    this.#carried = Object.fromEntries(
      [...this.graph.parameters, ...this.graph.state].map(({ name, dtype, initial, shape }) => [
        name,
        new Tensor(dtype, initial.slice(), shape),
      ]),
    );
  }

  /** One optimiser step; the loss before it. */
  async step(data: Tensor, labels: Tensor, learningRate: number): Promise<number> {
    const out = await (await this.#session('step')).run({
      ...this.#carried,
      ...this.#batch(data, labels),
      [this.graph.inputs.learningRate]: new Tensor('float32', Float32Array.of(learningRate), []),
    });
    this.#carry(out);
    return Number(out[this.graph.outputs.loss]!.data[0]);
  }

  /** One step per row of `index` [K, B], in one run; the K losses. */
  async epoch(data: Tensor, labels: Tensor, index: Tensor, learningRate: number): Promise<Float32Array> {
    const rates = new Float32Array(index.dims[0]!).fill(learningRate);
    const out = await (await this.#session('epoch')).run({
      ...this.#carried,
      ...this.#batch(data, labels),
      [this.graph.inputs.index]: index,
      [this.graph.inputs.learningRate]: new Tensor('float32', rates, [rates.length]),
    });
    this.#carry(out);
    return out[this.graph.outputs.losses]!.data as Float32Array;
  }

  /** Loss without a step. */
  async evaluate(data: Tensor, labels: Tensor): Promise<number> {
    const names = [...this.graph.parameters.map(({ name }) => name), ...this.graph.inputs.evaluateState];
    const out = await (await this.#session('evaluate')).run({
      ...Object.fromEntries(names.map((name) => [name, this.#carried[name]!])),
      ...this.#batch(data, labels),
    });
    return Number(out[this.graph.outputs.loss]!.data[0]);
  }

  /** The parameters as they are now. */
  parameters(): Map<string, Float32Array> {
    return new Map(
      this.graph.parameters.map(({ name }) => [name, this.#carried[name]!.data as Float32Array]),
    );
  }

  async release(): Promise<void> {
    for (const session of this.#sessions.values()) await session.release();
    this.#sessions.clear();
  }

  #batch(data: Tensor, labels: Tensor): Feeds {
    return { [this.graph.dataInputs[0]!.name]: data, [this.graph.labelInput!.name]: labels };
  }

  async #session(kind: 'step' | 'epoch' | 'evaluate'): Promise<InferenceSession> {
    const known = this.#sessions.get(kind);
    if (known) return known;
    const session = await InferenceSession.create(this.graph[kind]!, this.#options);
    this.#sessions.set(kind, session);
    return session;
  }

  #carry(out: InferenceSession.OnnxValueMapType): void {
    this.#carried = Object.fromEntries(
      Array.from(this.graph.outputs.next, ([name, output]) => [name, out[output] as Tensor]),
    );
  }
}
