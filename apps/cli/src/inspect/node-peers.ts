import { type AdminClient, createAdminClient, readAdmin, type Status } from '@chorus/admin-api';
import type { NodeConfig } from '@chorus/service-training/config';

/** How the network of a node on this machine is joined. */
export interface NodePeers {
  /** The node itself, if it runs, then the peers of its configuration. */
  bootstrap: string[];
  /** The node, and what it says of itself; null if it does not run. */
  running: { admin: AdminClient; status: Status } | null;
}

/** The peers by which the network of a configured node is joined. */
export async function nodePeers({ dataDir, network }: NodeConfig): Promise<NodePeers> {
  const running = await readAdmin(dataDir)
    .then(async (access) => {
      const admin = createAdminClient(access);
      return { admin, status: await admin.status() };
    })
    .catch(() => null);
  const own = running?.status.network.addresses.slice(0, 1) ?? [];
  return { bootstrap: [...own, ...network.bootstrap], running };
}
