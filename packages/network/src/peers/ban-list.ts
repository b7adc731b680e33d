import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { reasonOf } from '@chorus/protocol';
import { makeFolder } from '@chorus/utils';
import writeFileAtomic from 'write-file-atomic';
import { MAX_BAN_FILE_BYTES, MAX_BANS } from '../core/limits.ts';
import type { Ban } from './peer-reputation.ts';

/**
 * The ban list on disk, so that a restart keeps banned peers out: JSON, replaced as a whole (write, sync, rename),
 * one write at a time. An unreadable file is moved aside and reported, and the node starts without it.
 */
export class BanList {
  readonly #path: string;
  readonly #onWarning: (message: string) => void;
  #pending: Ban[] | undefined;
  #writing: Promise<void> | undefined;

  constructor(path: string, onWarning: (message: string) => void) {
    this.#path = path;
    this.#onWarning = onWarning;
  }

  /** The well-formed bans of the file; empty if there is no file. */
  async load(): Promise<Ban[]> {
    let text: string;
    try {
      text = await readBounded(this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#warn('cannot read the ban list', error);
      return [];
    }
    try {
      return parseBans(text);
    } catch (error) {
      this.#warn('the ban list is damaged and was moved aside', error);
      await rename(this.#path, `${this.#path}.damaged`).catch(() => undefined);
      return [];
    }
  }

  /** Write these bans; those of a call that is still waiting are superseded. */
  save(bans: Ban[]): void {
    this.#pending = bans;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Resolves when everything saved is on disk. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#pending) {
      const bans = this.#pending.map(({ peer, until, reason }) => ({
        peer,
        until: Number.isFinite(until) ? until : null,
        reason,
      }));
      this.#pending = undefined;
      try {
        await makeFolder(dirname(this.#path));
        await writeFileAtomic(this.#path, `${JSON.stringify({ version: 1, bans })}\n`, { mode: 0o600 });
      } catch (error) {
        // A full disk must not stop the node: the bans hold until it ends.
        this.#warn('cannot write the ban list', error);
      }
    }
  }

  #warn(message: string, error: unknown): void {
    this.#onWarning(`${message}: ${reasonOf(error)}`);
  }
}

async function readBounded(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size > MAX_BAN_FILE_BYTES) throw new Error(`${size} bytes are too many`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** @throws if the text is not a ban list */
function parseBans(text: string): Ban[] {
  const value = JSON.parse(text) as { version?: unknown; bans?: unknown };
  if (value?.version !== 1 || !Array.isArray(value.bans)) throw new Error('not a ban list of version 1');
  return value.bans.slice(0, MAX_BANS).map((entry: Record<string, unknown>) => {
    const { peer, until, reason } = entry ?? {};
    const valid =
      typeof peer === 'string' &&
      peer.length <= 128 &&
      (until === null || (typeof until === 'number' && Number.isFinite(until))) &&
      typeof reason === 'string' &&
      reason.length <= 200;
    if (!valid) throw new Error('an entry is not a ban');
    return { peer, until: until ?? Number.POSITIVE_INFINITY, reason };
  });
}
