import type { Address, Hex } from '@chorus/protocol';
import { isAddress, type Signer, Wallet } from 'ethers';
import { ChainError } from './errors/errors.ts';
import type { EventIndex } from './events/event-index.ts';
import { type ChorusChain, EvmChain } from './evm-chain.ts';
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
  /** How often the head and receipts are asked for: by default 50 on a development chain, else 2000. */
  pollMilliseconds?: number;
  /** Requests a minute at most: by default 600, and no bound on a development chain. */
  requestsPerMinute?: number;
  /** Blocks mined on top before an event is told (default 0: events are hints, the state is what counts). */
  confirmations?: number;
  /** Where signed transactions are kept until their outcome is known (default: in memory). */
  transactions?: TransactionStore;
  /** When more is offered for a transaction that is not mined, and how much at most. */
  fees?: Partial<FeePolicy>;
  /** Told what each mined transaction of this account cost, refused ones too (wei; without what a rollup adds for data). */
  onPaid?: (wei: bigint) => void;
  /** Reads rounds that are over out of this index, as far as it has read. */
  index?: EventIndex;
  /** Block that the deployment began in (default 0): nothing before it is searched. */
  deployedAt?: number;
}

/**
 * Connect one account to the task contract.
 *
 * @example
 * const chain = await connectChain({ url: 'http://127.0.0.1:8545', contract, privateKey });
 * const { taskId } = await chain.createTask(params);
 * @throws ChainError `E_CHAIN_UNREACHABLE`, `E_CHAIN_INVALID_PARAMS` where the address has no code
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
    return new EvmChain({
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
    hint: 'check the address of the task contract and the chain it is on',
  });
}
