import { createHash } from 'node:crypto';
import {
  CHUNK_BYTES,
  ChorusError,
  cidFromDigest,
  digestOfCid,
  type GetOptions,
  type StoragePort,
  toHex,
} from '@chorus/protocol';
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
    const timeout = AbortSignal.timeout(Math.ceil(options.timeoutMs));
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

export interface Cut {
  root: string;
  blocks: { cid: string; bytes: Uint8Array; links: string[] }[];
}

/**
 * The blocks of a file of at most 1024 chunks, written out by hand from the specifications (dag-pb: links
 * before data; UnixFS: type 2 = file, field 3 = file size, field 4 = sizes of the children), as a reference
 * that shares no code with the implementations.
 */
export function cutByHand(bytes: Uint8Array, chunkBytes: number = CHUNK_BYTES): Cut {
  const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest();
  const varint = (n: number): number[] => (n < 128 ? [n] : [(n % 128) | 128, ...varint(Math.floor(n / 128))]);
  const field = (tag: number, data: number[]) => [tag, ...varint(data.length), ...data];
  const leaves: Uint8Array[] = [];
  for (let i = 0; i < bytes.length || i === 0; i += chunkBytes)
    leaves.push(bytes.subarray(i, i + chunkBytes));
  const blocks = leaves.map((leaf) => ({
    cid: cidFromDigest(toHex(sha256(leaf)), 0),
    bytes: leaf.slice(),
    links: [] as string[],
  }));
  if (leaves.length === 1) return { root: blocks[0]!.cid, blocks };
  const links = leaves.flatMap((leaf) => {
    const cid = [1, 0x55, 0x12, 32, ...sha256(leaf)];
    return field(0x12, [...field(0x0a, cid), ...field(0x12, []), 0x18, ...varint(leaf.length)]);
  });
  const sizes = leaves.flatMap((leaf) => [0x20, ...varint(leaf.length)]);
  const data = field(0x0a, [0x08, 2, 0x18, ...varint(bytes.length), ...sizes]);
  const node = Uint8Array.from([...links, ...data]);
  const root = cidFromDigest(toHex(sha256(node)), CHUNK_BYTES + 1);
  blocks.push({ cid: root, bytes: node, links: blocks.map((block) => block.cid) });
  return { root, blocks };
}
