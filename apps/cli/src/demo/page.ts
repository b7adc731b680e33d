import { join } from 'node:path';
import { readAdmin } from '@chorus/admin-api';
import { addressWithToken } from '../node/page-address.ts';
import type { DemoNetwork } from './network.ts';

/**
 * The address of the web page of an honest trainer, the one that serves the trained model as an agent; null if none is
 * left.
 */
export async function pageOf({ nodes }: DemoNetwork, folder: string): Promise<string | null> {
  const node = nodes.find(
    ({ roles, attack, process }) => roles.includes('trainer') && attack === undefined && process.alive,
  );
  return node ? addressWithToken(await readAdmin(join(folder, node.name))) : null;
}
