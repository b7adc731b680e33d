import {
  boundTensors,
  checkOperators,
  DataType,
  type DataTypeName,
  type Graph,
  type Model,
  parseModel,
  type ValueInfo,
} from '@chorus/autodiff';
import { ChorusError } from '@chorus/protocol';
import { Tensor } from 'onnxruntime-node';
import type { HostSetup } from '../jobs/messages.ts';
import { faultOf, unsupported } from './faults.ts';
import { createSession } from './session.ts';

/** Element types that numbers are converted to. */
const TYPES: ReadonlyMap<number, DataTypeName> = new Map(
  (['float32', 'float64', 'int32', 'int64'] as const).map((name) => [DataType[name], name]),
);

/** An ONNX model in the runtime, for one sample at a time. */
export interface OpenGraph {
  /** Dimensions of one sample as the model takes it. */
  sample: readonly number[];
  /** The first output for one sample. */
  run(values: Float32Array): Promise<{ dims: readonly number[]; data: Float32Array }>;
  /** The same for one sample as its bytes, the lowest of each element first. */
  runBytes(sample: Uint8Array): Promise<{ dims: readonly number[]; type: string; data: Uint8Array }>;
  input: { name: string; dtype: DataTypeName };
  /** The name of the first output. */
  output: string;
  /** Whether the first output is a softmax already. */
  isProbability: boolean;
}

/**
 * Opens a model for inference.
 * @param sampleOf decides the shape of a sample, from the dimensions that the file declares
 * @throws ChorusError `E_MODEL_CORRUPT`, `E_MODEL_UNSUPPORTED`; of a foreign model `E_MODEL_FORBIDDEN`,
 * `E_MODEL_UNBOUNDED`, `E_MODEL_MEMORY`
 */
export async function openGraph(
  { model, foreign, tensorBytes, threads }: HostSetup,
  sampleOf: (declared: readonly (number | null)[] | null) => readonly number[],
): Promise<OpenGraph> {
  const { parsed, input } = readGraph(model, foreign);
  const { shape } = input;
  if (typeof shape?.[0] === 'number' && shape[0] !== 1) {
    throw unsupported(
      'the batch axis of the model is fixed',
      { shape: shape.join('x') },
      'export it with a free first dimension',
    );
  }
  const sample = sampleOf(shape?.slice(1).map((dim) => (typeof dim === 'number' ? dim : null)) ?? null);
  const dims = [1, ...sample];
  const constantBytes = foreign ? boundedConstants(parsed, input, dims, tensorBytes) : 0;
  const session = await createSession(model, threads, constantBytes);
  const dtype = TYPES.get(input.dtype)!;
  const first = parsed.graph.outputs[0]!.name;
  const compute = async (tensor: Tensor): Promise<Tensor> => {
    const outputs = await session.run({ [input.name]: tensor }, [first]).catch((cause: unknown) => {
      throw unsupported('onnxruntime cannot run the model', {}, 'check that it runs in onnxruntime', cause);
    });
    return outputs[first] as Tensor;
  };
  return {
    sample,
    isProbability: producerOf(parsed.graph, first) === 'Softmax',
    input: { name: input.name, dtype },
    output: first,
    async run(values) {
      const output = await compute(tensorOf(dtype, values, dims));
      return { dims: output.dims, data: floatsOf(output) };
    },
    async runBytes(bytes) {
      // A copy: typed arrays need an aligned beginning.
      const output = await compute(
        new Tensor(dtype as 'float32', arrayOf(dtype, new Uint8Array(bytes).buffer), dims),
      );
      const { buffer, byteOffset, byteLength } = output.data as Float32Array;
      return {
        dims: output.dims,
        type: output.type,
        data: new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength),
      };
    },
  };
}

/** The operator that computes a value, without copies of it. */
function producerOf(graph: Graph, name: string): string | undefined {
  const producer = graph.nodes.find(({ outputs }) => outputs.includes(name));
  // Nodes are in topological order, so this ends.
  return producer?.op === 'Identity' ? producerOf(graph, producer.inputs[0]!) : producer?.op;
}

function readGraph(bytes: Uint8Array, foreign: boolean): { parsed: Model; input: ValueInfo } {
  let parsed: Model;
  try {
    parsed = parseModel(bytes);
    if (foreign) checkOperators(parsed);
  } catch (cause) {
    throw faultOf(cause);
  }
  const { inputs, initializers, outputs } = parsed.graph;
  const [input, ...others] = inputs.filter(({ name }) => !initializers.has(name));
  if (!input || others.length > 0 || outputs.length === 0) {
    const found = [input, ...others]
      .map((each) => each?.name)
      .join(', ')
      .slice(0, 200);
    throw unsupported(
      'the model does not have exactly one input',
      { inputs: found },
      'export it with one input tensor',
    );
  }
  if (!TYPES.has(input.dtype)) {
    throw unsupported(
      'the model takes data of a type that is not prepared here',
      { input: input.name.slice(0, 100) },
      'use float32',
    );
  }
  return { parsed, input };
}

/** @returns bytes of what the runtime may compute when it opens the model */
function boundedConstants(
  { graph }: Model,
  input: ValueInfo,
  dims: readonly number[],
  tensorBytes: number,
): number {
  let bounds: ReturnType<typeof boundTensors>;
  try {
    bounds = boundTensors(graph, new Map([[input.name, { dtype: input.dtype, shape: dims }]]));
  } catch (cause) {
    throw faultOf(cause);
  }
  if (bounds.peakBytes <= tensorBytes) return bounds.constantBytes;
  throw new ChorusError('E_MODEL_MEMORY', 'the tensors of the model take more memory than it may', {
    facts: { bytes: bounds.peakBytes, limit: tensorBytes, largest: bounds.largest.name.slice(0, 100) },
    hint: 'use a smaller model',
  });
}

function arrayOf(dtype: DataTypeName, buffer: ArrayBuffer): Float32Array {
  const Elements = { int64: BigInt64Array, int32: Int32Array, float64: Float64Array, float32: Float32Array };
  // The runtime takes any of them; the type of its constructor names them one by one.
  return new Elements[dtype as keyof typeof Elements](buffer) as Float32Array;
}

function tensorOf(dtype: DataTypeName, values: Float32Array, dims: readonly number[]): Tensor {
  switch (dtype) {
    case 'int64':
      return new Tensor(
        'int64',
        BigInt64Array.from(values, (x) => BigInt(Math.trunc(x))),
        dims,
      );
    case 'int32':
      return new Tensor('int32', Int32Array.from(values), dims);
    case 'float64':
      return new Tensor('float64', Float64Array.from(values), dims);
    default:
      return new Tensor('float32', values, dims);
  }
}

/** The values of an output; every one must be a finite number. */
function floatsOf(output: Tensor): Float32Array {
  const { data } = output;
  if (!(data instanceof Float32Array || data instanceof Float64Array)) {
    throw unsupported(
      'the first output of the model is not of floating-point numbers',
      { type: output.type },
      'export the logits as first output',
    );
  }
  const odd = data.findIndex((value: number) => !Number.isFinite(value));
  if (odd < 0) return Float32Array.from(data);
  throw new ChorusError('E_MODEL_VALUE', 'the model answers with a value that is not a finite number', {
    facts: { index: odd, value: data[odd]! },
    hint: 'check its weights, and whether its input is scaled as it was in training',
  });
}
