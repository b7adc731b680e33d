import { sharedFloats } from './dataset.ts';
import { MAX_DATASET_BYTES, MEMORY_DATASET_BYTES } from './limits.ts';
import type { SampleFile } from './sample-file.ts';
import { SampleWriter, type SpillOptions } from './sample-writer.ts';

/** Values of samples, in memory or in a file. */
export type SampleValues = { inputs: Float32Array } | { file: SampleFile };

/** Whether samples of this many float32 values stay in memory, where a folder for others is known. */
export function staysInMemory(spill: Pick<SpillOptions, 'memoryBytes'> | undefined, values: number): boolean {
  return spill === undefined || values * 4 <= (spill.memoryBytes ?? MEMORY_DATASET_BYTES);
}

/** By how much a forecast of the number of samples must be beyond the bound. */
const MARGIN = 1.25;

/** Values gathered before they are moved on. */
const PIECE_VALUES = 2 ** 20;

/**
 * Takes samples of unknown number one after the other: in memory, and in a file from the moment they are too many.
 * Without a folder they stay in memory, up to {@link MAX_DATASET_BYTES}.
 */
export class SampleSink {
  readonly #width: number;
  readonly #most: number;
  readonly #spill: SpillOptions | undefined;
  readonly #tooLarge: (samples: number) => Error;
  #pieces: Float32Array[] = [];
  #piece: Float32Array;
  #filled = 0;
  #samples = 0;
  #writer: SampleWriter | undefined;

  /**
   * @param width values of one sample
   * @param most samples that may come
   * @param tooLarge the refusal of samples that do not fit into memory, by the number of those that do
   */
  constructor(
    { width, most }: { width: number; most: number },
    spill: SpillOptions | undefined,
    tooLarge: (samples: number) => Error,
  ) {
    this.#width = width;
    this.#most = most;
    this.#spill = spill;
    this.#tooLarge = tooLarge;
    this.#piece = this.#newPiece();
  }

  /** Room for the values of the next sample; {@link add} takes it. */
  next(): Float32Array {
    return this.#piece.subarray(this.#filled, this.#filled + this.#width);
  }

  /**
   * Take the values in {@link next}. Wait for what it returns before the next one.
   * @param done share of the data that has been read, if known
   * @throws ChorusError `E_DATA_DISK`, and the refusal of too many samples
   */
  add(done?: number): Promise<void> | undefined {
    this.#filled += this.#width;
    this.#samples++;
    if (!this.#spill && this.#samples * this.#width * 4 > MAX_DATASET_BYTES) {
      throw this.#tooLarge(this.#samples - 1);
    }
    if (this.#filled + this.#width <= this.#piece.length) return undefined;
    return this.#moveOn(done);
  }

  /**
   * All samples, of which those at `keep` if that is given.
   * @param keep places of samples, rising
   */
  async finish(keep?: ArrayLike<number>): Promise<SampleValues> {
    if (this.#writer || !staysInMemory(this.#spill, this.#samples * this.#width)) {
      await this.#moveOn(1);
      const stride = 4 * this.#width;
      const writer = this.#writer!;
      if (keep) await writer.compact(keep, stride);
      return { file: await writer.finish({ stride, values: 'float32' }) };
    }
    const pieces = [...this.#pieces, this.#piece.subarray(0, this.#filled)];
    this.#pieces = [];
    const inputs = sharedFloats((keep?.length ?? this.#samples) * this.#width);
    const perPiece = Math.floor(this.#piece.length / this.#width);
    if (keep) {
      for (let k = 0; k < keep.length; k++) {
        const piece = pieces[Math.floor(keep[k]! / perPiece)]!;
        const at = (keep[k]! % perPiece) * this.#width;
        inputs.set(piece.subarray(at, at + this.#width), k * this.#width);
      }
    } else {
      let at = 0;
      for (let piece = pieces.shift(); piece; piece = pieces.shift()) {
        inputs.set(piece, at);
        at += piece.length;
      }
    }
    return { inputs };
  }

  /** Remove what was written, after an error. */
  async discard(): Promise<void> {
    this.#pieces = [];
    await this.#writer?.discard();
  }

  /** Full samples only, so that a piece can be written as it is. */
  #newPiece(): Float32Array {
    return new Float32Array(Math.max(1, Math.floor(PIECE_VALUES / this.#width)) * this.#width);
  }

  async #moveOn(done: number | undefined): Promise<void> {
    const filled = this.#piece.subarray(0, this.#filled);
    this.#filled = 0;
    const foreseen = Math.min(this.#most, done ? this.#samples / done : this.#samples);
    const expected = foreseen * this.#width * 4;
    // Data that surely will not fit goes to the file from the start, instead of filling the memory first.
    const values = Math.max(this.#samples, foreseen / MARGIN) * this.#width;
    if (!this.#writer && staysInMemory(this.#spill, values)) {
      this.#pieces.push(filled);
      this.#piece = this.#newPiece();
      return;
    }
    this.#writer ??= await SampleWriter.create(this.#spill!, expected);
    for (let piece = this.#pieces.shift(); piece; piece = this.#pieces.shift()) {
      await this.#writer.write(bytesOf(piece), { expected });
    }
    await this.#writer.write(bytesOf(filled), { expected });
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
