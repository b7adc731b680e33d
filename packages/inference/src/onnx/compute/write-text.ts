import { ChorusError } from '@chorus/protocol';
import { random } from '@chorus/training';
import { MAX_CONTEXT } from '../jobs/limits.ts';
import type { Answer, HostSetup, Opened, WriteJob } from '../jobs/messages.ts';
import { type OpenGraph, openGraph } from './open-graph.ts';
import { sampleByte } from './sample.ts';
import { StopMatcher } from './stop-matcher.ts';

/** The vocabulary: every byte is a token (as ByT5, Xue et al. 2022, arXiv:2105.13626). */
const VOCABULARY = 256;

/** Stands before a text that is shorter than the model's context: texts begin on a new line. */
const PADDING = 0x0a;

/** A language model over bytes in the runtime. */
export class ByteWriter {
  readonly opened: Extract<Opened, { kind: 'text' }>;
  readonly #graph: OpenGraph;

  private constructor(graph: OpenGraph, context: number) {
    this.#graph = graph;
    this.opened = { kind: 'text', context };
  }

  /**
   * @param stated bytes that the model reads at once, if its file leaves it open
   * @throws ChorusError as {@link openGraph}; `E_MODEL_SHAPE` if it is no language model over bytes
   */
  static async open(setup: HostSetup, stated: number | null): Promise<ByteWriter> {
    const graph = await openGraph(setup, (declared) => [contextOf(declared, stated)]);
    const context = graph.sample[0]!;
    const { dims, data } = await graph.run(new Float32Array(context).fill(PADDING));
    const rows = data.length / VOCABULARY;
    if (dims.at(-1) !== VOCABULARY || (rows !== 1 && rows !== context)) {
      throw new ChorusError('E_MODEL_SHAPE', 'the model does not give the next byte of a text', {
        facts: { output: dims.join('x'), expected: `1x${VOCABULARY} or 1x${context}x${VOCABULARY}` },
        hint: 'leave out model.onnx.bytes if it is a classifier',
      });
    }
    return new ByteWriter(graph, context);
  }

  /** Writes byte by byte. @param stopped asked before each byte */
  async *run({ prompt, sampling, seed, most }: WriteJob, stopped: () => boolean): AsyncGenerator<Answer> {
    const { context } = this.opened;
    const window = new Float32Array(context).fill(PADDING);
    const tail = prompt.subarray(Math.max(0, prompt.length - context));
    window.set(tail, context - tail.length);
    const stream = random(seed, 0x7e47);
    const matcher = new StopMatcher(sampling.stop);
    let written = 0;
    while (written < most) {
      if (stopped()) return;
      const { data } = await this.#graph.run(window);
      // Of a model that predicts at every place, the last row is what follows the text.
      const byte = sampleByte(data.subarray(data.length - VOCABULARY), sampling, stream.between(0, 1));
      written++;
      window.copyWithin(0, 1);
      window[context - 1] = byte;
      const { bytes, stopped: complete } = matcher.push(byte);
      if (bytes.length > 0) yield { kind: 'bytes', bytes: Uint8Array.from(bytes) };
      if (complete) {
        yield { kind: 'written', reason: 'stop', bytes: written };
        return;
      }
    }
    const rest = matcher.rest();
    if (rest.length > 0) yield { kind: 'bytes', bytes: Uint8Array.from(rest) };
    yield { kind: 'written', reason: 'length', bytes: written };
  }
}

function contextOf(declared: readonly (number | null)[] | null, stated: number | null): number {
  const refuse = (message: string, hint: string) =>
    new ChorusError('E_MODEL_SHAPE', message, {
      facts: {
        declared: declared?.map((dim) => dim ?? '?').join('x') ?? 'nothing',
        ...(stated ? { stated } : {}),
      },
      hint,
    });
  if (declared && declared.length !== 1) {
    throw refuse(
      'the model does not read a row of bytes',
      'a language model over bytes has one input [N, context]',
    );
  }
  const context = declared?.[0] ?? stated;
  if (!context)
    throw refuse('the model does not say how many bytes it reads', 'state it: model.onnx.bytes.context');
  if (stated && stated !== context) {
    throw refuse(
      'the stated context is not that of the model',
      'correct model.onnx.bytes.context, or leave it out',
    );
  }
  if (context > MAX_CONTEXT)
    throw refuse('the model reads more bytes at once than are given', 'use a smaller model');
  return context;
}
