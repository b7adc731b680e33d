import { generateKeyPair } from '@libp2p/crypto/keys';
import type { Connection, MultiaddrConnection } from '@libp2p/interface';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { expect, test } from 'vitest';
import { Bandwidth } from '../bandwidth/bandwidth.ts';
import { MAX_BANNED_PER_WINDOW } from '../core/limits.ts';
import { gaterOf } from './connection-gater.ts';
import { PeerReputation } from './peer-reputation.ts';

const from = (address: string) => ({ remoteAddr: multiaddr(address) }) as MultiaddrConnection & Connection;

function gater(open: string[] = [], maxConnectionsPerHost?: number) {
  const book = new PeerReputation();
  const connections = () => open.map(from);
  return { book, gater: gaterOf({ book, traffic: new Bandwidth(), connections, maxConnectionsPerHost }) };
}

test('the gater counts connections per host, and a whole IPv6 network as one host', async () => {
  const open = ['/ip4/192.0.2.1/tcp/1', '/ip6/2001:db8:0:1::7/tcp/1', '/ip6/2001:db8:0:1:ffff:1:2:3/tcp/9'];
  const { denyInboundConnection } = gater(open, 2).gater;
  const denied = async (address: string) => await denyInboundConnection?.(from(address));
  expect(await denied('/ip6/2001:db8:0:1:aaaa::1/tcp/5')).toBe(true);
  expect(await denied('/ip6/2001:db8:0:1::/tcp/5')).toBe(true);
  expect(await denied('/ip6/2001:db8:0:2::7/tcp/5')).toBe(false);
  expect(await denied('/ip6/2001:db8::1/tcp/5')).toBe(false);
  expect(await denied('/ip4/192.0.2.1/tcp/5')).toBe(false);
  expect(await denied('/ip6/::1/tcp/5')).toBe(false);
});

test('the gater keeps out a network whose banned peers keep coming, even from new addresses', async () => {
  const { book, gater: deny } = gater();
  const key = await generateKeyPair('Ed25519');
  const peer = peerIdFromPrivateKey(key);
  book.ban(peer.toString(), 60_000, 'test');
  for (let i = 0; i <= MAX_BANNED_PER_WINDOW; i++) {
    const connection = from(`/ip6/2001:db8:0:1::${i + 1}/tcp/1`);
    expect(await deny.denyInboundConnection?.(connection)).toBe(false);
    expect(await deny.denyInboundEncryptedConnection?.(peer, connection)).toBe(true);
  }
  expect(await deny.denyInboundConnection?.(from('/ip6/2001:db8:0:1::ff/tcp/1'))).toBe(true);
  expect(await deny.denyInboundConnection?.(from('/ip6/2001:db8:0:2::1/tcp/1'))).toBe(false);
});
