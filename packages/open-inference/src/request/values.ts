import { ELEMENT_BYTES, type TensorType } from '@chorus/protocol';

/** How an element is written and read; a number that the type does not have is undefined. */
interface Element {
  write(view: DataView, at: number, value: number): void;
  read(view: DataView, at: number): number | bigint;
  has(value: number): boolean;
}

const ELEMENTS: Readonly<Record<TensorType, Element>> = {
  FP32: {
    write: (view, at, value) => view.setFloat32(at, value, true),
    read: (view, at) => view.getFloat32(at, true),
    has: (value) => Number.isFinite(Math.fround(value)),
  },
  FP64: {
    write: (view, at, value) => view.setFloat64(at, value, true),
    read: (view, at) => view.getFloat64(at, true),
    has: Number.isFinite,
  },
  INT32: {
    write: (view, at, value) => view.setInt32(at, value, true),
    read: (view, at) => view.getInt32(at, true),
    has: (value) => Number.isInteger(value) && Math.abs(value + 0.5) < 2 ** 31,
  },
  INT64: {
    write: (view, at, value) => view.setBigInt64(at, BigInt(value), true),
    read: (view, at) => view.getBigInt64(at, true),
    // Of larger ones JSON's reader has lost the last digits.
    has: Number.isSafeInteger,
  },
};

/**
 * The bytes of elements that a JSON list has, nested or flat, in row-major order; why not, if they are other numbers, or more
 * or fewer.
 */
export function bytesOf(data: readonly unknown[], datatype: TensorType, count: number): Uint8Array | string {
  const size = ELEMENT_BYTES[datatype];
  const bytes = new Uint8Array(count * size);
  const view = new DataView(bytes.buffer);
  const element = ELEMENTS[datatype];
  let found = 0;
  // By hand: lists may be nested as deep as a body is long.
  const open: { list: readonly unknown[]; next: number }[] = [{ list: data, next: 0 }];
  for (let top = open.at(-1); top; top = open.at(-1)) {
    if (top.next === top.list.length) {
      open.pop();
      continue;
    }
    const value = top.list[top.next++];
    if (Array.isArray(value)) open.push({ list: value, next: 0 });
    else if (typeof value !== 'number' || !element.has(value)) return `has an element that is no ${datatype}`;
    else if (found === count) return `has more than ${count} elements`;
    else element.write(view, found++ * size, value);
  }
  return found === count ? bytes : `has ${found} elements, not ${count}`;
}

/** The elements of a tensor as JSON has them; null if one is not finite, or a whole number that JSON's readers lose digits of. */
export function valuesOf(data: Uint8Array, datatype: TensorType): number[] | null {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const size = ELEMENT_BYTES[datatype];
  const values: number[] = [];
  for (let at = 0; at < data.byteLength; at += size) {
    const value = Number(ELEMENTS[datatype].read(view, at));
    if (!Number.isFinite(value) || (datatype === 'INT64' && !Number.isSafeInteger(value))) return null;
    values.push(value);
  }
  return values;
}
