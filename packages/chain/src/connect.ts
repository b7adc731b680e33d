import { setTimeout as delay } from 'node:timers/promises';
import { chorusToken } from '@chorus/contracts';
import type {
  Address,
  ChainEvent,
  ChainHead,
  ChainPort,
  Hex,
  Member,
  Receipt,
  Role,
  RoundState,
  SettledRound,
  Settlement,
  TaskParams,
  TaskState,
  UnavailabilityVote,
  VectorCommitment,
} from '@chorus/protocol';
import { Interface, isAddress, type JsonRpcProvider, type Signer, Wallet } from 'ethers';
import { parse, roleBits, TASK_MANAGER } from './decode.ts';
import { ChainError, refusal } from './errors.ts';
import { followEvents } from './follow.ts';
import type { TransactionStore } from './outbox.ts';
import { TaskReader } from './reader.ts';
import { isDevChain, openProvider, read } from './rpc.ts';
import { type Mined, Sender } from './sender.ts';
import { encodeSettlement } from './settlement.ts';
import { bitmapOf, sealOf, UNAVAILABLE_TYPES, voteDomain } from './signing.ts';

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
  /** Blocks mined on top before an event is told (default 0). */
  confirmations?: number;
  /**
   * Keeps each transaction from before it is sent until its outcome is known. Those an earlier run left open are
   * looked up, and waited for, before the first new one; `connectChain` itself waits for that a while.
   */
  transactions?: TransactionStore;
}

/** 50 ms leaves the chain's part of a round under a second; public endpoints count their requests. */
const DEV_POLL_MS = 50;
/** A transaction of an earlier run that takes longer is waited for by the first write. */
const RESUME_PATIENCE_MS = 30_000;
const POLL_MS = 2_000;

const TOKEN = new Interface(chorusToken.abi);

/**
 * Connect one account to the task contract.
 *
 * @example
 * const chain = await connectChain({ url: 'http://127.0.0.1:8545', contract, privateKey });
 * const { taskId } = await chain.createTask(params);
 * @throws ChainError `E_CHAIN_UNREACHABLE`, `E_CHAIN_INVALID_PARAMS` where the address has no code
 */
export async function connectChain(options: ConnectOptions): Promise<ChainPort> {
  if (!isAddress(options.contract)) throw invalid('the contract address is malformed', options.contract);
  const { provider, chainId } = await openProvider(options.url);
  try {
    const code = await read('read the contract', () => provider.getCode(options.contract));
    if (code === '0x') throw invalid('there is no contract at this address', options.contract);
    const signer =
      options.signer?.connect(provider) ?? (options.privateKey && new Wallet(options.privateKey, provider));
    if (!signer) throw invalid('a private key or a signer is needed', options.contract);
    const chain = new EvmChain({
      provider,
      chainId,
      contract: options.contract.toLowerCase() as Address,
      account: (await signer.getAddress()).toLowerCase() as Address,
      signer,
      pollMilliseconds: options.pollMilliseconds ?? (isDevChain(chainId) ? DEV_POLL_MS : POLL_MS),
      confirmations: options.confirmations ?? 0,
      ...(options.transactions ? { transactions: options.transactions } : {}),
    });
    if (options.transactions) await chain.resume();
    return chain;
  } catch (error) {
    provider.destroy();
    throw error;
  }
}

interface Connection {
  provider: JsonRpcProvider;
  chainId: number;
  contract: Address;
  account: Address;
  signer: Signer;
  pollMilliseconds: number;
  confirmations: number;
  transactions?: TransactionStore;
}

class EvmChain implements ChainPort {
  readonly chainId: number;
  readonly contract: Address;
  readonly account: Address;
  readonly #connection: Connection;
  readonly #closing = new AbortController();
  readonly #sender: Sender;
  readonly #reader: TaskReader;

  constructor(connection: Connection) {
    this.chainId = connection.chainId;
    this.contract = connection.contract;
    this.account = connection.account;
    this.#connection = connection;
    this.#sender = new Sender({ ...connection, signal: this.#closing.signal });
    this.#reader = new TaskReader(connection.provider, connection.contract, this.#closing.signal);
  }

  /** Look up what an earlier run sent; a chain that does not answer is asked again by the first write. */
  async resume(): Promise<void> {
    const patience = delay(RESUME_PATIENCE_MS, undefined, { ref: false });
    await Promise.race([this.#sender.resume().catch(() => undefined), patience]);
  }

  async createTask(params: TaskParams): Promise<Receipt & { taskId: bigint }> {
    const action = 'create a task';
    const data = encode(TASK_MANAGER, action, 'createTask', [params]);
    const mined = await this.#sender.exclusive(() =>
      this.#deposit(action, data, params.token, params.budget),
    );
    const created = mined.logs.map(parse).find((event) => event?.name === 'TaskCreated');
    return { ...receiptOf(mined), taskId: created!.args.taskId };
  }

  async join(taskId: bigint, roles: Role[], peerId: string): Promise<Receipt> {
    return this.#sender.exclusive(async () => {
      const { token, stake } = await this.#reader.task(taskId);
      const id = new TextEncoder().encode(peerId);
      const data = encode(TASK_MANAGER, 'join a task', 'join', [taskId, roleBits(roles), id]);
      return receiptOf(await this.#deposit('join a task', data, token, stake));
    });
  }

  commitUpdate(taskId: bigint, round: number, update: VectorCommitment): Promise<Receipt> {
    const args = [taskId, round, update.commitment, update.digest];
    return this.#write('commit an update', 'commitUpdate', args);
  }

  sealReference(taskId: bigint, round: number, seal: Hex): Promise<Receipt> {
    return this.#write('seal a reference', 'sealReference', [taskId, round, seal]);
  }

  openReference(taskId: bigint, round: number, reference: VectorCommitment, salt: Hex): Promise<Receipt> {
    const args = [taskId, round, reference.commitment, reference.digest, salt];
    return this.#write('open a reference', 'openReference', args);
  }

  sealOf(taskId: bigint, round: number, reference: VectorCommitment, salt: Hex): Hex {
    return sealOf(taskId, round, this.account, reference, salt);
  }

  async settle(taskId: bigint, round: number, settlement: Settlement): Promise<Receipt> {
    return this.#write('settle a round', 'settle', [taskId, round, encodeSettlement(settlement)]);
  }

  async signUnavailable(taskId: bigint, round: number, unavailable: number[]): Promise<UnavailabilityVote> {
    const signature = await this.#connection.signer.signTypedData(
      voteDomain(this.chainId, this.contract),
      UNAVAILABLE_TYPES,
      { taskId, round, bitmap: bitmapOf(unavailable) },
    );
    return { validator: this.account, signature: signature as Hex };
  }

  advance(taskId: bigint): Promise<Receipt> {
    return this.#write('end a phase', 'advance', [taskId]);
  }

  async claim(token: Address): Promise<Receipt & { amount: bigint }> {
    return this.#paying('claim', 'claim', [token], 'Claimed');
  }

  async claimable(token: Address, account: Address): Promise<bigint> {
    return (await this.#reader.view('claimable', [token, account]))[0];
  }

  withdrawStake(taskId: bigint): Promise<Receipt> {
    return this.#write('withdraw a stake', 'withdrawStake', [taskId]);
  }

  async refund(taskId: bigint): Promise<Receipt & { amount: bigint }> {
    return this.#paying('refund a task', 'refund', [taskId], 'Refunded');
  }

  async balance(token: Address, account: Address): Promise<bigint> {
    return (await this.#reader.view('balanceOf', [account], token, TOKEN))[0];
  }

  async task(taskId: bigint): Promise<TaskState> {
    const { createdBlock: _, ...task } = await this.#reader.task(taskId);
    return task;
  }

  round(taskId: bigint, round: number): Promise<RoundState> {
    return this.#reader.round(taskId, round);
  }

  members(taskId: bigint): Promise<Member[]> {
    return this.#reader.members(taskId);
  }

  settledRound(taskId: bigint, round: number): Promise<SettledRound | null> {
    return this.#reader.settledRound(taskId, round);
  }

  settlement(taskId: bigint, round: number): Promise<Settlement | null> {
    return this.#reader.settlement(taskId, round);
  }

  async now(): Promise<number> {
    const { provider } = this.#connection;
    const block = await read('read the clock', () => provider.getBlock('latest'), this.#closing.signal);
    return block!.timestamp;
  }

  async head(): Promise<ChainHead> {
    const { provider } = this.#connection;
    const { signal } = this.#closing;
    const [block, gasBalance] = await Promise.all([
      read('read the head', () => provider.getBlock('latest'), signal),
      read('read the balance', () => provider.getBalance(this.account), signal),
    ]);
    return { height: block!.number, time: block!.timestamp, gasBalance };
  }

  events(options: { fromBlock?: number; signal: AbortSignal }): AsyncIterable<ChainEvent> {
    const signal = AbortSignal.any([options.signal, this.#closing.signal]);
    // Asked for now, not when iteration begins: an event in between belongs to the caller.
    const start =
      options.fromBlock === undefined
        ? read('read the head', () => this.#connection.provider.getBlockNumber(), signal).then((b) => b + 1)
        : Promise.resolve(options.fromBlock);
    start.catch(() => undefined);
    return followEvents(this.#connection, start, signal);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#connection.provider.destroy();
  }

  #write(action: string, name: string, args: unknown[]): Promise<Receipt> {
    return this.#sender.exclusive(async () => receiptOf(await this.#send(action, name, args)));
  }

  #send(action: string, name: string, args: unknown[]): Promise<Mined> {
    return this.#sender.send(action, this.contract, encode(TASK_MANAGER, action, name, args));
  }

  async #paying(action: string, name: string, args: unknown[], event: string) {
    const mined = await this.#sender.exclusive(() => this.#send(action, name, args));
    const paid = mined.logs.map(parse).find((log) => log?.name === event);
    return { ...receiptOf(mined), amount: paid!.args.amount as bigint };
  }

  /** Send a call that takes exactly `amount` of `token` from this account, approving it first where needed. */
  async #deposit(action: string, data: string, token: Address, amount: bigint): Promise<Mined> {
    const allowed = await this.#reader.view('allowance', [this.account, this.contract], token, TOKEN);
    if (allowed[0] < amount) {
      await this.#refuseEarly(action, data);
      const balance = await this.balance(token, this.account);
      if (balance < amount) {
        throw refusal('ERC20InsufficientBalance', action, { token, balance, needed: amount });
      }
      const approval = encode(TOKEN, 'approve', 'approve', [this.contract, amount]);
      await this.#sender.send('approve', token, approval);
    }
    return this.#sender.send(action, this.contract, data);
  }

  /** The contract takes the money last: what it refuses for another reason needs no approval to find out. */
  async #refuseEarly(action: string, data: string): Promise<void> {
    const { provider } = this.#connection;
    const call = { from: this.account, to: this.contract, data };
    try {
      await read(action, () => provider.call(call), this.#closing.signal);
    } catch (error) {
      const { code } = error as ChainError;
      // Without the allowance the token itself refuses, each in its own words.
      if (code !== 'E_CHAIN_STAKE_REQUIRED' && code !== 'E_CHAIN_REVERTED') throw error;
    }
  }
}

function encode(abi: Interface, action: string, name: string, args: unknown[]): string {
  try {
    return abi.encodeFunctionData(name, args);
  } catch (cause) {
    throw new ChainError('E_CHAIN_INVALID_PARAMS', 'an argument does not fit its type on chain', {
      facts: { action },
      cause,
    });
  }
}

function receiptOf({ transaction, block, gasUsed }: Mined): Receipt {
  return { transaction, block, gasUsed };
}

function invalid(message: string, contract: Address): ChainError {
  return new ChainError('E_CHAIN_INVALID_PARAMS', message, {
    facts: { contract },
    hint: 'check the address of the task contract and the chain it is on',
  });
}
