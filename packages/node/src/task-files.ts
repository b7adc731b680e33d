import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';

/**
 * What a node keeps on disk of each task it joined: the terms, and each round's payload, written before its
 * commitment goes on chain so that a crash in between loses nothing. Writes are atomic.
 */
export class TaskFiles {
  readonly #root: string;

  constructor(dataDir: string) {
    this.#root = join(dataDir, 'tasks');
  }

  #folder(taskId: bigint): string {
    return join(this.#root, taskId.toString());
  }

  /** Tasks this node joined, from earlier runs too. */
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

  readPayload(taskId: bigint, round: number, kind: string): Promise<Uint8Array | null> {
    return this.#read(taskId, `${kind}-${round}.payload`);
  }

  /** The task is over for this node. */
  async remove(taskId: bigint): Promise<void> {
    await rm(this.#folder(taskId), { recursive: true, force: true });
  }

  async #write(taskId: bigint, name: string, bytes: Uint8Array): Promise<void> {
    const folder = this.#folder(taskId);
    await mkdir(folder, { recursive: true });
    await writeFileAtomic(join(folder, name), Buffer.from(bytes), { mode: 0o600 });
  }

  async #read(taskId: bigint, name: string): Promise<Uint8Array | null> {
    try {
      return new Uint8Array(await readFile(join(this.#folder(taskId), name)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }
}
