import { join } from 'node:path';
import type { LibP2pNetwork } from '@chorus/network';
import { explain, keepUrlSecret, type StoragePort } from '@chorus/protocol';
import { createHeliaStorage, createKuboStorage, laterStorage, withDaemon } from '@chorus/storage';
import type { HostConfig } from '../config/host-config.ts';
import type { EventSink } from '../events/events.ts';

/**
 * IPFS over the node's own libp2p, and a Kubo daemon in addition if one is configured.
 * @param keep CIDs that garbage collection must not take
 */
export async function openStorage(
  config: HostConfig,
  network: LibP2pNetwork,
  keep: () => Iterable<string>,
  emit: EventSink,
): Promise<StoragePort> {
  const own = await createHeliaStorage({
    libp2p: network.libp2p,
    path: join(config.dataDir, 'blocks'),
    onWrongBlock: (peer) => network.blame(peer, 'wrong-block'),
    onFlood: (peer) => network.blame(peer, 'bitswap-flood'),
    ...(config.limits.disk === undefined ? {} : { limit: { maxBytes: config.limits.disk, keep } }),
  });
  const { ipfsApi } = config.storage;
  if (!ipfsApi) return own;
  return withDaemon(own, daemonAt(ipfsApi, emit), (error) => emit({ type: 'warning', ...explain(error) }));
}

/** An IPFS daemon, which may start later: until then the node works without it. */
function daemonAt(url: string, emit: EventSink): StoragePort {
  keepUrlSecret(url);
  let away = 0;
  return laterStorage(
    () => createKuboStorage({ url }),
    (error) => {
      const code = 'E_STORAGE_KUBO';
      const message = 'the IPFS daemon does not answer';
      if (error !== null) {
        away = performance.now();
        const hint = 'the node goes on without it; check storage.ipfsApi, and that the daemon is up';
        emit({ type: 'condition-began', code, message, hint });
      } else {
        const seconds = Math.round((performance.now() - away) / 1000);
        emit({ type: 'condition-ended', code, message, seconds });
      }
    },
  );
}
