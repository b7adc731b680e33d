import { connectChain } from '@chorus/chain';
import {
  checkChainId,
  type HostConfig,
  openAlone,
  openWallet,
  type PasswordSource,
  readIdentity,
  readNodeKey,
  registrationUri,
  writeNewNodeKey,
} from '@chorus/node';
import type { Address } from '@chorus/protocol';
import { VoidSigner } from 'ethers';
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
  const { url, contract, deployedAt, requestsPerMinute } = config.chain;
  const chain = await connectChain({
    url,
    contract: contract as Address,
    signer: new VoidSigner(await walletAddress(config.dataDir)),
    deployedAt,
    ...(requestsPerMinute ? { requestsPerMinute } : {}),
  });
  const close = () => chain.close();
  try {
    checkChainId(config, chain.chainId);
    return { stakes: stakesOf(config, chain), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function stakesOf({ dataDir }: HostConfig, chain: StakesChain): Stakes {
  const uri = async () => {
    const { peerId } = (await readNodeKey(dataDir)) ?? (await writeNewNodeKey(dataDir));
    return registrationUri(peerId, [TRAINING_REGISTRATION]);
  };
  return new Stakes({ chain, registrationUri: uri });
}

/** The identity names the wallet; a development key is not encrypted. */
async function walletAddress(dataDir: string): Promise<string> {
  return (await readIdentity(dataDir))?.address ?? (await openWallet(dataDir)).wallet.address;
}
