import { encodeModel } from './onnx/encode.ts';
import { InvalidOptionError } from './onnx/errors.ts';
import { DataType, dataTypeName, elementCount, type Model, type Tensor } from './onnx/model.ts';
import { parseModel } from './onnx/parse.ts';
import { untieEqual } from './untie/untie.ts';

/**
 * Puts trained values into a model: an inference model as before, with other weights.
 *
 * @param model the ONNX file (or parsed model) the training graph was made from
 * @param values new values by initialiser name, row-major (parameters, and running statistics from the state)
 * @returns an ONNX file
 * @throws InvalidOptionError when a name is no float initialiser or a length does not fit
 */
export function withParameters(
  model: Uint8Array | Model,
  values: ReadonlyMap<string, Float32Array | Float64Array>,
): Uint8Array {
  const parsed = untieEqual(model instanceof Uint8Array ? parseModel(model) : model);
  const initializers = new Map(parsed.graph.initializers);
  for (const [name, data] of values) {
    const tensor = initializers.get(name);
    if (!tensor) {
      throw new InvalidOptionError(
        `the model has no initialiser "${name}"`,
        { name },
        'use names of the model file',
      );
    }
    initializers.set(name, replaceValues(tensor, data));
  }
  return encodeModel({ ...parsed, graph: { ...parsed.graph, initializers } });
}

function replaceValues(tensor: Tensor, data: Float32Array | Float64Array): Tensor {
  const size = elementCount(tensor.dims);
  if (data.length !== size) {
    throw new InvalidOptionError(
      `"${tensor.name}" has ${size} elements and ${data.length} were given`,
      { name: tensor.name, size, given: data.length },
      'give one value per element, row-major',
    );
  }
  if (tensor.dtype === DataType.float32)
    return { ...tensor, data: new Uint8Array(Float32Array.from(data).buffer) };
  if (tensor.dtype === DataType.float64)
    return { ...tensor, data: new Uint8Array(Float64Array.from(data).buffer) };
  throw new InvalidOptionError(
    `"${tensor.name}" is ${dataTypeName(tensor.dtype)}`,
    { name: tensor.name },
    'only float32 and float64 initialisers take trained values',
  );
}
