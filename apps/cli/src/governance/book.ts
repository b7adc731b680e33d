import { type AdminClient, createAdminClient, readAdmin } from '@chorus/admin-api';
import { Governance, openAlone, viewAlone } from '@chorus/node';
import { hasCode } from '@chorus/protocol';
import { configOf, dataDirOf, type HomeOptions } from '../environment/home.ts';
import { passwordSource } from '../environment/password.ts';

/** Votes on the parameters, through the running node or the wallet's keystore. */
export type GovernanceBook = Pick<AdminClient, keyof Governance>;

/**
 * Take part in votes with the wallet of a node. If the node runs, it sends the transactions; if none runs, none can start
 * meanwhile.
 * @param reads nothing is sent, so that no password is asked for
 * @throws ChorusError `E_ADMIN_*`, `E_STORE_LOCKED`, `E_WALLET_MISSING`, `E_PASSWORD_*`, `E_CHAIN_*`
 */
export async function withGovernance<T>(
  flags: HomeOptions,
  { reads }: { reads: boolean },
  work: (book: GovernanceBook) => Promise<T>,
): Promise<T> {
  const access = await readAdmin(await dataDirOf(flags)).catch((error) => {
    if (hasCode(error, 'E_ADMIN_NOT_RUNNING')) return null;
    throw error;
  });
  if (access) return work(createAdminClient(access));
  const { config } = await configOf(flags);
  const { governance, close } = reads
    ? await viewAlone(config, (chain) => ({ governance: new Governance(chain) }))
    : await openAlone(config, passwordSource(), (chain) => ({ governance: new Governance(chain) }));
  try {
    return await work(governance);
  } finally {
    await close();
  }
}
