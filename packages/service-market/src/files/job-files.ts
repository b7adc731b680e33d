import { type JobFile, MAX_JOB_FILE_BYTES } from '@chorus/admin-api';
import { ChorusError, cidFromDigest, digestOfCid, type Hex, type StoragePort } from '@chorus/protocol';
import { z } from 'zod';

/** Of a manifest; its digest is what the chain has. */
const MOST_MANIFEST_BYTES = 4_096;

const TIMEOUT_MS = 60_000;

/** Names the file of a digest on chain. A name is of no use as a path: it is shown, and nothing else. */
const manifestSchema = z.strictObject({
  format: z.literal('chorus-job-file'),
  version: z.literal(1),
  name: z.string().min(1).max(200),
  bytes: z.number().int().min(0).max(MAX_JOB_FILE_BYTES),
  cid: z.string().min(1).max(128),
});

/** A file that was fetched. */
export interface FetchedFile {
  name: string;
  bytes: Uint8Array;
}

/**
 * Files of jobs: the chain has 32 bytes, the SHA-256 of a manifest that names the file by its CID. Both are checked by
 * the storage when they are fetched.
 */
export class JobFiles {
  readonly #storage: StoragePort;
  readonly #keep: (cid: string) => void;

  /** @param keep called with each CID that is to stay */
  constructor(storage: StoragePort, keep: (cid: string) => void) {
    this.#storage = storage;
    this.#keep = keep;
  }

  /** Store a file, and serve it from now on. */
  async put(name: string, bytes: Uint8Array): Promise<JobFile> {
    const cid = await this.#storage.put(bytes);
    const manifest = { format: 'chorus-job-file', version: 1, name, bytes: bytes.length, cid };
    const manifestCid = await this.#storage.put(new TextEncoder().encode(JSON.stringify(manifest)));
    for (const each of [cid, manifestCid]) this.#keep(each);
    return { digest: digestOfCid(manifestCid), name, bytes: bytes.length };
  }

  /** Bytes that a digest names directly, without a manifest. @throws ChorusError `E_STORAGE_*` */
  bytes(digest: Hex, maxBytes: number): Promise<Uint8Array> {
    return this.#storage.get(cidFromDigest(digest, 0), { timeoutMs: TIMEOUT_MS, maxBytes });
  }

  /**
   * @param maxBytes a larger file is refused before it is fetched
   * @throws ChorusError `E_JOB_FILE` if what the digest names is no file of a job, `E_STORAGE_TOO_LARGE`,
   * `E_STORAGE_UNAVAILABLE`
   */
  async get(digest: Hex, maxBytes: number, signal?: AbortSignal): Promise<FetchedFile> {
    const options = { timeoutMs: TIMEOUT_MS, ...(signal ? { signal } : {}) };
    const cid = cidFromDigest(digest, 0);
    const text = await this.#storage.get(cid, { ...options, maxBytes: MOST_MANIFEST_BYTES });
    const manifest = readManifest(text);
    if (!manifest) throw notAFile(digest, 'the digest names something else');
    if (manifest.bytes > maxBytes) {
      throw new ChorusError('E_STORAGE_TOO_LARGE', 'the file is larger than this node takes', {
        facts: { bytes: manifest.bytes, maxBytes },
        hint: 'raise market.maxFileMB, or do without it',
      });
    }
    const bytes = await this.#storage.get(manifest.cid, { ...options, maxBytes: manifest.bytes });
    if (bytes.length !== manifest.bytes) throw notAFile(digest, 'the file has another length than stated');
    return { name: manifest.name, bytes };
  }
}

function readManifest(text: Uint8Array): z.infer<typeof manifestSchema> | null {
  try {
    const parsed = manifestSchema.safeParse(
      JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text)),
    );
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

function notAFile(digest: Hex, found: string): ChorusError {
  return new ChorusError('E_JOB_FILE', 'the digest on chain names no file of a job', {
    facts: { digest, found },
    hint: 'the party did not use a Chorus node, or gave something else: treat it as not delivered',
  });
}
