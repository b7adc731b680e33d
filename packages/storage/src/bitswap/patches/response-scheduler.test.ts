import type { Libp2p, PeerId } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { MemoryBlockstore } from 'blockstore-core/memory';
import { CID } from 'multiformats/cid';
import { sha256 } from 'multiformats/hashes/sha2';
import { expect, test } from 'vitest';
import { MAX_SERVED_BYTES } from '../../core/limits.ts';
import { encodeWantlist } from '../want-list.ts';
import { startBitswap } from './block-exchange.ts';

const PEER = peerIdFromString('12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf');
const WANTED = CID.parse('bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy');

/** A libp2p node with one peer that speaks bitswap without having announced it. */
class FakeNode extends EventTarget {
  readonly peerId = PEER;
  connected = true;
  handler: ((stream: unknown, connection: unknown) => void) | undefined;
  handle = async (_: string[], handler: FakeNode['handler']) => {
    this.handler = handler;
  };
  register = async () => 'topology';
  unregister = () => undefined;
  unhandle = async () => undefined;
  streams = 0;
  /** The peer takes a stream and reads nothing of it. */
  dialProtocol = async () => {
    this.streams++;
    return {
      closeRead: async () => undefined,
      send: () => false,
      onDrain: () => new Promise(() => undefined),
    };
  };
  getConnections = (peer?: PeerId) => (peer && this.connected ? [{ remotePeer: PEER }] : []);

  /** The peer sends a message and closes the stream. */
  async receive(message: Uint8Array): Promise<void> {
    const stream = Object.assign(new EventTarget(), {
      status: 'open',
      protocol: '/ipfs/bitswap/1.2.0',
      close: async () => undefined,
      abort: () => undefined,
    });
    this.handler?.(stream, { remotePeer: PEER });
    await new Promise((resolve) => setImmediate(resolve));
    stream.dispatchEvent(Object.assign(new Event('message'), { data: message }));
    stream.dispatchEvent(new Event('remoteCloseWrite'));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }

  disconnect(): void {
    this.connected = false;
    this.dispatchEvent(new CustomEvent('peer:disconnect', { detail: PEER }));
  }
}

test('the server reads few of a peer’s wanted blocks before the peer has taken the earlier ones', async () => {
  const node = new FakeNode();
  const store = new MemoryBlockstore();
  const cids: CID[] = [];
  for (let i = 0; i < 40; i++) {
    const block = new Uint8Array(1024 * 1024).fill(i);
    cids.push(CID.createV1(0x55, await sha256.digest(block)));
    await store.put(cids[i]!, block);
  }
  let read = 0;
  const get = store.get.bind(store);
  store.get = async function* (cid: CID) {
    for await (const part of get(cid)) {
      read += part.length;
      yield part;
    }
  };
  const exchange = await startBitswap(node as unknown as Libp2p, store, () => 1024 * 1024);
  for (let i = 0; i < 3; i++) {
    await node.receive(encodeWantlist(cids.map((cid) => ({ cid, cancel: false }))));
  }
  expect(node.streams).toBe(1);
  expect(read).toBe(MAX_SERVED_BYTES);
  await exchange.stop();
});

test('the server does not look for blocks it does not hold, except once for a peer that wants an answer', async () => {
  const node = new FakeNode();
  const store = new MemoryBlockstore();
  let looked = 0;
  store.has = async () => {
    looked++;
    return false;
  };
  const exchange = await startBitswap(node as unknown as Libp2p, store, () => undefined);
  const wantlist = encodeWantlist([{ cid: WANTED, cancel: false }]);
  for (let i = 0; i < 3; i++) await node.receive(wantlist);
  expect(looked).toBe(0);
  // The entry's last field: sendDontHave (5) is true.
  const entry = wantlist.slice(5);
  const asking = Uint8Array.of(...entry, 0x28, 1);
  const list = Uint8Array.of(0x0a, asking.length, ...asking);
  const message = Uint8Array.of(0x0a, list.length, ...list);
  for (let i = 0; i < 3; i++) await node.receive(Uint8Array.of(message.length, ...message));
  expect(looked).toBe(1);
  expect(node.streams).toBe(1);
  await exchange.stop();
});

test('the server forgets the wants of a peer that leaves, and accepts none from one that has left', async () => {
  const node = new FakeNode();
  const exchange = await startBitswap(node as unknown as Libp2p, new MemoryBlockstore(), () => undefined);
  const wantlist = encodeWantlist([{ cid: WANTED, cancel: false }]);
  await node.receive(wantlist);
  expect(exchange.remembered()).toBe(1);
  node.disconnect();
  expect(exchange.remembered()).toBe(0);
  await node.receive(wantlist);
  expect(exchange.remembered()).toBe(0);
  await exchange.stop();
});
