import {
  type Attribute,
  DataType,
  type DataTypeName,
  elementCount,
  type Graph,
  type Model,
  type Node,
  type Shape,
  type Tensor,
  type ValueInfo,
} from './model.ts';
import { validateModel } from './validate.ts';

/** Attribute as a builder takes it: plain numbers and arrays are integers, floats are wrapped in {@link float}. */
export type AttributeInput = number | string | readonly number[] | Attribute;

/** Typed arrays a tensor can be made of; the array's class decides the element type. */
export type TensorValues = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array;

/** A float attribute, as in `g.op('LeakyRelu', [x], { alpha: float(0.1) })`. */
export function float(value: number): Attribute {
  return { type: 'float', value };
}

/** A list of floats as attribute. */
export function floats(value: readonly number[]): Attribute {
  return { type: 'floats', value };
}

/** Reads a float32 or float64 tensor into JavaScript numbers, or an integer or bool tensor likewise. */
export function tensorNumbers(tensor: Tensor): number[] {
  const { buffer, byteOffset, byteLength } = tensor.data;
  const view = new DataView(buffer, byteOffset, byteLength);
  const read = READERS.get(tensor.dtype);
  if (!read) return [];
  const count = elementCount(tensor.dims);
  return Array.from({ length: count }, (_, i) => read(view, i));
}

const READERS = new Map<number, (view: DataView, i: number) => number>([
  [DataType.float32, (v, i) => v.getFloat32(i * 4, true)],
  [DataType.float64, (v, i) => v.getFloat64(i * 8, true)],
  [DataType.int64, (v, i) => Number(v.getBigInt64(i * 8, true))],
  [DataType.int32, (v, i) => v.getInt32(i * 4, true)],
  [DataType.uint8, (v, i) => v.getUint8(i)],
  [DataType.int8, (v, i) => v.getInt8(i)],
  [DataType.bool, (v, i) => v.getUint8(i)],
]);

/** Makes a tensor from a typed array; `Uint8Array` means bool. */
export function tensorOf(name: string, dims: readonly number[], values: TensorValues): Tensor {
  const dtype =
    values instanceof Float32Array
      ? DataType.float32
      : values instanceof Float64Array
        ? DataType.float64
        : values instanceof BigInt64Array
          ? DataType.int64
          : values instanceof Int32Array
            ? DataType.int32
            : DataType.bool;
  const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { name, dtype, dims, data };
}

/**
 * Builds an ONNX graph node by node; every method returns names of values.
 *
 * @example
 * const g = new GraphBuilder();
 * const x = g.input('x', 'float32', ['N', 4]);
 * const w = g.initializer('w', [4, 2], new Float32Array(8));
 * g.output(g.op('MatMul', [x, w]), 'float32', ['N', 2], 'y');
 * const bytes = encodeModel(g.build());
 */
export class GraphBuilder {
  readonly opset: number;
  readonly #name: string;
  readonly #prefix: string;
  readonly #taken: Set<string>;
  readonly #nodes: Node[] = [];
  readonly #initializers = new Map<string, Tensor>();
  readonly #constants = new Map<string, string>();
  readonly #inputs: ValueInfo[] = [];
  readonly #outputs: ValueInfo[] = [];
  #counter = 0;

  /**
   * @param options.opset standard operator set; default: 18
   * @param options.reserved names the builder must not invent
   * @param options.prefix put before invented names
   */
  constructor(options: { opset?: number; name?: string; prefix?: string; reserved?: Iterable<string> } = {}) {
    this.opset = options.opset ?? 18;
    this.#name = options.name ?? 'graph';
    this.#prefix = options.prefix ?? '';
    this.#taken = new Set(options.reserved);
  }

  /** Declares a graph input. */
  input(name: string, dtype: DataTypeName | number, shape: Shape | undefined): string {
    this.#taken.add(name);
    this.#inputs.push({ name, dtype: typeof dtype === 'number' ? dtype : DataType[dtype], shape });
    return name;
  }

  /** Adds an initialiser: a parameter, or a constant with a name. */
  initializer(name: string, dims: readonly number[], values: TensorValues): string {
    return this.tensor(tensorOf(name, dims, values));
  }

  /** Whether an initialiser has this name. */
  has(name: string): boolean {
    return this.#initializers.has(name);
  }

  /** Adds a finished tensor as initialiser. */
  tensor(tensor: Tensor): string {
    this.#taken.add(tensor.name);
    this.#initializers.set(tensor.name, tensor);
    return tensor.name;
  }

  /** A constant without a name of its own; equal constants are stored once. */
  constant(dims: readonly number[], values: TensorValues): string {
    const key = `${values.constructor.name}:${dims.join('x')}:${values.join(',')}`;
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const name = this.initializer(this.fresh('const'), dims, values);
    this.#constants.set(key, name);
    return name;
  }

  /** An int64 vector constant. */
  ints(values: readonly number[]): string {
    return this.constant(
      [values.length],
      BigInt64Array.from(values, (value) => BigInt(value)),
    );
  }

  /** Adds a node with one output and returns that output's name. `undefined` inputs are omitted ones. */
  op(
    op: string,
    inputs: readonly (string | undefined)[],
    attributes: Readonly<Record<string, AttributeInput>> = {},
    output?: string,
  ): string {
    return this.ops(op, inputs, [output ?? this.fresh(op.toLowerCase())], attributes)[0]!;
  }

  /** Adds a node with the given outputs (a count, or names). */
  ops(
    op: string,
    inputs: readonly (string | undefined)[],
    outputs: number | readonly string[],
    attributes: Readonly<Record<string, AttributeInput>> = {},
  ): string[] {
    const names =
      typeof outputs === 'number'
        ? Array.from({ length: outputs }, () => this.fresh(op.toLowerCase()))
        : [...outputs];
    for (const name of names) this.#taken.add(name);
    this.push({
      name: names.find((name) => name !== '') ?? '',
      op,
      domain: '',
      inputs: inputs.map((name) => name ?? ''),
      outputs: names,
      attributes: new Map(Object.entries(attributes).map(([key, value]) => [key, toAttribute(value)])),
    });
    return names;
  }

  /** Adds a finished node. */
  push(node: Node): void {
    this.#nodes.push(node);
  }

  /** Declares an output; `name` renames the value through an Identity. */
  output(value: string, dtype: DataTypeName | number, shape: Shape | undefined, name = value): string {
    if (name !== value) this.op('Identity', [value], {}, name);
    this.#outputs.push({ name, dtype: typeof dtype === 'number' ? dtype : DataType[dtype], shape });
    return name;
  }

  /** A name no value has yet. */
  fresh(hint: string): string {
    for (;;) {
      const name = `${this.#prefix}${hint}_${this.#counter++}`;
      if (this.#taken.has(name)) continue;
      this.#taken.add(name);
      return name;
    }
  }

  /** The graph so far, unchecked; for subgraphs, whose captured values are defined elsewhere. */
  graph(): Graph {
    return {
      name: this.#name,
      nodes: [...this.#nodes],
      initializers: new Map(this.#initializers),
      inputs: [...this.#inputs],
      outputs: [...this.#outputs],
      valueInfo: new Map(),
    };
  }

  /**
   * The finished model.
   *
   * @throws InvalidGraphError when a value is missing or defined twice
   */
  build(): Model {
    return validateModel({
      irVersion: 10,
      opset: this.opset,
      domains: new Map(),
      producer: 'chorus-autodiff',
      metadata: new Map(),
      graph: this.graph(),
    });
  }
}

function toAttribute(value: AttributeInput): Attribute {
  if (typeof value === 'number') return { type: 'int', value };
  if (typeof value === 'string') return { type: 'string', value };
  if (isNumbers(value)) return { type: 'ints', value };
  return value;
}

function isNumbers(value: readonly number[] | Attribute): value is readonly number[] {
  return Array.isArray(value);
}
