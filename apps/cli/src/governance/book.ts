import { type AdminClient, readAdmin } from '@chorus/admin-api';
import { Governance, openAlone, viewAlone } from '@chorus/node';
import { ChorusError, hasCode } from '@chorus/protocol';
import { configOf, dataDirOf, type HomeOptions } from '../environment/home.ts';
import { nodeClient } from '../environment/node-client.ts';
import { passwordSource } from '../environment/password.ts';
import { localTime } from '../stake/view.ts';

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
  if (access) return work(nodeClient(access)).catch((error) => Promise.reject(withLocalTimes(error)));
  const { config } = await configOf(flags);
  const { governance, close } = reads
    ? await viewAlone(config, (chain) => ({ governance: new Governance(chain) }))
    : await openAlone(config, passwordSource(), (chain) => ({ governance: new Governance(chain) }));
  try {
    return await work(governance);
  } catch (error) {
    throw withLocalTimes(error);
  } finally {
    await close();
  }
}

/** A refusal gives times in UTC; people read this machine's clock. */
function withLocalTimes(error: unknown): unknown {
  if (!(error instanceof ChorusError) || !error.code.startsWith('E_GOVERNANCE_') || !error.hint) return error;
  const hint = error.hint.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (time) => localTime(time));
  return new ChorusError(error.code, error.message, { facts: error.facts, hint, cause: error.cause });
}
