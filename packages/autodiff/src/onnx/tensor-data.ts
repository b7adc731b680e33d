import { CorruptModelError, ExternalDataError, InvalidGraphError } from './errors.ts';
import { LIMITS } from './limits.ts';
import { dataTypeName, elementBytes, elementCount, type Tensor } from './model.ts';
import { WIRE, WireReader } from './wire.ts';

/** Gives the bytes of an external data file by its location relative to the model's folder. */
export type ExternalDataReader = (location: string) => Uint8Array;

/** How the file holds one element in its typed fields (`float_data`, `int32_data`, ...), by element type. */
const TYPED_FIELD = new Map<number, number>([
  [1, 4],
  [14, 4],
  [2, 5],
  [3, 5],
  [4, 5],
  [5, 5],
  [6, 5],
  [9, 5],
  [10, 5],
  [16, 5],
  [7, 7],
  [11, 10],
  [15, 10],
  [12, 11],
  [13, 11],
]);

/** Decodes a TensorProto. Data ends up little-endian and row-major whichever field held it. */
export function decodeTensor(bytes: Uint8Array, external: ExternalDataReader | undefined): Tensor {
  const reader = new WireReader(bytes);
  const dims: number[] = [];
  let name = '';
  let dtype = 0;
  let raw: Uint8Array | undefined;
  let isExternal = false;
  const typed = new Map<number, Uint8Array[]>();
  const entries = new Map<string, string>();
  while (!reader.done) {
    const { field, wire } = reader.tag();
    if (field === 1) readInts(reader, wire, (v) => dims.push(Number(v)));
    else if (field === 2) dtype = reader.uint();
    else if (field === 8) name = reader.string();
    else if (field === 9) raw = reader.bytes();
    else if (field === 13) {
      const [key, value] = decodeEntry(reader.bytes());
      entries.set(key, value);
    } else if (field === 14) isExternal = reader.uint() === 1;
    else if (field === 4 || field === 5 || field === 7 || field === 10 || field === 11) {
      const parts = typed.get(field) ?? [];
      typed.set(field, parts);
      parts.push(elementsOf(reader, wire, field, dtype));
    } else reader.skip(wire);
  }
  checkDims(name, dims);
  const width = elementBytes(dtype);
  if (width === undefined) {
    throw new InvalidGraphError(
      `initialiser "${name}" has element type ${dataTypeName(dtype)}, which is not supported`,
      {
        initializer: name,
        dtype: dataTypeName(dtype),
      },
      'strings, complex strings and sub-byte types cannot be part of a trained model; remove the tensor',
    );
  }
  const expected = elementCount(dims) * width;
  let data: Uint8Array;
  if (isExternal) data = readExternal(name, entries, expected, external);
  else if (raw) data = raw;
  else data = join(typed.get(TYPED_FIELD.get(dtype) ?? 0) ?? []);
  if (data.length !== expected) {
    throw new InvalidGraphError(`initialiser "${name}" declares ${expected} bytes and holds ${data.length}`, {
      initializer: name,
      dims,
      expected,
      actual: data.length,
    });
  }
  return { name, dtype, dims, data };
}

/** Refuses dimensions no real tensor has, before anything is allocated for them. */
export function checkDims(name: string, dims: readonly number[]): void {
  const bad = dims.find((dim) => !Number.isSafeInteger(dim) || dim < 0 || dim > LIMITS.dimension);
  if (dims.length > LIMITS.rank || bad !== undefined || elementCount(dims) > LIMITS.elements) {
    throw new InvalidGraphError(`"${name}" has absurd dimensions [${dims.slice(0, 8).join(', ')}]`, {
      value: name,
      dims: dims.slice(0, 8),
    });
  }
}

/** Decodes a StringStringEntryProto. */
export function decodeEntry(bytes: Uint8Array): [string, string] {
  const reader = new WireReader(bytes);
  let key = '';
  let value = '';
  while (!reader.done) {
    const { field, wire } = reader.tag();
    if (field === 1) key = reader.string();
    else if (field === 2) value = reader.string();
    else reader.skip(wire);
  }
  return [key, value];
}

/** Repeated integers, packed or one by one. */
export function readInts(reader: WireReader, wire: number, each: (value: bigint) => void): void {
  if (wire === WIRE.bytes) {
    const packed = new WireReader(reader.bytes());
    while (!packed.done) each(packed.int64());
  } else if (wire === WIRE.varint) each(reader.int64());
  else throw new CorruptModelError(`wire type ${wire} where integers are expected`);
}

function elementsOf(reader: WireReader, wire: number, field: number, dtype: number): Uint8Array {
  if (field === 4 || field === 10) {
    if (wire === WIRE.bytes) return reader.bytes();
    if (field === 4 && wire === WIRE.fixed32) return new Uint8Array(Float32Array.of(reader.float()).buffer);
    throw new CorruptModelError(`wire type ${wire} where floats are expected`);
  }
  const values: bigint[] = [];
  readInts(reader, wire, (value) => values.push(value));
  const width = elementBytes(dtype) ?? 8;
  const out = new Uint8Array(values.length * width);
  const view = new DataView(out.buffer);
  values.forEach((value, i) => {
    if (width === 8) view.setBigInt64(i * 8, value, true);
    else if (width === 4) view.setInt32(i * 4, Number(BigInt.asIntN(32, value)), true);
    else if (width === 2) view.setInt16(i * 2, Number(BigInt.asIntN(16, value)), true);
    else view.setInt8(i, Number(BigInt.asIntN(8, value)));
  });
  return out;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function readExternal(
  name: string,
  entries: ReadonlyMap<string, string>,
  expected: number,
  external: ExternalDataReader | undefined,
): Uint8Array {
  const location = entries.get('location') ?? '';
  const facts = { initializer: name, location };
  // The onnx specification: "location: file path relative to the directory where the ONNX protobuf is stored".
  // A path that leaves that directory would let a model read any file of the user.
  const segments = location.split(/[\\/]/);
  if (
    location === '' ||
    /^([\\/]|[a-zA-Z]:)/.test(location) ||
    segments.includes('..') ||
    location.includes('\0')
  ) {
    throw new ExternalDataError(
      `external data of "${name}" lies outside the model's folder`,
      facts,
      'refuse the model, or save it again with its data in the same folder',
    );
  }
  if (!external) {
    throw new ExternalDataError(
      `initialiser "${name}" is stored in "${location}"`,
      facts,
      'pass `externalData` to parseModel to say how that file is read',
    );
  }
  let file: Uint8Array;
  try {
    file = external(location);
  } catch (cause) {
    throw new ExternalDataError(
      `external data "${location}" of "${name}" cannot be read`,
      facts,
      'put the data file into the model’s folder',
      { cause },
    );
  }
  const offset = Number(entries.get('offset') ?? '0');
  const length = Number(entries.get('length') ?? String(expected));
  if (!Number.isSafeInteger(offset) || offset < 0 || length !== expected || offset + length > file.length) {
    throw new ExternalDataError(
      `external data of "${name}" does not fit: ${length} bytes at ${offset} of a file of ${file.length}, ${expected} needed`,
      { ...facts, offset, length, expected, fileBytes: file.length },
      'the data file belongs to another model or is cut off; fetch it again',
    );
  }
  return file.subarray(offset, offset + length);
}
