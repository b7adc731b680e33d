import { createHash } from 'node:crypto';
import {
  ChorusError,
  type Embedder,
  type Engine,
  type EngineEvent,
  type EngineFacts,
  type EngineRequest,
  type TextPrompt,
} from '@chorus/protocol';
import { contentOf } from '../messages/content.ts';
import { filledLimits } from './host-options.ts';
import type { EmbeddingSetup, Opened, Pooling } from './jobs/messages.ts';
import { type HostLimits, ModelHost } from './process/model-host.ts';

/** Settings of a model of texts as vectors. */
export interface TextEmbedderOptions {
  /** The ONNX file: inputs `input_ids`, `attention_mask`, `token_type_ids`; first output [N, tokens, width]. */
  model: Uint8Array;
  /** Its name, for a card and for messages. */
  name: string;
  /** Its tokenizer: the text of Hugging Face's `tokenizer.json`. */
  tokenizer: string;
  /** Default `mean`. */
  pooling?: Pooling;
  /** Vectors have the length 1. Default true. */
  normalise?: boolean;
  /** Most tokens of a text. Default 256: what sentence-transformers trained small models for. */
  most?: number;
  /** Longer texts are cut; by default they are refused. */
  truncate?: boolean;
  threads?: number;
  limits?: Partial<HostLimits>;
  signal?: AbortSignal;
}

/** An engine that turns texts into vectors. */
export interface TextEmbedder extends Engine, Pick<Embedder, 'model'> {
  embed: NonNullable<Engine['embed']>;
  /** Numbers of a vector. */
  readonly dimension: number;
  /** SHA-256 of the model's file, hexadecimal. */
  readonly digest: string;
}

/** Most tokens of a text that any such model takes. */
const MOST_TOKENS = 8192;

/**
 * Opens a model of texts as vectors (sentence-transformers in ONNX, such as all-MiniLM-L6-v2), in a process of its own.
 *
 * @throws RangeError if a number of the options is not possible
 * @throws ChorusError `E_MODEL_...` if the model or its tokenizer cannot be used
 */
export async function createTextEmbedder(options: TextEmbedderOptions): Promise<TextEmbedder> {
  const { model, name, tokenizer, pooling = 'mean', normalise = true, most = 256 } = options;
  const { truncate = false, threads = 1, limits, signal } = options;
  if (!Number.isInteger(most) || most < 2 || most > MOST_TOKENS) {
    throw new RangeError(`most is ${most}, not a whole number from 2 to ${MOST_TOKENS}`);
  }
  const task = { kind: 'embedding', tokenizer, pooling, normalise, most, truncate } as const;
  const setup: EmbeddingSetup = { task, model, threads };
  const host = new ModelHost(setup, filledLimits(limits));
  const { dimension } = (await host.open(signal)) as Extract<Opened, { kind: 'embedding' }>;
  const digest = createHash('sha256').update(model).digest('hex');
  return new ProcessTextEmbedder(host, { model: name, digest, dimension, most });
}

class ProcessTextEmbedder implements TextEmbedder {
  readonly facts: EngineFacts;
  readonly model: string;
  readonly dimension: number;
  readonly digest: string;
  readonly #host: ModelHost;

  constructor(
    host: ModelHost,
    { model, digest, dimension, most }: { model: string; digest: string; dimension: number; most: number },
  ) {
    [this.#host, this.model, this.digest, this.dimension] = [host, model, digest, dimension];
    this.facts = {
      kind: 'embedding',
      model,
      inputModes: ['text/plain'],
      outputModes: ['application/json', 'text/plain'],
      conversation: false,
      callsTools: false,
      // English has 4 to 5; other languages and code less.
      bytesPerToken: 3,
      details: { dimension, tokens: most },
    };
  }

  async *embed(
    inputs: readonly TextPrompt[],
    signal: AbortSignal,
  ): AsyncGenerator<{ vectors: readonly Float32Array[]; tokens: number }> {
    signal.throwIfAborted();
    for await (const answer of this.#host.run({ kind: 'embed', inputs: [...inputs] }, signal)) {
      if (answer.kind === 'vectors') yield { vectors: answer.vectors, tokens: answer.tokens };
    }
  }

  /** The vector of one text as data; a line says how long it is. */
  async *run({ messages }: EngineRequest, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    const text = contentOf(messages.at(-1)!);
    for await (const { vectors, tokens } of this.embed([{ text }], signal)) {
      yield { type: 'text', text: `a vector of ${this.dimension} numbers` };
      yield { type: 'data', name: 'embedding', value: [...vectors[0]!] };
      yield { type: 'finished', reason: 'stop', usage: { inputTokens: tokens, outputTokens: 0 } };
      return;
    }
    throw new ChorusError('E_ENGINE_RESPONSE', 'the model ended without a vector');
  }

  close(): Promise<void> {
    return this.#host.close();
  }
}
