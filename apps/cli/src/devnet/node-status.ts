import { createAdminClient, readAdmin } from '@chorus/admin-api';
import { sameAddress } from '@chorus/protocol';
import type { DevnetDescriptor } from './descriptor.ts';

/** What a node of the devnet says of itself, and has earned of the devnet's own token; one that does not answer is `down`. */
export async function nodeStatus(node: DevnetDescriptor['nodes'][number], token: string) {
  try {
    const status = await createAdminClient(await readAdmin(node.home)).status();
    const earned = status.earned.find((entry) => sameAddress(entry.token, token))?.amount ?? '0';
    return {
      ...node,
      state: status.state as string,
      peers: status.network.peers,
      tasks: status.tasks.length,
      earned,
      rssBytes: status.resources.rssBytes,
    };
  } catch {
    return { ...node, state: 'down', peers: null, tasks: null, earned: null, rssBytes: null };
  }
}
