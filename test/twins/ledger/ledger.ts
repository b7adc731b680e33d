import { refusal, sealOf } from '@chorus/chain';
import {
  type Address,
  type AvailableVote,
  type ChainEvent,
  type EventPosition,
  G1_INFINITY,
  type Hex,
  type JoinRequest,
  MAX_AGGREGATORS,
  type Member,
  OFFENCES,
  type Offence,
  openedReferences,
  type Receipt,
  type Role,
  type RoundState,
  type RoundVerdict,
  type SettledRound,
  type Settlement,
  type Slashing,
  settlementCandidate,
  type TaskParams,
  type TaskState,
  type VectorCommitment,
  type VerdictVote,
} from '@chorus/protocol';
import { AbiCoder, keccak256, toBeHex, zeroPadValue } from 'ethers';
import { addG1, isFiniteG1 } from '../bn254.ts';
import { checkAggregate, checkNumbers, checkParams, isAllowed, type SettlementCheck } from './checks.ts';
import { MemoryMoney } from './money.ts';
import { MemoryStakes } from './stakes.ts';
import { type MemoryTask, RECORDS, releasedOf } from './task.ts';
import { isSignedBy } from './votes.ts';

export interface MemoryLedgerOptions {
  chainId?: number;
  /** Unix seconds; by default the real clock. `passTime` moves it on. */
  clock?: () => number;
  /** By default only that the aggregate is the weighted sum of the commitments. */
  verify?: SettlementCheck;
  contestSeconds?: number;
  unbondSeconds?: number;
}

export type EventBody = ChainEvent extends infer E
  ? E extends ChainEvent
    ? Omit<E, 'position'>
    : never
  : never;
export type Emit = (event: EventBody) => void;

const PROTOCOL_FEE_BPS = 100;
const BURN: Address = '0x000000000000000000000000000000000000dead';
const SLASHING: Slashing = {
  trainerAbsence: 100,
  validatorAbsence: 1000,
  aggregatorAbsence: 1000,
  unavailable: 2000,
  falseVerdict: 2000,
  rejectedReference: 2000,
};
const SLASH_OF: Record<Offence, keyof Slashing> = {
  'trainer-absent': 'trainerAbsence',
  'validator-absent': 'validatorAbsence',
  'aggregator-absent': 'aggregatorAbsence',
  unavailable: 'unavailable',
  'false-verdict': 'falseVerdict',
  'rejected-reference': 'rejectedReference',
};

export const lower = (address: string): Address => address.toLowerCase() as Address;

/** How many windows of candidates have passed, at most all. */
const turnOf = (state: TaskState, round: RoundState, now: number): number =>
  Math.min(state.aggregators.length, Math.floor((now - round.settleStart) / state.settleSeconds));

const lowerMedian = (values: bigint[]): bigint =>
  values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))[Math.floor((values.length - 1) / 2)] ?? 0n;

/**
 * The contracts' rules over plain objects: what the Solidity does, without a chain. Several accounts
 * share one ledger. For tests only.
 */
export class MemoryLedger {
  readonly chainId: number;
  readonly contract: Address = '0x00000000000000000000000000000000000c0de5';
  readonly stakeContract: Address = '0x0000000000000000000000000000000000057a4e';
  readonly verifier: Address = '0x00000000000000000000000000000000000e41f1';
  readonly token: Address = '0x0000000000000000000000000000000000070ce2';
  readonly treasury: Address = '0x00000000000000000000000000000000007eea51';
  readonly events: ChainEvent[] = [];
  readonly #clock: () => number;
  readonly #verify: SettlementCheck;
  readonly #contestSeconds: number;
  readonly #unbondSeconds: number;
  #money = new MemoryMoney();
  #owed = new MemoryMoney();
  #stakes = new MemoryStakes();
  #owners: Address[] = [];
  #history = new Map<bigint, { rounds: number; rewarded: number }>();
  #tasks: MemoryTask[] = [];
  readonly #waiting = new Set<() => void>();
  #offset = 0;
  #block = 0;

  constructor(options: MemoryLedgerOptions = {}) {
    this.chainId = options.chainId ?? 31337;
    this.#clock = options.clock ?? (() => Math.floor(Date.now() / 1000));
    this.#verify = options.verify ?? checkAggregate;
    this.#contestSeconds = options.contestSeconds ?? 3600;
    this.#unbondSeconds = options.unbondSeconds ?? 2 * this.#contestSeconds;
  }

  mint(token: Address, account: Address, amount: bigint): void {
    this.#money.mint(token, account, amount);
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

  get stakes(): MemoryStakes {
    return this.#stakes;
  }

  balance(token: Address, account: Address): bigint {
    return this.#money.balance(token, account);
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
  async transact<T extends object>(job: (emit: Emit) => T): Promise<Receipt & T> {
    // Not within the caller's own turn, as on a real chain.
    await Promise.resolve();
    const block = this.#block + 1;
    const transaction = keccak256(zeroPadValue(toBeHex(block), 32)) as Hex;
    const position: EventPosition = { block, transaction };
    const events: EventBody[] = [];
    const saved = {
      money: this.#money.clone(),
      owed: this.#owed.clone(),
      stakes: this.#stakes.clone(),
      owners: [...this.#owners],
      history: structuredClone(this.#history),
      tasks: structuredClone(this.#tasks),
    };
    let result: T;
    try {
      result = job((event) => events.push(event));
    } catch (error) {
      this.#money = saved.money;
      this.#owed = saved.owed;
      this.#stakes = saved.stakes;
      this.#owners = saved.owners;
      this.#history = saved.history;
      this.#tasks = saved.tasks;
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

  // ---- identities and stake ----

  register(owner: Address): bigint {
    this.#owners.push(owner);
    return BigInt(this.#owners.length - 1);
  }

  identityOf(owner: Address): bigint | null {
    const index = this.#owners.indexOf(owner);
    return index < 0 ? null : BigInt(index);
  }

  reputation(agentId: bigint): number {
    const rewarded = this.#history.get(agentId)?.rewarded ?? 0;
    return Math.max(0, rewarded - 10 * (this.#stakes.slashCount.get(agentId) ?? 0));
  }

  deposit(token: Address, agentId: bigint, owner: Address, amount: bigint): void {
    const action = 'deposit stake';
    if (this.#owners[Number(agentId)] === undefined) throw refusal('UnknownIdentity', action, { agentId });
    this.#stakes.deposit(token, agentId, owner, amount);
    this.#money.transfer(token, owner, this.stakeContract, amount, action);
  }

  unbond(token: Address, agentId: bigint, owner: Address, shares: bigint) {
    return this.#stakes.unbond(token, agentId, owner, shares, this.now() + this.#unbondSeconds);
  }

  withdraw(ticketId: bigint, owner: Address): bigint {
    const { token, amount } = this.#stakes.withdraw(ticketId, owner, this.now());
    this.#money.transfer(token, this.stakeContract, owner, amount, 'withdraw stake');
    return amount;
  }

  // ---- tasks ----

  create(owner: Address, params: TaskParams, emit: Emit): bigint {
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
        verifier: this.verifier,
        protocolFeeBps: PROTOCOL_FEE_BPS,
        contestSeconds: this.#contestSeconds,
        slashing: { ...SLASHING },
        protocolFees: 0n,
        openCases: 0,
      },
      members: [],
      accounts: new Map(),
      rounds: [],
      settled: new Map(),
      settlements: new Map(),
      records: new Map(),
      cases: new Map(),
      asked: new Map(),
      posted: [],
      published: new Map(),
      attested: new Set(),
      rated: new Set(),
      validations: new Set(),
      lastEnded: 0,
    });
    const { termsDigest, budget } = params;
    emit({ type: 'task-created', taskId: id, owner, termsDigest, budget });
    this.#money.transfer(params.token, owner, this.contract, params.budget, 'create a task');
    return id;
  }

  topUp(taskId: bigint, account: Address, amount: bigint, emit: Emit): void {
    const action = 'top up a task';
    const { state } = this.find(taskId);
    if (state.status === 'ended') throw refusal('WrongPhase', action);
    if (amount === 0n) throw refusal('ParameterOutOfBounds', action, { parameter: 'amount' });
    state.remaining += amount;
    emit({ type: 'topped-up', taskId, amount });
    this.#money.transfer(state.token, account, this.contract, amount, action);
  }

  cancel(taskId: bigint, account: Address, emit: Emit): void {
    const task = this.find(taskId);
    if (task.state.owner !== account) throw refusal('NotOwner', 'cancel a task');
    if (task.state.status !== 'joining') throw refusal('TaskNotJoining', 'cancel a task');
    emit({ type: 'task-cancelled', taskId });
    this.#endTask(task, emit);
  }

  join(taskId: bigint, account: Address, request: JoinRequest, emit: Emit): void {
    const action = 'join a task';
    const { state, members, accounts } = this.find(taskId);
    const { agentId, roles, peerId } = request;
    const is = (role: Role): boolean => roles.includes(role);
    if (state.status !== 'joining') throw refusal('TaskNotJoining', action);
    if (this.now() >= state.joinDeadline) throw refusal('DeadlinePassed', action);
    if (roles.length === 0) throw refusal('InvalidRoles', action);
    const size = new TextEncoder().encode(peerId).length;
    if (size === 0 || size > 128) throw refusal('InvalidPeerId', action);
    if (is('trainer') && is('validator')) throw refusal('TrainerCannotValidate', action);
    if (accounts.has(account)) throw refusal('AlreadyJoined', action);
    if (this.#owners[Number(agentId)] !== account) throw refusal('NotIdentity', action);
    if (is('validator') && !state.validators.includes(account)) {
      throw refusal('ValidatorNotAppointed', action);
    }
    if (is('trainer') || is('aggregator')) {
      if (state.allowRoot && !isAllowed(account, state.allowRoot, request.allowProof ?? [])) {
        throw refusal('NotAllowed', action);
      }
      const reputation = this.reputation(agentId);
      if (reputation < state.minReputation) throw refusal('ReputationTooLow', action, { reputation });
    }
    if (is('trainer') && state.trainers.length === state.maxTrainers) throw refusal('TaskFull', action);
    if (is('aggregator') && state.aggregators.length === MAX_AGGREGATORS) throw refusal('TaskFull', action);
    this.#stakes.lock(state.token, agentId, taskId, state.stake);
    if (is('trainer')) state.trainers.push(account);
    if (is('aggregator')) state.aggregators.push(account);
    const order: Role[] = ['trainer', 'validator', 'aggregator'];
    const member: Member = { address: account, agentId, roles: order.filter(is), peerId };
    members.push(member);
    accounts.set(account, { roles: member.roles, agentId, released: false, earned: 0n, claimed: 0n });
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

  commit(taskId: bigint, number: number, account: Address, update: VectorCommitment, emit: Emit): void {
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

  seal(taskId: bigint, number: number, account: Address, seal: Hex, emit: Emit): void {
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
    emit: Emit,
  ): void {
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

  advance(taskId: bigint, account: Address, emit: Emit): void {
    const action = 'end a phase';
    const task = this.find(taskId);
    const { state } = task;
    if (state.status === 'ended') throw refusal('WrongPhase', action);
    if (state.status === 'joining') {
      if (this.now() < state.joinDeadline) throw refusal('DeadlineNotPassed', action);
      const enough =
        state.trainers.length >= state.minTrainers &&
        state.aggregators.length >= state.minAggregators &&
        state.activeValidators.length >= state.minValidators;
      if (enough) this.#start(taskId, emit);
      else this.#endTask(task, emit);
      return;
    }
    const round = task.rounds.at(-1)!;
    if (this.now() < round.deadline) throw refusal('DeadlineNotPassed', action);
    const { phase } = round;
    const sealed = round.references.filter((r) => r.seal !== null).length;
    const committed = round.updates.some((u) => u !== null);
    if (round.phase === 'commit' && committed && sealed >= state.minValidators) {
      this.#enterReference(task, round, emit);
    } else if (round.phase === 'reference' && openedReferences(round).length >= state.minValidators) {
      this.#enterSettle(task, round, emit);
    } else {
      round.phase = 'void';
      emit({ type: 'round-voided', taskId, round: round.round });
      this.#nextRound(task, emit);
    }
    this.#slashAbsent(task, { ...round, phase }, account, emit);
  }

  settle(taskId: bigint, number: number, account: Address, given: Settlement, emit: Emit): void {
    const action = 'settle a round';
    const { task, round } = this.#open(taskId, number, 'settle', action);
    const { state } = task;
    const candidate = settlementCandidate(state, round, this.now());
    if (candidate !== null && candidate !== account) throw refusal('NotYourTurn', action);
    if (given.unavailable.some((index) => !round.updates[index])) {
      throw refusal('UnavailableNotCommitted', action);
    }
    const opened = openedReferences(round);
    if (given.rejected.some((index) => !opened.some((r) => r.index === index))) {
      throw refusal('RejectedNotOpened', action);
    }
    if (given.rejected.length >= opened.length) throw refusal('NoReferenceLeft', action);
    if (2 * given.votes.length <= state.activeValidators.length) throw refusal('NotEnoughVotes', action);
    const { unavailable, rejected } = given;
    const seen = new Set<Address>();
    for (const vote of given.votes) {
      const verdict = { unavailable, rejected, lossBefore: vote.lossBefore, lossAfter: vote.lossAfter };
      this.#checkVote(task, number, verdict, vote, seen, action);
    }
    const included = round.updates.flatMap((update, index) =>
      update && !unavailable.includes(index) ? [index] : [],
    );
    checkNumbers(given, included, action);
    const { chainId, contract } = this;
    this.#verify({ chainId, contract, task: state, round, prover: account, included }, given);
    state.totalCommitment = addG1(state.totalCommitment, given.aggregate);
    round.phase = 'settled';
    const settled = this.#pay(task, round, account, given);
    task.settled.set(number, settled);
    task.settlements.set(
      number,
      structuredClone({ ...given, weights: settled.weights, shares: settled.shares }),
    );
    task.records.delete(number - RECORDS);
    task.records.set(number, { round: number, pool: settled.pool, included, shares: settled.shares });
    emit({ type: 'round-settled', taskId, round: number, aggregator: account });
    const accusers = [...seen].map((v) => state.validators.indexOf(v)).sort((a, b) => a - b);
    for (const index of unavailable) {
      const deadline = this.now() + state.contestSeconds;
      task.cases.set(`${number}/${index}`, { deadline, accusers, resolved: false, available: [] });
      state.openCases++;
      emit({ type: 'case-opened', taskId, round: number, trainer: state.trainers[index]!, deadline });
    }
    const turn = turnOf(state, round, this.now());
    this.#nextRound(task, emit);
    this.#slashSkipped(task, round, turn, account, emit);
    for (const index of rejected) {
      this.#slash(task, number, state.validators[index]!, 'rejected-reference', account, emit);
    }
  }

  // ---- verdicts and disputes ----

  requestVerdicts(taskId: bigint, number: number, account: Address, emit: Emit): void {
    const action = 'request verdicts';
    const { task, round } = this.#open(taskId, number, 'settle', action);
    if (!task.state.aggregators.includes(account)) throw refusal('NotAMember', action);
    const requested = turnOf(task.state, round, this.now());
    if (requested === task.state.aggregators.length) throw refusal('DeadlinePassed', action);
    if (round.verdictsRequested) throw refusal('AlreadyRequested', action);
    round.verdictsRequested = true;
    task.asked.set(number, { requested, agreed: null });
    emit({ type: 'verdicts-requested', taskId, round: number, aggregator: account });
  }

  postVerdict(taskId: bigint, number: number, verdict: RoundVerdict, vote: VerdictVote, emit: Emit): void {
    const action = 'post a verdict';
    const { task, round } = this.#open(taskId, number, 'settle', action);
    if (!round.verdictsRequested) throw refusal('WrongPhase', action);
    const half = Math.floor(task.state.settleSeconds / 2);
    if (this.now() + half >= round.deadline) throw refusal('DeadlinePassed', action);
    if (verdict.unavailable.some((i) => !round.updates[i])) throw refusal('UnavailableNotCommitted', action);
    const opened = openedReferences(round).map((r) => r.index);
    if (verdict.rejected.some((i) => !opened.includes(i))) throw refusal('RejectedNotOpened', action);
    const index = task.state.validators.indexOf(lower(vote.validator));
    this.#checkVote(task, number, verdict, vote, new Set(), action);
    if (round.verdictsPosted.includes(index)) throw refusal('AlreadyPosted', action);
    round.verdictsPosted = [...round.verdictsPosted, index].sort((a, b) => a - b);
    task.posted.push(structuredClone({ round: number, verdict, vote }));
    const asked = task.asked.get(number)!;
    if (asked.agreed === null && !this.#excused(task, round)) {
      asked.agreed = Math.floor((this.now() - round.settleStart + half) / task.state.settleSeconds);
    }
    emit({ type: 'verdict-posted', taskId, round: number, verdict, vote });
  }

  publishPayload(taskId: bigint, number: number, account: Address, payload: Uint8Array, emit: Emit): void {
    const action = 'publish a payload';
    const task = this.find(taskId);
    const trainer = task.state.trainers.indexOf(account);
    this.#openCase(task, number, trainer, action);
    task.published.set(`${number}/${account}`, payload.slice());
    emit({ type: 'payload-published', taskId, round: number, trainer: account });
  }

  contest(taskId: bigint, number: number, trainer: number, votes: AvailableVote[], emit: Emit): void {
    const action = 'contest a case';
    const task = this.find(taskId);
    const { state } = task;
    const open = this.#openCase(task, number, trainer, action);
    const seen = new Set<Address>();
    for (const vote of votes) this.#checkVote(task, number, { trainer }, vote, seen, action);
    const added = [...seen].map((v) => state.validators.indexOf(v));
    const available = [...new Set([...open.available, ...added])].sort((a, b) => a - b);
    if (2 * available.length <= state.activeValidators.length) throw refusal('NotEnoughVotes', action);
    if (available.length === open.available.length) throw refusal('AlreadyPosted', action);
    const first = open.available.length === 0;
    open.available = available;
    if (open.accusers.every((index) => available.includes(index))) {
      this.#resolve(task, number, trainer, true, emit);
      return;
    }
    if (first) open.deadline += state.contestSeconds;
    const { deadline } = open;
    const account = state.trainers[trainer]!;
    emit({ type: 'case-contested', taskId, round: number, trainer: account, available, deadline });
  }

  resolveCase(taskId: bigint, number: number, trainer: number, account: Address, emit: Emit): void {
    const action = 'resolve a case';
    const task = this.find(taskId);
    const open = task.cases.get(`${number}/${trainer}`);
    if (!open) throw refusal('NoCase', action);
    if (open.resolved) throw refusal('CaseClosed', action);
    if (this.now() < open.deadline) throw refusal('DeadlineNotPassed', action);
    const won = open.available.length > 0;
    this.#resolve(task, number, trainer, won, emit);
    if (!won) {
      this.#slash(task, number, task.state.trainers[trainer]!, 'unavailable', account, emit);
      return;
    }
    for (const index of open.accusers.filter((i) => !open.available.includes(i))) {
      this.#slash(task, number, task.state.validators[index]!, 'false-verdict', account, emit);
    }
  }

  // ---- money ----

  claimable(token: Address, account: Address, taskIds: bigint[]): bigint {
    const tasks = [...new Set(taskIds)].map((id) => this.find(id));
    const released = tasks.reduce((sum, task) => sum + releasedOf(task, account), 0n);
    return this.#owed.balance(token, account) + released;
  }

  claim(token: Address, account: Address, taskIds: bigint[], to: Address): bigint {
    const amount = this.claimable(token, account, taskIds);
    if (amount === 0n) throw refusal('NothingToClaim', 'claim');
    this.#owed.mint(token, account, -this.#owed.balance(token, account));
    for (const id of new Set(taskIds)) {
      const task = this.find(id);
      const member = task.accounts.get(account);
      if (member) member.claimed += releasedOf(task, account);
    }
    this.#money.transfer(token, this.contract, to, amount, 'claim');
    return amount;
  }

  releaseStake(taskId: bigint, account: Address, emit: Emit): void {
    const action = 'release a stake';
    const task = this.find(taskId);
    const { state, accounts, cases } = task;
    const member = accounts.get(account);
    if (!member) throw refusal('NotAMember', action);
    if (state.status !== 'ended') throw refusal('TaskNotEnded', action);
    if (member.released) throw refusal('AlreadyReleased', action);
    const accused = [...cases].some(
      ([key, open]) => !open.resolved && state.trainers[Number(key.split('/')[1])] === account,
    );
    if (accused || (member.roles.includes('validator') && state.openCases > 0)) {
      throw refusal('CaseOpen', action);
    }
    member.released = true;
    this.#stakes.unlock(state.token, member.agentId, taskId);
    emit({ type: 'stake-released', taskId, member: account });
  }

  refund(taskId: bigint, emit: Emit): bigint {
    const { state } = this.find(taskId);
    if (state.status !== 'ended') throw refusal('TaskNotEnded', 'refund a task');
    const amount = state.remaining;
    if (amount === 0n) throw refusal('NothingToClaim', 'refund a task');
    state.remaining = 0n;
    this.#money.transfer(state.token, this.contract, state.owner, amount, 'refund a task');
    emit({ type: 'refunded', taskId, amount });
    return amount;
  }

  collectFees(taskId: bigint): bigint {
    const { state } = this.find(taskId);
    const amount = state.protocolFees;
    if (amount === 0n) throw refusal('NothingToClaim', 'collect fees');
    state.protocolFees = 0n;
    this.#money.transfer(state.token, this.contract, this.treasury, amount, 'collect fees');
    return amount;
  }

  // ---- what identities have done ----

  requestValidation(taskId: bigint, agentId: bigint, account: Address): void {
    const { validations } = this.find(taskId);
    if (this.#owners[Number(agentId)] !== account) throw refusal('NotIdentity', 'request a validation');
    if (validations.has(agentId)) throw refusal('AlreadyRequested', 'request a validation');
    validations.add(agentId);
  }

  attest(taskId: bigint, number: number): void {
    const { state, records, attested, accounts } = this.find(taskId);
    const record = records.get(number);
    if (!record) throw refusal('NotRecorded', 'attest a round');
    if (attested.has(number)) throw refusal('AlreadyAttested', 'attest a round');
    attested.add(number);
    for (const [index, trainer] of state.trainers.entries()) {
      const { agentId } = accounts.get(trainer)!;
      const history = this.#history.get(agentId) ?? { rounds: 0, rewarded: 0 };
      history.rounds++;
      if (record.shares[index]! > 0) history.rewarded++;
      this.#history.set(agentId, history);
    }
  }

  giveFeedback(taskId: bigint, trainer: Address): void {
    const { state, rated, attested } = this.find(taskId);
    const action = 'give feedback';
    if (!state.trainers.includes(trainer)) throw refusal('NotAMember', action);
    if (state.status !== 'ended') throw refusal('TaskNotEnded', action);
    if (attested.size === 0) throw refusal('NotRecorded', action);
    if (rated.has(trainer)) throw refusal('AlreadyAttested', action);
    rated.add(trainer);
  }

  // ---- within a transaction ----

  #open(taskId: bigint, number: number, phase: RoundState['phase'], action: string) {
    const task = this.find(taskId);
    const round = task.rounds.at(-1);
    if (task.state.status !== 'running' || round?.phase !== phase) throw refusal('WrongPhase', action);
    if (round.round !== number) throw refusal('WrongRound', action);
    if (this.now() >= round.deadline) throw refusal('DeadlinePassed', action);
    return { task, round };
  }

  #openCase(task: MemoryTask, number: number, trainer: number, action: string) {
    const open = task.cases.get(`${number}/${trainer}`);
    if (!open) throw refusal('NoCase', action);
    if (open.resolved) throw refusal('CaseClosed', action);
    if (this.now() >= open.deadline) throw refusal('DeadlinePassed', action);
    return open;
  }

  #resolve(task: MemoryTask, number: number, trainer: number, available: boolean, emit: Emit): void {
    const { state } = task;
    task.cases.get(`${number}/${trainer}`)!.resolved = true;
    state.openCases--;
    const account = state.trainers[trainer]!;
    emit({ type: 'case-resolved', taskId: state.id, round: number, trainer: account, available });
  }

  #checkVote(
    { state, rounds }: MemoryTask,
    round: number,
    statement: RoundVerdict | { trainer: number },
    vote: VerdictVote | AvailableVote,
    seen: Set<Address>,
    action: string,
  ): void {
    const address = lower(vote.validator);
    if (seen.has(address) || !state.activeValidators.includes(address)) throw refusal('InvalidVotes', action);
    if (!isSignedBy(vote, this, rounds[round - 1]!, statement)) throw refusal('InvalidVotes', action);
    seen.add(address);
  }

  #start(taskId: bigint, emit: Emit): void {
    const task = this.find(taskId);
    task.state.status = 'running';
    this.#nextRound(task, emit);
  }

  #nextRound(task: MemoryTask, emit: Emit): void {
    const { state } = task;
    task.lastEnded = state.round;
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
      references: state.activeValidators.map((validator) => ({
        validator,
        index: state.validators.indexOf(validator),
        seal: null,
        opened: null,
      })),
      drawnAggregator: Number(seed % BigInt(state.aggregators.length)),
      verdictsRequested: false,
      verdictsPosted: [],
    });
    emit({ type: 'phase-changed', taskId: state.id, round: state.round, phase: 'commit', deadline });
  }

  #endTask(task: MemoryTask, emit: Emit): void {
    task.state.status = 'ended';
    emit({ type: 'task-ended', taskId: task.state.id });
  }

  #closeCommit(task: MemoryTask, round: RoundState, emit: Emit): void {
    const all = round.updates.every((u) => u !== null) && round.references.every((r) => r.seal !== null);
    if (all) this.#enterReference(task, round, emit);
  }

  #enterReference({ state }: MemoryTask, round: RoundState, emit: Emit): void {
    round.phase = 'reference';
    round.deadline = this.now() + state.referenceSeconds;
    const { deadline } = round;
    emit({ type: 'phase-changed', taskId: state.id, round: round.round, phase: 'reference', deadline });
  }

  #enterSettle({ state }: MemoryTask, round: RoundState, emit: Emit): void {
    round.phase = 'settle';
    round.settleStart = this.now();
    round.deadline = round.settleStart + (state.aggregators.length + 1) * state.settleSeconds;
    const { deadline } = round;
    emit({ type: 'phase-changed', taskId: state.id, round: round.round, phase: 'settle', deadline });
  }

  #pay(task: MemoryTask, round: RoundState, aggregator: Address, given: Settlement): SettledRound {
    const { state, accounts } = task;
    const budget = state.remaining / BigInt(state.rounds - round.round + 1);
    const part = (bps: number, of = budget): bigint => (of * BigInt(bps)) / 10_000n;
    const protocolFee = part(state.protocolFeeBps);
    const aggregatorFee = part(state.aggregatorFeeBps);
    const lossBefore = lowerMedian(given.votes.map((v) => v.lossBefore));
    const lossAfter = lowerMedian(given.votes.map((v) => v.lossAfter));
    const whole = budget - protocolFee - aggregatorFee - part(state.validatorFeeBps);
    const stagnated = state.stagnationBps < 10_000 && lossAfter >= lossBefore;
    const pool = stagnated ? part(state.stagnationBps, whole) : whole;
    const validators = openedReferences(round, given.rejected).map((r) => r.validator);
    const each = part(state.validatorFeeBps) / BigInt(validators.length);
    const rewards = state.trainers.map((_, i) => (pool * BigInt(given.shares[i] ?? 0)) >> 32n);
    state.protocolFees += protocolFee;
    state.remaining -= protocolFee + aggregatorFee;
    this.#owed.mint(state.token, aggregator, aggregatorFee);
    for (const validator of validators) {
      state.remaining -= each;
      this.#owed.mint(state.token, validator, each);
    }
    for (const [i, reward] of rewards.entries()) {
      state.remaining -= reward;
      accounts.get(state.trainers[i]!)!.earned += reward;
    }
    return {
      taskId: state.id,
      round: round.round,
      aggregator,
      weights: state.trainers.map((_, i) => given.weights[i] ?? 0),
      shares: state.trainers.map((_, i) => given.shares[i] ?? 0),
      rewards,
      unavailable: given.unavailable.toSorted((a, b) => a - b),
      rejected: given.rejected.toSorted((a, b) => a - b),
      aggregate: { ...given.aggregate },
      protocolFee,
      aggregatorFee,
      validatorFee: each * BigInt(validators.length),
      lossBefore,
      lossAfter,
      budget,
      pool,
      transaction: '0x',
      block: 0,
      gasUsed: 0n,
    };
  }

  /** Everybody whose deadline this was. */
  #slashAbsent(task: MemoryTask, round: RoundState, reporter: Address, emit: Emit): void {
    const { state } = task;
    const slash = (member: Address, offence: Offence) =>
      this.#slash(task, round.round, member, offence, reporter, emit);
    if (round.phase === 'commit') {
      for (const [i, trainer] of state.trainers.entries()) {
        if (!round.updates[i]) slash(trainer, 'trainer-absent');
      }
      for (const { validator, seal } of round.references) {
        if (seal === null) slash(validator, 'validator-absent');
      }
    } else if (round.phase === 'reference') {
      for (const { validator, seal, opened } of round.references) {
        if (seal !== null && opened === null) slash(validator, 'validator-absent');
      }
    } else {
      if (!this.#excused(task, round)) {
        for (const candidate of state.aggregators) slash(candidate, 'aggregator-absent');
      }
      if (!round.verdictsRequested) return;
      for (const { validator, index } of round.references) {
        if (!round.verdictsPosted.includes(index)) slash(validator, 'validator-absent');
      }
    }
  }

  #slashSkipped(task: MemoryTask, round: RoundState, turn: number, reporter: Address, emit: Emit): void {
    const { state } = task;
    if (this.#excused(task, round)) return;
    const count = state.aggregators.length;
    const { requested, agreed } = task.asked.get(round.round) ?? { requested: turn, agreed: 0 };
    for (let i = 0; i < turn; i++) {
      if (requested <= i && i < (agreed ?? 0)) continue;
      const skipped = state.aggregators[(round.drawnAggregator + i) % count]!;
      this.#slash(task, round.round, skipped, 'aggregator-absent', reporter, emit);
    }
  }

  /** Verdicts were asked for, and no majority gave the same one that lets the round be settled. */
  #excused({ state, posted }: MemoryTask, round: RoundState): boolean {
    if (!round.verdictsRequested) return false;
    const opened = openedReferences(round).length;
    const counts = new Map<string, number>();
    for (const { round: number, verdict } of posted) {
      if (number !== round.round || verdict.rejected.length === opened) continue;
      const key = `${verdict.unavailable}/${verdict.rejected}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return 2 * Math.max(0, ...counts.values()) <= state.activeValidators.length;
  }

  #slash(
    task: MemoryTask,
    round: number,
    member: Address,
    kind: Offence,
    reporter: Address,
    emit: Emit,
  ): void {
    const { state, accounts } = task;
    const amount = (state.stake * BigInt(state.slashing[SLASH_OF[kind]])) / 10_000n;
    const values = [state.id, round, member, OFFENCES.indexOf(kind)];
    const types = ['uint256', 'uint256', 'address', 'uint8'];
    const offence = keccak256(AbiCoder.defaultAbiCoder().encode(types, values));
    // One offence never stands in the way of a phase's end.
    if (amount === 0n || this.#stakes.wasSlashed(offence)) return;
    const own = reporter === member;
    const parts = this.#stakes.slash(
      { token: state.token, agentId: accounts.get(member)!.agentId, taskId: state.id },
      offence,
      amount,
      {
        reporterBps: own ? 0 : state.slashReporterBps,
        burnBps: state.slashBurnBps + (own ? state.slashReporterBps : 0),
      },
    );
    const { token } = state;
    this.#money.transfer(token, this.stakeContract, BURN, parts.burned, 'slash');
    this.#money.transfer(token, this.stakeContract, this.contract, parts.harmed, 'slash');
    state.remaining += parts.harmed;
    emit({ type: 'slashed', taskId: state.id, round, member, offence: kind, toTask: parts.harmed });
  }
}
