import { createHash, randomBytes } from 'node:crypto';
import { hasCode } from '@chorus/protocol';
import { encode, prepare } from '@ipld/dag-pb';
import { UnixFS } from 'ipfs-unixfs';
import { CID } from 'multiformats/cid';
import * as Digest from 'multiformats/hashes/digest';
import { describe, expect, test } from 'vitest';
import { layOut } from './chunker.ts';
import { blocksOf, readFile } from './unixfs-reader.ts';

/** Blocks that a hostile peer forged. Their hashes are right, but their contents lie. */
class Blocks {
  readonly all = new Map<string, Uint8Array>();
  reads = 0;

  raw(bytes: Uint8Array): CID {
    return this.#add(0x55, bytes);
  }

  node(
    children: { cid: CID; size: number | bigint }[],
    options: { type?: string; data?: Uint8Array } = {},
  ): CID {
    const unixfs = new UnixFS({
      type: (options.type ?? 'file') as 'file',
      ...(options.data ? { data: options.data } : {}),
    });
    for (const child of children) unixfs.addBlockSize(BigInt(child.size));
    const links = children.map((child) => ({ Name: '', Tsize: 1, Hash: child.cid }));
    return this.#add(0x70, encode(prepare({ Data: unixfs.marshal(), Links: links })));
  }

  garbage(bytes: Uint8Array): CID {
    return this.#add(0x70, bytes);
  }

  #add(code: number, bytes: Uint8Array): CID {
    const cid = CID.createV1(code, Digest.create(0x12, createHash('sha256').update(bytes).digest()));
    this.all.set(cid.toString(), bytes);
    return cid;
  }

  source = async (cid: CID): Promise<Uint8Array> => {
    this.reads++;
    const block = this.all.get(cid.toString());
    if (!block) throw new Error('missing');
    return block;
  };
}

const malformed = (error: unknown) => hasCode(error, 'E_STORAGE_MALFORMED');
const tooLarge = (error: unknown) => hasCode(error, 'E_STORAGE_TOO_LARGE');
const KB = 1024;

describe('reading a file from blocks of a stranger', () => {
  test('an honest tree of two levels is read whole, even if its blocks repeat', async () => {
    const blocks = new Blocks();
    const parts = [300 * KB, 300 * KB, 7].map((size) => new Uint8Array(randomBytes(size)));
    const leaves = parts.map((part) => ({ cid: blocks.raw(part), size: part.length }));
    const left = blocks.node([leaves[0]!, leaves[1]!]);
    const root = blocks.node([{ cid: left, size: 600 * KB }, leaves[2]!, leaves[0]!]);
    const got = await readFile(root, 1_000 * KB, blocks.source);
    expect(Buffer.from(got).equals(Buffer.concat([...parts, parts[0]!]))).toBe(true);
    expect((await blocksOf(root, blocks.source)).length).toBe(6);
  });

  test('a file cut by layOut is read back', async () => {
    const blocks = new Blocks();
    const bytes = new Uint8Array(randomBytes(2_500_000));
    const root = await layOut(bytes, (cid, block) => void blocks.all.set(cid.toString(), block));
    expect(Buffer.from(await readFile(root, bytes.length, blocks.source)).equals(bytes)).toBe(true);
  });

  test('a file with a stated size beyond the limit is refused before any leaf is fetched', async () => {
    const blocks = new Blocks();
    const leaf = blocks.raw(new Uint8Array(10));
    const root = blocks.node([
      { cid: leaf, size: 2_000_000 },
      { cid: leaf, size: 2_000_000 },
    ]);
    await expect(readFile(root, 3_000_000, blocks.source)).rejects.toSatisfy(tooLarge);
    expect(blocks.reads).toBe(1);
  });

  test('a leaf longer or shorter than its parent states is refused', async () => {
    const blocks = new Blocks();
    const leaf = blocks.raw(new Uint8Array(randomBytes(100)));
    for (const size of [99, 101]) {
      await expect(readFile(blocks.node([{ cid: leaf, size }]), KB, blocks.source)).rejects.toSatisfy(
        malformed,
      );
    }
  });

  test('an inner node that states another size than its parent is refused', async () => {
    const blocks = new Blocks();
    const leaf = { cid: blocks.raw(new Uint8Array(100)), size: 100 };
    const inner = blocks.node([leaf, leaf]);
    const root = blocks.node([{ cid: inner, size: 100 }]);
    await expect(readFile(root, KB, blocks.source)).rejects.toSatisfy(malformed);
  });

  test('a file cut into tiny pieces is refused before they are fetched', async () => {
    const blocks = new Blocks();
    const leaf = { cid: blocks.raw(Uint8Array.of(1)), size: 1 };
    const root = blocks.node(Array.from({ length: 1000 }, () => leaf));
    await expect(readFile(root, 100_000, blocks.source)).rejects.toSatisfy(malformed);
    expect(blocks.reads).toBe(1);
  });

  test('a tree that doubles at every level is refused after a few blocks', async () => {
    const blocks = new Blocks();
    let node = { cid: blocks.raw(Uint8Array.of(1)), size: 1 };
    for (let level = 0; level < 20; level++) node = { cid: blocks.node([node, node]), size: node.size * 2 };
    await expect(readFile(node.cid, 2 ** 21, blocks.source)).rejects.toSatisfy(malformed);
    expect(blocks.reads).toBeLessThan(40);
    await expect(blocksOf(node.cid, blocks.source)).rejects.toSatisfy(malformed);
    expect(blocks.reads).toBeLessThan(80);
  });

  test('tree nodes with sizes of zero or beyond reason, too many links, or no links are refused', async () => {
    const blocks = new Blocks();
    const leaf = blocks.raw(Uint8Array.of(1));
    const one = { cid: leaf, size: 1 };
    for (const children of [
      [{ cid: leaf, size: 0 }],
      [{ cid: leaf, size: 2n ** 63n }],
      [{ cid: leaf, size: 3 * 1024 * KB }],
      Array.from({ length: 1025 }, () => one),
      [],
    ]) {
      await expect(readFile(blocks.node(children), 2 ** 40, blocks.source)).rejects.toSatisfy(malformed);
    }
  });

  test('directories, data inside nodes, other codecs and bytes that are not a node are refused', async () => {
    const blocks = new Blocks();
    const one = { cid: blocks.raw(Uint8Array.of(1)), size: 1 };
    const cborLink = { cid: CID.createV1(0x71, one.cid.multihash), size: 1 };
    for (const root of [
      blocks.node([one], { type: 'directory' }),
      blocks.node([one], { data: Uint8Array.of(1) }),
      blocks.node([cborLink]),
      blocks.garbage(new Uint8Array(randomBytes(100))),
      blocks.garbage(new Uint8Array()),
      blocks.garbage(encode(prepare({ Links: [] }))),
    ]) {
      await expect(readFile(root, KB, blocks.source)).rejects.toSatisfy(malformed);
    }
  });
});
