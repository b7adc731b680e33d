import { ChorusError, encodeMessage } from '@chorus/protocol';
import { expect, it } from 'vitest';
import { networkPeers } from './summary-peers.ts';

const { signal } = new AbortController();

function peersThat(answer: () => Promise<Uint8Array>) {
  const blamed: string[] = [];
  const network = {
    peerId: 'self',
    peers: () => Array.from({ length: 40 }, (_, i) => `peer-${i}`),
    request: answer,
    blame: (peer: string) => blamed.push(peer),
  };
  return { blamed, peers: networkPeers(network, () => null) };
}

it('a peer that refuses or does not answer counts as having nothing, and is not blamed', async () => {
  const refused = peersThat(async () => encodeMessage({ refused: 'not here' }));
  expect(await refused.peers.ask('a', 1n, 1, signal)).toBeNull();
  const gone = peersThat(() => Promise.reject(new ChorusError('E_NETWORK_REQUEST', 'gone')));
  expect(await gone.peers.ask('a', 1n, 1, signal)).toBeNull();
  expect([refused.blamed, gone.blamed]).toEqual([[], []]);
});

it('a peer that answers with something else is blamed', async () => {
  const { peers, blamed } = peersThat(async () => Uint8Array.of(1, 2, 3));
  expect(await peers.ask('a', 1n, 1, signal)).toBeNull();
  expect(blamed).toEqual(['a']);
});

it('only a few of the connected peers are asked', () => {
  expect(peersThat(async () => new Uint8Array()).peers.others()).toHaveLength(16);
});
