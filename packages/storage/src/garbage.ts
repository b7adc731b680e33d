import { ChorusError } from '@chorus/protocol';
import type { CID } from 'multiformats/cid';
import pLimit from 'p-limit';
import { parseCid } from './address.ts';
import type { HeldBlocks } from './blocks.ts';
import { COLLECT_DOWN_TO } from './limits.ts';

export interface CollectOptions {
  /** CIDs of files that stay whatever happens: models, and payloads of rounds that are still open. */
  keep?: Iterable<string>;
  /** Delete other files, those used longest ago first, until all blocks take no more than this. */
  maxBytes?: number;
}

export interface CollectResult {
  /** CIDs of the files that went. */
  removed: string[];
  freedBytes: number;
  /** What is left. */
  bytes: number;
}

/**
 * Delete what nobody needs: blocks of crashes and failed fetches first, then files.
 * Without `maxBytes` no file goes.
 */
export async function collectGarbage(held: HeldBlocks, options: CollectOptions): Promise<CollectResult> {
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
  /** Bytes that all blocks may take. */
  maxBytes: number;
  /** Files that stay, asked for before anything is deleted. */
  keep: () => Iterable<string> | Promise<Iterable<string>>;
}

/** Keeps the blocks within a limit: makes room before one is written, and refuses it where there is none to make. */
export class DiskGuard {
  readonly #held: HeldBlocks;
  readonly #limit: DiskLimit | undefined;
  readonly #turns = pLimit(1);

  constructor(held: HeldBlocks, limit: DiskLimit | undefined) {
    this.#held = held;
    this.#limit = limit;
  }

  /**
   * Keep a block. Where there is a limit, one after the other: two that look for room at once would both find it.
   * @throws ChorusError `E_STORAGE_FULL` where what has to stay leaves no room for it, `E_STORAGE_WRITE`
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
