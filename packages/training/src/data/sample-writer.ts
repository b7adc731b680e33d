import { type FileHandle, open, stat, statfs } from 'node:fs/promises';
import { ChorusError } from '@chorus/protocol';
import { LEAST_FREE_BYTES } from './limits.ts';
import { ownPath, removeOwn } from './own-files.ts';
import type { SampleFile } from './sample-file.ts';

/** Where the samples of a data set go that are too many for memory. */
export interface SpillOptions {
  /**
   * Folder for files of samples; made if it is missing. A file goes with the process that wrote it, or, if that was
   * killed, with the next user of the folder.
   */
  folder: string;
  /** Bytes of float32 that stay in memory; default: {@link MEMORY_DATASET_BYTES}. */
  memoryBytes?: number;
  /** Most bytes that the file may have, such as what is left of a quota; default: what is free. */
  maxBytes?: number;
  /** Free bytes on the disk of a folder, for tests; default: as the system says. */
  freeBytes?: (folder: string) => Promise<number>;
}

/** Free space is asked for again after this many bytes. */
const CHECK_BYTES = 2 ** 26;

/** Writes a file of samples, within the space there is. */
export class SampleWriter {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #spill: SpillOptions;
  #written = 0;
  #checkAt = CHECK_BYTES;
  #expected: number;

  private constructor(path: string, file: FileHandle, spill: SpillOptions, expected: number) {
    this.path = path;
    this.#file = file;
    this.#spill = spill;
    this.#expected = expected;
  }

  /**
   * @param expected bytes that will be written, as far as known
   * @throws ChorusError `E_DATA_DISK` if they do not fit, or the folder cannot be written
   */
  static async create(spill: SpillOptions, expected: number): Promise<SampleWriter> {
    let path: string | undefined;
    try {
      path = await ownPath(spill.folder);
      const writer = new SampleWriter(path, await open(path, 'wx+', 0o600), spill, expected);
      await writer.#checkSpace().catch(async (error: unknown) => {
        await writer.discard();
        throw error;
      });
      return writer;
    } catch (error) {
      throw error instanceof ChorusError ? error : unwritable(spill.folder, error);
    }
  }

  /** Bytes written so far. */
  get written(): number {
    return this.#written;
  }

  /**
   * Append bytes, or write them at a position.
   * @param expected bytes of the whole file, if that is now known better
   * @throws ChorusError `E_DATA_DISK`
   */
  async write(
    bytes: Uint8Array,
    { position, expected }: { position?: number; expected?: number } = {},
  ): Promise<void> {
    if (expected !== undefined) this.#expected = expected;
    const at = position ?? this.#written;
    this.#written += bytes.length;
    if (this.#written >= this.#checkAt) {
      this.#checkAt = this.#written + CHECK_BYTES;
      await this.#checkSpace();
    }
    try {
      await this.#writeAll(bytes, at);
    } catch (error) {
      throw unwritable(this.#spill.folder, error);
    }
  }

  /**
   * Leave out samples that turned out to be none: the others move together.
   * @param keep places of the samples to keep, rising
   */
  async compact(keep: ArrayLike<number>, stride: number): Promise<void> {
    const piece = new Uint8Array(Math.max(stride, 2 ** 20));
    try {
      for (let to = 0; to < keep.length; ) {
        const first = keep[to]!;
        let count = 1;
        while (keep[to + count] === first + count && (count + 1) * stride <= piece.length) count++;
        if (first !== to) await this.#move(piece.subarray(0, count * stride), first * stride, to * stride);
        to += count;
      }
      this.#written = keep.length * stride;
      await this.#file.truncate(this.#written);
    } catch (error) {
      throw unwritable(this.#spill.folder, error);
    }
  }

  /** Move bytes to another place, over a buffer of their length. */
  async #move(buffer: Uint8Array, from: number, to: number): Promise<void> {
    for (let at = 0; at < buffer.length; ) {
      const { bytesRead } = await this.#file.read(buffer, at, buffer.length - at, from + at);
      if (bytesRead === 0) throw new Error('the file ends too early');
      at += bytesRead;
    }
    await this.#writeAll(buffer, to);
  }

  async #writeAll(bytes: Uint8Array, position: number): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, at, bytes.length - at, position + at);
      at += bytesWritten;
    }
  }

  /** The finished file, whose samples begin at its start. */
  async finish(layout: Pick<SampleFile, 'stride' | 'values'>): Promise<SampleFile> {
    await this.#file.close();
    return describeFile(this.path, { offset: 0, ...layout });
  }

  /** Remove the file. */
  async discard(): Promise<void> {
    await this.#file.close().catch(() => {});
    await removeOwn(this.path);
  }

  async #checkSpace(): Promise<void> {
    const { folder, maxBytes = Number.POSITIVE_INFINITY, freeBytes = freeOn } = this.#spill;
    const bytes = Math.max(this.#expected, this.#written);
    const free = await freeBytes(folder);
    // What is written already is no longer free.
    const fits = free - LEAST_FREE_BYTES + this.#written;
    if (bytes <= Math.min(maxBytes, fits)) return;
    const limited = maxBytes < fits;
    throw new ChorusError(
      'E_DATA_DISK',
      limited
        ? 'the data fits neither into the memory nor onto the disk that it may take'
        : 'the data fits neither into memory nor onto the disk',
      {
        facts: {
          folder,
          bytes: Math.ceil(bytes),
          ...(limited ? { limit: maxBytes } : { free, kept: LEAST_FREE_BYTES }),
        },
        hint: limited
          ? 'raise limits.disk, or use fewer samples with --limit'
          : 'free some space, name a folder on another disk, or use fewer samples with --limit',
      },
    );
  }
}

/** A file of samples as it is now. */
export async function describeFile(
  path: string,
  layout: Pick<SampleFile, 'offset' | 'stride' | 'values'>,
): Promise<SampleFile> {
  const { size, mtimeMs } = await stat(path);
  return { path, ...layout, bytes: size, modified: mtimeMs };
}

async function freeOn(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

function unwritable(folder: string, cause: unknown): ChorusError {
  const code = (cause as NodeJS.ErrnoException).code;
  return new ChorusError('E_DATA_DISK', 'data that does not fit into memory cannot be written to a file', {
    facts: { folder, reason: code },
    hint: 'name a folder with free space that this user may write',
    cause,
  });
}
