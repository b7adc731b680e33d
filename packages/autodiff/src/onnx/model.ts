/** Element types of ONNX tensors (TensorProto.DataType) that this package computes with or passes through. */
export const DataType = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  complex64: 14,
  complex128: 15,
  bfloat16: 16,
} as const;

/** A name of {@link DataType}. */
export type DataTypeName = keyof typeof DataType;

const NAMES = new Map<number, DataTypeName>(
  Object.entries(DataType).map(([name, code]) => [code, name as DataTypeName]),
);

/** The name of an element type code, `type 17` for those outside {@link DataType}. */
export function dataTypeName(code: number): string {
  return NAMES.get(code) ?? `type ${code}`;
}

const WIDTHS = new Map<number, number>([
  [1, 4],
  [2, 1],
  [3, 1],
  [4, 2],
  [5, 2],
  [6, 4],
  [7, 8],
  [9, 1],
  [10, 2],
  [11, 8],
  [12, 4],
  [13, 8],
  [14, 8],
  [15, 16],
  [16, 2],
]);

/** Bytes per element in raw data, `undefined` for strings and sub-byte types. */
export function elementBytes(code: number): number | undefined {
  return WIDTHS.get(code);
}

/** A dimension: a number, or the name of one known only at run time (`N`, `batch_size`). */
export type Dim = number | string;
/** Dimensions in order, outermost first. */
export type Shape = readonly Dim[];

/** A constant tensor. `data` is little-endian, row-major, `elementBytes(dtype)` per element. */
export interface Tensor {
  readonly name: string;
  readonly dtype: number;
  readonly dims: readonly number[];
  readonly data: Uint8Array;
}

/** A node attribute with its ONNX type; 64-bit integers beyond 2^53 lose their low bits. */
export type Attribute =
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'tensor'; readonly value: Tensor }
  | { readonly type: 'graph'; readonly value: Graph }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'ints'; readonly value: readonly number[] }
  | { readonly type: 'strings'; readonly value: readonly string[] };

/** One operation. An empty string among the inputs or outputs is an omitted optional one. */
export interface Node {
  readonly name: string;
  readonly op: string;
  /** `''` is the standard ONNX domain. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** Path of the PyTorch module that the node is code of, if the exporter noted it; `''` is the model itself. */
  readonly module?: string;
}

/** A named value with its declared type; `shape` is `undefined` when not even the rank is declared. */
export interface ValueInfo {
  readonly name: string;
  readonly dtype: number;
  readonly shape: Shape | undefined;
}

/** A graph: nodes in topological order, initialisers in file order. */
export interface Graph {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly initializers: ReadonlyMap<string, Tensor>;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly valueInfo: ReadonlyMap<string, ValueInfo>;
}

/** A decoded ONNX model. */
export interface Model {
  readonly irVersion: number;
  /** Version of the standard operator set. */
  readonly opset: number;
  /** Versions of other imported domains. */
  readonly domains: ReadonlyMap<string, number>;
  readonly producer: string;
  readonly metadata: ReadonlyMap<string, string>;
  readonly graph: Graph;
}

/** Number of elements of a tensor with these dimensions (1 for a scalar). */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}
