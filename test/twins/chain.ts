import {
  isVoteOf,
  refusal,
  sealOf,
  bitmapOf as toBitmap,
  UNAVAILABLE_TYPES,
  voteDomain,
} from '@chorus/chain';
import {
  type Address,
  type ChainEvent,
  type ChainPort,
  type EventPosition,
  G1_INFINITY,
  type Hex,
  MAX_AGGREGATORS,
  MAX_DIMENSION,
  MAX_ROUNDS,
  MAX_TRAINERS,
  MAX_VALIDATORS,
  type Member,
  openedReferences,
  type Receipt,
  type Role,
  type RoundState,
  type SettledRound,
  type Settlement,
  SHARE_ONE,
  sameG1,
  settlementCandidate,
  type TaskParams,
  type TaskState,
  type UnavailabilityVote,
  type VectorCommitment,
  WEIGHT_ONE,
} from '@chorus/protocol';
import { keccak256, toBeHex, Wallet, zeroPadValue } from 'ethers';
import { addG1, isFiniteG1, mulG1 } from './bn254.ts';

/** What the contract would hand to the verifier, taken from its storage. */
interface SettlementStatement {
  chainId: number;
  contract: Address;
  task: TaskState;
  round: RoundState;
  /** Trainers (indices from 0) that are in: committed and not voted unavailable. */
  included: number[];
}

/** Checks that a settlement follows from its statement; throws where it does not. */
export type SettlementCheck = (statement: SettlementStatement, settlement: Settlement) => void;

export interface MemoryLedgerOptions {
  chainId?: number;
  /** Unix seconds; by default the real clock. `passTime` moves it on. */
  clock?: () => number;
  /** By default only that the aggregate is the weighted sum of the commitments. */
  verify?: SettlementCheck;
}

interface MemoryTask {
  state: TaskState;
  members: Member[];
  withdrawn: Set<Address>;
  rounds: RoundState[];
  settled: Map<number, SettledRound>;
  settlements: Map<number, Settlement>;
}

type EventBody = ChainEvent extends infer E ? (E extends ChainEvent ? Omit<E, 'position'> : never) : never;

const PROTOCOL_FEE_BPS = 100n;
const UINT128 = 2n ** 128n;
const UINT32 = 2 ** 32;

const lower = (address: string): Address => address.toLowerCase() as Address;

/**
 * The task contract's rules over plain objects: what the Solidity does, without a chain. Several accounts
 * share one ledger. For tests only.
 */
export class MemoryLedger {
  readonly chainId: number;
  readonly contract: Address = '0x00000000000000000000000000000000000c0de5';
  readonly token: Address = '0x0000000000000000000000000000000000070ce2';
  readonly treasury: Address = '0x00000000000000000000000000000000007eea51';
  readonly events: ChainEvent[] = [];
  readonly #clock: () => number;
  readonly #verify: SettlementCheck;
  readonly #balances = new Map<string, bigint>();
  readonly #claimable = new Map<string, bigint>();
  readonly #tasks: MemoryTask[] = [];
  readonly #waiting = new Set<() => void>();
  #offset = 0;
  #block = 0;

  constructor(options: MemoryLedgerOptions = {}) {
    this.chainId = options.chainId ?? 31337;
    this.#clock = options.clock ?? (() => Math.floor(Date.now() / 1000));
    this.#verify = options.verify ?? checkAggregate;
  }

  /** The chain port of one account. */
  connect(privateKey: Hex): MemoryChain {
    return new MemoryChain(this, new Wallet(privateKey));
  }

  mint(token: Address, account: Address, amount: bigint): void {
    this.#move(this.#balances, token, account, amount);
  }

  passTime(seconds: number): void {
    this.#offset += seconds;
  }

  now(): number {
    return this.#clock() + this.#offset;
  }

  get block(): number {
    return this.#block;
  }

  balance(token: Address, account: Address): bigint {
    return this.#balances.get(key(token, account)) ?? 0n;
  }

  claimable(token: Address, account: Address): bigint {
    return this.#claimable.get(key(token, account)) ?? 0n;
  }

  find(taskId: bigint): MemoryTask {
    const task = this.#tasks[Number(taskId) - 1];
    if (!task) throw refusal('UnknownTask', 'find a task', { taskId });
    return task;
  }

  /** Resolves at the next event. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener('abort', done);
      if (signal.aborted) done();
    });
  }

  /** One transaction: a block of its own, all of it or nothing. */
  async transact<T extends object>(job: (emit: (event: EventBody) => void) => T): Promise<Receipt & T> {
    // Not within the caller's own turn, as on a real chain.
    await Promise.resolve();
    const block = this.#block + 1;
    const transaction = keccak256(zeroPadValue(toBeHex(block), 32)) as Hex;
    const position: EventPosition = { block, transaction };
    const events: EventBody[] = [];
    const saved = { balances: new Map(this.#balances), claimable: new Map(this.#claimable) };
    const tasks = structuredClone(this.#tasks);
    let result: T;
    try {
      result = job((event) => events.push(event));
    } catch (error) {
      restore(this.#balances, saved.balances);
      restore(this.#claimable, saved.claimable);
      this.#tasks.splice(0, this.#tasks.length, ...tasks);
      throw error;
    }
    this.#block = block;
    for (const event of events) {
      if (event.type === 'round-settled') {
        Object.assign(this.find(event.taskId).settled.get(event.round)!, { transaction, block });
      }
      this.events.push(structuredClone({ ...event, position }) as ChainEvent);
    }
    for (const wake of [...this.#waiting]) wake();
    return { transaction, block, gasUsed: 0n, ...result };
  }

  create(owner: Address, params: TaskParams, emit: (event: EventBody) => void): bigint {
    checkParams(params);
    const id = BigInt(this.#tasks.length + 1);
    this.#tasks.push({
      state: {
        ...structuredClone(params),
        token: lower(params.token),
        validators: params.validators.map(lower),
        id,
        owner,
        status: 'joining',
        remaining: params.budget,
        round: 0,
        joinDeadline: this.now() + params.joinSeconds,
        trainers: [],
        aggregators: [],
        activeValidators: [],
        totalCommitment: { ...G1_INFINITY },
      },
      members: [],
      withdrawn: new Set(),
      rounds: [],
      settled: new Map(),
      settlements: new Map(),
    });
    const { termsDigest, budget } = params;
    emit({ type: 'task-created', taskId: id, owner, termsDigest, budget });
    this.#pull(params.token, owner, params.budget, 'create a task');
    return id;
  }

  join(taskId: bigint, account: Address, roles: Role[], peerId: string, emit: (event: EventBody) => void) {
    const action = 'join a task';
    const { state, members } = this.find(taskId);
    const is = (role: Role): boolean => roles.includes(role);
    if (state.status !== 'joining') throw refusal('TaskNotJoining', action);
    if (this.now() >= state.joinDeadline) throw refusal('DeadlinePassed', action);
    if (roles.length === 0) throw refusal('InvalidRoles', action);
    const size = new TextEncoder().encode(peerId).length;
    if (size === 0 || size > 128) throw refusal('InvalidPeerId', action);
    if (is('trainer') && is('validator')) throw refusal('TrainerCannotValidate', action);
    if (members.some((m) => m.address === account)) throw refusal('AlreadyJoined', action);
    if (is('trainer') && state.trainers.length === state.maxTrainers) throw refusal('TaskFull', action);
    if (is('validator') && !state.validators.includes(account)) {
      throw refusal('ValidatorNotAppointed', action);
    }
    if (is('aggregator') && state.aggregators.length === MAX_AGGREGATORS) throw refusal('TaskFull', action);
    this.#pull(state.token, account, state.stake, action);
    if (is('trainer')) state.trainers.push(account);
    if (is('aggregator')) state.aggregators.push(account);
    const order: Role[] = ['trainer', 'validator', 'aggregator'];
    const member: Member = { address: account, roles: order.filter(is), peerId };
    members.push(member);
    state.activeValidators = state.validators.filter((v) =>
      members.some((m) => m.address === v && m.roles.includes('validator')),
    );
    emit({ type: 'joined', taskId, member });
    const complete =
      state.trainers.length === state.maxTrainers &&
      state.aggregators.length >= state.minAggregators &&
      state.activeValidators.length === state.validators.length;
    if (complete) this.#start(taskId, emit);
  }

  commit(
    taskId: bigint,
    number: number,
    account: Address,
    update: VectorCommitment,
    emit: (e: EventBody) => void,
  ) {
    const action = 'commit an update';
    const { task, round } = this.#open(taskId, number, 'commit', action);
    const index = task.state.trainers.indexOf(account);
    if (index < 0) throw refusal('NotAMember', action);
    if (round.updates[index]) throw refusal('AlreadyCommitted', action);
    if (!isFiniteG1(update.commitment)) throw refusal('InvalidCommitment', action);
    round.updates[index] = structuredClone(update);
    emit({ type: 'update-committed', taskId, round: number, trainer: account, commitment: update });
    this.#closeCommit(task, round, emit);
  }

  seal(taskId: bigint, number: number, account: Address, seal: Hex, emit: (event: EventBody) => void) {
    const action = 'seal a reference';
    const { task, round } = this.#open(taskId, number, 'commit', action);
    const entry = round.references.find((r) => r.validator === account);
    if (!entry) throw refusal('NotAMember', action);
    if (entry.seal !== null) throw refusal('AlreadySealed', action);
    if (BigInt(seal) === 0n) throw refusal('EmptySeal', action);
    entry.seal = seal;
    emit({ type: 'reference-sealed', taskId, round: number, validator: account });
    this.#closeCommit(task, round, emit);
  }

  open(
    taskId: bigint,
    number: number,
    account: Address,
    reference: VectorCommitment,
    salt: Hex,
    emit: (event: EventBody) => void,
  ) {
    const action = 'open a reference';
    const { task, round } = this.#open(taskId, number, 'reference', action);
    const entry = round.references.find((r) => r.validator === account);
    if (!entry) throw refusal('NotAMember', action);
    if (entry.seal === null) throw refusal('NotSealed', action);
    if (entry.opened) throw refusal('AlreadyOpened', action);
    if (!isFiniteG1(reference.commitment)) throw refusal('InvalidCommitment', action);
    if (entry.seal !== sealOf(taskId, number, account, reference, salt)) {
      throw refusal('WrongOpening', action);
    }
    entry.opened = structuredClone(reference);
    emit({ type: 'reference-opened', taskId, round: number, validator: account, commitment: reference });
    if (round.references.every((r) => r.seal === null || r.opened !== null)) {
      this.#enterSettle(task, round, emit);
    }
  }

  advance(taskId: bigint, emit: (event: EventBody) => void) {
    const action = 'end a phase';
    const task = this.find(taskId);
    const { state } = task;
    if (state.status === 'ended') throw refusal('WrongPhase', action);
    if (state.status === 'joining') {
      if (this.now() < state.joinDeadline) throw refusal('DeadlineNotPassed', action);
      const enough =
        state.trainers.length >= state.minTrainers &&
        state.aggregators.length >= state.minAggregators &&
        state.activeValidators.length > 0;
      if (enough) this.#start(taskId, emit);
      else this.#endTask(task, emit);
      return;
    }
    const round = task.rounds.at(-1)!;
    if (this.now() < round.deadline) throw refusal('DeadlineNotPassed', action);
    const sealed = round.references.some((r) => r.seal !== null);
    if (round.phase === 'commit' && sealed && round.updates.some((u) => u !== null)) {
      this.#enterReference(task, round, emit);
    } else if (round.phase === 'reference' && openedReferences(round).length > 0) {
      this.#enterSettle(task, round, emit);
    } else {
      round.phase = 'void';
      emit({ type: 'round-voided', taskId, round: round.round });
      this.#nextRound(task, emit);
    }
  }

  settle(
    taskId: bigint,
    number: number,
    account: Address,
    given: Settlement,
    emit: (event: EventBody) => void,
  ) {
    const action = 'settle a round';
    const { task, round } = this.#open(taskId, number, 'settle', action);
    const { state } = task;
    const candidate = settlementCandidate(state, round, this.now());
    if (candidate !== null && candidate !== account) throw refusal('NotYourTurn', action);
    this.#checkVotes(state, round, given, action);
    const included = round.updates.flatMap((update, index) =>
      update && !given.unavailable.includes(index) ? [index] : [],
    );
    checkNumbers(given, included, action);
    this.#verify({ chainId: this.chainId, contract: this.contract, task: state, round, included }, given);
    state.totalCommitment = addG1(state.totalCommitment, given.aggregate);
    round.phase = 'settled';
    const settled = this.#pay(task, round, account, given);
    task.settled.set(number, settled);
    const { weights, shares, unavailable } = settled;
    task.settlements.set(number, structuredClone({ ...given, weights, shares, unavailable }));
    emit({ type: 'round-settled', taskId, round: number, aggregator: account });
    this.#nextRound(task, emit);
  }

  claim(token: Address, account: Address): bigint {
    const amount = this.claimable(token, account);
    if (amount === 0n) throw refusal('NothingToClaim', 'claim');
    this.#move(this.#claimable, token, account, -amount);
    this.#transfer(token, this.contract, account, amount);
    return amount;
  }

  withdrawStake(taskId: bigint, account: Address, emit: (event: EventBody) => void) {
    const action = 'withdraw a stake';
    const { state, members, withdrawn } = this.find(taskId);
    if (!members.some((m) => m.address === account)) throw refusal('NotAMember', action);
    if (state.status !== 'ended') throw refusal('TaskNotEnded', action);
    if (withdrawn.has(account)) throw refusal('AlreadyWithdrawn', action);
    withdrawn.add(account);
    this.#transfer(state.token, this.contract, account, state.stake);
    emit({ type: 'stake-withdrawn', taskId, member: account, amount: state.stake });
  }

  refund(taskId: bigint, emit: (event: EventBody) => void): bigint {
    const { state } = this.find(taskId);
    if (state.status !== 'ended') throw refusal('TaskNotEnded', 'refund a task');
    const amount = state.remaining;
    if (amount === 0n) throw refusal('NothingToClaim', 'refund a task');
    state.remaining = 0n;
    this.#transfer(state.token, this.contract, state.owner, amount);
    emit({ type: 'refunded', taskId, amount });
    return amount;
  }

  #open(taskId: bigint, number: number, phase: RoundState['phase'], action: string) {
    const task = this.find(taskId);
    const round = task.rounds.at(-1);
    if (task.state.status !== 'running' || round?.phase !== phase) throw refusal('WrongPhase', action);
    if (round.round !== number) throw refusal('WrongRound', action);
    if (this.now() >= round.deadline) throw refusal('DeadlinePassed', action);
    return { task, round };
  }

  #start(taskId: bigint, emit: (event: EventBody) => void): void {
    const task = this.find(taskId);
    task.state.status = 'running';
    this.#nextRound(task, emit);
  }

  #nextRound(task: MemoryTask, emit: (event: EventBody) => void): void {
    const { state } = task;
    if (state.round === state.rounds) {
      this.#endTask(task, emit);
      return;
    }
    state.round++;
    const seed = BigInt(keccak256(zeroPadValue(toBeHex((state.id << 32n) + BigInt(state.round)), 32)));
    const deadline = this.now() + state.commitSeconds;
    task.rounds.push({
      taskId: state.id,
      round: state.round,
      phase: 'commit',
      deadline,
      settleStart: 0,
      updates: state.trainers.map(() => null),
      references: state.activeValidators.map((validator) => ({ validator, seal: null, opened: null })),
      drawnAggregator: Number(seed % BigInt(state.aggregators.length)),
    });
    emit({ type: 'phase-changed', taskId: state.id, round: state.round, phase: 'commit', deadline });
  }

  #endTask(task: MemoryTask, emit: (event: EventBody) => void): void {
    task.state.status = 'ended';
    emit({ type: 'task-ended', taskId: task.state.id });
  }

  #closeCommit(task: MemoryTask, round: RoundState, emit: (event: EventBody) => void): void {
    const all = round.updates.every((u) => u !== null) && round.references.every((r) => r.seal !== null);
    if (all) this.#enterReference(task, round, emit);
  }

  #enterReference({ state }: MemoryTask, round: RoundState, emit: (event: EventBody) => void): void {
    round.phase = 'reference';
    round.deadline = this.now() + state.referenceSeconds;
    const { deadline } = round;
    emit({ type: 'phase-changed', taskId: state.id, round: round.round, phase: 'reference', deadline });
  }

  #enterSettle({ state }: MemoryTask, round: RoundState, emit: (event: EventBody) => void): void {
    round.phase = 'settle';
    round.settleStart = this.now();
    round.deadline = round.settleStart + (state.aggregators.length + 1) * state.settleSeconds;
    const { deadline } = round;
    emit({ type: 'phase-changed', taskId: state.id, round: round.round, phase: 'settle', deadline });
  }

  #checkVotes(state: TaskState, round: RoundState, given: Settlement, action: string): void {
    const { unavailable, votes } = given;
    if (unavailable.some((index) => !round.updates[index])) throw refusal('UnavailableNotCommitted', action);
    if (2 * votes.length <= state.activeValidators.length) throw refusal('NotEnoughVotes', action);
    const vote = {
      chainId: this.chainId,
      contract: this.contract,
      taskId: state.id,
      round: round.round,
      unavailable,
    };
    const seen = new Set<Address>();
    for (const { validator, signature } of votes) {
      const address = lower(validator);
      if (seen.has(address) || !state.activeValidators.includes(address))
        throw refusal('InvalidVotes', action);
      if (!isVoteOf(address, signature, vote)) throw refusal('InvalidVotes', action);
      seen.add(address);
    }
  }

  #pay(task: MemoryTask, round: RoundState, aggregator: Address, given: Settlement): SettledRound {
    const { state } = task;
    const budget = state.remaining / BigInt(state.rounds - round.round + 1);
    const part = (bps: number | bigint): bigint => (budget * BigInt(bps)) / 10_000n;
    const protocolFee = part(PROTOCOL_FEE_BPS);
    const aggregatorFee = part(state.aggregatorFeeBps);
    const pool = budget - protocolFee - aggregatorFee - part(state.validatorFeeBps);
    const validators = openedReferences(round).map((r) => r.validator);
    const each = part(state.validatorFeeBps) / BigInt(validators.length);
    const rewards = state.trainers.map((_, i) => (pool * BigInt(given.shares[i] ?? 0)) >> 32n);
    const credit = (account: Address, amount: bigint): void => {
      state.remaining -= amount;
      this.#move(this.#claimable, state.token, account, amount);
    };
    credit(this.treasury, protocolFee);
    credit(aggregator, aggregatorFee);
    for (const validator of validators) credit(validator, each);
    for (const [i, reward] of rewards.entries()) credit(state.trainers[i]!, reward);
    return {
      taskId: state.id,
      round: round.round,
      aggregator,
      weights: state.trainers.map((_, i) => given.weights[i] ?? 0),
      shares: state.trainers.map((_, i) => given.shares[i] ?? 0),
      rewards,
      unavailable: [...given.unavailable].sort((a, b) => a - b),
      aggregate: { ...given.aggregate },
      protocolFee,
      aggregatorFee,
      validatorFee: each * BigInt(validators.length),
      transaction: '0x',
      block: 0,
      gasUsed: 0n,
    };
  }

  #pull(token: Address, account: Address, amount: bigint, action: string): void {
    const balance = this.balance(token, account);
    if (balance < amount) throw refusal('ERC20InsufficientBalance', action, { balance, needed: amount });
    this.#transfer(token, account, this.contract, amount);
  }

  #transfer(token: Address, from: Address, to: Address, amount: bigint): void {
    this.#move(this.#balances, token, from, -amount);
    this.#move(this.#balances, token, to, amount);
  }

  #move(book: Map<string, bigint>, token: Address, account: Address, amount: bigint): void {
    const entry = key(token, account);
    book.set(entry, (book.get(entry) ?? 0n) + amount);
  }
}

/** One account's view of a `MemoryLedger`. */
export class MemoryChain implements ChainPort {
  readonly chainId: number;
  readonly contract: Address;
  readonly account: Address;
  readonly #ledger: MemoryLedger;
  readonly #wallet: Wallet;
  readonly #closing = new AbortController();

  constructor(ledger: MemoryLedger, wallet: Wallet) {
    this.#ledger = ledger;
    this.#wallet = wallet;
    this.chainId = ledger.chainId;
    this.contract = ledger.contract;
    this.account = lower(wallet.address);
  }

  createTask(params: TaskParams) {
    return this.#ledger.transact((emit) => ({ taskId: this.#ledger.create(this.account, params, emit) }));
  }

  join(taskId: bigint, roles: Role[], peerId: string): Promise<Receipt> {
    return this.#write((emit) => this.#ledger.join(taskId, this.account, roles, peerId, emit));
  }

  commitUpdate(taskId: bigint, round: number, update: VectorCommitment): Promise<Receipt> {
    return this.#write((emit) => this.#ledger.commit(taskId, round, this.account, update, emit));
  }

  sealReference(taskId: bigint, round: number, seal: Hex): Promise<Receipt> {
    return this.#write((emit) => this.#ledger.seal(taskId, round, this.account, seal, emit));
  }

  openReference(taskId: bigint, round: number, reference: VectorCommitment, salt: Hex): Promise<Receipt> {
    return this.#write((emit) => this.#ledger.open(taskId, round, this.account, reference, salt, emit));
  }

  sealOf(taskId: bigint, round: number, reference: VectorCommitment, salt: Hex): Hex {
    return sealOf(taskId, round, this.account, reference, salt);
  }

  settle(taskId: bigint, round: number, settlement: Settlement): Promise<Receipt> {
    return this.#write((emit) => this.#ledger.settle(taskId, round, this.account, settlement, emit));
  }

  async signUnavailable(taskId: bigint, round: number, unavailable: number[]): Promise<UnavailabilityVote> {
    const domain = voteDomain(this.chainId, this.contract);
    const message = { taskId, round, bitmap: toBitmap(unavailable) };
    const signature = await this.#wallet.signTypedData(domain, UNAVAILABLE_TYPES, message);
    return { validator: this.account, signature: signature as Hex };
  }

  advance(taskId: bigint): Promise<Receipt> {
    return this.#write((emit) => this.#ledger.advance(taskId, emit));
  }

  claim(token: Address) {
    return this.#ledger.transact(() => ({ amount: this.#ledger.claim(token, this.account) }));
  }

  async claimable(token: Address, account: Address): Promise<bigint> {
    return this.#ledger.claimable(token, account);
  }

  withdrawStake(taskId: bigint): Promise<Receipt> {
    return this.#write((emit) => this.#ledger.withdrawStake(taskId, this.account, emit));
  }

  refund(taskId: bigint) {
    return this.#ledger.transact((emit) => ({ amount: this.#ledger.refund(taskId, emit) }));
  }

  async balance(token: Address, account: Address): Promise<bigint> {
    return this.#ledger.balance(token, account);
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

  #write(job: (emit: (event: EventBody) => void) => void): Promise<Receipt> {
    return this.#ledger.transact((emit) => {
      job(emit);
      return {};
    });
  }
}

/** C_A == sum of w_i * C_i, and nothing else: that weights and shares follow from the rule is not checked. */
const checkAggregate: SettlementCheck = ({ round, included }, settlement) => {
  const sum = included.reduce(
    (total, i) => addG1(total, mulG1(round.updates[i]!.commitment, BigInt(settlement.weights[i] ?? 0))),
    G1_INFINITY,
  );
  if (!sameG1(sum, settlement.aggregate)) throw refusal('WrongAggregate', 'settle a round');
};

function checkNumbers({ weights, shares }: Settlement, included: number[], action: string): void {
  const fits = (values: number[], bits: number): boolean =>
    values.length <= MAX_TRAINERS && values.every((v) => Number.isInteger(v) && v >= 0 && v < 2 ** bits);
  if (!fits(weights, 17) || !fits(shares, 33)) throw refusal('NonCanonicalWords', action);
  for (let i = 0; i < MAX_TRAINERS; i++) {
    if ((weights[i] || shares[i]) && !included.includes(i)) {
      throw refusal('AbsentTrainerRewarded', action, { trainer: i });
    }
  }
  const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);
  if (sum(weights) > WEIGHT_ONE) throw refusal('WeightsExceedOne', action);
  if (sum(shares) > SHARE_ONE) throw refusal('SharesExceedOne', action);
}

function checkParams(params: TaskParams): void {
  const bound = (name: string, value: number | bigint, least: number, most: number | bigint): void => {
    if (value < least || value > most) {
      throw refusal('ParameterOutOfBounds', 'create a task', { parameter: name });
    }
  };
  bound('budget', params.budget, 1, UINT128 - 1n);
  bound('rounds', params.rounds, 1, MAX_ROUNDS);
  bound('maxTrainers', params.maxTrainers, 1, MAX_TRAINERS);
  bound('minTrainers', params.minTrainers, 1, params.maxTrainers);
  bound('minAggregators', params.minAggregators, 1, MAX_AGGREGATORS);
  bound('stake', params.stake, 0, UINT128 - 1n);
  bound('aggregatorFeeBps', params.aggregatorFeeBps, 0, 5000);
  bound('validatorFeeBps', params.validatorFeeBps, 0, 5000 - params.aggregatorFeeBps);
  for (const name of ['joinSeconds', 'commitSeconds', 'referenceSeconds', 'settleSeconds'] as const) {
    bound(name, params[name], 1, UINT32 - 1);
  }
  bound('dimension', params.dimension, 1, MAX_DIMENSION);
  bound('validators', params.validators.length, 1, MAX_VALIDATORS);
  const distinct = new Set(params.validators.map(lower));
  if (distinct.size !== params.validators.length || [...distinct].some((v) => BigInt(v) === 0n)) {
    throw refusal('ParameterOutOfBounds', 'create a task', { parameter: 'validators' });
  }
}

function key(token: Address, account: Address): string {
  return `${lower(token)}/${lower(account)}`;
}

function restore<K, V>(target: Map<K, V>, source: Map<K, V>): void {
  target.clear();
  for (const [k, v] of source) target.set(k, v);
}
