import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Blockstore } from 'interface-blockstore';
import { CID } from 'multiformats/cid';
import { matches } from './layout.ts';
import { MAX_LOOSE_BLOCKS } from './limits.ts';
import { blocksOf } from './tree.ts';

/**
 * The blocks held here, and which files they belong to.
 *
 * A block belongs to every file that links to it, and goes when the last of them is removed. Which files are
 * held is kept as empty files named by their CIDs, written after the blocks and removed before them: a crash
 * in between leaves blocks without a file, never a file without blocks.
 */
export class HeldBlocks {
  readonly store: Blockstore;
  readonly #folder: string | undefined;
  /** The blocks of each file held. */
  readonly #files = new Map<string, CID[]>();
  /** How many files need a block. */
  readonly #uses = new Map<string, number>();
  readonly #writing = new Map<string, Promise<void>>();
  /** Blocks of failed fetches, oldest first. */
  readonly #loose = new Map<string, CID>();

  private constructor(store: Blockstore, folder: string | undefined) {
    this.store = store;
    this.#folder = folder;
  }

  /** Open the folder, or hold everything in memory where none is given. */
  static async open(folder?: string): Promise<HeldBlocks> {
    if (folder === undefined) {
      const { MemoryBlockstore } = await import('blockstore-core/memory');
      return new HeldBlocks(new MemoryBlockstore(), undefined);
    }
    const { FsBlockstore } = await import('blockstore-fs');
    const store = new FsBlockstore(join(folder, 'blocks'));
    await store.open();
    const held = new HeldBlocks(store, join(folder, 'files'));
    await held.#load(join(folder, 'files'));
    return held;
  }

  async #load(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    for (const name of await readdir(folder)) {
      try {
        const root = CID.parse(name);
        this.#count(root, await blocksOf(root, (cid) => this.#readOrThrow(cid)));
      } catch {
        // Not a CID, or a node is missing or damaged: the file is not held, and will be fetched again.
        await rm(join(folder, name), { force: true });
      }
    }
  }

  /** The block, or undefined where it is not held. A damaged block counts as not held and is deleted. */
  async read(cid: CID): Promise<Uint8Array | undefined> {
    if (!(await this.store.has(cid))) return undefined;
    const parts: Uint8Array[] = [];
    try {
      for await (const part of this.store.get(cid)) parts.push(part);
    } catch {
      return undefined; // removed meanwhile
    }
    const block = parts.length === 1 ? parts[0]! : new Uint8Array(Buffer.concat(parts));
    if (matches(cid, block)) return block;
    await this.store.delete(cid);
    return undefined;
  }

  async #readOrThrow(cid: CID): Promise<Uint8Array> {
    const block = await this.read(cid);
    if (!block) throw new Error('missing block');
    return block;
  }

  /** Keep a block. Copied: the caller may reuse its bytes. */
  async write(cid: CID, block: Uint8Array): Promise<void> {
    const key = cid.toString();
    // Two writers of one file on disk disturb each other's rename, and the store then retries for a second.
    const running = this.#writing.get(key);
    if (running) return await running;
    const writing = this.#write(cid, block).finally(() => this.#writing.delete(key));
    this.#writing.set(key, writing);
    await writing;
  }

  async #write(cid: CID, block: Uint8Array): Promise<void> {
    if (!(await this.store.has(cid))) await this.store.put(cid, block.slice());
  }

  /** A fetch has failed: keep what it got for the next attempt, in bounds; the oldest make room. */
  async keepForLater(blocks: CID[]): Promise<void> {
    for (const cid of blocks) {
      const key = cid.toString();
      if (!this.#uses.has(key)) this.#loose.set(key, cid);
    }
    for (const [key, cid] of this.#loose) {
      if (this.#loose.size <= MAX_LOOSE_BLOCKS) break;
      this.#loose.delete(key);
      if (!this.#uses.has(key)) await this.store.delete(cid);
    }
  }

  /** All blocks of the file are here: it is held from now on. */
  async hold(root: CID, blocks: CID[]): Promise<void> {
    if (this.#folder) await writeFile(join(this.#folder, root.toString()), '');
    this.#count(root, blocks);
  }

  #count(root: CID, blocks: CID[]): void {
    const key = root.toString();
    if (this.#files.has(key)) return;
    const unique = [...new Map(blocks.map((cid) => [cid.toString(), cid])).values()];
    this.#files.set(key, unique);
    for (const cid of unique) {
      this.#uses.set(cid.toString(), (this.#uses.get(cid.toString()) ?? 0) + 1);
      this.#loose.delete(cid.toString());
    }
  }

  async holds(root: CID): Promise<boolean> {
    const blocks = this.#files.get(root.toString());
    if (!blocks) return false;
    for (const cid of blocks) if (!(await this.store.has(cid))) return false;
    return true;
  }

  /** Blocks of a held file; empty where it is not held. */
  blocks(root: CID): CID[] {
    return this.#files.get(root.toString()) ?? [];
  }

  async release(root: CID): Promise<void> {
    const key = root.toString();
    const blocks = this.#files.get(key);
    if (!blocks) return;
    this.#files.delete(key);
    if (this.#folder) await rm(join(this.#folder, key), { force: true });
    for (const cid of blocks) {
      const uses = (this.#uses.get(cid.toString()) ?? 1) - 1;
      if (uses > 0) {
        this.#uses.set(cid.toString(), uses);
      } else {
        this.#uses.delete(cid.toString());
        await this.store.delete(cid);
      }
    }
  }
}
