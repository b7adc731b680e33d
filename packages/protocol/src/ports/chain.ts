import type { Address, Hex } from '../hex.ts';
import type { RoundPhase, RoundState, VectorCommitment } from '../round.ts';
import type {
  AvailableVote,
  RoundVerdict,
  SettledRound,
  Settlement,
  VerdictFindings,
  VerdictVote,
} from '../settlement.ts';
import type { StakeAccount } from '../stake.ts';
import type {
  Member,
  MemberAccount,
  Offence,
  Role,
  StakePool,
  TaskParams,
  TaskState,
  UnbondTicket,
} from '../task.ts';

/** A mined transaction. */
export interface Receipt {
  transaction: Hex;
  block: number;
  gasUsed: bigint;
}

/** The position of an event in the chain. */
export interface EventPosition {
  block: number;
  transaction: Hex;
}

/** Every event of the contract, in order; `position` is its place in the chain. */
export type ChainEvent = { position: EventPosition; taskId: bigint } & (
  | { type: 'task-created'; owner: Address; termsDigest: Hex; budget: bigint }
  | { type: 'joined'; member: Member }
  | { type: 'phase-changed'; round: number; phase: RoundPhase; deadline: number }
  | { type: 'update-committed'; round: number; trainer: Address; commitment: VectorCommitment }
  | { type: 'reference-sealed'; round: number; validator: Address }
  | { type: 'reference-opened'; round: number; validator: Address; commitment: VectorCommitment }
  | { type: 'round-settled'; round: number; aggregator: Address }
  | { type: 'round-voided'; round: number }
  | { type: 'topped-up'; amount: bigint }
  | { type: 'task-cancelled' }
  | { type: 'task-ended' }
  | { type: 'slashed'; round: number; member: Address; offence: Offence; toTask: bigint }
  | { type: 'verdicts-requested'; round: number; aggregator: Address }
  | { type: 'verdict-posted'; round: number; verdict: RoundVerdict; vote: VerdictVote }
  | { type: 'case-opened'; round: number; trainer: Address; deadline: number }
  | { type: 'payload-published'; round: number; trainer: Address }
  /** A majority says that the payload is available; `available` lists its validators, by appointment. */
  | { type: 'case-contested'; round: number; trainer: Address; available: number[]; deadline: number }
  | { type: 'case-resolved'; round: number; trainer: Address; available: boolean }
  /** The member takes part until the end of this round; `dropped` if it was absent too often. */
  | { type: 'member-leaving'; round: number; member: Address; dropped: boolean }
  | { type: 'stake-released'; member: Address }
  | { type: 'refunded'; amount: bigint }
);

/** How an account joins a task. */
export interface JoinRequest {
  /** The task's hash at the time the account checked it. */
  agreement: Hex;
  /** An identity whose owner or wallet is the account. */
  agentId: bigint;
  roles: Role[];
  peerId: string;
  /** Merkle proof of the account under the task's `allowRoot`. */
  allowProof?: Hex[];
}

/** A trainer found unavailable in a settled round. */
export interface UnavailabilityCase {
  /** Deadline for contesting it, in unix seconds. */
  deadline: number;
  /** Appointed validators (indices) that signed that it is unavailable. */
  accusers: number[];
  resolved: boolean;
  /** Validators (by appointment) that signed that the payload is available: none, or a strict majority. */
  available: number[];
}

/** What was paid in one of the last 16 settled rounds, for the attestor and for vesting. */
export interface RoundRecord {
  round: number;
  /** The pool that the shares divide. */
  pool: bigint;
  /** Indices of the trainers that took part. */
  included: number[];
  /** As paid: 0 for a trainer below the task's minimum. */
  shares: number[];
}

/** The chain's latest block, the account's balance and the price of transactions. */
/** The requests that a node made to the endpoint of its chain. */
export interface ChainRequests {
  /** Number of requests in the last minute. */
  lastMinute: number;
  /** Most requests a minute; null if they are not bounded. */
  limit: number | null;
  /** "Too many requests" answers since the start. */
  limited: number;
  /** Unix milliseconds until which the endpoint asked for a pause; null if it asks for none. */
  pausedUntil: number | null;
}

export interface ChainHead {
  height: number;
  /** Unix seconds. */
  time: number;
  /** This account's balance of the chain's own coin, in its smallest unit. */
  gasBalance: bigint;
}

/** Current gas price and block time. */
export interface ChainPace {
  /** Price of a unit of gas, in the smallest unit of the chain's own coin; 0 if transactions are free. */
  gasPrice: bigint;
  /** Recent average of the seconds from one block to the next. */
  blockSeconds: number;
}

/**
 * The settlement chain, as one account sees it. Implemented over EVM JSON-RPC, and in memory for tests.
 * Writes resolve when mined and throw `ChainError` with the decoded reason when refused.
 *
 * Codes of refusals (the same from every implementation): `E_CHAIN_UNKNOWN_TASK`, `E_CHAIN_WRONG_PHASE`,
 * `E_CHAIN_DEADLINE_PASSED`, `E_CHAIN_DEADLINE_NOT_PASSED`, `E_CHAIN_STAKE_REQUIRED` (balance too small for
 * the budget, or free stake of the identity for the task), `E_CHAIN_NOT_A_MEMBER`, `E_CHAIN_ALREADY_DONE`,
 * `E_CHAIN_TASK_FULL`, `E_CHAIN_ROLE_REFUSED`, `E_CHAIN_NOT_YOUR_TURN`, `E_CHAIN_WRONG_AGGREGATE`,
 * `E_CHAIN_INVALID_SETTLEMENT`, `E_CHAIN_INVALID_POINT`, `E_CHAIN_INVALID_VOTES`, `E_CHAIN_WRONG_OPENING`,
 * `E_CHAIN_INVALID_PARAMS`, `E_CHAIN_NOTHING_TO_CLAIM`, `E_CHAIN_NOT_ENDED`, `E_CHAIN_NOT_ALLOWED` (allow
 * list, reputation, another account's identity or task), `E_CHAIN_NO_CASE`, `E_CHAIN_CASE_OPEN` (stake that a
 * case may still cost), `E_CHAIN_NOT_MATURE`, `E_CHAIN_UNREACHABLE`.
 */
export interface ChainPort {
  readonly chainId: number;
  /** The task contract. */
  readonly contract: Address;
  /** The account that signs. */
  readonly account: Address;

  // ---- identity and stake ----

  /** Register an identity (ERC-8004) for this account. `uri` of its registration file, at most 2048 bytes. */
  registerIdentity(uri: string): Promise<Receipt & { agentId: bigint }>;
  /** The first identity that an account (by default this one) registered and still owns; null if it owns no identity. */
  identity(account?: Address): Promise<bigint | null>;
  /** Rounds with a share, less ten for each slash: the number that `minReputation` bounds. */
  reputation(agentId: bigint): Promise<number>;
  /** Approves and deposits stake behind an identity, this account's or another's. */
  depositStake(token: Address, agentId: bigint, amount: bigint): Promise<Receipt>;
  stake(token: Address, agentId: bigint): Promise<StakePool>;
  /** Shares of that pool that this account owns, and their current value. */
  stakeShares(token: Address, agentId: bigint): Promise<{ shares: bigint; value: bigint }>;
  requestUnbond(token: Address, agentId: bigint, shares: bigint): Promise<Receipt & { ticket: UnbondTicket }>;
  withdrawStake(ticketId: bigint): Promise<Receipt & { amount: bigint }>;
  /** Everything an account has at stake, and what others have put behind its identity. */
  stakeAccount(account: Address): Promise<StakeAccount>;
  /** Seconds from a request to unbond until it can be withdrawn. */
  unbondSeconds(): Promise<number>;

  // ---- tasks ----

  /** Approves the budget to the contract and escrows it. */
  createTask(params: TaskParams): Promise<Receipt & { taskId: bigint }>;
  /** Approves and adds to the escrow of a task that has not ended. */
  topUp(taskId: bigint, amount: bigint): Promise<Receipt>;
  /** Cancel a task of this account that has not started. */
  cancel(taskId: bigint): Promise<Receipt>;
  /** Locks the task's stake behind the identity (once, whatever the number of roles) and joins. */
  join(taskId: bigint, request: JoinRequest): Promise<Receipt>;
  commitUpdate(taskId: bigint, round: number, update: VectorCommitment): Promise<Receipt>;
  /** Send the seal (see `sealOf`) of a reference before updates close. */
  sealReference(taskId: bigint, round: number, seal: Hex): Promise<Receipt>;
  openReference(taskId: bigint, round: number, reference: VectorCommitment, salt: Hex): Promise<Receipt>;
  /** The seal the contract will recompute: keccak256(task, round, validator, x, y, digest, salt). */
  sealOf(taskId: bigint, round: number, reference: VectorCommitment, salt: Hex): Hex;
  /** The proof must name this account as its prover. */
  settle(taskId: bigint, round: number, settlement: Settlement): Promise<Receipt>;
  /** End a phase whose deadline has passed. Anyone may. */
  advance(taskId: bigint): Promise<Receipt>;

  // ---- verdicts and disputes ----

  /**
   * Sign a verdict on a round as this account. It counts if the chain has the same commitments in that round.
   */
  signVerdict(judged: RoundState, verdict: RoundVerdict): Promise<VerdictVote>;
  /**
   * Whether its validator signed a vote for these lists, this novelty and this round with these commitments.
   */
  isVerdictOf(vote: VerdictVote, judged: RoundState, found: VerdictFindings): boolean;
  /** Sign that a trainer's (index from 0) payload of a round is available; it counts as a verdict does. */
  signAvailable(judged: RoundState, trainer: number): Promise<AvailableVote>;
  /** Whether its validator signed a vote for this trainer and this round with these commitments. */
  isAvailableOf(vote: AvailableVote, judged: RoundState, trainer: number): boolean;
  /**
   * As the candidate in the second half of its window (see `requestWindow`): ask the validators to post their
   * verdicts on chain. It costs `verdictsCost`, which this call approves.
   */
  requestVerdicts(taskId: bigint, round: number): Promise<Receipt>;
  postVerdict(taskId: bigint, round: number, verdict: RoundVerdict, vote: VerdictVote): Promise<Receipt>;
  /** The verdicts posted on chain in a round. */
  postedVerdicts(taskId: bigint, round: number): Promise<{ verdict: RoundVerdict; vote: VerdictVote }[]>;
  /** Null if the trainer (index from 0) was not found unavailable in that round. */
  unavailabilityCase(taskId: bigint, round: number, trainer: number): Promise<UnavailabilityCase | null>;
  /** As the accused: publish the payload in calldata. */
  publishPayload(taskId: bigint, round: number, payload: Uint8Array): Promise<Receipt>;
  /** The payload that a trainer published in calldata; null if it did not. */
  publishedPayload(taskId: bigint, round: number, trainer: Address): Promise<Uint8Array | null>;
  contest(taskId: bigint, round: number, trainer: number, votes: AvailableVote[]): Promise<Receipt>;
  resolveCase(taskId: bigint, round: number, trainer: number): Promise<Receipt>;

  // ---- money ----

  /**
   * Pay this account's fees in `token`, and its released rewards from these tasks, to `to` (default: itself).
   */
  claim(token: Address, taskIds: bigint[], to?: Address): Promise<Receipt & { amount: bigint }>;
  claimable(token: Address, account: Address, taskIds: bigint[]): Promise<bigint>;
  /** As a member of a running task: leave it at the end of the current round. */
  leaveTask(taskId: bigint): Promise<Receipt>;
  /** Unlock a member's stake once the task has ended or the member has departed. Anyone may. */
  releaseStake(taskId: bigint, member: Address): Promise<Receipt>;
  /** Return the unpaid rest of an ended task to its owner. */
  refund(taskId: bigint): Promise<Receipt & { amount: bigint }>;
  /** Pay a task's protocol fees to the treasury. Anyone may. */
  collectFees(taskId: bigint): Promise<Receipt & { amount: bigint }>;
  /** Null if the account is not a member. */
  memberAccount(taskId: bigint, account: Address): Promise<MemberAccount | null>;
  /** Null if the round is not settled, or older than 16 rounds. */
  roundRecord(taskId: bigint, round: number): Promise<RoundRecord | null>;

  // ---- what identities have done ----

  /** As the identity's owner: ask the attestor to rate its rounds of this task (ERC-8004 validation request). */
  requestValidation(taskId: bigint, agentId: bigint): Promise<Receipt>;
  /** Record a settled round in its trainers' histories. Anyone may, once, within 16 rounds. */
  attest(taskId: bigint, round: number): Promise<Receipt>;
  /** After a task's end: rate a trainer in the reputation registry. Anyone may, once. */
  giveFeedback(taskId: bigint, trainer: Address): Promise<Receipt>;

  // ---- reading ----

  /** @throws ChorusError `E_CHAIN_TOKEN` if no token is at the address */
  balance(token: Address, account: Address): Promise<bigint>;

  /**
   * Decimals of a token: one token is 10 to that power of its smallest unit.
   * @throws ChorusError `E_CHAIN_TOKEN` if it states none, or more than 77
   */
  decimals(token: Address): Promise<number>;
  /** What a token calls itself, in one plain line of at most 16 characters; null where it does not say. */
  symbol(token: Address): Promise<string | null>;
  pace(): Promise<ChainPace>;

  /** @throws ChorusError `E_CHAIN_UNKNOWN_TASK` */
  task(taskId: bigint): Promise<TaskState>;
  round(taskId: bigint, round: number): Promise<RoundState>;
  members(taskId: bigint): Promise<Member[]>;
  /** Null while the round is not settled. */
  settledRound(taskId: bigint, round: number): Promise<SettledRound | null>;
  /**
   * Everything the aggregator sent to end that round, proof and votes included; null while it is not settled.
   * @throws ChorusError `E_CHAIN_CALLDATA` if the transaction cannot be read back
   */
  settlement(taskId: bigint, round: number): Promise<Settlement | null>;
  /** The chain's own clock: the latest block's time, unix seconds. */
  now(): Promise<number>;
  /** Head of the chain, for display. Absent if the implementation has no blocks. */
  head?(): Promise<ChainHead>;
  /** Requests to the chain's endpoint, for display. Absent if the implementation has no endpoint. */
  requests?(): ChainRequests;
  /** All events from `fromBlock` (default: the current block + 1) on, until the signal aborts. */
  events(options: { fromBlock?: number; signal: AbortSignal }): AsyncIterable<ChainEvent>;
  close(): Promise<void>;
}
