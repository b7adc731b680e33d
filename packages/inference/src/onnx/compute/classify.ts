import { ChorusError, ELEMENT_BYTES, type TensorType } from '@chorus/protocol';
import { decodeImage } from '@chorus/training';
import { LISTED_CLASSES, MAX_IMAGE_PIXELS, MAX_SAMPLE_VALUES } from '../jobs/limits.ts';
import type { Answer, ClassifyJob, HostSetup, InferJob, Opened, Ranked } from '../jobs/messages.ts';
import { type OpenGraph, openGraph } from './open-graph.ts';

/** A classifier in the runtime. */
export class Classifier {
  readonly opened: Extract<Opened, { kind: 'classifier' }>;
  readonly #graph: OpenGraph;

  private constructor(graph: OpenGraph, opened: Classifier['opened']) {
    [this.#graph, this.opened] = [graph, opened];
  }

  /**
   * @param input shape of a sample as it is read, such as [1, 28, 28] of a model that takes it flat; null: the model's own
   * @throws ChorusError as {@link openGraph}; `E_MODEL_SHAPE` if the shapes do not fit
   */
  static async open(setup: HostSetup, input: readonly number[] | null): Promise<Classifier> {
    const graph = await openGraph(setup, (declared) => sampleShape(declared, input));
    // Only a run shows what the output is.
    const { dims, data } = await graph.run(new Float32Array(sizeOf(graph.sample)));
    if (dims.slice(0, -1).some((dim) => dim !== 1) || data.length < 2) {
      throw new ChorusError('E_MODEL_SHAPE', 'the model does not give one row of logits per sample', {
        facts: { output: dims.join('x') },
        hint: 'the first output must be [N, classes]',
      });
    }
    const tensors = await tensorsOf(graph);
    return new Classifier(graph, {
      kind: 'classifier',
      sample: input ?? graph.sample,
      classes: data.length,
      tensors,
    });
  }

  /** Computes samples one after the other: the memory of more at once is not bounded. @param isStopped asked before each */
  async *infer({ data, samples }: InferJob, isStopped: () => boolean): AsyncGenerator<Answer> {
    const bytes = data.length / samples;
    for (let i = 0; i < samples && !isStopped(); i++) {
      const { data: output } = await this.#graph.runBytes(data.subarray(i * bytes, (i + 1) * bytes));
      yield { kind: 'inferred', data: output.slice() };
    }
  }

  async *run({ image, values }: ClassifyJob): AsyncGenerator<Answer> {
    const sample = image ? await this.#decode(image) : values!;
    const { data } = await this.#graph.run(sample);
    const probabilities = this.#graph.isProbability ? data : softmax(data);
    yield { kind: 'classified', top: best(probabilities, LISTED_CLASSES) };
  }

  async #decode(image: Uint8Array): Promise<Float32Array> {
    const { sample } = this.opened;
    const [channels, height, width] = sample;
    if (sample.length !== 3 || (channels !== 1 && channels !== 3)) {
      throw new ChorusError('E_AGENT_INPUT', 'this model does not read images', {
        hint: `send a list of ${sizeOf(sample)} numbers; the agent's owner can state model.onnx.input`,
      });
    }
    try {
      return await decodeImage(image, [channels, height!, width!], MAX_IMAGE_PIXELS);
    } catch (cause) {
      throw new ChorusError('E_AGENT_INPUT', 'the image cannot be read', {
        facts: {
          bytes: image.length,
          reason: String((cause as Error).message)
            .split('\n')[0]!
            .slice(0, 200),
        },
        hint: `send a PNG, JPEG or WebP of at most ${MAX_IMAGE_PIXELS / 1e6} megapixels`,
      });
    }
  }
}

const DATATYPES: ReadonlyMap<string, TensorType> = new Map([
  ['float32', 'FP32'],
  ['float64', 'FP64'],
  ['int32', 'INT32'],
  ['int64', 'INT64'],
]);

/** What the model takes and gives as it is; null if that is of another type. */
async function tensorsOf(graph: OpenGraph): Promise<Classifier['opened']['tensors']> {
  const { input, output, sample } = graph;
  const datatype = DATATYPES.get(input.dtype);
  if (!datatype) return null;
  const { dims, type } = await graph.runBytes(new Uint8Array(sizeOf(sample) * ELEMENT_BYTES[datatype]));
  const given = DATATYPES.get(type);
  if (!given) return null;
  const shape = dims[0] === 1 ? dims.slice(1) : dims;
  return {
    input: { name: input.name, datatype, shape: [-1, ...sample] },
    output: { name: output, datatype: given, shape: [-1, ...shape] },
  };
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** The shape in which the model takes a sample. */
function sampleShape(
  declared: readonly (number | null)[] | null,
  input: readonly number[] | null,
): readonly number[] {
  const shape = (declared ?? input ?? []).map((dim, axis) =>
    dim !== null ? dim : declared?.length === input?.length ? (input?.[axis] ?? null) : null,
  );
  const known = shape.every((dim) => dim !== null) ? (shape as number[]) : null;
  if (!known || known.length === 0) {
    throw new ChorusError('E_MODEL_SHAPE', 'the model does not say what a sample looks like', {
      facts: { declared: declared?.map((dim) => dim ?? '?').join('x') ?? 'nothing' },
      hint: 'state it: model.onnx.input, such as [3, 224, 224]',
    });
  }
  const size = sizeOf(known);
  if (!(size > 0 && size <= MAX_SAMPLE_VALUES)) {
    throw new ChorusError('E_MODEL_SHAPE', 'a sample of the model is too large', {
      facts: { shape: known.join('x'), limit: MAX_SAMPLE_VALUES },
    });
  }
  if (input && sizeOf(input) !== size) {
    throw new ChorusError('E_MODEL_SHAPE', 'the stated input is not that of the model', {
      facts: { stated: input.join('x'), model: known.join('x') },
      hint: 'correct model.onnx.input, or leave it out',
    });
  }
  return known;
}

function softmax(logits: Float32Array): Float64Array {
  const most = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = Float64Array.from(logits, (logit) => Math.exp(logit - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** The most probable classes; of equal ones, that of the lower number first. */
function best(probabilities: ArrayLike<number>, count: number): Ranked[] {
  return Array.from(probabilities, (confidence, index) => ({ index, confidence }))
    .sort((a, b) => b.confidence - a.confidence || a.index - b.index)
    .slice(0, count);
}
