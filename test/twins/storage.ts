import { ChorusError, digestOfCid, type GetOptions, type StoragePort } from '@chorus/protocol';
import { cidOfBytes } from '@chorus/storage';

/** The swarm that the storages of one test share. */
export class MemorySwarm {
  readonly members = new Set<MemoryStorage>();
  readonly #listeners = new Set<() => void>();

  create(): MemoryStorage {
    return new MemoryStorage(this);
  }

  find(cid: string): Uint8Array | undefined {
    for (const member of this.members) {
      const bytes = member.held.get(cid);
      if (bytes) return bytes;
    }
    return undefined;
  }

  /** Something was put somewhere. */
  changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  /** The file, as soon as a member holds it. */
  async wait(cid: string, signal: AbortSignal): Promise<Uint8Array> {
    return await new Promise<Uint8Array>((resolve, reject) => {
      const settle = (action: () => void) => {
        this.#listeners.delete(look);
        signal.removeEventListener('abort', abort);
        action();
      };
      const abort = () => settle(() => reject(signal.reason));
      const look = () => {
        const bytes = this.find(cid);
        if (bytes) settle(() => resolve(bytes));
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#listeners.add(look);
      if (signal.aborted) abort();
      else look();
    });
  }
}

/** The storage port in memory: every member of the swarm can fetch what any member holds. */
export class MemoryStorage implements StoragePort {
  readonly held = new Map<string, Uint8Array>();
  readonly #swarm: MemorySwarm;
  readonly #closing = new AbortController();

  constructor(swarm: MemorySwarm) {
    this.#swarm = swarm;
    swarm.members.add(this);
  }

  async cidOf(bytes: Uint8Array): Promise<string> {
    return await cidOfBytes(bytes);
  }

  async put(bytes: Uint8Array): Promise<string> {
    this.#closing.signal.throwIfAborted();
    const cid = await cidOfBytes(bytes);
    this.held.set(cid, bytes.slice());
    this.#swarm.changed();
    return cid;
  }

  async get(cid: string, options: GetOptions): Promise<Uint8Array> {
    this.#closing.signal.throwIfAborted();
    options.signal?.throwIfAborted();
    digestOfCid(cid);
    const timeout = AbortSignal.timeout(options.timeoutMs);
    const signal = AbortSignal.any([
      timeout,
      this.#closing.signal,
      ...(options.signal ? [options.signal] : []),
    ]);
    let bytes: Uint8Array;
    try {
      bytes = this.held.get(cid) ?? (await this.#swarm.wait(cid, signal));
    } catch (cause) {
      options.signal?.throwIfAborted();
      this.#closing.signal.throwIfAborted();
      throw new ChorusError('E_STORAGE_UNAVAILABLE', 'no peer gave the file in time', {
        facts: { cid },
        cause,
      });
    }
    if (bytes.length > options.maxBytes) {
      throw new ChorusError('E_STORAGE_TOO_LARGE', 'the file is longer than allowed', {
        facts: { cid, bytes: bytes.length, limit: options.maxBytes },
      });
    }
    this.held.set(cid, bytes);
    return bytes.slice();
  }

  async has(cid: string): Promise<boolean> {
    digestOfCid(cid);
    return this.held.has(cid);
  }

  async remove(cid: string): Promise<void> {
    digestOfCid(cid);
    this.held.delete(cid);
  }

  async close(): Promise<void> {
    this.#closing.abort(new ChorusError('E_STORAGE_CLOSED', 'the storage is closed'));
    this.#swarm.members.delete(this);
  }
}
