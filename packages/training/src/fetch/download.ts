import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { ChorusError, hasCode } from '@chorus/protocol';
import type { CatalogueFile } from './catalogue.ts';

export interface DownloadOptions {
  signal?: AbortSignal | undefined;
  /** Bytes of this file so far. */
  onBytes?: (bytes: number) => void;
  /** A transfer without new bytes for this long is aborted and resumed. */
  stallMs?: number;
}

/** Attempts in a row without new bytes before giving up. */
const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 100;

/**
 * Bring `url` to `path`: resumes `path.part` with an HTTP range (RFC 9110, section 14), checks size and sha2-256, and
 * renames only then. A file at `path` is therefore always complete.
 * @throws ChorusError `E_DOWNLOAD_STATUS` if the server refuses, `E_DOWNLOAD_DIGEST` if the content is
 * not the expected one (the partial file is removed), `E_DOWNLOAD_INTERRUPTED` if the connection keeps
 * breaking (the partial file stays, to be resumed)
 */
export async function download(
  url: string,
  path: string,
  file: CatalogueFile,
  { signal, onBytes = () => {}, stallMs = 30_000 }: DownloadOptions = {},
): Promise<void> {
  const part = `${path}.part`;
  let failures = 0;
  let have = await sizeOf(part);
  if (have > file.bytes) {
    await rm(part, { force: true });
    have = 0;
  }
  const resumed = have > 0;
  onBytes(have);
  while (have < file.bytes) {
    signal?.throwIfAborted();
    try {
      await transfer(url, part, file, have, { signal, onBytes, stallMs });
    } catch (cause) {
      if (signal?.aborted || hasCode(cause, 'E_DOWNLOAD_STATUS') || hasCode(cause, 'E_DOWNLOAD_DIGEST'))
        throw cause;
      const now = await sizeOf(part);
      failures = now > have ? 0 : failures + 1;
      if (failures >= ATTEMPTS) throw interrupted(url, now, file.bytes, cause);
      await pause(FIRST_PAUSE_MS * 2 ** failures, signal);
    }
    const now = await sizeOf(part);
    if (now < file.bytes && now === have && ++failures >= ATTEMPTS) throw interrupted(url, now, file.bytes);
    have = now;
    onBytes(have);
  }
  const digest = await sha256OfFile(part);
  if (digest === file.sha256) {
    await rename(part, path);
    return;
  }
  await rm(part, { force: true });
  // The old part may be of another file: make one clean attempt.
  if (resumed) return download(url, path, file, { signal, onBytes, stallMs });
  throw wrongContent(url, { expected: file.sha256, digest });
}

/** One request: appends to `part` from byte `from` on. */
async function transfer(
  url: string,
  part: string,
  file: CatalogueFile,
  from: number,
  {
    signal,
    onBytes,
    stallMs,
  }: { signal: AbortSignal | undefined; onBytes: (n: number) => void; stallMs: number },
): Promise<void> {
  const stall = new AbortController();
  let timer = setTimeout(() => stall.abort(new Error(`nothing received for ${stallMs} ms`)), stallMs);
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => stall.abort(new Error(`nothing received for ${stallMs} ms`)), stallMs);
  };
  let target: FileHandle | undefined;
  try {
    const response = await fetch(url, {
      headers: { 'accept-encoding': 'identity', ...(from > 0 ? { range: `bytes=${from}-` } : {}) },
      signal: signal ? AbortSignal.any([signal, stall.signal]) : stall.signal,
    });
    if (response.status !== 200 && response.status !== 206) {
      await response.body?.cancel();
      // 416: the local part is not a beginning of the server's file.
      if (response.status === 416) throw wrongContent(url, { from, status: 416 });
      // Overload and server trouble may pass; everything else stays as it is.
      if (response.status === 429 || response.status >= 500) throw new Error(`HTTP ${response.status}`);
      throw new ChorusError('E_DOWNLOAD_STATUS', 'the server does not give the file', {
        facts: { url, status: response.status },
        hint: 'check the address, or place the files into the cache folder by hand',
      });
    }
    // A server without ranges answers 200 from the beginning.
    let at = response.status === 206 ? from : 0;
    target = await open(part, at > 0 ? 'a' : 'w');
    for await (const chunk of response.body ?? []) {
      alive();
      at += chunk.length;
      if (at > file.bytes) throw wrongContent(url, { expectedBytes: file.bytes, bytes: at });
      await target.writeFile(chunk);
      onBytes(at);
    }
    await target.sync();
  } catch (error) {
    if (hasCode(error, 'E_DOWNLOAD_DIGEST')) await rm(part, { force: true });
    throw error;
  } finally {
    clearTimeout(timer);
    await target?.close();
  }
}

/** sha2-256 of a file, in hexadecimal without prefix. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Size of a file, 0 if it does not exist. */
export async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}

function wrongContent(url: string, facts: Record<string, string | number>): ChorusError {
  return new ChorusError('E_DOWNLOAD_DIGEST', 'the server gave something else than the expected file', {
    facts: { url, ...facts },
    hint: 'try again or use another mirror; nothing of it was kept',
  });
}

function interrupted(url: string, bytes: number, expected: number, cause?: unknown): ChorusError {
  return new ChorusError('E_DOWNLOAD_INTERRUPTED', 'the connection broke again and again', {
    facts: { url, bytes, expected },
    hint: 'run the command again: it resumes where it stopped',
    cause,
  });
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await delay(ms, undefined, signal ? { signal } : {});
}
