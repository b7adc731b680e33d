import { opendir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskState } from '../resources/resource-budget.ts';

/** Interval for measuring the data folder; a few thousand files take some milliseconds. */
const WATCH_MILLISECONDS = 30_000;

/** Part of the quota to which garbage is collected, so that not every measurement collects again. */
const COLLECT_DOWN_TO = 0.9;

/** Storage whose garbage can be collected. */
export interface Collectable {
  usage(): { bytes: number };
  collectGarbage(options: { keep?: Iterable<string>; maxBytes?: number }): Promise<{ bytes: number }>;
}

export interface DiskWatchOptions {
  folder: string;
  /** Null if the disk is not limited. */
  quotaBytes: number | null;
  storage: Collectable | null;
  /** CIDs that must be kept. */
  keep: () => Iterable<string>;
  /** The disk state that this watch updates. */
  state: DiskState;
  onError: (error: unknown) => void;
}

/** Measures the data folder, and keeps it below the quota by dropping files that are no longer needed. */
export class DiskWatch {
  readonly #options: DiskWatchOptions;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | null = null;
  #closed = false;

  constructor(options: DiskWatchOptions) {
    this.#options = options;
  }

  /** Resolves after the first measurement. */
  async start(): Promise<void> {
    this.#timer = setInterval(() => void this.look(), WATCH_MILLISECONDS);
    this.#timer.unref();
    await this.look();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#looking;
  }

  /** Measure now, and collect garbage if needed. */
  look(): Promise<void> {
    this.#looking ??= this.#measure()
      .catch((error) => {
        if (!this.#closed) this.#options.onError(error);
      })
      .finally(() => {
        this.#looking = null;
      });
    return this.#looking;
  }

  async #measure(): Promise<void> {
    const { folder, quotaBytes, storage, keep, state } = this.#options;
    const fileSystem = await statfs(folder);
    state.freeBytes = fileSystem.bavail * fileSystem.bsize;
    state.usedBytes = await folderBytes(folder);
    if (quotaBytes === null) return;
    if (state.usedBytes > quotaBytes && storage) {
      const beyond = state.usedBytes - COLLECT_DOWN_TO * quotaBytes;
      await storage.collectGarbage({ keep: keep(), maxBytes: Math.max(0, storage.usage().bytes - beyond) });
      state.usedBytes = await folderBytes(folder);
    }
    state.full = state.usedBytes > quotaBytes;
  }
}

/** Size of all files under a folder; files that vanish meanwhile do not count. */
export async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  const entries = await opendir(folder).catch(() => null);
  if (!entries) return 0;
  for await (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += await folderBytes(path);
    else if (entry.isFile()) {
      const info = await stat(path).catch(() => null);
      // Kept samples have one link for their name and one for each process that reads them.
      if (info) bytes += info.size / Math.max(1, info.nlink);
    }
  }
  return bytes;
}
