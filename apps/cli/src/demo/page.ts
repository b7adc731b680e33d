import { join } from 'node:path';
import { createAdminClient, readAdmin } from '@chorus/admin-api';
import { EXPLORER_PATH } from '@chorus/admin-api/explorer';
import { addressWithToken } from '../node/page-address.ts';
import type { DemoNetwork } from './network.ts';

/** Where a browser shows the network. */
export interface DemoPage {
  /** With the token of the node's owner. */
  owner: string;
  /** To be read only, for everyone; null if the node does not serve it. */
  everyone: string | null;
}

/** The pages of an honest trainer, the one that serves the trained model as an agent; null if none is left. */
export async function pageOf({ nodes }: DemoNetwork, folder: string): Promise<DemoPage | null> {
  const node = nodes.find(
    ({ roles, attack, process }) => roles.includes('trainer') && attack === undefined && process.alive,
  );
  if (!node) return null;
  const access = await readAdmin(join(folder, node.name));
  const { gateway } = (await createAdminClient(access).status()).network;
  return {
    owner: addressWithToken(access),
    everyone: gateway === null ? null : `${gateway}${EXPLORER_PATH}/`,
  };
}
