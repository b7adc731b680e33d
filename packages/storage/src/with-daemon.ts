import { setTimeout as sleep } from 'node:timers/promises';
import { type GetOptions, hasCode, type StoragePort } from '@chorus/protocol';
import type { CollectOptions, CollectResult } from './garbage.ts';
import type { HeliaStorage } from './helia.ts';

/** Milliseconds in which this node's own peers may give a file before the daemon is asked as well. */
const PEERS_FIRST_MS = 2_000;

/**
 * The node's own storage with an IPFS daemon beside it. What is put here is added and pinned there as well, so that it
 * can be had from the public network, and after this node is gone; what no peer of this node gives in two seconds is
 * asked of the daemon too. Without the daemon's help everything goes on as without a daemon: its failures are told to
 * `onError` alone. Fetched files are not pinned here for the node's sake, and nothing that was pinned is ever unpinned
 * but by `remove`.
 *
 * @param daemon see `createKuboStorage`; closed with this storage
 */
export function withDaemon(
  own: HeliaStorage,
  daemon: StoragePort,
  onError: (error: unknown) => void,
): HeliaStorage {
  return new StorageWithDaemon(own, daemon, onError);
}

class StorageWithDaemon implements HeliaStorage {
  readonly #own: HeliaStorage;
  readonly #daemon: StoragePort;
  readonly #onError: (error: unknown) => void;
  readonly #adding = new Set<Promise<void>>();
  #closed = false;

  constructor(own: HeliaStorage, daemon: StoragePort, onError: (error: unknown) => void) {
    this.#own = own;
    this.#daemon = daemon;
    this.#onError = onError;
  }

  cidOf(bytes: Uint8Array): Promise<string> {
    return this.#own.cidOf(bytes);
  }

  /** Resolves when the file is held here; the daemon is given it beside that. */
  async put(bytes: Uint8Array): Promise<string> {
    const cid = await this.#own.put(bytes);
    const adding = this.#tolerate(this.#daemon.put(bytes)).finally(() => this.#adding.delete(adding));
    this.#adding.add(adding);
    return cid;
  }

  async get(cid: string, options: GetOptions): Promise<Uint8Array> {
    if (await this.#own.has(cid)) return this.#own.get(cid, options);
    const stop = new AbortController();
    const signal = options.signal ? AbortSignal.any([stop.signal, options.signal]) : stop.signal;
    const fromPeers = this.#own.get(cid, { ...options, signal }).catch((error) => {
      // What is found and of no use is of no use from the daemon either.
      if (!hasCode(error, 'E_STORAGE_UNAVAILABLE')) stop.abort();
      throw error;
    });
    const fromDaemon = this.#fetch(cid, options, signal);
    try {
      return await Promise.any([fromPeers, fromDaemon]);
    } catch {
      // Neither has it: what the peers said is what there is to say.
      return await fromPeers;
    } finally {
      stop.abort();
    }
  }

  async #fetch(cid: string, { maxBytes, timeoutMs }: GetOptions, signal: AbortSignal): Promise<Uint8Array> {
    const patience = Math.min(PEERS_FIRST_MS, timeoutMs / 2);
    await sleep(patience, undefined, { signal });
    try {
      const bytes = await this.#daemon.get(cid, { maxBytes, timeoutMs: timeoutMs - patience, signal });
      await this.#own.put(bytes);
      return bytes;
    } catch (error) {
      if (!signal.aborted && !hasCode(error, 'E_STORAGE_UNAVAILABLE')) this.#tell(error);
      throw error;
    }
  }

  /** Whether the file is held by this node itself. */
  has(cid: string): Promise<boolean> {
    return this.#own.has(cid);
  }

  async remove(cid: string): Promise<void> {
    await this.#own.remove(cid);
    // Or it would be pinned after this.
    await Promise.all(this.#adding);
    await this.#tolerate(this.#daemon.remove(cid));
  }

  usage(): { files: number; bytes: number } {
    return this.#own.usage();
  }

  collectGarbage(options?: CollectOptions): Promise<CollectResult> {
    return this.#own.collectGarbage(options);
  }

  /** What is being added to the daemon is given up. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#daemon.close();
    await Promise.all(this.#adding);
    await this.#own.close();
  }

  async #tolerate(work: Promise<unknown>): Promise<void> {
    await work.catch((error) => this.#tell(error));
  }

  #tell(error: unknown): void {
    if (!this.#closed) this.#onError(error);
  }
}
