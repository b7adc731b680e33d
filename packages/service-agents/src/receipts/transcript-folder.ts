import { readdirSync, statSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '@chorus/utils';

/** Transcripts that are kept for callers: each has some 100 bytes a token. */
const MOST = 1_000;
const MOST_BYTES = 256 * 1024 * 1024;
/** How long: one who audits an answer does it soon, or keeps the transcript. */
const KEPT_MS = 7 * 86_400_000;

interface Kept {
  bytes: number;
  at: number;
}

/** The latest transcripts of an agent's answers, as files that are named by their digests. */
export class TranscriptFolder {
  readonly #folder: string;
  /** The oldest first. */
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(folder: string): Promise<TranscriptFolder> {
    await makeFolder(folder, 0o700);
    const opened = new TranscriptFolder(folder);
    const names = readdirSync(folder);
    // What a crash has left of writing one.
    const halves = names.filter((name) => /^[0-9a-f]{64}\.new$/.test(name));
    await Promise.all(halves.map((name) => rm(join(folder, name), { force: true })));
    const found = names
      .filter((name) => /^[0-9a-f]{64}$/.test(name))
      .map((name) => ({ name, info: statSync(join(folder, name)) }))
      .sort((a, b) => a.info.mtimeMs - b.info.mtimeMs);
    for (const { name, info } of found) opened.#note(name, { bytes: info.size, at: info.mtimeMs });
    await opened.#prune(Date.now());
    return opened;
  }

  /** @param hex of the bytes' digest */
  async keep(hex: string, bytes: Uint8Array): Promise<void> {
    const path = join(this.#folder, hex);
    // A crash leaves no half of a transcript under its name.
    await writeFile(`${path}.new`, bytes, { mode: 0o600 });
    await rename(`${path}.new`, path);
    this.#note(hex, { bytes: bytes.length, at: Date.now() });
    await this.#prune(Date.now());
  }

  /** Null if it is not kept, or not any more. */
  async read(hex: string): Promise<Uint8Array<ArrayBuffer> | null> {
    const kept = this.#kept.get(hex);
    if (!kept || kept.at + KEPT_MS < Date.now()) return null;
    return readFile(join(this.#folder, hex)).then(
      (bytes) => new Uint8Array(bytes),
      () => null,
    );
  }

  #note(hex: string, kept: Kept): void {
    this.#bytes += kept.bytes - (this.#kept.get(hex)?.bytes ?? 0);
    this.#kept.delete(hex);
    this.#kept.set(hex, kept);
  }

  async #prune(now: number): Promise<void> {
    for (const [hex, { bytes, at }] of this.#kept) {
      if (this.#kept.size <= MOST && this.#bytes <= MOST_BYTES && at + KEPT_MS > now) return;
      this.#kept.delete(hex);
      this.#bytes -= bytes;
      await rm(join(this.#folder, hex), { force: true });
    }
  }
}
