import { identify } from '@libp2p/identify';
import { ping } from '@libp2p/ping';
import { ownAddresses } from '../addresses/own-addresses.ts';
import { RELAY_BYTES, RELAY_DURATION_MS, RELAY_RESERVATIONS } from '../core/limits.ts';
import { type GossipOptions, gossipService } from '../gossip/gossip.ts';
import { kademlia } from '../peers/discovery.ts';
import type { NetworkOptions } from './options.ts';

/** Services of the libp2p node. Disabled ones are not loaded. */
export async function servicesOf(options: NetworkOptions, gossip: GossipOptions) {
  return {
    // On relayed connections too: they reach peers that cannot be dialled.
    identify: identify({ runOnLimitedConnection: true }),
    ping: ping({ maxInboundStreams: 4, maxOutboundStreams: 4, runOnLimitedConnection: true }),
    pubsub: gossipService(gossip),
    ownAddresses: ownAddresses(),
    ...(options.dht ? { dht: await kademlia(options.dht) } : {}),
    ...(options.relayServer ? { relay: await relayServer() } : {}),
    ...(options.autoNat ? { autoNat: (await import('@libp2p/autonat-v2')).autoNATv2() } : {}),
    ...(options.holePunching ? { dcutr: (await import('@libp2p/dcutr')).dcutr() } : {}),
    ...(options.upnp ? { upnp: (await import('@libp2p/upnp-nat')).uPnPNAT() } : {}),
  };
}

async function relayServer() {
  const { circuitRelayServer } = await import('@libp2p/circuit-relay-v2');
  return circuitRelayServer({
    reservations: {
      maxReservations: RELAY_RESERVATIONS,
      defaultDataLimit: RELAY_BYTES,
      defaultDurationLimit: RELAY_DURATION_MS,
    },
  });
}
