import type { Libp2p, PeerId } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { MemoryBlockstore } from 'blockstore-core/memory';
import { CID } from 'multiformats/cid';
import { expect, test } from 'vitest';
import { startBitswap } from './bitswap.ts';
import { encodeWantlist } from './wantlist.ts';

const PEER = peerIdFromString('12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf');
const WANTED = CID.parse('bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy');

/** A libp2p node with one peer, which speaks bitswap without ever having said so. */
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

test('wants are forgotten with whoever leaves, and not taken from whoever has left', async () => {
  const node = new FakeNode();
  const exchange = await startBitswap(node as unknown as Libp2p, new MemoryBlockstore(), () => 0);
  const wantlist = encodeWantlist([{ cid: WANTED, cancel: false }]);
  await node.receive(wantlist);
  expect(exchange.remembered()).toBe(1);
  node.disconnect();
  expect(exchange.remembered()).toBe(0);
  await node.receive(wantlist);
  expect(exchange.remembered()).toBe(0);
  await exchange.stop();
});
