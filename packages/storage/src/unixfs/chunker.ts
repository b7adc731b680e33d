import { createHash } from 'node:crypto';
import { CHUNK_BYTES, cidFromDigest } from '@chorus/protocol';
import type { CID } from 'multiformats/cid';
import { MAX_LINKS } from '../core/limits.ts';

/** Receives the blocks of a file, leaves before the nodes that link to them. */
export type BlockSink = (cid: CID, block: Uint8Array) => void | Promise<void>;

/**
 * Cut a file into the blocks of its UnixFS tree (IPFS UnixFS specification; profile unixfs-v1-2025) and hand
 * each to `sink`. Returns the root's CID. Works in steps of 1 MiB: hashing one takes about a millisecond.
 */
export async function layOut(bytes: Uint8Array, sink: BlockSink): Promise<CID> {
  // Loaded with the first file that is put: a node that only fetches does without it.
  const [{ importBytes }, { fixedSize }, { balanced }] = await Promise.all([
    import('ipfs-unixfs-importer'),
    import('ipfs-unixfs-importer/chunker'),
    import('ipfs-unixfs-importer/layout'),
  ]);
  const put = async (cid: CID, block: Uint8Array) => {
    await sink(cid, block);
    return cid;
  };
  const result = await importBytes(
    bytes,
    { put: put as never },
    {
      cidVersion: 1,
      rawLeaves: true,
      leafType: 'raw',
      reduceSingleLeafToSelf: true,
      chunker: fixedSize({ chunkSize: CHUNK_BYTES }),
      layout: balanced({ maxChildrenPerNode: MAX_LINKS }),
      blockWriteConcurrency: 4,
    },
  );
  return result.cid;
}

/** The CID that {@link layOut} would give, without storing anything. */
export async function cidOfBytes(bytes: Uint8Array): Promise<string> {
  if (bytes.length <= CHUNK_BYTES) {
    return cidFromDigest(`0x${createHash('sha256').update(bytes).digest('hex')}`, bytes.length);
  }
  return (await layOut(bytes, () => undefined)).toString();
}

/** True if the block's sha2-256 matches its CID. */
export function matches(cid: CID, block: Uint8Array): boolean {
  return createHash('sha256').update(block).digest().equals(cid.multihash.digest);
}
