import { corrupt } from './faults.ts';
import { type ScalarType, type ScalarValues, VALUE_BYTES } from './model.ts';

/** Reads a file's header from front to back; every read is within the file. */
export class Cursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes before the next read. */
  get offset(): number {
    return this.#offset;
  }

  /** The next value of a type. @param textBytes most bytes of a text */
  value<T extends ScalarType>(type: T, textBytes: number): ScalarValues[T];
  value(type: ScalarType, textBytes: number): ScalarValues[ScalarType] {
    if (type === 'string') return this.text(textBytes);
    const at = this.#take(VALUE_BYTES[type]);
    const view = this.#view;
    switch (type) {
      case 'uint8':
        return view.getUint8(at);
      case 'int8':
        return view.getInt8(at);
      case 'uint16':
        return view.getUint16(at, true);
      case 'int16':
        return view.getInt16(at, true);
      case 'uint32':
        return view.getUint32(at, true);
      case 'int32':
        return view.getInt32(at, true);
      case 'float32':
        return view.getFloat32(at, true);
      case 'float64':
        return view.getFloat64(at, true);
      case 'uint64':
        return view.getBigUint64(at, true);
      case 'int64':
        return view.getBigInt64(at, true);
      case 'bool': {
        const value = view.getUint8(at);
        if (value > 1) throw corrupt('the file has a truth value that is neither 0 nor 1', { at, value });
        return value === 1;
      }
    }
  }

  uint32(): number {
    return this.value('uint32', 0);
  }

  /** A count of things that take at least `least` bytes each, at most `limit` of them. */
  count(what: string, limit: number, least: number): number {
    const at = this.#offset;
    const count = this.value('uint64', 0);
    if (count > BigInt(limit) || Number(count) * least > this.#bytes.length - this.#offset) {
      throw corrupt(`the file declares an absurd number of ${what}`, { at, count, limit });
    }
    return Number(count);
  }

  /** Values of one type, with their number before them. */
  array<T extends ScalarType>(type: T, lengthLimit: number, textBytes: number): ScalarValues[T][] {
    const length = this.count('array elements', lengthLimit, VALUE_BYTES[type]);
    return Array.from({ length }, () => this.value(type, textBytes));
  }

  /** A text with its length before it. @param limit most bytes */
  text(limit: number): string {
    const length = this.count('bytes of a text', limit, 1);
    const at = this.#take(length);
    try {
      return this.#utf8.decode(this.#bytes.subarray(at, at + length));
    } catch (cause) {
      throw corrupt('the file has a text that is not UTF-8', { at, length }, cause);
    }
  }

  #take(width: number): number {
    const at = this.#offset;
    if (width > this.#bytes.length - at) {
      throw corrupt('the file ends within its header', { at, bytes: this.#bytes.length });
    }
    this.#offset += width;
    return at;
  }
}
