import {
  type Address,
  type AvailableVote,
  type ChainEvent,
  type ChainHead,
  type ChainPace,
  type ChainPort,
  type ChainRequests,
  type Hex,
  type JoinRequest,
  type Member,
  type MemberAccount,
  type Receipt,
  type RoundRecord,
  type RoundState,
  type RoundVerdict,
  type SettledRound,
  type Settlement,
  type StakeAccount,
  type StakePool,
  sameAddress,
  stakeValue,
  type TaskParams,
  type TaskState,
  toHex,
  type UnavailabilityCase,
  type UnbondTicket,
  type VectorCommitment,
  type VerdictFindings,
  type VerdictVote,
  verdictsCost,
} from '@chorus/protocol';
import { type JsonRpcProvider, type Result, type Signer, ZeroAddress } from 'ethers';
import { ATTESTOR, IDENTITIES, PARAMETERS, STAKE_MANAGER, TASK_MANAGER, TOKEN } from './abi/abis.ts';
import { encodeParams, roleBits } from './abi/decode.ts';
import {
  bitmapOf,
  type ClaimOrder,
  isAvailableOf,
  isVerdictOf,
  sealOf,
  signAvailable,
  signClaim,
  signVerdict,
  type VoteContext,
} from './abi/signing.ts';
import { type ContractAddresses, findContracts } from './contracts/addresses.ts';
import { encodeSettlement } from './contracts/settlement.ts';
import { orNoToken, symbolOf } from './contracts/token.ts';
import type { EventIndex } from './events/event-index.ts';
import { followEvents } from './events/follow.ts';
import { RpcLogs } from './events/logs.ts';
import { ownIdentity } from './identity/identity.ts';
import { requestValidation } from './identity/validation.ts';
import { TaskReader } from './read/reader.ts';
import { readStakeAccount } from './read/stake-account.ts';
import { isDevChain, read } from './rpc/rpc.ts';
import type { FeePolicy } from './send/fees.ts';
import type { TransactionStore } from './send/journal.ts';
import { Sender } from './send/sender.ts';
import { signPermit } from './write/permit.ts';
import { eventOf, receiptOf, Writer } from './write/writer.ts';

/** The chain port over EVM JSON-RPC, with the extras of this implementation. */
export interface ChorusChain extends ChainPort {
  /** Addresses of the contracts around the task contract. */
  contracts(): Promise<ContractAddresses>;
  /** Sign a claim of this account that any other account may send, and pay for. */
  signClaim(
    token: Address,
    taskIds: bigint[],
    to: Address,
    deadline: number,
  ): Promise<{ order: ClaimOrder; signature: Hex }>;
  /** Send a claim that its account signed. */
  claimBySignature(order: ClaimOrder, signature: Hex): Promise<Receipt & { amount: bigint }>;
  /** This account's earnings from reporting offences, in `token`. */
  reportRewards(token: Address): Promise<bigint>;
  claimReports(token: Address): Promise<Receipt & { amount: bigint }>;
  /** Like `depositStake`, with the approval signed (EIP-2612) instead of sent. */
  depositStakeWithPermit(token: Address, agentId: bigint, amount: bigint): Promise<Receipt>;
  /** Stake that a task has locked from the pool behind an identity. */
  lockedStake(token: Address, agentId: bigint, taskId: bigint): Promise<bigint>;
  /** Null if the ticket does not exist, or was paid out. Its shares are 0 if slashing took the whole pool. */
  unbondTicket(ticketId: bigint): Promise<(UnbondTicket & { owner: Address }) | null>;
  /** Number of offences for which an identity was slashed, in any token. */
  slashCount(agentId: bigint): Promise<number>;
  wasSlashed(offence: Hex): Promise<boolean>;
  /** Attested rounds of an identity, and those of them with a share. */
  history(agentId: bigint): Promise<{ rounds: number; rewarded: number }>;
}

/** 10^77 is the largest power of ten in 256 bits. */
const MAX_DECIMALS = 77;

/** Number of tokens whose decimals are cached. */
const MAX_TOKENS = 1_000;

/** Number of blocks over which the block time is measured. */
const PACE_BLOCKS = 20;

/** Time in which a permit must be mined. */
const PERMIT_SECONDS = 3_600;

export interface Connection {
  provider: JsonRpcProvider;
  chainId: number;
  use: () => ChainRequests;
  contract: Address;
  account: Address;
  signer: Signer;
  pollMilliseconds: number;
  confirmations: number;
  transactions: TransactionStore | undefined;
  fees: Partial<FeePolicy> | undefined;
  onPaid: ((wei: bigint) => void) | undefined;
  index: EventIndex | undefined;
  deployedAt: number;
}

/** See `connectChain`. */
export class EvmChain implements ChorusChain {
  readonly chainId: number;
  readonly contract: Address;
  readonly account: Address;
  readonly #connection: Connection;
  readonly #closing = new AbortController();
  readonly #reader: TaskReader;
  readonly #writer: Writer;
  #contracts: Promise<ContractAddresses> | undefined;
  #agentId: bigint | null = null;
  /** Decimals by token in lower case: they never change. */
  readonly #decimals = new Map<string, number>();

  constructor(connection: Connection) {
    const { provider, chainId, contract, account } = connection;
    const { signal } = this.#closing;
    this.chainId = chainId;
    this.contract = contract;
    this.account = account;
    this.#connection = connection;
    const logs = connection.index ?? new RpcLogs(provider, { signal });
    const reader = new TaskReader(provider, contract, logs, signal);
    const sender = new Sender({ ...connection, signal });
    this.#reader = reader;
    this.#writer = new Writer({ provider, contract, account, sender, reader, signal });
  }

  contracts(): Promise<ContractAddresses> {
    const { provider } = this.#connection;
    this.#contracts ??= findContracts(provider, this.contract, this.#closing.signal).catch((error) => {
      this.#contracts = undefined;
      throw error;
    });
    return this.#contracts;
  }

  // ---- identity and stake ----

  async registerIdentity(uri: string): Promise<Receipt & { agentId: bigint }> {
    const { identities: to } = await this.contracts();
    const call = {
      action: 'register an identity',
      to,
      abi: IDENTITIES,
      name: 'register(string)',
      args: [uri],
    };
    const mined = await this.#writer.send(call);
    const agentId: bigint = eventOf(mined, IDENTITIES, 'Registered').agentId;
    this.#agentId ??= agentId;
    return { ...receiptOf(mined), agentId };
  }

  async identity(account: Address = this.account): Promise<bigint | null> {
    const { identities } = await this.contracts();
    const { provider, deployedAt } = this.#connection;
    const { signal } = this.#closing;
    const owner = account.toLowerCase() as Address;
    const query = { provider, identities, account: owner, fromBlock: deployedAt, signal };
    if (!sameAddress(owner, this.account)) return ownIdentity(query, null);
    this.#agentId = await ownIdentity(query, this.#agentId);
    return this.#agentId;
  }

  async reputation(agentId: bigint): Promise<number> {
    const { attestor } = await this.contracts();
    return Number((await this.#reader.view('reputation', [agentId], attestor, ATTESTOR))[0]);
  }

  async depositStake(token: Address, agentId: bigint, amount: bigint): Promise<Receipt> {
    const { stakes: to } = await this.contracts();
    const args = [token, agentId, amount];
    const call = { action: 'deposit stake', to, abi: STAKE_MANAGER, name: 'deposit', args };
    return receiptOf(await this.#writer.spend(call, token, amount));
  }

  async stake(token: Address, agentId: bigint): Promise<StakePool> {
    const [[pool], [free]] = await Promise.all([
      this.#stakes('pool', [token, agentId]),
      this.#stakes('freeStake', [token, agentId]),
    ]);
    return { tokens: pool.tokens, locked: pool.locked, free };
  }

  async stakeShares(token: Address, agentId: bigint): Promise<{ shares: bigint; value: bigint }> {
    const [[pool], [shares]] = await Promise.all([
      this.#stakes('pool', [token, agentId]),
      this.#stakes('sharesOf', [token, agentId, this.account]),
    ]);
    const { tokens, locked, shares: all, unbondingShares: unbonding } = pool;
    return { shares, value: stakeValue({ tokens, locked, shares: all, unbonding }, shares) };
  }

  async requestUnbond(
    token: Address,
    agentId: bigint,
    shares: bigint,
  ): Promise<Receipt & { ticket: UnbondTicket }> {
    const { stakes: to } = await this.contracts();
    const args = [token, agentId, shares];
    const call = { action: 'unbond stake', to, abi: STAKE_MANAGER, name: 'requestUnbond', args };
    const mined = await this.#writer.send(call);
    const told = eventOf(mined, STAKE_MANAGER, 'UnbondRequested');
    const maturesAt = Number(told.maturesAt);
    const ticket: UnbondTicket = { id: told.ticketId, token, agentId, shares, maturesAt };
    return { ...receiptOf(mined), ticket };
  }

  async withdrawStake(ticketId: bigint): Promise<Receipt & { amount: bigint }> {
    const { stakes: to } = await this.contracts();
    const call = { action: 'withdraw stake', to, abi: STAKE_MANAGER, name: 'withdraw', args: [ticketId] };
    const mined = await this.#writer.send(call);
    return { ...receiptOf(mined), amount: eventOf(mined, STAKE_MANAGER, 'Withdrawn').amount };
  }

  async stakeAccount(account: Address): Promise<StakeAccount> {
    const [{ stakes, identities }, agentId] = await Promise.all([this.contracts(), this.identity(account)]);
    const { provider, deployedAt } = this.#connection;
    const query = { provider, reader: this.#reader, stakes, identities, fromBlock: deployedAt };
    return readStakeAccount({ ...query, signal: this.#closing.signal }, account, agentId);
  }

  async unbondSeconds(): Promise<number> {
    const { parameters } = await this.contracts();
    return Number((await this.#reader.view('unbondSeconds', [], parameters, PARAMETERS))[0]);
  }

  async depositStakeWithPermit(token: Address, agentId: bigint, amount: bigint): Promise<Receipt> {
    const { stakes: to } = await this.contracts();
    const deadline = (await this.now()) + PERMIT_SECONDS;
    const permit = { token, owner: this.account, spender: to, value: amount, deadline };
    const { v, r, s } = await signPermit(this.#reader, this.#connection.signer, permit);
    const args = [token, agentId, amount, deadline, v, r, s];
    const action = 'deposit stake';
    return this.#writer.receipt({ action, to, abi: STAKE_MANAGER, name: 'depositWithPermit', args });
  }

  async lockedStake(token: Address, agentId: bigint, taskId: bigint): Promise<bigint> {
    return (await this.#stakes('lockOf', [token, agentId, taskId]))[0];
  }

  async unbondTicket(ticketId: bigint): Promise<(UnbondTicket & { owner: Address }) | null> {
    const [found] = await this.#stakes('ticket', [ticketId]);
    if (found.owner === ZeroAddress) return null;
    return {
      id: ticketId,
      owner: found.owner.toLowerCase(),
      token: found.token.toLowerCase(),
      agentId: found.agentId,
      shares: found.shares,
      maturesAt: Number(found.maturesAt),
    };
  }

  async slashCount(agentId: bigint): Promise<number> {
    return Number((await this.#stakes('slashCount', [agentId]))[0]);
  }

  async wasSlashed(offence: Hex): Promise<boolean> {
    return (await this.#stakes('wasSlashed', [offence]))[0];
  }

  async history(agentId: bigint): Promise<{ rounds: number; rewarded: number }> {
    const { attestor } = await this.contracts();
    const { rounds, rewarded } = await this.#reader.view('history', [agentId], attestor, ATTESTOR);
    return { rounds: Number(rounds), rewarded: Number(rewarded) };
  }

  async reportRewards(token: Address): Promise<bigint> {
    return (await this.#stakes('reportRewards', [token, this.account]))[0];
  }

  async claimReports(token: Address): Promise<Receipt & { amount: bigint }> {
    const { stakes: to } = await this.contracts();
    const call = { action: 'claim reports', to, abi: STAKE_MANAGER, name: 'claimReports', args: [token] };
    const mined = await this.#writer.send(call);
    return { ...receiptOf(mined), amount: eventOf(mined, STAKE_MANAGER, 'ReportsClaimed').amount };
  }

  // ---- tasks ----

  async createTask(params: TaskParams): Promise<Receipt & { taskId: bigint }> {
    const call = { action: 'create a task', name: 'createTask', args: [encodeParams(params)] };
    const mined = await this.#writer.spend(call, params.token, params.budget);
    return { ...receiptOf(mined), taskId: eventOf(mined, TASK_MANAGER, 'TaskCreated').taskId };
  }

  async topUp(taskId: bigint, amount: bigint): Promise<Receipt> {
    const { token } = await this.#reader.task(taskId);
    const call = { action: 'top up a task', name: 'topUp', args: [taskId, amount] };
    return receiptOf(await this.#writer.spend(call, token, amount));
  }

  cancel(taskId: bigint): Promise<Receipt> {
    return this.#write('cancel a task', 'cancel', [taskId]);
  }

  async join(taskId: bigint, request: JoinRequest): Promise<Receipt> {
    const { agreement, agentId, roles, peerId, allowProof = [] } = request;
    const peer = new TextEncoder().encode(peerId);
    const args = [taskId, agreement, agentId, roleBits(roles), peer, allowProof];
    return this.#write('join a task', 'join', args);
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

  advance(taskId: bigint): Promise<Receipt> {
    return this.#write('end a phase', 'advance', [taskId]);
  }

  // ---- verdicts and disputes ----

  signVerdict(judged: RoundState, verdict: RoundVerdict): Promise<VerdictVote> {
    return signVerdict(this.#connection.signer, this.#context(judged), verdict);
  }

  isVerdictOf(vote: VerdictVote, judged: RoundState, found: VerdictFindings): boolean {
    return isVerdictOf(vote, this.#context(judged), found);
  }

  signAvailable(judged: RoundState, trainer: number): Promise<AvailableVote> {
    return signAvailable(this.#connection.signer, this.#context(judged), trainer);
  }

  isAvailableOf(vote: AvailableVote, judged: RoundState, trainer: number): boolean {
    return isAvailableOf(vote, this.#context(judged), trainer);
  }

  async requestVerdicts(taskId: bigint, round: number): Promise<Receipt> {
    const task = await this.#reader.task(taskId);
    const call = { action: 'ask for verdicts', name: 'requestVerdicts', args: [taskId, round] };
    return receiptOf(await this.#writer.spend(call, task.token, verdictsCost(task)));
  }

  async postVerdict(
    taskId: bigint,
    round: number,
    verdict: RoundVerdict,
    vote: VerdictVote,
  ): Promise<Receipt> {
    const found = [bitmapOf(verdict.unavailable), bitmapOf(verdict.rejected), verdict.novelty];
    return this.#write('post a verdict', 'postVerdict', [taskId, round, ...found, vote]);
  }

  postedVerdicts(taskId: bigint, round: number): Promise<{ verdict: RoundVerdict; vote: VerdictVote }[]> {
    return this.#reader.postedVerdicts(taskId, round);
  }

  unavailabilityCase(taskId: bigint, round: number, trainer: number): Promise<UnavailabilityCase | null> {
    return this.#reader.unavailabilityCase(taskId, round, trainer);
  }

  publishPayload(taskId: bigint, round: number, payload: Uint8Array): Promise<Receipt> {
    return this.#write('publish a payload', 'publishPayload', [taskId, round, toHex(payload)]);
  }

  publishedPayload(taskId: bigint, round: number, trainer: Address): Promise<Uint8Array | null> {
    return this.#reader.publishedPayload(taskId, round, trainer);
  }

  contest(taskId: bigint, round: number, trainer: number, votes: AvailableVote[]): Promise<Receipt> {
    return this.#write('contest a case', 'contest', [taskId, round, trainer, votes]);
  }

  resolveCase(taskId: bigint, round: number, trainer: number): Promise<Receipt> {
    return this.#write('resolve a case', 'resolveCase', [taskId, round, trainer]);
  }

  // ---- money ----

  claim(token: Address, taskIds: bigint[], to?: Address): Promise<Receipt & { amount: bigint }> {
    return to === undefined
      ? this.#paying('claim', 'claim', [token, taskIds], 'Claimed')
      : this.#paying('claim', 'claimTo', [token, taskIds, to], 'Claimed');
  }

  async signClaim(token: Address, taskIds: bigint[], to: Address, deadline: number) {
    const [nonce] = await this.#reader.view('nonces', [this.account]);
    const order: ClaimOrder = { account: this.account, token, taskIds, to, nonce, deadline };
    return { order, signature: await signClaim(this.#connection.signer, this, order) };
  }

  claimBySignature(order: ClaimOrder, signature: Hex): Promise<Receipt & { amount: bigint }> {
    const { account, token, taskIds, to, deadline } = order;
    const args = [account, token, taskIds, to, deadline, signature];
    return this.#paying('claim by signature', 'claimBySignature', args, 'Claimed');
  }

  async claimable(token: Address, account: Address, taskIds: bigint[]): Promise<bigint> {
    return (await this.#reader.view('claimable', [token, account, taskIds]))[0];
  }

  leaveTask(taskId: bigint): Promise<Receipt> {
    return this.#write('leave a task', 'leaveTask', [taskId]);
  }

  releaseStake(taskId: bigint, member: Address): Promise<Receipt> {
    return this.#write('release a stake', 'releaseStake', [taskId, member]);
  }

  refund(taskId: bigint): Promise<Receipt & { amount: bigint }> {
    return this.#paying('refund a task', 'refund', [taskId], 'Refunded');
  }

  collectFees(taskId: bigint): Promise<Receipt & { amount: bigint }> {
    return this.#paying('collect fees', 'collectFees', [taskId], 'FeesCollected');
  }

  memberAccount(taskId: bigint, account: Address): Promise<MemberAccount | null> {
    return this.#reader.memberAccount(taskId, account);
  }

  roundRecord(taskId: bigint, round: number): Promise<RoundRecord | null> {
    return this.#reader.roundRecord(taskId, round);
  }

  // ---- what identities have done ----

  async requestValidation(taskId: bigint, agentId: bigint): Promise<Receipt> {
    const contracts = await this.contracts();
    return requestValidation(this.#reader, this.#writer, contracts, taskId, agentId);
  }

  async attest(taskId: bigint, round: number): Promise<Receipt> {
    const { attestor: to } = await this.contracts();
    const args = [taskId, round];
    return this.#writer.receipt({ action: 'attest a round', to, abi: ATTESTOR, name: 'attest', args });
  }

  async giveFeedback(taskId: bigint, trainer: Address): Promise<Receipt> {
    const { attestor: to } = await this.contracts();
    const args = [taskId, trainer];
    return this.#writer.receipt({ action: 'rate a trainer', to, abi: ATTESTOR, name: 'giveFeedback', args });
  }

  // ---- reading ----

  async balance(token: Address, account: Address): Promise<bigint> {
    try {
      return (await this.#reader.view('balanceOf', [account], token, TOKEN))[0];
    } catch (error) {
      throw orNoToken(error, token);
    }
  }

  async decimals(token: Address): Promise<number> {
    const known = this.#decimals.get(token.toLowerCase());
    if (known !== undefined) return known;
    let decimals: number;
    try {
      decimals = Number((await this.#reader.view('decimals', [], token, TOKEN))[0]);
      if (decimals > MAX_DECIMALS) throw new RangeError(`${decimals} decimals`);
    } catch (error) {
      throw orNoToken(error, token);
    }
    if (this.#decimals.size >= MAX_TOKENS) this.#decimals.clear();
    this.#decimals.set(token.toLowerCase(), decimals);
    return decimals;
  }

  symbol(token: Address): Promise<string | null> {
    return symbolOf(this.#reader, token);
  }

  async pace(): Promise<ChainPace> {
    const { provider } = this.#connection;
    const { signal } = this.#closing;
    const [fees, latest] = await Promise.all([
      read('read the price of gas', () => provider.getFeeData(), signal),
      read('read the head', () => provider.getBlock('latest'), signal),
    ]);
    const gasPrice = fees.gasPrice ?? fees.maxFeePerGas ?? 0n;
    const count = Math.min(PACE_BLOCKS, latest!.number);
    // A development chain mines a block only when there is a transaction.
    if (isDevChain(this.chainId) || count === 0) return { gasPrice, blockSeconds: 1 };
    const earlier = await read('read a block', () => provider.getBlock(latest!.number - count), signal);
    return { gasPrice, blockSeconds: Math.max(0, (latest!.timestamp - earlier!.timestamp) / count) };
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

  requests(): ChainRequests {
    return this.#connection.use();
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
    // Read the head now, not when iteration begins: the caller expects events in between.
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

  #context(judged: RoundState): VoteContext {
    return { chainId: this.chainId, contract: this.contract, judged };
  }

  #write(action: string, name: string, args: unknown[]): Promise<Receipt> {
    return this.#writer.receipt({ action, name, args });
  }

  async #paying(action: string, name: string, args: unknown[], event: string) {
    const mined = await this.#writer.send({ action, name, args });
    return { ...receiptOf(mined), amount: eventOf(mined, TASK_MANAGER, event).amount as bigint };
  }

  async #stakes(name: string, args: unknown[]): Promise<Result> {
    const { stakes } = await this.contracts();
    return this.#reader.view(name, args, stakes, STAKE_MANAGER);
  }
}
