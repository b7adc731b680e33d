import {
  type HostConfig,
  openAlone,
  type PasswordSource,
  readNodeKey,
  registrationUri,
  viewAlone,
  writeNewNodeKey,
} from '@chorus/node';
import { TRAINING_REGISTRATION } from '../identity/registration.ts';
import { Stakes } from './stakes.ts';
import type { StakesChain } from './stakes-chain.ts';

/** The stake of a wallet, until it is closed. */
export interface OpenedStakes {
  stakes: Stakes;
  close(): Promise<void>;
}

/**
 * The stake of a wallet whose node does not run. Its journal stays open: no node can start on it, so that every
 * transaction of the wallet has its own nonce.
 *
 * @throws ChorusError `E_STORE_LOCKED` if a node runs; `E_WALLET_MISSING`, `E_PASSWORD_*`, `E_CHAIN_*`
 */
export async function openStakes(config: HostConfig, password?: PasswordSource): Promise<OpenedStakes> {
  return openAlone(config, password, (chain) => ({ stakes: stakesOf(config, chain) }));
}

/**
 * The stake of a wallet, read-only: no password is needed, and nothing can be sent.
 * @throws ChorusError `E_WALLET_MISSING`, `E_CHAIN_*`
 */
export async function viewStakes(config: HostConfig): Promise<OpenedStakes> {
  return viewAlone(config, (chain) => ({ stakes: stakesOf(config, chain) }));
}

function stakesOf({ dataDir }: HostConfig, chain: StakesChain): Stakes {
  const uri = async () => {
    const { peerId } = (await readNodeKey(dataDir)) ?? (await writeNewNodeKey(dataDir));
    return registrationUri(peerId, [TRAINING_REGISTRATION]);
  };
  return new Stakes({ chain, registrationUri: uri });
}
