import type { NetworkEvent } from './stats.ts';
import type { TrafficLimits } from './traffic.ts';

export interface NetworkOptions extends TrafficLimits {
  /** The node's key: what `generateNetworkKey` returned, or a 32-byte Ed25519 seed. Fresh by default. */
  privateKey?: Uint8Array;
  /**
   * Addresses to listen on. Default: a free TCP port of the loopback interface. One with `/ws` or `/quic-v1` loads
   * that transport; `/p2p-circuit` is added by `relayClient`.
   */
  listen?: string[];
  /** Addresses that others see, where they differ from those listened on (port forwarding). */
  announce?: string[];
  /** Peers to stay connected to, each ending in /p2p/<peer id>. One that cannot be reached is tried again for ever. */
  bootstrap?: string[];
  /** Find nodes on the local network by multicast DNS, and connect to them. Off by default. */
  mdns?: boolean;
  /**
   * Take part in this network's Kademlia table, so that peers can be reached by their ids alone: `server` for
   * nodes that others can dial, `client` for those behind a NAT, `auto` to become a server once a public address is
   * confirmed. Off by default.
   */
  dht?: 'client' | 'server' | 'auto';
  /** Dial WebSocket addresses, also without listening on one. Off by default. */
  webSockets?: boolean;
  /** Dial QUIC addresses, also without listening on one. Off by default, and never with a byte rate limit. */
  quic?: boolean;
  /** Reach peers through relays, and where a relay is connected reserve a place there to be reached. Off by default. */
  relayClient?: boolean;
  /** Relay for others, within limits. Off by default: it spends this node's bandwidth on strangers. */
  relayServer?: boolean;
  /** Have peers tell which of this node's addresses they can dial (AutoNAT v2), and do that for them. Off by default. */
  autoNat?: boolean;
  /** Turn relayed connections into direct ones by dialling from both sides at once (DCUtR). Off by default. */
  holePunching?: boolean;
  /** Ask the router to forward a port (UPnP). Off by default. */
  upnp?: boolean;
  /** Connections in all; those of the peers valued least are closed beyond it. */
  maxConnections?: number;
  /** Inbound connections from one address other than loopback. Not limited by default. */
  maxConnectionsPerHost?: number;
  /** File of the ban list. Bans end with the process where it is absent. */
  banFile?: string;
  /**
   * How well a peer stands with this node from what it knows of it, such as its stake: from -50 (its messages are
   * no longer passed on when something else speaks against it too) to 50. Added to the peer's gossip score, and
   * above 0 keeps its connection when others must go. Asked often: it must be quick and must not throw.
   */
  peerScore?: (peerId: string) => number;
  /** Told of what happens to connections and bans. */
  onEvent?: (event: NetworkEvent) => void;
}
