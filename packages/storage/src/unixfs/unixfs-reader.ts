import { ChorusError } from '@chorus/protocol';
import { decode } from '@ipld/dag-pb';
import { UnixFS } from 'ipfs-unixfs';
import type { CID } from 'multiformats/cid';
import { DAG_PB, RAW } from '../core/address.ts';
import {
  BLOCKS_IN_FLIGHT,
  MAX_BLOCK_BYTES,
  MAX_DEPTH,
  MAX_LINKS,
  MIN_MEAN_LEAF_BYTES,
} from '../core/limits.ts';

/** Returns the block of a CID, already checked against its hash. */
export type BlockSource = (cid: CID) => Promise<Uint8Array>;

/** Sums of a node's children stay exact in float64. */
const MAX_STATED_BYTES = 2n ** 41n;

interface Child {
  cid: CID;
  /** Bytes of the file below this child, as its parent states them. */
  size: number;
}

/**
 * Read a whole file from its blocks.
 *
 * No statement of a block is trusted before it is bounded: the size that a root states is compared with `maxBytes`
 * before anything more is fetched, every child must hold exactly what its parent states, and the number of blocks and
 * levels is bounded by `maxBytes`, so that a hostile tree costs no more than an honest file.
 *
 * @throws ChorusError `E_STORAGE_TOO_LARGE`, `E_STORAGE_MALFORMED` (not a well-formed file)
 */
export async function readFile(root: CID, maxBytes: number, source: BlockSource): Promise<Uint8Array> {
  if (root.code === RAW) {
    const block = await source(root);
    if (block.length > maxBytes) throw tooLarge(root, block.length, maxBytes);
    return new Uint8Array(block); // a copy: the block itself may be the one that is held
  }
  const top = await source(root);
  const children = childrenOf(root, top);
  const size = sum(children);
  if (size > maxBytes) throw tooLarge(root, size, maxBytes);
  const reader = new TreeReader(root, size, source);
  await reader.read(children, 0, 1);
  return reader.bytes;
}

/**
 * The CIDs of all blocks of a file, root first. Reads only the inner nodes.
 * @throws the error of `source` if a node is missing; ChorusError `E_STORAGE_MALFORMED`
 */
export async function blocksOf(root: CID, source: BlockSource): Promise<CID[]> {
  const found: CID[] = [root];
  const visit = async (cid: CID, depth: number): Promise<void> => {
    if (cid.code !== DAG_PB) return;
    if (depth > MAX_DEPTH) throw malformed(root, 'the tree is too deep');
    for (const child of childrenOf(root, await source(cid))) {
      found.push(child.cid);
      await visit(child.cid, depth + 1);
    }
  };
  await visit(root, 0);
  return found;
}

/** Writes the leaves to their places, a few at a time. */
class TreeReader {
  readonly bytes: Uint8Array;
  readonly #root: CID;
  readonly #source: BlockSource;
  #blocksLeft: number;

  constructor(root: CID, size: number, source: BlockSource) {
    this.#root = root;
    this.#source = source;
    this.#blocksLeft = 8 + 2 * Math.ceil(size / MIN_MEAN_LEAF_BYTES);
    this.bytes = new Uint8Array(size);
  }

  async read(children: Child[], offset: number, depth: number): Promise<void> {
    if (depth > MAX_DEPTH) throw malformed(this.#root, 'the tree is too deep');
    this.#blocksLeft -= children.length;
    if (this.#blocksLeft < 0) throw malformed(this.#root, 'the file is cut into too many blocks');
    const offsets: number[] = [];
    for (const child of children) {
      offsets.push(offset);
      offset += child.size;
    }
    let next = 0;
    let failed = false;
    const work = async () => {
      for (let i = next++; i < children.length && !failed; i = next++) {
        try {
          await this.#child(children[i]!, offsets[i]!, depth);
        } catch (error) {
          failed = true;
          throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(BLOCKS_IN_FLIGHT, children.length) }, work));
  }

  async #child(child: Child, offset: number, depth: number): Promise<void> {
    const block = await this.#source(child.cid);
    if (child.cid.code === RAW) {
      if (block.length !== child.size) throw malformed(this.#root, 'a leaf has another size than stated');
      this.bytes.set(block, offset);
      return;
    }
    const children = childrenOf(this.#root, block);
    if (sum(children) !== child.size) throw malformed(this.#root, 'a node has another size than stated');
    await this.read(children, offset, depth + 1);
  }
}

/** The children of an inner node: UnixFS type file, raw or dag-pb links only, no data of its own. */
function childrenOf(root: CID, block: Uint8Array): Child[] {
  if (block.length > MAX_BLOCK_BYTES) throw malformed(root, 'a node is too large');
  let links: { Hash: CID }[];
  let sizes: bigint[];
  let node: UnixFS;
  try {
    const pb = decode(block);
    if (!pb.Data) throw new Error('no UnixFS data');
    node = UnixFS.unmarshal(pb.Data);
    links = pb.Links;
    sizes = node.blockSizes;
  } catch (cause) {
    throw malformed(root, 'a node is not UnixFS', cause);
  }
  if (node.type !== 'file' || (node.data?.length ?? 0) > 0) throw malformed(root, 'a node is not a file');
  if (links.length === 0 || links.length > MAX_LINKS || links.length !== sizes.length) {
    throw malformed(root, 'a node has a wrong number of links');
  }
  return links.map(({ Hash: cid }, i) => {
    const size = sizes[i]!;
    const known = cid.code === RAW || cid.code === DAG_PB;
    if (!known || cid.version !== 1 || cid.multihash.code !== 0x12)
      throw malformed(root, 'a link is of another kind');
    // An empty leaf would cost a round trip for nothing.
    if (size <= 0n || size > MAX_STATED_BYTES) throw malformed(root, 'a child has a wrong size');
    if (cid.code === RAW && size > BigInt(MAX_BLOCK_BYTES)) throw malformed(root, 'a leaf is too large');
    return { cid, size: Number(size) };
  });
}

function sum(children: Child[]): number {
  return children.reduce((total, child) => total + child.size, 0);
}

function tooLarge(root: CID, bytes: number, limit: number): ChorusError {
  return new ChorusError('E_STORAGE_TOO_LARGE', 'the file is longer than allowed', {
    facts: { cid: root.toString(), bytes, limit },
  });
}

function malformed(root: CID, message: string, cause?: unknown): ChorusError {
  return new ChorusError('E_STORAGE_MALFORMED', message, { facts: { cid: root.toString() }, cause });
}
