import { join } from 'node:path';
import { type AdminClient, readAdmin } from '@chorus/admin-api';
import { hasCode } from '@chorus/protocol';
import { openStakes, viewStakes } from '@chorus/service-training';
import { DEPLOYMENT_FILE, readDeployment } from '../chain/deployment.ts';
import { configOf, dataDirOf, type HomeOptions, homeOf } from '../environment/home.ts';
import { nodeClient } from '../environment/node-client.ts';
import { passwordSource } from '../environment/password.ts';

/** The stake of a wallet, through the running node or the wallet's keystore. */
export type StakeBook = Pick<
  AdminClient,
  'stakes' | 'memberRecord' | 'depositStake' | 'unbondStake' | 'withdrawStake'
>;

/**
 * Work with the stake of the wallet. If a node runs with the wallet, that node sends the transactions, one after the
 * other; if none runs, none can start meanwhile.
 * @param reads nothing is sent, so that no password is asked for
 * @throws ChorusError `E_ADMIN_*`, `E_STORE_LOCKED`, `E_WALLET_MISSING`, `E_PASSWORD_*`, `E_CHAIN_*`
 */
export async function withStakes<T>(
  flags: HomeOptions,
  { reads }: { reads: boolean },
  work: (book: StakeBook) => Promise<T>,
): Promise<T> {
  const access = await readAdmin(await dataDirOf(flags)).catch((error) => {
    if (hasCode(error, 'E_ADMIN_NOT_RUNNING')) return null;
    throw error;
  });
  if (access) return work(nodeClient(access));
  const { config } = await configOf(flags);
  const { stakes, close } = reads ? await viewStakes(config) : await openStakes(config, passwordSource());
  try {
    return await work(stakes);
  } finally {
    await close();
  }
}

/** The token of this node's network; null if its deployment file names none. */
export async function networkToken(flags: HomeOptions): Promise<string | null> {
  const file = join(homeOf(flags), DEPLOYMENT_FILE);
  return readDeployment(file).then(
    ({ token }) => token,
    () => null,
  );
}
