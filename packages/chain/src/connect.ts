import type { Address, Hex } from '@chorus/protocol';
import { isAddress, type Signer, Wallet } from 'ethers';
import { ChainError } from './errors/errors.ts';
import type { EventIndex } from './events/event-index.ts';
import type { EventStore } from './events/store.ts';
import { type ChorusChain, createChorusChain } from './ports/chorus-chain.ts';
import { openProvider, pollInterval, read } from './rpc/rpc.ts';
import type { FeePolicy } from './send/fees.ts';
import type { TransactionStore } from './send/journal.ts';

export interface ConnectOptions {
  /** JSON-RPC endpoint of the chain. */
  url: string;
  /** The task contract. */
  contract: Address;
  /** Private key of the account, or a signer that can sign transactions and typed data. */
  privateKey?: Hex;
  signer?: Signer;
  /** Milliseconds between requests for the head and receipts: by default 50 on a development chain, else 2000. */
  pollMilliseconds?: number;
  /** Most requests a minute: by default 600; unbounded on a development chain. */
  requestsPerMinute?: number;
  /** Confirmations before an event is reported (default 0: events are only hints to read the state). */
  confirmations?: number;
  /** Store of signed transactions until their outcome is known (default: in memory). */
  transactions?: TransactionStore;
  /** When to raise the fee of a transaction that is not mined, and its maximum. */
  fees?: Partial<FeePolicy>;
  /**
   * Called with the cost of each mined transaction of this account, even a refused one (wei; without a rollup's fee
   * for data).
   */
  onPaid?: (wei: bigint) => void;
  /** Index from which ended rounds are read, as far as it has read. */
  index?: EventIndex;
  /** Opens the store of feedback on agents, when it is first asked for (default: in memory). It is closed with the chain. */
  feedback?: () => EventStore;
  /** First block of the deployment (default 0): searches start there. */
  deployedAt?: number;
}

/**
 * Connect one account to the task contract.
 *
 * @example
 * const chain = await connectChain({ url: 'http://127.0.0.1:8545', contract, privateKey });
 * const { taskId } = await chain.createTask(params);
 * @throws ChainError `E_CHAIN_UNREACHABLE`, `E_CHAIN_INVALID_PARAMS` if the address has no code
 */
export async function connectChain(options: ConnectOptions): Promise<ChorusChain> {
  if (!isAddress(options.contract)) throw invalid('the contract address is malformed', options.contract);
  const { requestsPerMinute } = options;
  const { provider, chainId, use } = await openProvider(options.url, { requestsPerMinute });
  try {
    const code = await read('read the contract', () => provider.getCode(options.contract));
    if (code === '0x') throw invalid('there is no contract at this address', options.contract);
    const signer =
      options.signer?.connect(provider) ?? (options.privateKey && new Wallet(options.privateKey, provider));
    if (!signer) throw invalid('a private key or a signer is needed', options.contract);
    return createChorusChain({
      provider,
      chainId,
      use,
      contract: options.contract.toLowerCase() as Address,
      account: (await signer.getAddress()).toLowerCase() as Address,
      signer,
      pollMilliseconds: options.pollMilliseconds ?? pollInterval(chainId),
      confirmations: options.confirmations ?? 0,
      transactions: options.transactions,
      fees: options.fees,
      onPaid: options.onPaid,
      index: options.index,
      feedback: options.feedback,
      deployedAt: options.deployedAt ?? 0,
    });
  } catch (error) {
    provider.destroy();
    throw error;
  }
}

function invalid(message: string, contract: Address): ChainError {
  return new ChainError('E_CHAIN_INVALID_PARAMS', message, {
    facts: { contract },
    hint: 'check the address of the task contract and its chain',
  });
}
