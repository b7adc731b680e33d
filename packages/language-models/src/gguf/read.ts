import { Cursor } from './cursor.ts';
import { corrupt, shown, unsupported } from './faults.ts';
import { LIMITS } from './limits.ts';
import {
  ALIGNMENT_KEY,
  DEFAULT_ALIGNMENT,
  type Gguf,
  type GgufTensor,
  type GgufValue,
  LAYOUTS,
  MAGIC,
  type TensorType,
  tensorBytes,
  tensorType,
  VERSION,
  valueType,
} from './model.ts';

/**
 * Reads a GGUF file of version 3 (the specification is docs/gguf in the repository ggml-org/ggml). Nothing in it is trusted:
 * counts, lengths, names, sizes and places are checked before anything is allocated or read by them.
 *
 * @param file its whole content; the tensors are views into it
 * @throws ChorusError `E_MODEL_CORRUPT` if it is no GGUF file or contradicts itself; `E_MODEL_UNSUPPORTED` for another
 * version, an array of arrays, and tensor types other than {@link TensorType}
 */
export function readGguf(file: Uint8Array): Gguf {
  // A Buffer has other meanings for some of an array's methods.
  const bytes = new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
  const cursor = new Cursor(bytes);
  if (bytes.length < 4 || cursor.uint32() !== MAGIC) {
    throw corrupt('the file is no GGUF file', { bytes: bytes.length });
  }
  const version = cursor.uint32();
  if (version !== VERSION) {
    throw unsupported(
      `GGUF version ${version} is not read here`,
      { version, read: VERSION },
      'convert the model with a current llama.cpp, on a little-endian machine',
    );
  }
  // A tensor takes at least 33 bytes of the header (name of one letter, one axis), an entry 14.
  const tensorCount = cursor.count('tensors', LIMITS.tensors, 33);
  const entryCount = cursor.count('metadata entries', LIMITS.entries, 14);
  const metadata = new Map<string, GgufValue>();
  let elements = 0;
  for (let i = 0; i < entryCount; i++) {
    const key = cursor.text(LIMITS.keyBytes);
    if (key === '' || metadata.has(key)) {
      throw corrupt('a metadata key is empty or appears twice', { key: shown(key), at: cursor.offset });
    }
    const value = readValue(cursor, key);
    elements += value.type === 'array' ? value.values.length : 0;
    if (elements > LIMITS.allElements) {
      throw corrupt('the metadata has an absurd number of array elements', { elements, at: cursor.offset });
    }
    metadata.set(key, value);
  }
  const alignment = alignmentOf(metadata);
  const infos = Array.from({ length: tensorCount }, () => readTensorInfo(cursor, alignment));
  const start = Math.ceil(cursor.offset / alignment) * alignment;
  return { metadata, tensors: placeTensors(bytes, start, infos) };
}

function readValue(cursor: Cursor, key: string): GgufValue {
  const code = cursor.uint32();
  const type = valueType(code);
  if (type === undefined) throw corrupt('a metadata value has an unknown type', { key: shown(key), code });
  if (type !== 'array') return { type, value: cursor.value(type, LIMITS.textBytes) } as GgufValue;
  const ofCode = cursor.uint32();
  const of = valueType(ofCode);
  if (of === undefined)
    throw corrupt('a metadata array has an unknown type', { key: shown(key), code: ofCode });
  if (of === 'array') {
    throw unsupported(
      'the metadata has an array of arrays',
      { key: shown(key) },
      'remove the entry: no model that is supported here has one',
    );
  }
  const values = cursor.array(of, LIMITS.arrayLength, LIMITS.textBytes);
  return { type: 'array', of, values } as GgufValue;
}

/** @throws ChorusError `E_MODEL_CORRUPT` unless it is a power of two, 8 or more, as the specification asks */
function alignmentOf(metadata: ReadonlyMap<string, GgufValue>): number {
  const entry = metadata.get(ALIGNMENT_KEY);
  if (entry === undefined) return DEFAULT_ALIGNMENT;
  const value = entry.type === 'uint32' ? entry.value : 0;
  if (value < 8 || value > LIMITS.alignment || (value & (value - 1)) !== 0) {
    throw corrupt('the alignment of the tensors is absurd', { type: entry.type, alignment: value });
  }
  return value;
}

interface TensorInfo {
  name: string;
  dims: number[];
  type: TensorType;
  /** Bytes from the start of the tensor data. */
  offset: number;
}

function readTensorInfo(cursor: Cursor, alignment: number): TensorInfo {
  const name = cursor.text(LIMITS.nameBytes);
  const axes = cursor.uint32();
  if (name === '' || axes < 1 || axes > LIMITS.axes) {
    throw corrupt('a tensor has no name, or an absurd number of axes', { tensor: shown(name), axes });
  }
  const sizes = Array.from({ length: axes }, () => cursor.value('uint64', 0));
  const elements = sizes.reduce((product, size) => product * size, 1n);
  if (elements < 1n || elements > BigInt(LIMITS.elements)) {
    throw corrupt('a tensor has an absurd size', {
      tensor: shown(name),
      sizes: sizes.join('x').slice(0, 100),
    });
  }
  const dims = sizes.map(Number);
  const type = readableType(name, cursor.uint32());
  if (dims[0]! % LAYOUTS[type].blockElements !== 0) {
    throw corrupt('a row of a tensor is not a whole number of blocks', {
      tensor: shown(name),
      row: dims[0]!,
      block: LAYOUTS[type].blockElements,
    });
  }
  const offset = cursor.value('uint64', 0);
  if (offset % BigInt(alignment) !== 0n || offset > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw corrupt('a tensor lies at a place that is not aligned', { tensor: shown(name), offset, alignment });
  }
  return { name, dims, type, offset: Number(offset) };
}

function readableType(name: string, code: number): TensorType {
  const found = tensorType(code);
  if (found === undefined) throw corrupt('a tensor has an unknown type', { tensor: shown(name), code });
  if ('type' in found) return found.type;
  throw unsupported(
    `tensors of the type ${found.name} are not read here`,
    { tensor: shown(name), type: found.name },
    `use a file with the types ${Object.keys(LAYOUTS).join(', ')}`,
  );
}

/** @param start where tensor data begins in the file */
function placeTensors(
  bytes: Uint8Array,
  start: number,
  infos: readonly TensorInfo[],
): Map<string, GgufTensor> {
  const tensors = new Map<string, GgufTensor>();
  for (const { name, dims, type, offset } of infos) {
    if (tensors.has(name)) throw corrupt('two tensors have the same name', { tensor: shown(name) });
    const size = tensorBytes(type, dims);
    const from = start + offset;
    if (from + size > bytes.length) {
      throw corrupt('a tensor lies outside the file', {
        tensor: shown(name),
        from,
        size,
        bytes: bytes.length,
      });
    }
    tensors.set(name, { name, dims, type, data: bytes.subarray(from, from + size) });
  }
  const placed = [...tensors.values()].sort((a, b) => a.data.byteOffset - b.data.byteOffset);
  placed.forEach(({ name, data }, i) => {
    const next = placed[i + 1];
    if (next && data.byteOffset + data.length > next.data.byteOffset) {
      throw corrupt('two tensors overlap', { tensor: shown(name), other: shown(next.name) });
    }
  });
  return tensors;
}
