import { readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ChorusError } from '@chorus/protocol';
import { makeFolder } from '@chorus/utils';
import type { Blockstore } from 'interface-blockstore';
import { CID } from 'multiformats/cid';
import { MAX_LOOSE_BLOCKS, TOUCH_INTERVAL_MS } from '../core/limits.ts';
import { matches } from '../unixfs/chunker.ts';
import { blocksOf } from '../unixfs/unixfs-reader.ts';

/** A file held here. */
interface HeldFile {
  root: CID;
  blocks: CID[];
  /** Unix milliseconds of the last put or request. */
  used: number;
}

/**
 * The blocks held locally, and the files they belong to.
 *
 * A block belongs to every file that links to it, and goes when the last of them is removed. The list of held files
 * is stored as empty files named by their CIDs, written after the blocks and removed before them: a crash in between
 * leaves blocks without a file, never a file without blocks. Their modification times record the last use.
 */
export class PinnedBlockstore {
  readonly store: Blockstore;
  readonly #folder: string | undefined;
  readonly #files = new Map<string, HeldFile>();
  /** How many files need a block. */
  readonly #uses = new Map<string, number>();
  /** Bytes of every block in the store. */
  readonly #sizes = new Map<string, number>();
  #bytes = 0;
  readonly #writing = new Map<string, Promise<void>>();
  /** Blocks of failed fetches, oldest first. */
  readonly #loose = new Map<string, CID>();
  /** Blocks that puts and fetches in progress count on, and how many of them. */
  readonly #claims = new Map<string, number>();

  private constructor(store: Blockstore, folder: string | undefined) {
    this.store = store;
    this.#folder = folder;
  }

  /** Open the folder, or hold everything in memory if none is given. */
  static async open(folder?: string): Promise<PinnedBlockstore> {
    if (folder === undefined) {
      const { MemoryBlockstore } = await import('blockstore-core/memory');
      return new PinnedBlockstore(new MemoryBlockstore(), undefined);
    }
    const { FsBlockstore } = await import('blockstore-fs');
    const path = join(folder, 'blocks');
    const store = new FsBlockstore(path);
    await store.open();
    const held = new PinnedBlockstore(store, join(folder, 'files'));
    await held.#measure(path);
    await held.#load(join(folder, 'files'));
    return held;
  }

  /** Bytes of all blocks, whether a file needs them or not. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Size of a block in bytes; undefined if it is not held. */
  sizeOf(cid: CID): number | undefined {
    return this.#sizes.get(keyOf(cid));
  }

  /** The sizes of the blocks on disk; leaves of interrupted writes are deleted. */
  async #measure(path: string): Promise<void> {
    const { NextToLast } = await import('blockstore-fs/sharding');
    const names = new NextToLast();
    for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      try {
        const cid = names.decode(entry.name);
        if (!entry.name.endsWith('.data')) throw new Error('half a write');
        this.#grow(keyOf(cid), (await stat(file)).size);
      } catch {
        await rm(file, { force: true });
      }
    }
  }

  async #load(folder: string): Promise<void> {
    await makeFolder(folder);
    for (const name of await readdir(folder)) {
      const file = join(folder, name);
      try {
        const root = CID.parse(name);
        const blocks = await blocksOf(root, (cid) => this.#readOrThrow(cid));
        if (blocks.some((cid) => !this.#sizes.has(keyOf(cid)))) throw new Error('missing block');
        this.#count(root, blocks, (await stat(file)).mtimeMs);
      } catch {
        // Not a CID, or a block is missing or damaged: the file is not held, and will be fetched again.
        await rm(file, { force: true });
      }
    }
  }

  /** The block, or undefined if it is not held. A damaged block counts as not held and is deleted. */
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
    await this.#delete(cid);
    return undefined;
  }

  async #readOrThrow(cid: CID): Promise<Uint8Array> {
    const block = await this.read(cid);
    if (!block) throw new Error('missing block');
    return block;
  }

  /**
   * Keep a block. Copied: the caller may reuse its bytes.
   * @throws ChorusError `E_STORAGE_WRITE` if the disk is full or read-only
   */
  async write(cid: CID, block: Uint8Array): Promise<void> {
    const key = keyOf(cid);
    // Two writers of one file on disk disturb each other's rename, and the store then retries for a second.
    const running = this.#writing.get(key);
    if (running) return await running;
    const writing = this.#write(cid, block).finally(() => this.#writing.delete(key));
    this.#writing.set(key, writing);
    await writing;
  }

  async #write(cid: CID, block: Uint8Array): Promise<void> {
    if (await this.store.has(cid)) return;
    await writeOrExplain(async () => await this.store.put(cid, block.slice()));
    this.#grow(keyOf(cid), block.length);
  }

  #grow(key: string, bytes: number): void {
    if (this.#sizes.has(key)) return;
    this.#sizes.set(key, bytes);
    this.#bytes += bytes;
  }

  async #delete(cid: CID): Promise<void> {
    const key = keyOf(cid);
    await this.store.delete(cid);
    this.#bytes -= this.#sizes.get(key) ?? 0;
    this.#sizes.delete(key);
  }

  /** A put or fetch counts on the block: it is not collected before the same number of `unclaim`s. */
  claim(cid: CID): void {
    const key = keyOf(cid);
    this.#claims.set(key, (this.#claims.get(key) ?? 0) + 1);
  }

  unclaim(blocks: CID[]): void {
    for (const cid of blocks) {
      const key = keyOf(cid);
      const left = (this.#claims.get(key) ?? 1) - 1;
      if (left > 0) this.#claims.set(key, left);
      else this.#claims.delete(key);
    }
  }

  /** After a failed fetch: keep its blocks for the next attempt, within bounds; the oldest make room. */
  async keepForLater(blocks: CID[]): Promise<void> {
    for (const cid of blocks) {
      const key = keyOf(cid);
      if (!this.#uses.has(key) && this.#sizes.has(key)) this.#loose.set(key, cid);
    }
    await this.dropLoose(MAX_LOOSE_BLOCKS);
  }

  /** Delete the oldest blocks of failed fetches until this many are left. */
  async dropLoose(left: number): Promise<void> {
    for (const [key, cid] of this.#loose) {
      if (this.#loose.size <= left) break;
      if (this.#claims.has(key)) continue;
      this.#loose.delete(key);
      if (!this.#uses.has(key)) await this.#delete(cid);
    }
  }

  /** Delete blocks that no file needs, no failed fetch has left and no operation claims: those of a crash. */
  async dropOrphans(): Promise<void> {
    for (const key of [...this.#sizes.keys()]) {
      if (this.#uses.has(key) || this.#loose.has(key) || this.#claims.has(key) || this.#writing.has(key))
        continue;
      await this.#delete(cidOfKey(key));
    }
  }

  /** All blocks of the file are present: it is held from now on. */
  async hold(root: CID, blocks: CID[]): Promise<void> {
    const marker = this.#markerOf(root);
    if (marker) await writeOrExplain(() => writeFile(marker, ''));
    this.#count(root, blocks, Date.now());
  }

  #markerOf(root: CID): string | undefined {
    return this.#folder === undefined ? undefined : join(this.#folder, root.toString());
  }

  #count(root: CID, blocks: CID[], used: number): void {
    const key = root.toString();
    if (this.#files.has(key)) return;
    const unique = [...new Map(blocks.map((cid) => [keyOf(cid), cid])).values()];
    this.#files.set(key, { root, blocks: unique, used });
    for (const cid of unique) {
      this.#uses.set(keyOf(cid), (this.#uses.get(keyOf(cid)) ?? 0) + 1);
      this.#loose.delete(keyOf(cid));
    }
  }

  async holds(root: CID): Promise<boolean> {
    const file = this.#files.get(root.toString());
    if (!file) return false;
    for (const cid of file.blocks) if (!(await this.store.has(cid))) return false;
    return true;
  }

  /** Blocks of a held file; empty if it is not held. */
  blocks(root: CID): CID[] {
    return this.#files.get(root.toString())?.blocks ?? [];
  }

  /** The held files, least recently used first. */
  files(): { cid: string; used: number }[] {
    return [...this.#files]
      .map(([cid, { used }]) => ({ cid, used }))
      .sort((a, b) => a.used - b.used || (a.cid < b.cid ? -1 : 1));
  }

  /** Record the use of a file: it is collected after less recently used ones. Written at most once a minute. */
  async touch(root: CID): Promise<void> {
    const file = this.#files.get(root.toString());
    const now = Date.now();
    if (!file || now - file.used < TOUCH_INTERVAL_MS) return;
    file.used = now;
    const marker = this.#markerOf(root);
    if (marker) await utimes(marker, now / 1000, now / 1000).catch(() => undefined); // only its age is lost
  }

  async release(root: CID): Promise<void> {
    const key = root.toString();
    const file = this.#files.get(key);
    if (!file) return;
    this.#files.delete(key);
    const marker = this.#markerOf(root);
    if (marker) await rm(marker, { force: true });
    for (const cid of file.blocks) {
      const uses = (this.#uses.get(keyOf(cid)) ?? 1) - 1;
      if (uses > 0) {
        this.#uses.set(keyOf(cid), uses);
      } else {
        this.#uses.delete(keyOf(cid));
        // An operation that still claims it keeps it like the rest of a failed fetch.
        if (this.#claims.has(keyOf(cid))) this.#loose.set(keyOf(cid), cid);
        else await this.#delete(cid);
      }
    }
  }
}

/** Blocks are stored by their hash alone: equal bytes are one block under CIDs of any codec. */
function keyOf(cid: CID): string {
  return Buffer.from(cid.multihash.bytes).toString('base64');
}

function cidOfKey(key: string): CID {
  return CID.decode(new Uint8Array(Buffer.from(key, 'base64')));
}

/** Disk errors that the user can fix, in words. */
const DISK = new Map([
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EROFS', 'the disk is read-only'],
  ['EACCES', 'the folder is not writable'],
  ['EPERM', 'the folder is not writable'],
]);

async function writeOrExplain(write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (cause) {
    const code = errnoOf(cause);
    throw new ChorusError('E_STORAGE_WRITE', `cannot keep a block: ${DISK.get(code) ?? 'writing failed'}`, {
      facts: { code },
      hint: 'free space or set a disk limit, and check the permissions of the data folder',
      cause,
    });
  }
}

/** The system's name of an error, even if the block store has wrapped it. */
function errnoOf(error: unknown): string {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const { code } = at as NodeJS.ErrnoException;
    if (code?.startsWith('E') && !code.startsWith('ERR')) return code;
    const named = [...DISK.keys()].find((name) => (at as Error).message.includes(name));
    if (named) return named;
  }
  return '';
}
