import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ChorusError } from '@chorus/protocol';
import { unreadable } from './unreadable.ts';

/** Values of samples in a file, one sample each `stride` bytes. */
export interface SampleFile {
  path: string;
  /** Bytes before the first sample. */
  offset: number;
  /** Bytes from the start of a sample to that of the next one; the windows of a text overlap. */
  stride: number;
  /** How a value is written: little-endian float32, a byte that is the value, or a byte that is 255 times the value. */
  values: 'float32' | 'byte' | 'pixel';
  /** Size and time of change in milliseconds, which another file at this path does not have. */
  bytes: number;
  modified: number;
}

/** Bytes read at once; also how far apart two samples may lie to be read together. */
const READ_BYTES = 2 ** 20;
const GAP_BYTES = 2 ** 12;

/** The values that a byte of a file stands for. */
const TABLES = {
  byte: Float32Array.from({ length: 256 }, (_, byte) => byte),
  pixel: Float32Array.from({ length: 256 }, (_, byte) => byte / 255),
};

/** Bytes of one value. */
export function valueBytes({ values }: Pick<SampleFile, 'values'>): number {
  return values === 'float32' ? 4 : 1;
}

/** Reads samples from a file, any of them in any order. Its memory is one buffer of {@link READ_BYTES} or a sample. */
export class SampleReader {
  readonly #file: SampleFile;
  readonly #width: number;
  readonly #fd: number;
  #buffer = new Uint8Array(0);

  /**
   * @param width values of one sample
   * @throws ChorusError `E_DATA_UNREADABLE` if the file is gone or another one
   */
  constructor(file: SampleFile, width: number) {
    this.#file = file;
    this.#width = width;
    try {
      this.#fd = openSync(file.path, 'r');
    } catch (error) {
      throw unreadable(file.path, error);
    }
    const { size, mtimeMs } = fstatSync(this.#fd);
    if (size === file.bytes && mtimeMs === file.modified) return;
    this.close();
    throw changed(file.path);
  }

  /**
   * The samples at these places of the file, in this order.
   * @param into memory for them; by default new memory
   * @throws ChorusError `E_DATA_UNREADABLE`
   */
  read(rows: ArrayLike<number>, into = new Float32Array(rows.length * this.#width)): Float32Array {
    const { offset, stride } = this.#file;
    const size = this.#width * valueBytes(this.#file);
    // In the order of the file, for the sake of the disk.
    const order = new Float64Array(rows.length);
    for (let k = 0; k < rows.length; k++) order[k] = rows[k]! * rows.length + k;
    order.sort();
    const rowAt = (i: number) => Math.floor(order[i]! / rows.length);
    for (let first = 0; first < order.length; ) {
      const begin = rowAt(first) * stride;
      let end = begin + size;
      let next = first + 1;
      for (; next < order.length; next++) {
        const start = rowAt(next) * stride;
        if (start > end + GAP_BYTES || start + size > begin + READ_BYTES) break;
        end = start + size;
      }
      const bytes = this.#readBytes(offset + begin, end - begin);
      for (; first < next; first++) {
        const at = rowAt(first) * stride - begin;
        this.#place(bytes.subarray(at, at + size), into, (order[first]! % rows.length) * this.#width);
      }
    }
    return into;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #readBytes(position: number, length: number): Uint8Array {
    if (this.#buffer.length < length) this.#buffer = new Uint8Array(Math.max(length, READ_BYTES));
    for (let at = 0; at < length; ) {
      let read: number;
      try {
        read = readSync(this.#fd, this.#buffer, at, length - at, position + at);
      } catch (error) {
        throw unreadable(this.#file.path, error);
      }
      if (read === 0) throw changed(this.#file.path);
      at += read;
    }
    return this.#buffer.subarray(0, length);
  }

  #place(bytes: Uint8Array, into: Float32Array, at: number): void {
    const { values } = this.#file;
    if (values === 'float32') {
      new Uint8Array(into.buffer, into.byteOffset + at * 4, bytes.length).set(bytes);
      return;
    }
    const table = TABLES[values];
    for (let i = 0; i < bytes.length; i++) into[at + i] = table[bytes[i]!]!;
  }
}

function changed(path: string): ChorusError {
  return new ChorusError('E_DATA_UNREADABLE', 'the file of samples is not the one that was written', {
    facts: { path },
    hint: 'leave the folder to this program; start again, and the data is read once more',
  });
}
