/** Types of metadata values by their code in the file (gguf_metadata_value_type of the GGUF specification). */
const VALUE_TYPES = [
  'uint8',
  'int8',
  'uint16',
  'int16',
  'uint32',
  'int32',
  'float32',
  'bool',
  'string',
  'array',
  'uint64',
  'int64',
  'float64',
] as const;

/** A type of one metadata value. */
export type ScalarType = Exclude<(typeof VALUE_TYPES)[number], 'array'>;

/** What a value of each type is in JavaScript. */
export interface ScalarValues {
  uint8: number;
  int8: number;
  uint16: number;
  int16: number;
  uint32: number;
  int32: number;
  float32: number;
  bool: boolean;
  string: string;
  uint64: bigint;
  int64: bigint;
  float64: number;
}

/** Bytes of one value; of a text its length field. */
export const VALUE_BYTES: Readonly<Record<ScalarType, number>> = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
  bool: 1,
  string: 8,
  uint64: 8,
  int64: 8,
  float64: 8,
};

/** A metadata value with its type: one value, or an array of values of one type. */
export type GgufValue =
  | { [T in ScalarType]: { readonly type: T; readonly value: ScalarValues[T] } }[ScalarType]
  | {
      [T in ScalarType]: {
        readonly type: 'array';
        readonly of: T;
        readonly values: readonly ScalarValues[T][];
      };
    }[ScalarType];

/** A tensor as it is stored. */
export interface GgufTensor {
  readonly name: string;
  /** Sizes, the innermost axis first (ggml's `ne`): a matrix that maps n numbers to m is [n, m]. */
  readonly dims: readonly number[];
  readonly type: TensorType;
  /** Stored bytes: a view into the file. */
  readonly data: Uint8Array;
}

/** A GGUF file of version 3. */
export interface Gguf {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

/** How the elements of a tensor are stored. */
export interface TensorLayout {
  /** Code in the file (ggml_type). */
  readonly code: number;
  /** Elements of one block; a row is a whole number of blocks. */
  readonly blockElements: number;
  /** Bytes of one block. */
  readonly blockBytes: number;
}

/** Tensor types that are read here. */
export type TensorType = 'F32' | 'F16' | 'BF16' | 'Q4_0' | 'Q4_1' | 'Q8_0';

/** Layouts of the tensor types, from ggml's block structures (ggml-common.h). */
export const LAYOUTS: Readonly<Record<TensorType, TensorLayout>> = {
  F32: { code: 0, blockElements: 1, blockBytes: 4 },
  F16: { code: 1, blockElements: 1, blockBytes: 2 },
  Q4_0: { code: 2, blockElements: 32, blockBytes: 18 },
  Q4_1: { code: 3, blockElements: 32, blockBytes: 20 },
  Q8_0: { code: 8, blockElements: 32, blockBytes: 34 },
  BF16: { code: 30, blockElements: 1, blockBytes: 2 },
};

/** Names of tensor types that are not read here, to refuse them by name. */
const OTHER_TENSOR_TYPES: ReadonlyMap<number, string> = new Map([
  [6, 'Q5_0'],
  [7, 'Q5_1'],
  [9, 'Q8_1'],
  [10, 'Q2_K'],
  [11, 'Q3_K'],
  [12, 'Q4_K'],
  [13, 'Q5_K'],
  [14, 'Q6_K'],
  [15, 'Q8_K'],
  [16, 'IQ2_XXS'],
  [17, 'IQ2_XS'],
  [18, 'IQ3_XXS'],
  [19, 'IQ1_S'],
  [20, 'IQ4_NL'],
  [21, 'IQ3_S'],
  [22, 'IQ2_S'],
  [23, 'IQ4_XS'],
  [24, 'I8'],
  [25, 'I16'],
  [26, 'I32'],
  [27, 'I64'],
  [28, 'F64'],
  [29, 'IQ1_M'],
  [34, 'TQ1_0'],
  [35, 'TQ2_0'],
  [39, 'MXFP4'],
]);

const BY_CODE = new Map(
  Object.entries(LAYOUTS).map(([type, { code }]) => [code, type as TensorType] as const),
);

/** The type with this code; a name alone if it is one that is not read here; undefined if ggml has no such type. */
export function tensorType(code: number): { type: TensorType } | { name: string } | undefined {
  const type = BY_CODE.get(code);
  if (type) return { type };
  const name = OTHER_TENSOR_TYPES.get(code);
  return name === undefined ? undefined : { name };
}

/** The metadata type with this code; undefined if there is no such type. */
export const valueType = (code: number): (typeof VALUE_TYPES)[number] | undefined => VALUE_TYPES[code];

/** The code of a metadata type. */
export const valueCode = (type: (typeof VALUE_TYPES)[number]): number => VALUE_TYPES.indexOf(type);

/** Bytes of a tensor. @param dims innermost first; the first is a multiple of the type's block */
export function tensorBytes(type: TensorType, dims: readonly number[]): number {
  const { blockElements, blockBytes } = LAYOUTS[type];
  return (dims.reduce((product, dim) => product * dim, 1) / blockElements) * blockBytes;
}

/** First four bytes of a file: "GGUF", little-endian. */
export const MAGIC = 0x46554747;
/** The version that is read and written. */
export const VERSION = 3;
/** Alignment of tensor data where the metadata states none, in bytes. */
export const DEFAULT_ALIGNMENT = 32;
/** Metadata key of the alignment. */
export const ALIGNMENT_KEY = 'general.alignment';
