import { CorruptModelError } from './errors.ts';

/** Wire types of protobuf encoding 3 that ONNX uses. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

const utf8Decoder = new TextDecoder('utf-8', { fatal: true });
const utf8Encoder = new TextEncoder();

/**
 * Reads protobuf fields from a byte range without copying; every length is checked against the range
 * first, so a hostile file can neither read outside nor make us allocate more than it holds.
 */
export class WireReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Field number and wire type of the next field. */
  tag(): { field: number; wire: number } {
    const key = this.uint();
    const field = Math.floor(key / 8);
    if (field === 0) throw new CorruptModelError('protobuf field number 0', { offset: this.#at });
    return { field, wire: key % 8 };
  }

  /** A varint as a JavaScript number; beyond 2^53 it is rejected. */
  uint(): number {
    let result = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new CorruptModelError('truncated varint', { offset: this.#at });
      result += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (result > Number.MAX_SAFE_INTEGER) {
          throw new CorruptModelError('varint beyond 2^53', { offset: this.#at });
        }
        return result;
      }
      scale *= 128;
    }
    throw new CorruptModelError('varint longer than ten bytes', { offset: this.#at });
  }

  /** A varint as a signed 64-bit integer. */
  int64(): bigint {
    let result = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new CorruptModelError('truncated varint', { offset: this.#at });
      result |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, result);
    }
    throw new CorruptModelError('varint longer than ten bytes', { offset: this.#at });
  }

  float(): number {
    this.#need(4);
    const value = this.#view.getFloat32(this.#at, true);
    this.#at += 4;
    return value;
  }

  /** A length-delimited field, as a view of the underlying bytes. */
  bytes(): Uint8Array {
    const length = this.uint();
    this.#need(length);
    const view = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return view;
  }

  string(): string {
    const bytes = this.bytes();
    try {
      return utf8Decoder.decode(bytes);
    } catch (cause) {
      throw new CorruptModelError('a name is not valid UTF-8', { offset: this.#at }, { cause });
    }
  }

  skip(wire: number): void {
    if (wire === WIRE.varint) this.int64();
    else if (wire === WIRE.fixed64) this.#advance(8);
    else if (wire === WIRE.fixed32) this.#advance(4);
    else if (wire === WIRE.bytes) this.bytes();
    else throw new CorruptModelError(`unknown protobuf wire type ${wire}`, { offset: this.#at });
  }

  #advance(count: number): void {
    this.#need(count);
    this.#at += count;
  }

  #need(count: number): void {
    if (this.#at + count > this.#bytes.length) {
      throw new CorruptModelError('field longer than its message', { offset: this.#at, length: count });
    }
  }
}

/** Byte fields from this length on are referenced and copied once, by `finish`; shorter ones are gathered. */
const REFERENCE_BYTES = 1024;

/** Collects protobuf fields: small ones in a growing buffer, large ones (tensor data) by reference. */
export class WireWriter {
  readonly #chunks: Uint8Array[] = [];
  #flushed = 0;
  #tail = new Uint8Array(64);
  #used = 0;

  get length(): number {
    return this.#flushed + this.#used;
  }

  int(field: number, value: number | bigint): void {
    this.#varint(field * 8 + WIRE.varint);
    if (typeof value === 'number' && value >= 0 && Number.isSafeInteger(value)) this.#varint(value);
    else this.#bigVarint(BigInt.asUintN(64, BigInt(value)));
  }

  float(field: number, value: number): void {
    this.#varint(field * 8 + WIRE.fixed32);
    this.#reserve(4);
    new DataView(this.#tail.buffer).setFloat32(this.#used, value, true);
    this.#used += 4;
  }

  bytes(field: number, value: Uint8Array): void {
    this.#varint(field * 8 + WIRE.bytes);
    this.#varint(value.length);
    this.#append(value);
  }

  string(field: number, value: string): void {
    this.bytes(field, utf8Encoder.encode(value));
  }

  message(field: number, write: (inner: WireWriter) => void): void {
    const inner = new WireWriter();
    write(inner);
    this.#varint(field * 8 + WIRE.bytes);
    this.#varint(inner.length);
    for (const chunk of inner.#chunks) this.#append(chunk);
    this.#append(inner.#tail.subarray(0, inner.#used));
  }

  finish(): Uint8Array {
    const out = new Uint8Array(this.length);
    let at = 0;
    for (const chunk of this.#chunks) {
      out.set(chunk, at);
      at += chunk.length;
    }
    out.set(this.#tail.subarray(0, this.#used), at);
    return out;
  }

  #varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    while (rest >= 0x80) {
      this.#tail[this.#used++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.#tail[this.#used++] = rest;
  }

  #bigVarint(value: bigint): void {
    this.#reserve(10);
    let rest = value;
    while (rest >= 0x80n) {
      this.#tail[this.#used++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#tail[this.#used++] = Number(rest);
  }

  #append(value: Uint8Array): void {
    if (value.length < REFERENCE_BYTES) {
      this.#reserve(value.length);
      this.#tail.set(value, this.#used);
      this.#used += value.length;
      return;
    }
    if (this.#used > 0) this.#chunks.push(this.#tail.slice(0, this.#used));
    this.#chunks.push(value);
    this.#flushed += this.#used + value.length;
    this.#used = 0;
  }

  #reserve(count: number): void {
    if (this.#used + count <= this.#tail.length) return;
    const grown = new Uint8Array(Math.max(this.#tail.length * 2, this.#used + count));
    grown.set(this.#tail.subarray(0, this.#used));
    this.#tail = grown;
  }
}
