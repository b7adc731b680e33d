import { sha256 } from '@noble/hashes/sha2.js';
import { CID } from 'multiformats/cid';
import * as Digest from 'multiformats/hashes/digest';
import { ChorusError } from './errors.ts';
import { fromHex, type Hex, toHex } from './hex.ts';
import { CHUNK_BYTES } from './limits.ts';

const RAW = 0x55;
const DAG_PB = 0x70;
const SHA2_256 = 0x12;

/**
 * The CID of a file of `size` bytes whose root block hashes to `digest`.
 *
 * Files are CIDv1, sha2-256, raw leaves of {@link CHUNK_BYTES}: one chunk is a raw block, more are a
 * dag-pb root. The chain stores only the 32-byte digest; the size is known from the dimension.
 */
export function cidFromDigest(digest: Hex, size: number): string {
  const bytes = fromHex(digest);
  if (bytes.length !== 32) throw new ChorusError('E_CID', 'a digest has 32 bytes', { facts: { digest } });
  return CID.createV1(size <= CHUNK_BYTES ? RAW : DAG_PB, Digest.create(SHA2_256, bytes)).toString();
}

/**
 * The 32-byte sha2-256 digest inside a CID, as the chain stores it.
 * @throws ChorusError `E_CID` for text that is not a CIDv1 with sha2-256
 */
export function digestOfCid(cid: string): Hex {
  let parsed: CID;
  try {
    parsed = CID.parse(cid);
  } catch (cause) {
    throw new ChorusError('E_CID', 'not a CID', { facts: { cid: cid.slice(0, 80) }, cause });
  }
  if (parsed.version !== 1 || parsed.multihash.code !== SHA2_256 || parsed.multihash.digest.length !== 32) {
    throw new ChorusError('E_CID', 'only CIDv1 with sha2-256 is used here', { facts: { cid } });
  }
  return toHex(parsed.multihash.digest);
}

/** sha2-256 of `bytes`, as hex. For a file of one chunk this is the digest inside its CID. */
export function sha256Hex(bytes: Uint8Array): Hex {
  return toHex(sha256(bytes));
}
