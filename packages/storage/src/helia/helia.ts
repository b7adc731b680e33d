import { ChorusError, type GetOptions, type StoragePort } from '@chorus/protocol';
import type { Libp2p, PeerId } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import type { CID } from 'multiformats/cid';
import { Budget, metered } from '../bitswap/budget.ts';
import { type BlockExchange, startBitswap } from '../bitswap/patches/block-exchange.ts';
import { WantManager } from '../bitswap/want-manager.ts';
import {
  type CollectOptions,
  type CollectResult,
  collectGarbage,
  DiskGuard,
  type DiskLimit,
} from '../blockstore/gc.ts';
import { PinnedBlockstore } from '../blockstore/pinned-blockstore.ts';
import { parseCid } from '../core/address.ts';
import { cidOfBytes, layOut } from '../unixfs/chunker.ts';
import { readFile } from '../unixfs/unixfs-reader.ts';

export interface HeliaStorageOptions {
  /** The running libp2p node whose connections carry blocks. `close` does not stop it. */
  libp2p: Libp2p;
  /** Folder of the blocks. Default: in memory. */
  path?: string;
  /**
   * Called with a peer that sent a block that this node did not request; `network.blame(peer, 'wrong-block')` bans
   * it.
   */
  onWrongBlock?: (peer: string) => void;
  /** Called with a peer that sends more than allowed; for `network.blame(peer, 'bitswap-flood')`. */
  onFlood?: (peer: string) => void;
  /** Most bytes that blocks may take, and the files to keep. Not limited by default. */
  limit?: DiskLimit;
  /**
   * Milliseconds that moving one bitswap message of up to 2 MiB may take; 180 000 by default. For that time some 2 KB
   * of memory are held for each received message, whatever its outcome.
   */
  transferTimeoutMs?: number;
}

/** Storage that reports and bounds its disk use. */
export interface HeliaStorage extends StoragePort {
  /** Held files, and bytes of all blocks, including those of unfinished fetches. */
  usage(): { files: number; bytes: number };
  /**
   * Delete blocks that no file needs and, if `maxBytes` is given, files other than those to keep, until the blocks
   * take no more than that. Fetches and puts in progress keep their blocks.
   */
  collectGarbage(options?: CollectOptions): Promise<CollectResult>;
}

/**
 * Storage inside this process: files as IPFS blocks, exchanged over bitswap only with the peers of `libp2p`: no
 * gateways, no DHT, no delegated routing.
 *
 * @throws ChorusError `E_STORAGE_OPEN` if the folder cannot be used
 * @example
 * const storage = await createHeliaStorage({ libp2p: network.libp2p, path: 'data/blocks' });
 * const cid = await storage.put(bytes);
 */
export async function createHeliaStorage(options: HeliaStorageOptions): Promise<HeliaStorage> {
  let held: PinnedBlockstore;
  try {
    held = await PinnedBlockstore.open(options.path);
  } catch (cause) {
    throw new ChorusError('E_STORAGE_OPEN', 'cannot open the block store', {
      facts: { path: options.path },
      hint: 'check that the folder exists or can be made, and is writable',
      cause,
    });
  }
  const budget = new Budget();
  const { libp2p, onWrongBlock = () => {}, onFlood = () => {}, transferTimeoutMs } = options;
  const exchange = await startBitswap(
    metered(libp2p, budget, onFlood),
    held.store,
    (cid) => held.sizeOf(cid),
    transferTimeoutMs,
  );
  const wants = new WantManager(libp2p, exchange, budget, onWrongBlock);
  await wants.start();
  return new BitswapStorage(held, exchange, wants, new DiskGuard(held, options.limit));
}

class BitswapStorage implements HeliaStorage {
  readonly #held: PinnedBlockstore;
  readonly #exchange: BlockExchange;
  readonly #wants: WantManager;
  readonly #disk: DiskGuard;
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  constructor(held: PinnedBlockstore, exchange: BlockExchange, wants: WantManager, disk: DiskGuard) {
    this.#disk = disk;
    this.#held = held;
    this.#exchange = exchange;
    this.#wants = wants;
  }

  async cidOf(bytes: Uint8Array): Promise<string> {
    return await cidOfBytes(bytes);
  }

  async put(bytes: Uint8Array): Promise<string> {
    this.#closing.signal.throwIfAborted();
    const blocks: CID[] = [];
    try {
      const root = await layOut(bytes, async (cid, block) => {
        this.#held.claim(cid);
        blocks.push(cid);
        await this.#disk.write(cid, block);
        this.#wants.supply(cid, block.slice());
      });
      await this.#held.hold(root, blocks);
      // Only now: each notified peer looks the block up.
      await Promise.all(blocks.map((cid) => this.#exchange.announce(cid)));
      return root.toString();
    } catch (error) {
      await this.#held.keepForLater(blocks);
      throw error;
    } finally {
      this.#held.unclaim(blocks);
    }
  }

  async get(cid: string, options: GetOptions): Promise<Uint8Array> {
    this.#closing.signal.throwIfAborted();
    options.signal?.throwIfAborted();
    const root = parseCid(cid);
    const from = (options.from ?? []).flatMap(readPeerId);
    const stop = new AbortController();
    const timeout = AbortSignal.timeout(Math.ceil(options.timeoutMs));
    const signal = AbortSignal.any([
      stop.signal,
      timeout,
      this.#closing.signal,
      ...(options.signal ? [options.signal] : []),
    ]);
    const blocks: CID[] = [];
    try {
      const bytes = await readFile(root, options.maxBytes, async (block) => {
        this.#held.claim(block);
        blocks.push(block);
        const local = await this.#held.read(block);
        if (local) return local;
        const fetched = await this.#wants.fetch(block, from, signal, options.timeoutMs);
        await this.#disk.write(block, fetched);
        return fetched;
      });
      await this.#held.hold(root, blocks);
      await this.#held.touch(root);
      return bytes;
    } catch (error) {
      await this.#held.keepForLater(blocks);
      options.signal?.throwIfAborted();
      this.#closing.signal.throwIfAborted();
      if (!timeout.aborted) throw error;
      throw new ChorusError('E_STORAGE_UNAVAILABLE', `no peer gave the file within ${options.timeoutMs} ms`, {
        facts: { cid, from: options.from?.join(' ') },
        cause: error,
      });
    } finally {
      this.#held.unclaim(blocks);
      // If one block failed, the others are no longer wanted.
      stop.abort(new Error('the fetch has ended'));
    }
  }

  async has(cid: string): Promise<boolean> {
    return await this.#held.holds(parseCid(cid));
  }

  async remove(cid: string): Promise<void> {
    await this.#held.release(parseCid(cid));
  }

  usage(): { files: number; bytes: number } {
    return { files: this.#held.files().length, bytes: this.#held.bytes };
  }

  async collectGarbage(options: CollectOptions = {}): Promise<CollectResult> {
    this.#closing.signal.throwIfAborted();
    return await collectGarbage(this.#held, options);
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      this.#closing.abort(new ChorusError('E_STORAGE_CLOSED', 'the storage is closed'));
      this.#wants.stop();
      await this.#exchange.stop();
    })();
    return this.#closed;
  }
}

/** Ignore a hint that is not a peer id. */
function readPeerId(text: string): PeerId[] {
  try {
    return text.length <= 128 ? [peerIdFromString(text)] : [];
  } catch {
    return [];
  }
}
