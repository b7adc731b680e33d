import { connectChain, isDevChain } from '@chorus/chain';
import { type ChainPort, ChorusError, explain } from '@chorus/protocol';
import type { HostConfig } from '../config/host-config.ts';
import type { EventSink } from '../events/events.ts';
import type { OpenedWallet } from '../identity/wallet.ts';
import type { Journal } from '../journal/journal.ts';

/** @throws ChorusError `E_CHAIN_WRONG_ID` if the endpoint serves another chain than the configuration names */
export function checkChainId({ chain }: HostConfig, found: number): void {
  if (chain.chainId === undefined || found === chain.chainId) return;
  throw new ChorusError('E_CHAIN_WRONG_ID', 'chain id mismatch: endpoint and configuration differ', {
    facts: { configured: chain.chainId, found },
    hint: 'correct chain.url or chain.chainId in the configuration',
  });
}

/** The chain port of the wallet, on the configured chain. */
export async function openChain(
  config: HostConfig,
  { wallet, encrypted }: OpenedWallet,
  journal: Journal,
  emit: EventSink,
): Promise<ChainPort> {
  const { url, contract, deployedAt, pollMilliseconds, requestsPerMinute } = config.chain;
  const chain = await connectChain({
    url,
    contract: contract as `0x${string}`,
    signer: wallet,
    transactions: journal.store.transactions,
    onPaid: (wei) => {
      // A mined transaction succeeds even if its cost cannot be recorded.
      try {
        journal.store.spending.paidGas(wei);
      } catch (error) {
        emit({ type: 'warning', ...explain(error) });
      }
    },
    deployedAt,
    ...(pollMilliseconds ? { pollMilliseconds } : {}),
    ...(requestsPerMinute ? { requestsPerMinute } : {}),
  });
  try {
    checkChainId(config, chain.chainId);
    if (!encrypted && !isDevChain(chain.chainId)) {
      throw new ChorusError('E_WALLET_UNENCRYPTED', 'a development key is refused on this chain', {
        facts: { chainId: chain.chainId },
        hint: 'create an encrypted wallet with `chorus init`',
      });
    }
    return chain;
  } catch (error) {
    await chain.close();
    throw error;
  }
}
