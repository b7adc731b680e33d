import {
  ALIGNMENT_KEY,
  DEFAULT_ALIGNMENT,
  type Gguf,
  type GgufValue,
  LAYOUTS,
  MAGIC,
  type ScalarType,
  type ScalarValues,
  tensorBytes,
  VALUE_BYTES,
  VERSION,
  valueCode,
} from './model.ts';

/**
 * Writes a GGUF file of version 3: metadata and tensors in the order of their maps, tensors aligned to
 * `general.alignment`, or to 32 bytes. Equal input gives equal bytes.
 *
 * @throws RangeError if a tensor's data does not have the size that its type and dimensions ask for
 */
export function writeGguf({ metadata, tensors }: Gguf): Uint8Array<ArrayBuffer> {
  const entry = metadata.get(ALIGNMENT_KEY);
  const alignment = entry?.type === 'uint32' ? entry.value : DEFAULT_ALIGNMENT;
  const aligned = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;
  const header = new HeaderWriter();
  header.scalar('uint32', MAGIC);
  header.scalar('uint32', VERSION);
  header.scalar('uint64', BigInt(tensors.size));
  header.scalar('uint64', BigInt(metadata.size));
  for (const [key, value] of metadata) {
    header.scalar('string', key);
    header.value(value);
  }
  let offset = 0;
  for (const { name, dims, type, data } of tensors.values()) {
    if (data.length !== tensorBytes(type, dims)) {
      throw new RangeError(`tensor ${name} has ${data.length} bytes, not ${tensorBytes(type, dims)}`);
    }
    header.scalar('string', name);
    header.scalar('uint32', dims.length);
    for (const dim of dims) header.scalar('uint64', BigInt(dim));
    header.scalar('uint32', LAYOUTS[type].code);
    header.scalar('uint64', BigInt(offset));
    offset = aligned(offset + data.length);
  }
  const start = aligned(header.length);
  const file = new Uint8Array(start + offset);
  header.copyTo(file);
  let at = start;
  for (const { data } of tensors.values()) {
    file.set(data, at);
    at += aligned(data.length);
  }
  return file;
}

const utf8 = new TextEncoder();

/** Collects the bytes of a header, little-endian. */
class HeaderWriter {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  length = 0;

  value(value: GgufValue): void {
    this.scalar('uint32', valueCode(value.type));
    if (value.type !== 'array') {
      this.scalar(value.type, value.value);
      return;
    }
    this.scalar('uint32', valueCode(value.of));
    this.scalar('uint64', BigInt(value.values.length));
    for (const each of value.values) this.scalar(value.of, each);
  }

  scalar(type: ScalarType, value: ScalarValues[ScalarType]): void {
    if (type === 'string') {
      this.#text(value as string);
      return;
    }
    // Room first: the view is another one afterwards.
    const at = this.#grow(VALUE_BYTES[type]);
    const view = this.#view;
    switch (type) {
      case 'bool':
        view.setUint8(at, value ? 1 : 0);
        break;
      case 'uint8':
        view.setUint8(at, value as number);
        break;
      case 'int8':
        view.setInt8(at, value as number);
        break;
      case 'uint16':
        view.setUint16(at, value as number, true);
        break;
      case 'int16':
        view.setInt16(at, value as number, true);
        break;
      case 'uint32':
        view.setUint32(at, value as number, true);
        break;
      case 'int32':
        view.setInt32(at, value as number, true);
        break;
      case 'float32':
        view.setFloat32(at, value as number, true);
        break;
      case 'float64':
        view.setFloat64(at, value as number, true);
        break;
      case 'uint64':
        view.setBigUint64(at, value as bigint, true);
        break;
      case 'int64':
        view.setBigInt64(at, value as bigint, true);
        break;
    }
  }

  copyTo(file: Uint8Array): void {
    file.set(this.#bytes.subarray(0, this.length));
  }

  #text(text: string): void {
    const bytes = utf8.encode(text);
    this.scalar('uint64', BigInt(bytes.length));
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** Makes room. @returns where the room begins */
  #grow(width: number): number {
    const at = this.length;
    this.length += width;
    if (this.length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.length, 2 * this.#bytes.length));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
}
