import { existsSync } from 'node:fs';
import { parsePeerUrl, peerUrl } from '@chorus/a2a';
import { addressFault, createNetwork, hostOfPeer, type LibP2pNetwork } from '@chorus/network';
import { ChorusError } from '@chorus/protocol';
import { configOf, configPathOf } from '../../environment/home.ts';
import { type NodePeers, nodePeers } from '../../inspect/node-peers.ts';
import { callerKey } from './caller-key.ts';
import type { Target } from './target.ts';

/** How the network is joined. */
export interface PeerOptions {
  home?: string;
  bootstrap?: string[];
}

/** A libp2p node of this command's own, connected, and the URL of the agent on it. */
export interface AgentPeer {
  url: string;
  network: LibP2pNetwork;
}

/**
 * Opens a libp2p node that dials only: to the agent's peer if its address is given, else to the known peers, through
 * which it is found.
 * @throws ChorusError `E_USAGE` for an address that is not one, or if no peer is known; `E_A2A_KEY`, `E_NETWORK_DIAL`
 */
export async function openAgentPeer(
  { peer, path, address, addresses = [] }: Extract<Target, { kind: 'peer' }>,
  options: PeerOptions,
  signal: AbortSignal,
): Promise<AgentPeer> {
  const fault = addressFault(address ?? `/p2p/${peer}`, 'peer');
  if (fault) throw new ChorusError('E_USAGE', `the address of the peer ${fault}`, { facts: { peer } });
  const url = peerUrl(hostOfPeer(peer), path);
  const { peerId } = parsePeerUrl(url).identity;
  const { bootstrap, running } = address ? NO_NODE : await knownPeers(options);
  const peers = [...(options.bootstrap ?? []), ...bootstrap];
  if (!address && peers.length === 0) throw noPeerKnown(peerId);
  const places = [address ?? '', ...peers].join(' ');
  const network = await createNetwork({
    privateKey: await callerKey(),
    listen: [],
    bootstrap: peers,
    webSockets: true,
    quic: places.includes('/quic-v1'),
    relayClient: !address || address.includes('/p2p-circuit'),
    ...(address ? {} : { dht: 'client' }),
  });
  try {
    if (address) await network.connect(address, { signal });
    else if (network.peers().length === 0) throw noneAnswers(peers);
    else await network.learn(peerId, [...(await dialledBy(running, peerId)), ...addresses]);
    return { url, network };
  } catch (error) {
    await network.close();
    throw error;
  }
}

const NO_NODE: NodePeers = { bootstrap: [], running: null };

/** Those of the node on this machine; none if there is no node, or other peers are named. */
async function knownPeers({ home, bootstrap }: PeerOptions): Promise<NodePeers> {
  const at = home === undefined ? {} : { home };
  if (home === undefined && (bootstrap || !existsSync(configPathOf(at)))) return NO_NODE;
  return await nodePeers((await configOf(at)).config);
}

/** The addresses at which the node on this machine has reached the peer itself. */
async function dialledBy(running: NodePeers['running'], peerId: string): Promise<string[]> {
  const { peers } = (await running?.admin.peers().catch(() => null)) ?? { peers: [] };
  return peers.find((peer) => peer.peerId === peerId && peer.direction === 'outbound')?.addresses ?? [];
}

function noPeerKnown(peer: string): ChorusError {
  return new ChorusError('E_USAGE', 'no peer is known through which the agent could be found', {
    facts: { peer },
    hint: "give its peer's whole address, /ip4/.../p2p/..., a peer of its network with --bootstrap, or a node with --home",
  });
}

function noneAnswers(peers: readonly string[]): ChorusError {
  return new ChorusError('E_NETWORK_DIAL', 'none of the known peers can be reached', {
    facts: { peers: peers.join(' ') },
    hint: 'start the node, or give the address of a running one with --bootstrap',
  });
}
