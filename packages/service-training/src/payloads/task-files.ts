import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { toStoreError } from '@chorus/node';
import { makeFolder } from '@chorus/utils';
import writeFileAtomic from 'write-file-atomic';

/** Own payloads, and models, of this many rounds are kept: a newer file may turn out to be damaged. */
const ROUNDS_KEPT = 2;

const ROUND_FILE = /^(update|reference|model)-(\d+)\.(payload|bin)$/;

/**
 * Files that a node keeps of each task in addition to its journal: the terms, its own payloads, and the model after
 * the last rounds. They are files, not rows, because they are megabytes, and because each can be checked against the
 * chain by itself: a node whose journal is lost still has them. Writes are atomic and on the disk when they resolve,
 * so that the journal can refer to them from then on.
 */
export class TaskFiles {
  readonly #root: string;

  constructor(dataDir: string) {
    this.#root = join(dataDir, 'tasks');
  }

  #folder(taskId: bigint): string {
    return join(this.#root, taskId.toString());
  }

  /** Tasks that have files, from earlier runs too. */
  async list(): Promise<bigint[]> {
    const names = await readdir(this.#root).catch(() => [] as string[]);
    return names.filter((name) => /^\d+$/.test(name)).map(BigInt);
  }

  async writeTerms(taskId: bigint, terms: Uint8Array): Promise<void> {
    await this.#write(taskId, 'terms.json', terms);
  }

  readTerms(taskId: bigint): Promise<Uint8Array | null> {
    return this.#read(taskId, 'terms.json');
  }

  /** `kind` is 'update' or 'reference'. */
  async writePayload(taskId: bigint, round: number, kind: string, payload: Uint8Array): Promise<void> {
    await this.#write(taskId, `${kind}-${round}.payload`, payload);
  }

  async readPayload(taskId: bigint, round: number, kind: string): Promise<Uint8Array | null> {
    const name = `${kind}-${round}.payload`;
    return (await this.#read(taskId, name)) ?? this.#read(taskId, `kept-${name}`);
  }

  /** Keep a payload as long as the task, despite pruning: an open dispute may depend on it. */
  async keepPayload(taskId: bigint, round: number, kind: string): Promise<void> {
    const path = join(this.#folder(taskId), `${kind}-${round}.payload`);
    try {
      await rename(path, join(this.#folder(taskId), `kept-${kind}-${round}.payload`));
      await syncFolder(this.#folder(taskId));
    } catch (error) {
      // Kept by an earlier run, or lost.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw toStoreError(error, { path });
    }
  }

  async writeModel(taskId: bigint, round: number, model: Uint8Array): Promise<void> {
    await this.#write(taskId, `model-${round}.bin`, model);
  }

  readModel(taskId: bigint, round: number): Promise<Uint8Array | null> {
    return this.#read(taskId, `model-${round}.bin`);
  }

  /** `round` is over: delete files of much earlier rounds, which are no longer needed. */
  async prune(taskId: bigint, round: number): Promise<void> {
    const folder = this.#folder(taskId);
    for (const name of await readdir(folder).catch(() => [] as string[])) {
      const number = Number(ROUND_FILE.exec(name)?.[2] ?? Number.POSITIVE_INFINITY);
      if (number <= round - ROUNDS_KEPT) await rm(join(folder, name), { force: true });
    }
  }

  /** Delete all files of a task that is over for this node. */
  async remove(taskId: bigint): Promise<void> {
    await rm(this.#folder(taskId), { recursive: true, force: true });
  }

  async #write(taskId: bigint, name: string, bytes: Uint8Array): Promise<void> {
    const folder = this.#folder(taskId);
    const path = join(folder, name);
    try {
      await makeFolder(folder);
      await writeFileAtomic(path, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), { mode: 0o600 });
      await syncFolder(folder);
    } catch (error) {
      throw toStoreError(error, { path });
    }
  }

  async #read(taskId: bigint, name: string): Promise<Uint8Array | null> {
    const path = join(this.#folder(taskId), name);
    try {
      return new Uint8Array(await readFile(path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw toStoreError(error, { path });
    }
  }
}

/** A file's name is on the disk only when its folder is; Windows has no such call, and needs none. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
