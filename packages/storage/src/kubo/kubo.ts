import { CHUNK_BYTES, ChorusError, type GetOptions, reasonOf, type StoragePort } from '@chorus/protocol';
import type { KuboRPCClient } from 'kubo-rpc-client';
import type { CID } from 'multiformats/cid';
import { DAG_PB, parseCid } from '../core/address.ts';
import { MAX_BLOCK_BYTES, MAX_LINKS } from '../core/limits.ts';
import { cidOfBytes, matches } from '../unixfs/chunker.ts';
import { blocksOf, readFile } from '../unixfs/unixfs-reader.ts';

export interface KuboStorageOptions {
  /**
   * The daemon's RPC API, for example http://127.0.0.1:5001 (not its gateway). A user and password in it are sent as
   * basic authorization (Kubo's `API.Authorizations`) and never appear in errors.
   */
  url: string;
}

/** Timeout for a daemon that hangs: a local request takes milliseconds. */
const LOCAL_TIMEOUT_MS = 30_000;

/**
 * Storage in a Kubo daemon (go-ipfs) over its RPC API. The daemon has its own connections and serves the public
 * network unless it is configured otherwise. This class checks every block it returns against its CID.
 *
 * @throws ChorusError `E_STORAGE_KUBO` if the daemon does not answer
 * @example
 * const storage = await createKuboStorage({ url: 'http://127.0.0.1:5001' });
 */
export async function createKuboStorage(options: KuboStorageOptions): Promise<StoragePort> {
  // Loaded only here: nodes without a daemon do not pay its 0.4 s and 55 MB.
  const { create } = await import('kubo-rpc-client');
  if (!URL.canParse(options.url)) throw daemonError('', new Error('the address is not a URL'));
  const url = new URL(options.url);
  const headers: Record<string, string> = {};
  if (url.username) {
    const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers.authorization = `Basic ${Buffer.from(user).toString('base64')}`;
    url.username = '';
    url.password = '';
  }
  try {
    const client = create({ url: url.href, headers });
    await client.version({ timeout: LOCAL_TIMEOUT_MS });
    return new KuboStorage(client, url.href);
  } catch (cause) {
    throw daemonError(url.href, cause);
  }
}

class KuboStorage implements StoragePort {
  readonly #client: KuboRPCClient;
  readonly #url: string;
  readonly #closing = new AbortController();

  constructor(client: KuboRPCClient, url: string) {
    this.#client = client;
    this.#url = url;
  }

  async cidOf(bytes: Uint8Array): Promise<string> {
    return await cidOfBytes(bytes);
  }

  async put(bytes: Uint8Array): Promise<string> {
    const expected = await cidOfBytes(bytes);
    const options = {
      cidVersion: 1 as const,
      rawLeaves: true,
      hashAlg: 'sha2-256',
      chunker: `size-${CHUNK_BYTES}`,
      pin: true,
      wrapWithDirectory: false,
      signal: this.#closing.signal,
      // Not in the client's types: the width of the tree, which daemons set differently by default.
      'max-file-links': MAX_LINKS,
    };
    let got: string;
    try {
      got = (await this.#client.add(bytes, options)).cid.toString();
    } catch (cause) {
      throw this.#failed(cause);
    }
    if (got !== expected) {
      throw new ChorusError('E_STORAGE_KUBO', 'the daemon cuts files in another way', {
        facts: { url: this.#url, got, expected },
        hint: 'reset Import.* in its configuration, or use a newer daemon',
      });
    }
    return got;
  }

  async get(cid: string, options: GetOptions): Promise<Uint8Array> {
    this.#closing.signal.throwIfAborted();
    options.signal?.throwIfAborted();
    const root = parseCid(cid);
    const timeout = AbortSignal.timeout(Math.ceil(options.timeoutMs));
    const stop = new AbortController();
    const signal = AbortSignal.any([
      stop.signal,
      timeout,
      this.#closing.signal,
      ...(options.signal ? [options.signal] : []),
    ]);
    for (const peer of options.from ?? []) {
      // A hint: the daemon finds providers by itself too.
      this.#client.swarm.connect(`/p2p/${peer}` as never, { signal }).catch(() => undefined);
    }
    try {
      const bytes = await readFile(root, options.maxBytes, (block) => this.#block(block, { signal }));
      // The daemon keeps it from now on, like a file put there.
      await this.#client.pin.add(root, { signal });
      return bytes;
    } catch (error) {
      options.signal?.throwIfAborted();
      this.#closing.signal.throwIfAborted();
      if (timeout.aborted) {
        throw new ChorusError(
          'E_STORAGE_UNAVAILABLE',
          `no peer gave the file within ${options.timeoutMs} ms`,
          {
            facts: { cid },
            cause: error,
          },
        );
      }
      throw error instanceof ChorusError ? error : this.#failed(error);
    } finally {
      stop.abort(new Error('the fetch has ended'));
    }
  }

  async #block(
    cid: CID,
    options: { signal?: AbortSignal; offline?: boolean; timeout?: number },
  ): Promise<Uint8Array> {
    const block = await this.#client.block.get(cid, options as never);
    if (block.length > MAX_BLOCK_BYTES || !matches(cid, block)) {
      throw new ChorusError('E_STORAGE_KUBO', 'the daemon returned another block', {
        facts: { url: this.#url, cid: cid.toString(), bytes: block.length },
      });
    }
    return block;
  }

  async has(cid: string): Promise<boolean> {
    const root = parseCid(cid);
    try {
      for (const block of await this.#localBlocks(root)) {
        // An inner node has just been read.
        if (block.code !== DAG_PB)
          await this.#client.block.stat(block, offline(this.#closing.signal) as never);
      }
      return true;
    } catch (error) {
      return this.#absent(error, false);
    }
  }

  async remove(cid: string): Promise<void> {
    const root = parseCid(cid);
    let blocks: CID[];
    try {
      blocks = await this.#localBlocks(root);
    } catch (error) {
      blocks = this.#absent(error, []);
    }
    try {
      await this.#client.pin.rm(root, { signal: this.#closing.signal });
    } catch (error) {
      this.#absent(error, undefined);
    }
    if (blocks.length === 0) return;
    try {
      // The daemon refuses, block by block, those that another pinned file needs.
      for await (const _ of this.#client.block.rm(blocks, { force: true, signal: this.#closing.signal }));
    } catch (error) {
      throw this.#failed(error);
    }
  }

  async #localBlocks(root: CID): Promise<CID[]> {
    return await blocksOf(root, (cid) => this.#block(cid, offline(this.#closing.signal)));
  }

  /** Returns `value` if the daemon answers 500 because a block or a pin is missing. Anything else throws. */
  #absent<T>(error: unknown, value: T): T {
    const status = (error as { response?: { status?: number } }).response?.status;
    if (status === 500) return value;
    throw error instanceof ChorusError ? error : this.#failed(error);
  }

  #failed(cause: unknown): ChorusError {
    return daemonError(this.#url, cause);
  }

  async close(): Promise<void> {
    this.#closing.abort(new ChorusError('E_STORAGE_CLOSED', 'the storage is closed'));
  }
}

function offline(signal: AbortSignal) {
  return { offline: true, timeout: LOCAL_TIMEOUT_MS, signal };
}

function daemonError(url: string, cause: unknown): ChorusError {
  return new ChorusError('E_STORAGE_KUBO', 'the IPFS daemon refused or does not answer', {
    facts: { url, cause: reasonOf(cause) },
    hint: 'start it with "ipfs daemon", and use the address of its RPC API (port 5001)',
    cause,
  });
}
