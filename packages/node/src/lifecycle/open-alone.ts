import type { ChainPort } from '@chorus/protocol';
import type { HostConfig } from '../config/host-config.ts';
import { openWallet, type PasswordSource } from '../identity/wallet.ts';
import { NodeStore } from '../store/node-store.ts';
import { openChain } from './open-chain.ts';

/**
 * Opens the wallet and the store of a node that does not run, for a part of what it does. The store stays open until it is
 * closed: no node can start on it, so that every transaction of the wallet has its own nonce.
 * @param use what is wanted of both; if it throws, they are closed
 * @throws ChorusError `E_STORE_LOCKED` if a node runs; `E_WALLET_MISSING`, `E_PASSWORD_*`, `E_CHAIN_*`
 */
export async function openAlone<T>(
  config: HostConfig,
  password: PasswordSource | undefined,
  use: (chain: ChainPort, store: NodeStore) => T,
): Promise<T & { close(): Promise<void> }> {
  const wallet = await openWallet(config.dataDir, password);
  const store = NodeStore.open(config.dataDir);
  let chain: ChainPort | null = null;
  const close = async () => {
    await chain?.close();
    store.close();
  };
  try {
    chain = await openChain(config, wallet, store, () => {});
    store.bind(chain);
    return { ...use(chain, store), close };
  } catch (error) {
    await close();
    throw error;
  }
}
