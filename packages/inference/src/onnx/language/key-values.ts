import { type DecoderConfig, SERVING } from '@chorus/language-models';
import { Tensor } from 'onnxruntime-node';

/** Places are added in steps: the runtime clears and copies as many as there are, also those that are free. */
const STEP = 256;

/** Bytes of the keys and values of one place of one text. */
export const placeBytes = ({ layers, keyValueHeads, headSize }: DecoderConfig): number =>
  layers * 2 * keyValueHeads * headSize * 4;

/** The beginning of a text's keys and values, apart from the slots. */
export interface Parked {
  readonly places: number;
  /** [layers, 2, heads, places, headSize] */
  readonly data: Float32Array;
}

/**
 * Keys and values of the texts that are written now. Each layer has an array [slot, head, place, headSize] for keys and
 * one for values; the runtime is given views of them, and the new rows of a run are written into them. In this way no
 * run copies more than it computes: onnxruntime-node 1.30 would copy every array that a run returns.
 */
export class KeyValues {
  readonly #layers: number;
  readonly #heads: number;
  readonly #size: number;
  readonly #slots: number;
  /** Bytes of one place of one text. */
  readonly placeBytes: number;
  #places = STEP;
  #arrays: Float32Array[];
  /** Inputs for slots 0 to n - 1, by n. */
  readonly #feeds = new Map<number, Record<string, Tensor>>();

  constructor(config: DecoderConfig, slots: number) {
    const { layers, keyValueHeads, headSize } = config;
    this.placeBytes = placeBytes(config);
    [this.#layers, this.#heads, this.#size, this.#slots] = [layers, keyValueHeads, headSize, slots];
    this.#arrays = this.#made(STEP);
  }

  /** Makes room for texts of this length. @param used places of each slot that are kept */
  fit(places: number, used: readonly number[]): void {
    const needed = Math.max(1, Math.ceil(places / STEP)) * STEP;
    const isIdle = used.every((count) => count === 0);
    // Much room that is no longer needed is given back when nothing has to be copied.
    if (needed <= this.#places && !(isIdle && needed * 4 <= this.#places)) return;
    const [old, before] = [this.#arrays, this.#places];
    this.#arrays = this.#made(needed);
    this.#places = needed;
    this.#feeds.clear();
    for (const [i, array] of old.entries()) {
      for (const [slot, count] of used.entries()) {
        for (let head = 0; head < this.#heads; head++) {
          const from = (slot * this.#heads + head) * before * this.#size;
          this.#arrays[i]!.set(array.subarray(from, from + count * this.#size), this.#at(slot, head, 0));
        }
      }
    }
  }

  /** What the runtime reads of the slots from `first` on. */
  inputs(first: number, count: number): Record<string, Tensor> {
    const known = first === 0 ? this.#feeds.get(count) : undefined;
    if (known) return known;
    const length = this.#heads * this.#places * this.#size;
    const dims = [count, this.#heads, this.#places, this.#size];
    const feeds = Object.fromEntries(
      this.#arrays.map((array, i) => [
        `${SERVING.past}.${i >> 1}.${i % 2 === 0 ? 'key' : 'value'}`,
        new Tensor('float32', array.subarray(first * length, (first + count) * length), dims),
      ]),
    );
    if (first === 0) this.#feeds.set(count, feeds);
    return feeds;
  }

  /**
   * Keeps what a run returned.
   *
   * @param fresh [rows, layers, 2, heads, headSize]
   * @param row the first of `count` rows of it
   * @param place where the first row belongs
   */
  write(slot: number, place: number, fresh: Float32Array, row: number, count: number): void {
    const width = this.#arrays.length * this.#heads * this.#size;
    for (let i = 0; i < this.#arrays.length; i++) {
      for (let head = 0; head < this.#heads; head++) {
        const to = this.#at(slot, head, place);
        for (let r = 0; r < count; r++) {
          const from = (row + r) * width + (i * this.#heads + head) * this.#size;
          // Rows are short: a loop is quicker than a view of each.
          for (let k = 0; k < this.#size; k++) this.#arrays[i]![to + r * this.#size + k] = fresh[from + k]!;
        }
      }
    }
  }

  /** Copies the first places of a slot into another one. */
  copy(from: number, to: number, places: number): void {
    if (from === to) return;
    for (const array of this.#arrays) {
      for (let head = 0; head < this.#heads; head++) {
        const start = this.#at(from, head, 0);
        array.copyWithin(this.#at(to, head, 0), start, start + places * this.#size);
      }
    }
  }

  /** The first places of a slot, copied out of it. */
  park(slot: number, places: number): Parked {
    const data = new Float32Array((this.placeBytes / 4) * places);
    this.#each(slot, places, (array, at, offset, length) =>
      data.set(array.subarray(at, at + length), offset),
    );
    return { places, data };
  }

  /** Copies the first places of what was parked into a slot. */
  unpark({ data, places: parked }: Parked, slot: number, places: number): void {
    this.#each(slot, parked, (array, at, offset) =>
      array.set(data.subarray(offset, offset + places * this.#size), at),
    );
  }

  /** @param visit is given each array, where the slot begins in it, and the same in what is parked */
  #each(
    slot: number,
    places: number,
    visit: (array: Float32Array, at: number, offset: number, length: number) => void,
  ): void {
    const length = places * this.#size;
    for (const [i, array] of this.#arrays.entries()) {
      for (let head = 0; head < this.#heads; head++) {
        visit(array, this.#at(slot, head, 0), (i * this.#heads + head) * length, length);
      }
    }
  }

  #at(slot: number, head: number, place: number): number {
    return ((slot * this.#heads + head) * this.#places + place) * this.#size;
  }

  #made(places: number): Float32Array[] {
    const length = this.#slots * this.#heads * places * this.#size;
    return Array.from({ length: this.#layers * 2 }, () => new Float32Array(length));
  }
}
