import { ChorusError } from '@chorus/protocol';
import type { CID } from 'multiformats/cid';
import pLimit from 'p-limit';
import { parseCid } from '../core/address.ts';
import { COLLECT_DOWN_TO } from '../core/limits.ts';
import type { PinnedBlockstore } from './pinned-blockstore.ts';

export interface CollectOptions {
  /** CIDs of files that always stay: models, and payloads of open rounds. */
  keep?: Iterable<string>;
  /** Delete other files, least recently used first, until all blocks take at most this number of bytes. */
  maxBytes?: number;
}

export interface CollectResult {
  /** CIDs of the deleted files. */
  removed: string[];
  freedBytes: number;
  /** The remaining files and bytes. */
  bytes: number;
}

/**
 * Delete unneeded data: blocks of crashes and failed fetches first, then files. Without `maxBytes` no file is
 * deleted.
 */
export async function collectGarbage(
  held: PinnedBlockstore,
  options: CollectOptions,
): Promise<CollectResult> {
  const before = held.bytes;
  const keep = new Set(options.keep ?? []);
  const limit = options.maxBytes ?? Number.POSITIVE_INFINITY;
  const removed: string[] = [];
  await held.dropOrphans();
  if (held.bytes > limit) await held.dropLoose(0);
  for (const { cid } of held.files()) {
    if (held.bytes <= limit) break;
    if (keep.has(cid)) continue;
    await held.release(parseCid(cid));
    removed.push(cid);
  }
  return { removed, freedBytes: before - held.bytes, bytes: held.bytes };
}

export interface DiskLimit {
  /** Most bytes that all blocks may take. */
  maxBytes: number;
  /** Returns the files to keep; called before anything is deleted. */
  keep: () => Iterable<string> | Promise<Iterable<string>>;
}

/** Keeps the blocks within a limit: makes room before one is written, and refuses it if it cannot make room. */
export class DiskGuard {
  readonly #held: PinnedBlockstore;
  readonly #limit: DiskLimit | undefined;
  readonly #turns = pLimit(1);

  constructor(held: PinnedBlockstore, limit: DiskLimit | undefined) {
    this.#held = held;
    this.#limit = limit;
  }

  /**
   * Keep a block. With a limit, writes run one after the other: two that look for room at once would both find the
   * same. @throws ChorusError `E_STORAGE_FULL` if the files to keep leave no room for it, `E_STORAGE_WRITE`
   */
  async write(cid: CID, block: Uint8Array): Promise<void> {
    const limit = this.#limit;
    if (!limit) return await this.#held.write(cid, block);
    await this.#turns(async () => {
      await this.#makeRoom(limit, block.length);
      await this.#held.write(cid, block);
    });
  }

  async #makeRoom(limit: DiskLimit, bytes: number): Promise<void> {
    if (this.#held.bytes + bytes <= limit.maxBytes) return;
    const maxBytes = Math.max(0, COLLECT_DOWN_TO * limit.maxBytes - bytes);
    await collectGarbage(this.#held, { keep: await limit.keep(), maxBytes });
    if (this.#held.bytes + bytes <= limit.maxBytes) return;
    throw new ChorusError('E_STORAGE_FULL', 'the disk limit leaves no room for the file', {
      facts: { bytes: this.#held.bytes, limit: limit.maxBytes },
      hint: 'raise the disk limit of this node, or leave a task',
    });
  }
}
