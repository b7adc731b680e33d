import { type ChorusChain, connectChain } from '@chorus/chain';
import type { Address } from '@chorus/protocol';
import { VoidSigner } from 'ethers';
import type { HostConfig } from '../config/host-config.ts';
import { readIdentity } from '../identity/identity.ts';
import { openWallet } from '../identity/wallet.ts';
import { checkChainId } from './open-chain.ts';

/**
 * The chain as the wallet of a node sees it, read-only: no password is needed, nothing can be sent, and the node may run.
 * @param use what is wanted of it; if it throws, the chain is closed
 * @throws ChorusError `E_WALLET_MISSING`, `E_CHAIN_*`
 */
export async function viewAlone<T>(
  config: HostConfig,
  use: (chain: ChorusChain) => T,
): Promise<T & { close(): Promise<void> }> {
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
    return { ...use(chain), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The identity names the wallet; a development key is not encrypted. */
async function walletAddress(dataDir: string): Promise<string> {
  return (await readIdentity(dataDir))?.address ?? (await openWallet(dataDir)).wallet.address;
}
