import { InvalidOptionError, NonFloatTrainableError } from './onnx/errors.ts';
import { DataType, dataTypeName, elementCount, type Graph, type Tensor } from './onnx/model.ts';

/** Which initialisers train: their names, a pattern, or a test. */
export type TrainableOption = readonly string[] | RegExp | ((name: string) => boolean);

const isFloat = (tensor: Tensor): boolean =>
  tensor.dtype === DataType.float32 || tensor.dtype === DataType.float64;

/** Names that PyTorch's exporter numbers: of values it computed, not of parameters. */
const NUMBERED = /^val_\d+$/;

/** No weight is of this size, but masks are: -Infinity, or the least float32. */
const MASKED = 1e30;

/**
 * Whether an initialiser trains unless options say otherwise: float ones of rank 1 and more. Rank 0 is left out:
 * exporters store the constants of formulas (the 0.5 of Gelu, the square root of the head size) as scalar initialisers,
 * and training those would change the function's definition. So are single numbers of rank 1 that the exporter named by
 * a number (`val_71`), and tensors with elements that no weight has: attention masks.
 */
export function trainsByDefault(tensor: Tensor): boolean {
  if (!isFloat(tensor) || tensor.dims.length === 0) return false;
  if (NUMBERED.test(tensor.name) && elementCount(tensor.dims) === 1) return false;
  return !isMask(tensor);
}

function isMask({ dtype, data }: Tensor): boolean {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const width = dtype === DataType.float64 ? 8 : 4;
  for (let at = 0; at + width <= data.length; at += width) {
    const value = width === 8 ? view.getFloat64(at, true) : view.getFloat32(at, true);
    if (value <= -MASKED) return true;
  }
  return false;
}

/**
 * Initialisers that may train, in file order.
 *
 * Without an option these are the ones that {@link trainsByDefault}. Running statistics are never trainable.
 *
 * @throws NonFloatTrainableError when a chosen initialiser is not float32 or float64
 * @throws InvalidOptionError when a listed name does not exist, or nothing matches
 */
export function trainableCandidates(
  graph: Graph,
  constants: ReadonlySet<string>,
  option: TrainableOption | undefined,
): Set<string> {
  const statistics = runningStatistics(graph);
  const names = [...graph.initializers.keys()].filter(
    (name) => !constants.has(name) && !statistics.has(name),
  );
  if (option === undefined) {
    return new Set(names.filter((name) => trainsByDefault(graph.initializers.get(name)!)));
  }
  const isList = typeof option !== 'function' && !(option instanceof RegExp);
  if (isList) {
    const missing = option.filter((name) => !names.includes(name));
    if (missing.length > 0) {
      throw new InvalidOptionError(
        `no trainable initialiser is named ${missing.map((name) => `"${name}"`).join(', ')}`,
        { missing, initializers: names.slice(0, 50) },
        'use names of the model file; running statistics and constants do not train',
      );
    }
  }
  const matches = (name: string): boolean => {
    if (typeof option === 'function') return option(name);
    // A sticky or global pattern remembers where it stopped; every name is tested from its start.
    if (option instanceof RegExp)
      return new RegExp(option.source, option.flags.replace(/[gy]/g, '')).test(name);
    return option.includes(name);
  };
  const chosen = names.filter(matches);
  for (const name of chosen) {
    const tensor = graph.initializers.get(name)!;
    // A pattern speaks of weights in general; integer shape constants it happens to match are no mistake.
    if (!isFloat(tensor) && (isList || isLowPrecision(tensor))) {
      throw new NonFloatTrainableError(name, dataTypeName(tensor.dtype));
    }
  }
  const result = new Set(chosen.filter((name) => isFloat(graph.initializers.get(name)!)));
  if (result.size === 0) {
    throw new InvalidOptionError(
      'no initialiser is trainable',
      { initializers: names.slice(0, 50) },
      'let `trainable` match at least one float initialiser',
    );
  }
  return result;
}

function isLowPrecision(tensor: Tensor): boolean {
  return tensor.dtype === DataType.float16 || tensor.dtype === DataType.bfloat16;
}

/** Running mean and variance of every BatchNormalization. */
export function runningStatistics(graph: Graph): Set<string> {
  return new Set(
    graph.nodes.flatMap((node) => (node.op === 'BatchNormalization' ? node.inputs.slice(3, 5) : [])),
  );
}
