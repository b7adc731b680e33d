import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { encodeModel } from '@chorus/autodiff';
import {
  createTokenizer,
  type DecoderConfig,
  mergeAdapter,
  openDecoder,
  readAdapter,
  SERVING,
  servingBytes,
  servingModel,
  type Tokenizer,
} from '@chorus/language-models';
import { ChorusError, type ModelIdentity } from '@chorus/protocol';
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { unsupported } from '../compute/faults.ts';
import { createSession } from '../compute/session.ts';
import type { LanguageSetup } from '../jobs/language-messages.ts';
import { placeBytes } from './key-values.ts';

/** Most tokens of a text unless the owner allows more. */
const MAX_CONTEXT = 32_768;

/**
 * Most bytes of the keys and values of all slots, unless the owner states a context: those of Qwen 3 0.6B are 229 KB for
 * each token, and callers decide how many tokens there are.
 */
const MAX_CACHE = 2 ** 32;

/** The runtime is given a graph as one message, which protobuf bounds. */
const MAX_GRAPH = 2 ** 31 - 2 ** 20;

/** Rows of integer weights are a multiple of it. */
const BLOCK = 32;

/** A language model in the runtime. */
export interface DecoderSession {
  readonly config: DecoderConfig;
  readonly tokenizer: Tokenizer;
  /** Most tokens of a text. */
  readonly context: number;
  readonly identity: ModelIdentity;
  /**
   * Reads the next tokens of some texts.
   *
   * @param texts the tokens of each, equally many, and the place of the first; more than one token only of one text
   * @param past keys and values of what was read before
   * @param scored the tokens whose next one is scored, counted through all texts; by default the last one of each
   * @returns the scores [scored, vocabulary], and the keys and values of what was read
   */
  read(
    texts: readonly { tokens: readonly number[]; place: number }[],
    past: Record<string, Tensor>,
    scored?: readonly number[],
  ): Promise<{ logits: Float32Array; fresh: Float32Array }>;
}

/**
 * Opens a language model in a GGUF file.
 *
 * @throws ChorusError `E_MODEL_UNREADABLE` if there is no such file; `E_MODEL_CORRUPT`, `E_MODEL_UNSUPPORTED`
 */
export async function openSession({ task, model, threads }: LanguageSetup): Promise<DecoderSession> {
  const bytes = typeof model === 'string' ? await contentOf(model) : model;
  const base = openDecoder(bytes);
  const decoder = task.adapter ? mergeAdapter(base, readAdapter(task.adapter, base)) : base;
  const tokenizer = createTokenizer(decoder);
  const { config } = decoder;
  const context = Math.min(config.context, task.context ?? affordable(config, task.slots));
  const rows = [config.width, config.heads * config.headSize, config.feedForward];
  if (task.weights === 'int8' && rows.some((length) => length % BLOCK !== 0)) {
    throw unsupported(
      'the sizes of the model do not fit integer weights',
      { sizes: rows.join(', '), block: BLOCK },
      'open it with weights: float32',
    );
  }
  const bytesOfGraph = servingBytes(decoder, { weights: task.weights, context });
  if (bytesOfGraph > MAX_GRAPH) {
    throw unsupported(
      'the model is larger than the runtime takes',
      { bytes: bytesOfGraph, most: MAX_GRAPH, weights: task.weights },
      'use a model of at most 1.5 billion parameters, with weights: int8; or another program, by its OpenAI API',
    );
  }
  const graph = encodeModel(servingModel(decoder, { weights: task.weights, context }));
  const session = await createSession(graph, threads, 0);
  const { adapter, weights } = task;
  const identity = { base: digestOf(bytes), adapter: adapter && digestOf(adapter), weights };
  return { config, tokenizer, context, identity, read: (...run) => read(session, ...run) };
}

/** Tokens of a text that the memory for keys and values of all slots allows. */
const affordable = (config: DecoderConfig, slots: number): number =>
  Math.max(1, Math.min(MAX_CONTEXT, Math.floor(MAX_CACHE / (slots * placeBytes(config)))));

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

async function contentOf(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new ChorusError('E_MODEL_UNREADABLE', 'the file of the model cannot be read', {
      facts: { path },
      hint: 'check that the file exists, is readable, and is below 2 GiB',
      cause,
    });
  }
}

async function read(
  session: InferenceSession,
  texts: readonly { tokens: readonly number[]; place: number }[],
  past: Record<string, Tensor>,
  scored: readonly number[] = lastOf(texts),
): Promise<{ logits: Float32Array; fresh: Float32Array }> {
  const dims = [texts.length, texts[0]!.tokens.length];
  const ids = texts.flatMap(({ tokens }) => tokens.map(BigInt));
  const places = texts.flatMap(({ tokens, place }) => tokens.map((_, i) => BigInt(place + i)));
  const last = texts.map(({ tokens, place }) => place + tokens.length - 1);
  const outputs = await session.run({
    ...past,
    [SERVING.ids]: new Tensor('int64', BigInt64Array.from(ids), dims),
    [SERVING.places]: new Tensor('int64', BigInt64Array.from(places), dims),
    [SERVING.lengths]: new Tensor('int32', Int32Array.from(last), [texts.length]),
    [SERVING.scored]: new Tensor('int64', BigInt64Array.from(scored, BigInt), [scored.length]),
    [SERVING.longest]: new Tensor('int32', Int32Array.of(Math.max(...last) + 1), [1]),
  });
  return {
    logits: outputs[SERVING.logits]!.data as Float32Array,
    fresh: outputs[SERVING.fresh]!.data as Float32Array,
  };
}

/** The last token of each text, all of which are equally long. */
function lastOf(texts: readonly { tokens: readonly number[] }[]): number[] {
  return texts.map(({ tokens }, i) => (i + 1) * tokens.length - 1);
}
