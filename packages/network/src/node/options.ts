import type { BandwidthLimits } from '../bandwidth/bandwidth.ts';
import type { NetworkEvent } from './stats.ts';

export interface NetworkOptions extends BandwidthLimits {
  /** The node's key: a result of `generateNetworkKey`, or a 32-byte Ed25519 seed. Default: a new key. */
  privateKey?: Uint8Array;
  /**
   * Addresses to listen on. Default: a free TCP port of the loopback interface. One with `/ws` or `/quic-v1` loads
   * that transport; `/p2p-circuit` is added by `relayClient`.
   */
  listen?: string[];
  /** Addresses that others see, if they differ from the listen addresses (port forwarding). */
  announce?: string[];
  /** Peers to stay connected to, each ending in /p2p/<peer id>. Unreachable ones are tried again for ever. */
  bootstrap?: string[];
  /** Find nodes on the local network by multicast DNS, and connect to them. Off by default. */
  mdns?: boolean;
  /**
   * Take part in this network's Kademlia table, so that peers can be reached by their ids alone: `server` for
   * nodes that others can dial, `client` for those behind a NAT, `auto` to become a server once a public address is
   * confirmed. Off by default.
   */
  dht?: 'client' | 'server' | 'auto';
  /** Dial WebSocket addresses, even without listening on one. Off by default. */
  webSockets?: boolean;
  /** Dial QUIC addresses, even without listening on one. Off by default, and never with a byte rate limit. */
  quic?: boolean;
  /**
   * Reach peers through relays, and reserve a place at a connected relay so that others can reach this node. Off by
   * default.
   */
  relayClient?: boolean;
  /** Relay for others, within limits. Off by default: it spends this node's bandwidth on strangers. */
  relayServer?: boolean;
  /**
   * Ask peers which of this node's addresses they can dial (AutoNAT v2), and answer the same for them. Off by
   * default.
   */
  autoNat?: boolean;
  /** Turn relayed connections into direct ones by dialling from both sides at once (DCUtR). Off by default. */
  holePunching?: boolean;
  /** Ask the router to forward a port (UPnP). Off by default. */
  upnp?: boolean;
  /** Most connections; beyond it those of the peers with the lowest value are closed. */
  maxConnections?: number;
  /** Inbound connections from one address other than loopback. Not limited by default. */
  maxConnectionsPerHost?: number;
  /** File of the ban list. Without it, bans end with the process. */
  banFile?: string;
  /**
   * Additional score of a peer, for example from its stake: from -50 (with any other penalty, its messages are no
   * longer passed on) to 50. It is added to the peer's gossip score; above 0 it keeps the connection when others must
   * close. Called often: it must be quick and must not throw.
   */
  peerScore?: (peerId: string) => number;
  /** Called on connection and ban events. */
  onEvent?: (event: NetworkEvent) => void;
}
