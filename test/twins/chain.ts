import { refusal, sealOf } from '@chorus/chain';
import type {
  Address,
  AvailableVote,
  ChainEvent,
  ChainPort,
  FeedbackWords,
  Hex,
  JoinRequest,
  Member,
  MemberAccount,
  MemberEvent,
  Receipt,
  RegisteredAgent,
  RegistrationCost,
  RoundState,
  RoundVerdict,
  SettledRound,
  Settlement,
  SignedTransfer,
  StakeAccount,
  StakePool,
  TaskParams,
  TaskState,
  TransferAuthorization,
  UnavailabilityCase,
  VectorCommitment,
  VerdictFindings,
  VerdictVote,
} from '@chorus/protocol';
import { Wallet } from 'ethers';
import { MemoryChannelChain } from './ledger/channel-chain.ts';
import { claim, claimable, collectFees, refund } from './ledger/claims.ts';
import { cancel, create, join, topUp } from './ledger/creation.ts';
import { leaveTask } from './ledger/departures.ts';
import { contest, publishPayload, releaseStake, resolveCase } from './ledger/disputes.ts';
import { feedbackOn, giveAgentFeedback, movedIn, revokeAgentFeedback } from './ledger/feedback.ts';
import {
  agentAt,
  attest,
  deposit,
  giveFeedback,
  identityOf,
  register,
  registerAgent,
  registeredAgent,
  reputation,
  requestValidation,
  setAgentUri,
  unbond,
  withdraw,
} from './ledger/identities.ts';
import { type Emit, lower, type MemoryLedger } from './ledger/ledger.ts';
import { memberEvents } from './ledger/member-events.ts';
import { advance, commit, open, postVerdict, requestVerdicts, seal } from './ledger/rounds.ts';
import { settle } from './ledger/settlement.ts';
import { vestingOf } from './ledger/task.ts';
import {
  checkTransfer,
  sendTransfer,
  signTransfer,
  TOKEN_DOMAIN,
  transferState,
} from './ledger/transfers.ts';
import { isSignedBy, sign } from './ledger/votes.ts';

export { MemoryLedger } from './ledger/ledger.ts';

/** One account's view of a `MemoryLedger`. */
export class MemoryChain extends MemoryChannelChain implements ChainPort {
  readonly chainId: number;
  readonly contract: Address;
  readonly #ledger: MemoryLedger;
  readonly #wallet: Wallet;
  readonly #closing = new AbortController();

  constructor(ledger: MemoryLedger, privateKey: Hex) {
    const wallet = new Wallet(privateKey);
    super(ledger, wallet);
    this.#ledger = ledger;
    this.#wallet = wallet;
    this.chainId = ledger.chainId;
    this.contract = ledger.contract;
  }

  registerIdentity(_uri: string) {
    return this.#ledger.transact(() => ({ agentId: register(this.#ledger, this.account) }));
  }

  async identity(account: Address = this.account): Promise<bigint | null> {
    return identityOf(this.#ledger, lower(account));
  }

  async identityRegistry(): Promise<Address> {
    return this.#ledger.identityContract;
  }

  registerAgent(place: string) {
    return this.#ledger.transact(() => ({ agentId: registerAgent(this.#ledger, this.account, place) }));
  }

  setAgentUri(agentId: bigint, uri: string): Promise<Receipt> {
    return this.#write(() => setAgentUri(this.#ledger, this.account, agentId, uri));
  }

  async registeredAgent(agentId: bigint): Promise<RegisteredAgent | null> {
    return registeredAgent(this.#ledger, agentId);
  }

  async agentAt(place: string): Promise<bigint | null> {
    return agentAt(this.#ledger, this.account, place);
  }

  async registrationCost(_place: string, _uri: string, _agentId: bigint | null): Promise<RegistrationCost> {
    return { gas: 0n, wei: 0n };
  }

  giveAgentFeedback(agentId: bigint, words: FeedbackWords) {
    return this.#ledger.transact(() => ({
      index: giveAgentFeedback(this.#ledger, this.account, agentId, words),
    }));
  }

  revokeAgentFeedback(agentId: bigint, index: bigint): Promise<Receipt> {
    return this.#write(() => revokeAgentFeedback(this.#ledger, this.account, agentId, index));
  }

  async feedbackOn(agentId: bigint) {
    return structuredClone(feedbackOn(this.#ledger, agentId));
  }

  async movedIn(transaction: Hex, from: Address, to: Address) {
    return movedIn(this.#ledger, transaction, from, to);
  }

  async tillFeeBps(): Promise<number> {
    return this.#ledger.governance.number('protocol-fee');
  }

  async reputation(agentId: bigint): Promise<number> {
    return reputation(this.#ledger, agentId);
  }

  depositStake(token: Address, agentId: bigint, amount: bigint): Promise<Receipt> {
    return this.#write(() => deposit(this.#ledger, token, agentId, this.account, amount));
  }

  async stake(token: Address, agentId: bigint): Promise<StakePool> {
    return this.#ledger.stakes.pool(token, agentId);
  }

  async stakeShares(token: Address, agentId: bigint) {
    return this.#ledger.stakes.shares(token, agentId, this.account);
  }

  requestUnbond(token: Address, agentId: bigint, shares: bigint) {
    return this.#ledger.transact(() => ({
      ticket: unbond(this.#ledger, token, agentId, this.account, shares),
    }));
  }

  withdrawStake(ticketId: bigint) {
    return this.#ledger.transact(() => ({ amount: withdraw(this.#ledger, ticketId, this.account) }));
  }

  async stakeAccount(account: Address): Promise<StakeAccount> {
    const owner = lower(account);
    const agentId = identityOf(this.#ledger, owner);
    const { stakes, owners } = this.#ledger;
    return { account: owner, agentId, positions: stakes.positions(owner, agentId, owners) };
  }

  /** The ledger is one contract for all. */
  async stakeContract(): Promise<Address> {
    return this.contract;
  }

  async unbondSeconds(): Promise<number> {
    return this.#ledger.unbondSeconds;
  }

  createTask(params: TaskParams) {
    return this.#ledger.transact((emit) => ({ taskId: create(this.#ledger, this.account, params, emit) }));
  }

  topUp(taskId: bigint, amount: bigint): Promise<Receipt> {
    return this.#write((emit) => topUp(this.#ledger, taskId, this.account, amount, emit));
  }

  cancel(taskId: bigint): Promise<Receipt> {
    return this.#write((emit) => cancel(this.#ledger, taskId, this.account, emit));
  }

  join(taskId: bigint, request: JoinRequest): Promise<Receipt> {
    return this.#write((emit) => join(this.#ledger, taskId, this.account, request, emit));
  }

  commitUpdate(taskId: bigint, round: number, update: VectorCommitment): Promise<Receipt> {
    return this.#write((emit) => commit(this.#ledger, taskId, round, this.account, update, emit));
  }

  sealReference(taskId: bigint, round: number, value: Hex): Promise<Receipt> {
    return this.#write((emit) => seal(this.#ledger, taskId, round, this.account, value, emit));
  }

  openReference(taskId: bigint, round: number, reference: VectorCommitment, salt: Hex): Promise<Receipt> {
    return this.#write((emit) => open(this.#ledger, taskId, round, this.account, reference, salt, emit));
  }

  sealOf(taskId: bigint, round: number, reference: VectorCommitment, salt: Hex): Hex {
    return sealOf(taskId, round, this.account, reference, salt);
  }

  settle(taskId: bigint, round: number, settlement: Settlement): Promise<Receipt> {
    return this.#write((emit) => settle(this.#ledger, taskId, round, this.account, settlement, emit));
  }

  advance(taskId: bigint): Promise<Receipt> {
    return this.#write((emit) => advance(this.#ledger, taskId, this.account, emit));
  }

  async signVerdict(judged: RoundState, verdict: RoundVerdict): Promise<VerdictVote> {
    const signature = await sign(this.#wallet, this, judged, verdict);
    const { lossBefore, lossAfter } = verdict;
    return { validator: this.account, lossBefore, lossAfter, signature };
  }

  isVerdictOf(vote: VerdictVote, judged: RoundState, found: VerdictFindings): boolean {
    const { lossBefore, lossAfter } = vote;
    return isSignedBy(vote, this, judged, { ...found, lossBefore, lossAfter });
  }

  async signAvailable(judged: RoundState, trainer: number): Promise<AvailableVote> {
    return { validator: this.account, signature: await sign(this.#wallet, this, judged, { trainer }) };
  }

  isAvailableOf(vote: AvailableVote, judged: RoundState, trainer: number): boolean {
    return isSignedBy(vote, this, judged, { trainer });
  }

  requestVerdicts(taskId: bigint, round: number): Promise<Receipt> {
    return this.#write((emit) => requestVerdicts(this.#ledger, taskId, round, this.account, emit));
  }

  postVerdict(taskId: bigint, round: number, verdict: RoundVerdict, vote: VerdictVote): Promise<Receipt> {
    return this.#write((emit) => postVerdict(this.#ledger, taskId, round, verdict, vote, emit));
  }

  async postedVerdicts(taskId: bigint, round: number) {
    const posted = this.#ledger.find(taskId).posted.filter((p) => p.round === round);
    return structuredClone(posted.map(({ verdict, vote }) => ({ verdict, vote })));
  }

  async unavailabilityCase(
    taskId: bigint,
    round: number,
    trainer: number,
  ): Promise<UnavailabilityCase | null> {
    return structuredClone(this.#ledger.find(taskId).cases.get(`${round}/${trainer}`) ?? null);
  }

  publishPayload(taskId: bigint, round: number, payload: Uint8Array): Promise<Receipt> {
    return this.#write((emit) => publishPayload(this.#ledger, taskId, round, this.account, payload, emit));
  }

  async publishedPayload(taskId: bigint, round: number, trainer: Address): Promise<Uint8Array | null> {
    return (
      this.#ledger
        .find(taskId)
        .published.get(`${round}/${lower(trainer)}`)
        ?.slice() ?? null
    );
  }

  contest(taskId: bigint, round: number, trainer: number, votes: AvailableVote[]): Promise<Receipt> {
    return this.#write((emit) => contest(this.#ledger, taskId, round, trainer, votes, emit));
  }

  resolveCase(taskId: bigint, round: number, trainer: number): Promise<Receipt> {
    return this.#write((emit) => resolveCase(this.#ledger, taskId, round, trainer, this.account, emit));
  }

  claim(token: Address, taskIds: bigint[], to: Address = this.account) {
    return this.#ledger.transact(() => ({
      amount: claim(this.#ledger, token, this.account, taskIds, lower(to)),
    }));
  }

  async claimable(token: Address, account: Address, taskIds: bigint[]): Promise<bigint> {
    return claimable(this.#ledger, token, lower(account), taskIds);
  }

  leaveTask(taskId: bigint): Promise<Receipt> {
    return this.#write((emit) => leaveTask(this.#ledger, taskId, this.account, emit));
  }

  releaseStake(taskId: bigint, member: Address): Promise<Receipt> {
    return this.#write((emit) => releaseStake(this.#ledger, taskId, lower(member), emit));
  }

  refund(taskId: bigint) {
    return this.#ledger.transact((emit) => ({ amount: refund(this.#ledger, taskId, emit) }));
  }

  collectFees(taskId: bigint) {
    return this.#ledger.transact(() => ({ amount: collectFees(this.#ledger, taskId) }));
  }

  async memberAccount(taskId: bigint, account: Address): Promise<MemberAccount | null> {
    const task = this.#ledger.find(taskId);
    const member = task.accounts.get(lower(account));
    if (!member) return null;
    const { lastAbsent: _, absentRounds: __, ...told } = member;
    return structuredClone({ ...told, vesting: vestingOf(task, lower(account)) });
  }

  async roundRecord(taskId: bigint, round: number) {
    return structuredClone(this.#ledger.find(taskId).records.get(round) ?? null);
  }

  requestValidation(taskId: bigint, agentId: bigint): Promise<Receipt> {
    return this.#write(() => requestValidation(this.#ledger, taskId, agentId, this.account));
  }

  attest(taskId: bigint, round: number): Promise<Receipt> {
    return this.#write(() => attest(this.#ledger, taskId, round));
  }

  giveFeedback(taskId: bigint, trainer: Address): Promise<Receipt> {
    return this.#write(() => giveFeedback(this.#ledger, taskId, lower(trainer)));
  }

  async balance(token: Address, account: Address): Promise<bigint> {
    return this.#ledger.balance(token, account);
  }

  async decimals(_token: Address): Promise<number> {
    return 0;
  }

  async symbol(_token: Address): Promise<string | null> {
    return 'TWIN';
  }

  async tokenDomain(_token: Address) {
    return TOKEN_DOMAIN;
  }

  signTransfer(transfer: Omit<TransferAuthorization, 'from'>): Promise<SignedTransfer> {
    return signTransfer(this.#ledger, this.#wallet, transfer);
  }

  async tryTransfer(transfer: SignedTransfer) {
    checkTransfer(this.#ledger, transfer);
    return { block: this.#ledger.block };
  }

  sendTransfer(transfer: SignedTransfer): Promise<Receipt> {
    return sendTransfer(this.#ledger, transfer);
  }

  async transferState(transfer: TransferAuthorization) {
    return transferState(this.#ledger, transfer);
  }

  async pace() {
    return { gasPrice: 0n, blockSeconds: 0 };
  }

  async memberEvents(agentId: bigint): Promise<MemberEvent[]> {
    return memberEvents(this.#ledger, agentId);
  }

  async task(taskId: bigint): Promise<TaskState> {
    return structuredClone(this.#ledger.find(taskId).state);
  }

  async round(taskId: bigint, round: number): Promise<RoundState> {
    const state = this.#ledger.find(taskId).rounds[round - 1];
    if (!state) throw refusal('WrongRound', 'read a round', { taskId, round });
    return structuredClone(state);
  }

  async members(taskId: bigint): Promise<Member[]> {
    return structuredClone(this.#ledger.find(taskId).members);
  }

  async settledRound(taskId: bigint, round: number): Promise<SettledRound | null> {
    return structuredClone(this.#ledger.find(taskId).settled.get(round) ?? null);
  }

  async settlement(taskId: bigint, round: number): Promise<Settlement | null> {
    return structuredClone(this.#ledger.find(taskId).settlements.get(round) ?? null);
  }

  async now(): Promise<number> {
    return this.#ledger.now();
  }

  async head() {
    return { height: this.#ledger.block, time: this.#ledger.now(), gasBalance: 10n ** 18n };
  }

  events(options: { fromBlock?: number; signal: AbortSignal }): AsyncIterable<ChainEvent> {
    const ledger = this.#ledger;
    const from = options.fromBlock ?? ledger.block + 1;
    const signal = AbortSignal.any([options.signal, this.#closing.signal]);
    return (async function* () {
      for (let next = 0; !signal.aborted; ) {
        const event = ledger.events[next];
        if (event === undefined) {
          await ledger.changed(signal);
          continue;
        }
        next++;
        if (event.position.block >= from) yield structuredClone(event);
      }
    })();
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }

  #write(job: (emit: Emit) => void): Promise<Receipt> {
    return this.#ledger.transact((emit) => {
      job(emit);
      return {};
    });
  }
}
