import type { GetOptions, StoragePort } from '@chorus/protocol';

/** Pause before the next attempt to reach a daemon that was away. */
const AGAIN_MILLISECONDS = 30_000;

/**
 * Storage that may not be available yet: it is opened on first use, and after a failure again half a minute later.
 * @param open - may fail, as `createKuboStorage` does if no daemon answers
 * @param onChange - called once with the reason when it becomes unavailable, and with null when it is available again
 */
export function laterStorage(
  open: () => Promise<StoragePort>,
  onChange: (error: unknown | null) => void,
): StoragePort {
  return new LaterStorage(open, onChange);
}

class LaterStorage implements StoragePort {
  readonly #open: () => Promise<StoragePort>;
  readonly #onChange: (error: unknown | null) => void;
  #storage: Promise<StoragePort> | null = null;
  #failedAt = Number.NEGATIVE_INFINITY;
  #error: unknown = null;
  #timer: NodeJS.Timeout;
  #closed = false;

  constructor(open: () => Promise<StoragePort>, onChange: (error: unknown | null) => void) {
    this.#open = open;
    this.#onChange = onChange;
    // Open now, so that its state is known before the first use.
    this.#timer = setInterval(() => void this.#there().catch(() => {}), AGAIN_MILLISECONDS);
    this.#timer.unref();
    void this.#there().catch(() => {});
  }

  async cidOf(bytes: Uint8Array): Promise<string> {
    return (await this.#there()).cidOf(bytes);
  }

  async put(bytes: Uint8Array): Promise<string> {
    return (await this.#there()).put(bytes);
  }

  async get(cid: string, options: GetOptions): Promise<Uint8Array> {
    return (await this.#there()).get(cid, options);
  }

  async has(cid: string): Promise<boolean> {
    return (await this.#there()).has(cid);
  }

  async remove(cid: string): Promise<void> {
    return (await this.#there()).remove(cid);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#storage?.then((storage) => storage.close()).catch(() => {});
  }

  /** The storage; for a while after it failed to open, that error. */
  #there(): Promise<StoragePort> {
    if (this.#storage) return this.#storage;
    if (performance.now() - this.#failedAt < AGAIN_MILLISECONDS / 2) return Promise.reject(this.#error);
    const opening = this.#open().then(
      async (storage) => {
        if (this.#closed) {
          await storage.close();
          throw new Error('the storage is closed');
        }
        if (this.#error !== null) this.#onChange(null);
        this.#error = null;
        return storage;
      },
      (error) => {
        this.#storage = null;
        this.#failedAt = performance.now();
        if (this.#error === null && !this.#closed) this.#onChange(error);
        this.#error = error;
        throw error;
      },
    );
    this.#storage = opening;
    return opening;
  }
}
