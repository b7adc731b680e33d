import {
  ChorusError,
  type Engine,
  type EngineEvent,
  type EngineFacts,
  type EngineRequest,
  type NamedTensor,
  type TensorSignature,
} from '@chorus/protocol';
import { type LocalModelOptions, withDefaults } from './host-options.ts';
import type { Opened } from './jobs/messages.ts';
import { ModelHost } from './process/model-host.ts';
import { readSample } from './read-sample.ts';
import { checkedSamples } from './read-tensor.ts';

export interface ClassifierOptions extends LocalModelOptions {
  /** Names of the classes in the order of their numbers; default: the numbers. */
  classes?: readonly string[] | null;
  /** Shape of one sample as it is sent, [channels, height, width] for images; default: that of the file. */
  input?: readonly number[] | null;
}

/** What a classifier answers. */
export interface Classification {
  label: string;
  /** Probability of the label by the model, 0 to 1. */
  confidence: number;
  /** The most probable classes, the label first. */
  top: { label: string; confidence: number }[];
}

/**
 * Opens an ONNX classifier: one data input [N, ...], first output logits or probabilities [N, classes].
 *
 * It reads one image or one list of numbers, and answers with a line of text and a JSON value `classification`.
 * @throws ChorusError `E_MODEL_...` if the model cannot be used; `E_MODEL_SHAPE` if input or classes do not fit it
 */
export async function createClassifier(options: ClassifierOptions): Promise<Engine> {
  const { classes = null, input = null, name, signal } = options;
  const { setup, limits } = withDefaults(options);
  const host = new ModelHost({ ...setup, task: { kind: 'classifier', input } }, limits);
  const opened = (await host.open(signal)) as Extract<Opened, { kind: 'classifier' }>;
  if (classes && classes.length !== opened.classes) {
    await host.close();
    throw new ChorusError('E_MODEL_SHAPE', 'the names of the classes are not those of the model', {
      facts: { names: classes.length, classes: opened.classes },
      hint: 'name each class once, in the order of their numbers',
    });
  }
  return new ClassifierEngine(host, opened, name, classes);
}

class ClassifierEngine implements Engine {
  readonly facts: EngineFacts;
  readonly tensors?: TensorSignature;
  readonly infer?: NonNullable<Engine['infer']>;
  readonly #host: ModelHost;
  readonly #sample: readonly number[];
  readonly #classes: readonly string[] | null;

  constructor(
    host: ModelHost,
    { sample, classes, tensors }: Extract<Opened, { kind: 'classifier' }>,
    model: string,
    names: readonly string[] | null,
  ) {
    this.#host = host;
    this.#sample = sample;
    this.#classes = names;
    if (tensors) {
      this.tensors = { inputs: [tensors.input], outputs: [tensors.output] };
      this.infer = (...asked) => this.#infer(tensors, ...asked);
    }
    const isImage = sample.length === 3 && (sample[0] === 1 || sample[0] === 3);
    this.facts = {
      kind: 'classifier',
      model,
      inputModes: [...(isImage ? ['image/png', 'image/jpeg', 'image/webp'] : []), 'application/json'],
      outputModes: ['application/json', 'text/plain'],
      conversation: false,
      callsTools: false,
      bytesPerToken: null,
      details: { input: sample.join('x'), classes },
    };
  }

  async *run({ messages }: EngineRequest, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    const job = readSample(messages.at(-1)!, this.#sample);
    for await (const answer of this.#host.run(job, signal)) {
      if (answer.kind !== 'classified') continue;
      const top = answer.top.map(({ index, confidence }) => ({
        label: this.#classes?.[index] ?? String(index),
        confidence,
      }));
      const [{ label, confidence }] = top as [Classification['top'][number]];
      const value: Classification = { label, confidence, top };
      yield { type: 'text', text: `${label} (${(100 * confidence).toFixed(1)} %)` };
      yield { type: 'data', name: 'classification', value };
    }
    yield { type: 'finished', reason: 'stop', usage: { inputTokens: null, outputTokens: null } };
  }

  async #infer(
    { input, output }: NonNullable<Extract<Opened, { kind: 'classifier' }>['tensors']>,
    inputs: readonly NamedTensor[],
    signal: AbortSignal,
  ): Promise<readonly NamedTensor[]> {
    const { data, samples } = checkedSamples(input, inputs);
    const parts: Uint8Array[] = [];
    for await (const answer of this.#host.run({ kind: 'infer', data, samples }, signal)) {
      if (answer.kind === 'inferred') parts.push(answer.data);
    }
    return [
      { ...output, shape: [samples, ...output.shape.slice(1)], data: new Uint8Array(Buffer.concat(parts)) },
    ];
  }

  close(): Promise<void> {
    return this.#host.close();
  }
}
