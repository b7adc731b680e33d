import type { ChainAccount, ChainRequests, ChannelContracts } from '@chorus/protocol';
import type { JsonRpcProvider, Signer } from 'ethers';
import {
  type ContractAddresses,
  findChannelContracts,
  findContracts,
  findMarketContracts,
  findRevenueContracts,
  type MarketAddresses,
  type RevenueAddresses,
} from '../contracts/addresses.ts';
import type { EventIndex } from '../events/event-index.ts';
import { RpcLogs } from '../events/logs.ts';
import type { EventStore } from '../events/store.ts';
import { TaskReader } from '../read/reader.ts';
import type { FeePolicy } from '../send/fees.ts';
import type { TransactionStore } from '../send/journal.ts';
import { Sender } from '../send/sender.ts';
import { Writer } from '../write/writer.ts';

/** One account's connection to a task contract; see `ConnectOptions`. */
export interface Connection extends ChainAccount {
  provider: JsonRpcProvider;
  /** The requests made to the endpoint so far. */
  use: () => ChainRequests;
  signer: Signer;
  pollMilliseconds: number;
  confirmations: number;
  transactions: TransactionStore | undefined;
  fees: Partial<FeePolicy> | undefined;
  onPaid: ((wei: bigint) => void) | undefined;
  index: EventIndex | undefined;
  /** Opens the store of feedback on agents. */
  feedback: (() => EventStore) | undefined;
  /** First block of the deployment: searches start there. */
  deployedAt: number;
}

/** What the ports of one account share. */
export interface ChainParts {
  connection: Connection;
  reader: TaskReader;
  /** All transactions of the account go through one writer, so that each has its own nonce. */
  writer: Writer;
  /** Addresses of the contracts around the task contract: read once. */
  contracts(): Promise<ContractAddresses>;
  /** Of those that divide what agents are paid, likewise; null if the network has none. */
  revenueContracts(): Promise<RevenueAddresses | null>;
  /** Of those of jobs, likewise. */
  marketContracts(): Promise<MarketAddresses | null>;
  /** Of those of payment channels, likewise. */
  channelContracts(): Promise<ChannelContracts | null>;
  /** Aborted when the chain is closed. */
  signal: AbortSignal;
  /** Stop all requests. */
  close(): void;
}

export function createParts(connection: Connection): ChainParts {
  const { provider, contract, account } = connection;
  const closing = new AbortController();
  const { signal } = closing;
  const logs = connection.index ?? new RpcLogs(provider, { signal });
  const reader = new TaskReader(provider, contract, logs, signal);
  const sender = new Sender({ ...connection, signal });
  const contracts = once(() => findContracts(provider, contract, signal));
  return {
    connection,
    reader,
    writer: new Writer({ provider, contract, account, sender, reader, signal }),
    contracts,
    revenueContracts: once(async () =>
      findRevenueContracts(provider, (await contracts()).parameters, signal),
    ),
    marketContracts: once(async () => findMarketContracts(provider, (await contracts()).parameters, signal)),
    channelContracts: once(async () =>
      findChannelContracts(provider, (await contracts()).parameters, signal),
    ),
    signal,
    close: () => {
      closing.abort();
      provider.destroy();
    },
  };
}

/** The result of the first call that succeeds, for all later ones. */
export function once<T>(find: () => Promise<T>): () => Promise<T> {
  let found: Promise<T> | undefined;
  return () => {
    found ??= find().catch((error) => {
      found = undefined;
      throw error;
    });
    return found;
  };
}
