import { setTimeout as sleep } from 'node:timers/promises';
import { type GetOptions, hasCode, type StoragePort } from '@chorus/protocol';
import type { CollectOptions, CollectResult } from '../blockstore/gc.ts';
import type { HeliaStorage } from '../helia/helia.ts';

/** Milliseconds that this node's own peers have to give a file before the daemon is asked as well. */
const PEERS_FIRST_MS = 2_000;

/**
 * The node's own storage together with an IPFS daemon. Each put file is also added and pinned in the daemon, so that
 * it is available from the public network, and after this node has left; a file that no peer of this node gives
 * within two seconds is requested from the daemon too. If the daemon fails, everything works as without it: only
 * `onError` learns of its failures. Fetched files are not pinned in the daemon, and only `remove` unpins a file.
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

  /** Resolves when the file is held locally; the daemon gets it in the background. */
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
      // A file that was found but is unusable is unusable from the daemon too.
      if (!hasCode(error, 'E_STORAGE_UNAVAILABLE')) stop.abort();
      throw error;
    });
    const fromDaemon = this.#fetch(cid, options, signal);
    try {
      return await Promise.any([fromPeers, fromDaemon]);
    } catch {
      // Neither has it: report the error of the peers.
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
    // Otherwise it would be pinned after this.
    await Promise.all(this.#adding);
    await this.#tolerate(this.#daemon.remove(cid));
  }

  usage(): { files: number; bytes: number } {
    return this.#own.usage();
  }

  collectGarbage(options?: CollectOptions): Promise<CollectResult> {
    return this.#own.collectGarbage(options);
  }

  /** Abort the current additions to the daemon. */
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
