import { join } from 'node:path';
import { createNetwork, type LibP2pNetwork, type NetworkEvent, type NetworkOptions } from '@chorus/network';
import type { HostConfig } from '../config/host-config.ts';
import type { EventSink } from '../events/events.ts';

/** libp2p as it is configured; connections are reported as events of the node. */
export function openNetwork(
  config: HostConfig,
  key: Uint8Array,
  peerScore: (peerId: string) => number,
  emit: EventSink,
): Promise<LibP2pNetwork> {
  const { upload, download } = config.limits;
  return createNetwork({
    ...networkOptions(config.network),
    ...(upload ? { uploadBytesPerSecond: upload } : {}),
    ...(download ? { downloadBytesPerSecond: download } : {}),
    privateKey: key,
    banFile: join(config.dataDir, 'bans.json'),
    onEvent: (event) => forwardEvent(event, emit),
    peerScore,
  });
}

function networkOptions({ dht, ...network }: HostConfig['network']): NetworkOptions {
  const { maxConnections, maxConnectionsPerHost, ...rest } = network;
  return {
    ...rest,
    ...(dht === 'off' ? {} : { dht }),
    ...(maxConnections === undefined ? {} : { maxConnections }),
    ...(maxConnectionsPerHost === undefined ? {} : { maxConnectionsPerHost }),
  };
}

function forwardEvent(event: NetworkEvent, emit: EventSink): void {
  switch (event.type) {
    case 'peer-connected':
      emit({ type: event.type, peerId: event.peer, address: event.address, direction: event.direction });
      break;
    case 'peer-disconnected':
      emit({ type: event.type, peerId: event.peer });
      break;
    case 'banned': {
      const until = Number.isFinite(event.until) ? event.until : null;
      emit({ type: 'peer-banned', peerId: event.peer, until, reason: event.reason });
      break;
    }
    case 'warning':
      emit({ type: 'warning', code: 'E_NETWORK', message: event.message, hint: null });
      break;
  }
}
