import { openAlone, type PasswordSource } from '@chorus/node';
import type { AgentsNodeConfig } from '../config/agents-config.ts';
import { AGENTS_MIGRATIONS } from '../store/agent-records.ts';
import type { PaymentsSource } from './source.ts';

/** The payments of a wallet, until they are closed. */
export interface OpenedPayments {
  payments: PaymentsSource;
  close(): Promise<void>;
}

/**
 * The payments of a wallet whose node does not run. Its journal stays open: no node can start on it meanwhile.
 * @throws ChorusError `E_STORE_LOCKED` if a node runs; `E_WALLET_MISSING`, `E_PASSWORD_*`, `E_CHAIN_*`
 */
export async function openPayments(
  config: AgentsNodeConfig,
  password?: PasswordSource,
): Promise<OpenedPayments> {
  const [{ paymentsOf }, { openKeeper }] = await Promise.all([import('./source.ts'), import('./claims.ts')]);
  return openAlone(config, password, (chain, store) => {
    store.migrate('agents', AGENTS_MIGRATIONS);
    const keeper = async () => openKeeper(chain, { config, store, emit: () => undefined });
    return { payments: paymentsOf(config, chain, store, keeper) };
  });
}
