import { ChorusError } from '@chorus/protocol';
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { unsupported } from '../compute/faults.ts';
import { createSession } from '../compute/session.ts';
import type { Answer, EmbeddingSetup, EmbedJob, Opened } from '../jobs/messages.ts';
import { pooled } from './pool.ts';
import { TokenEncoder } from './token-encoder.ts';

/** Texts that share a run, and tokens of a run with its padding: what is between the layers grows with them. */
const MOST = { texts: 16, tokens: 2048 } as const;

/** What such models call their inputs: tokens, which of them count, and a number that is 0 for a single text. */
const INPUTS = ['input_ids', 'attention_mask', 'token_type_ids'] as const;

/** A model of texts as vectors, in the runtime: its first output has a vector for each token [texts, places, width]. */
export class TextVectors {
  readonly opened: Extract<Opened, { kind: 'embedding' }>;
  readonly #session: InferenceSession;
  readonly #encoder: TokenEncoder;
  readonly #task: EmbeddingSetup['task'];

  private constructor(
    session: InferenceSession,
    encoder: TokenEncoder,
    task: EmbeddingSetup['task'],
    dimension: number,
  ) {
    [this.#session, this.#encoder, this.#task] = [session, encoder, task];
    this.opened = { kind: 'embedding', dimension };
  }

  /** @throws ChorusError `E_MODEL_UNSUPPORTED`; `E_MODEL_SHAPE` if its output is not a vector for each token */
  static async open({ task, model, threads }: EmbeddingSetup): Promise<TextVectors> {
    const encoder = new TokenEncoder(task);
    const session = await createSession(model, threads, 0);
    const odd = session.inputNames.find((name) => !INPUTS.some((known) => known === name));
    if (odd !== undefined || !session.inputNames.includes('input_ids')) {
      throw unsupported(
        'the inputs of the model are not those of a model of texts',
        { inputs: session.inputNames.join(', ').slice(0, 200) },
        `its inputs must be input_ids and perhaps ${INPUTS.slice(1).join(' and ')}`,
      );
    }
    const opened = new TextVectors(session, encoder, task, 0);
    // Only a run shows what the output is.
    const { width } = await opened.#read([encoder.encode({ text: 'a' })]);
    return new TextVectors(session, encoder, task, width);
  }

  /** @throws ChorusError `E_AGENT_INPUT`, `E_AGENT_CONTEXT` before anything is answered; `E_MODEL_VALUE` */
  async *run({ inputs }: EmbedJob, isStopped: () => boolean): AsyncGenerator<Answer> {
    const texts = inputs.map((input) => this.#encoder.encode(input));
    const { pooling, normalise } = this.#task;
    for (const batch of batches(texts)) {
      if (isStopped()) return;
      const { states, width, places } = await this.#read(batch);
      const vectors = batch.map(({ length }, text) =>
        pooled(states, { text, length, places, width }, pooling, normalise),
      );
      yield { kind: 'vectors', vectors, tokens: batch.reduce((sum, { length }) => sum + length, 0) };
      // The runtime computes in this thread: messages are heard in between.
      await new Promise(setImmediate);
    }
  }

  async #read(
    texts: readonly (readonly number[])[],
  ): Promise<{ states: Float32Array; width: number; places: number }> {
    const places = Math.max(...texts.map(({ length }) => length));
    const dims = [texts.length, places];
    const [ids, mask] = [0, 1].map(() => new BigInt64Array(texts.length * places)) as [
      BigInt64Array,
      BigInt64Array,
    ];
    for (const [row, text] of texts.entries()) {
      for (const [place, id] of text.entries()) {
        ids[row * places + place] = BigInt(id);
        mask[row * places + place] = 1n;
      }
    }
    const values = { input_ids: ids, attention_mask: mask, token_type_ids: new BigInt64Array(ids.length) };
    const feeds = Object.fromEntries(
      this.#session.inputNames.map((name) => [
        name,
        new Tensor('int64', values[name as keyof typeof values], dims),
      ]),
    );
    const outputs = await this.#session.run(feeds).catch((cause: unknown) => {
      throw new ChorusError('E_AGENT_INPUT', 'the model cannot read these tokens', {
        hint: 'send texts, or tokens of its own tokenizer',
        cause,
      });
    });
    const output = outputs[this.#session.outputNames[0]!]!;
    const [rows, columns, width] = output.dims;
    if (output.type !== 'float32' || output.dims.length !== 3 || rows !== dims[0] || columns !== places) {
      throw new ChorusError('E_MODEL_SHAPE', 'the model does not give a vector for each token', {
        facts: { output: output.dims.join('x'), expected: `${dims.join('x')}x?` },
        hint: 'the first output must be [N, tokens, width]',
      });
    }
    return { states: output.data as Float32Array, width: width!, places };
  }
}

/** Texts in order, in runs that are bounded with their padding. */
function* batches(texts: readonly number[][]): Generator<number[][]> {
  let batch: number[][] = [];
  let longest = 0;
  for (const text of texts) {
    const next = Math.max(longest, text.length);
    if (batch.length > 0 && (batch.length >= MOST.texts || next * (batch.length + 1) > MOST.tokens)) {
      yield batch;
      [batch, longest] = [[], text.length];
    } else longest = next;
    batch.push(text);
  }
  if (batch.length > 0) yield batch;
}
