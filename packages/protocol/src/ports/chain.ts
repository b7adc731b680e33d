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

/** Where an event stands in the chain. */
export interface EventPosition {
  block: number;
  transaction: Hex;
}

/** Everything the contract tells the world, in order. `position` says where. */
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
  /** A majority says that the payload is to be had; `available` are its validators, by appointment. */
  | { type: 'case-contested'; round: number; trainer: Address; available: number[]; deadline: number }
  | { type: 'case-resolved'; round: number; trainer: Address; available: boolean }
  /** The member takes part until the end of this round; `dropped` where it was absent too often. */
  | { type: 'member-leaving'; round: number; member: Address; dropped: boolean }
  | { type: 'stake-released'; member: Address }
  | { type: 'refunded'; amount: bigint }
);

/** How an account joins a task. */
export interface JoinRequest {
  /** The task's, as it was looked at. */
  agreement: Hex;
  /** An identity that the account owns or is the wallet of. */
  agentId: bigint;
  roles: Role[];
  peerId: string;
  /** Merkle proof of the account under the task's `allowRoot`. */
  allowProof?: Hex[];
}

/** A trainer found unavailable in a settled round. */
export interface UnavailabilityCase {
  /** Until when (unix seconds) it may be contested. */
  deadline: number;
  /** Appointed validators (indices) that signed so. */
  accusers: number[];
  resolved: boolean;
  /** Those (by appointment) that signed that the payload is to be had: none, or a strict majority. */
  available: number[];
}

/** What was paid in one of the last 16 settled rounds, for the attestor and for vesting. */
export interface RoundRecord {
  round: number;
  /** What the shares divide. */
  pool: bigint;
  /** Trainers (indices) that took part. */
  included: number[];
  /** As paid: 0 for a trainer below the task's minimum. */
  shares: number[];
}

/** The chain's latest block, and what pays for transactions. */
/** What a node asked of the endpoint of its chain. */
export interface ChainRequests {
  /** Requests of the last minute. */
  lastMinute: number;
  /** Most requests a minute; null where they are not bounded. */
  limit: number | null;
  /** Answers since the start that said that there were too many requests. */
  limited: number;
  /** Unix milliseconds until which the endpoint asked for a pause; null where it asks for none. */
  pausedUntil: number | null;
}

export interface ChainHead {
  height: number;
  /** Unix seconds. */
  time: number;
  /** This account's balance of the chain's own coin, in its smallest unit. */
  gasBalance: bigint;
}

/** How dear and how fast the chain is now. */
export interface ChainPace {
  /** Paid for a unit of gas, in the smallest unit of the chain's own coin; 0 where transactions are free. */
  gasPrice: bigint;
  /** Seconds from one block to the next, on average of late. */
  blockSeconds: number;
}

/**
 * The settlement chain, as one account sees it. Implemented over EVM JSON-RPC, and by a twin in memory for
 * tests. Writes resolve when mined and throw `ChainError` with the decoded reason when refused.
 *
 * Codes of refusals (the same from every implementation): `E_CHAIN_UNKNOWN_TASK`, `E_CHAIN_WRONG_PHASE`,
 * `E_CHAIN_DEADLINE_PASSED`, `E_CHAIN_DEADLINE_NOT_PASSED`, `E_CHAIN_STAKE_REQUIRED` (balance too
 * small for the budget, or free stake of the identity for the task), `E_CHAIN_NOT_A_MEMBER`, `E_CHAIN_ALREADY_DONE`, `E_CHAIN_TASK_FULL`,
 * `E_CHAIN_ROLE_REFUSED`, `E_CHAIN_NOT_YOUR_TURN`, `E_CHAIN_WRONG_AGGREGATE`, `E_CHAIN_INVALID_SETTLEMENT`,
 * `E_CHAIN_INVALID_POINT`, `E_CHAIN_INVALID_VOTES`, `E_CHAIN_WRONG_OPENING`, `E_CHAIN_INVALID_PARAMS`,
 * `E_CHAIN_NOTHING_TO_CLAIM`, `E_CHAIN_NOT_ENDED`, `E_CHAIN_NOT_ALLOWED` (allow list, reputation, somebody else's
 * identity or task), `E_CHAIN_NO_CASE`, `E_CHAIN_CASE_OPEN` (stake that a case may still cost), `E_CHAIN_NOT_MATURE`, `E_CHAIN_UNREACHABLE`.
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
  /** Rounds with a share, less ten for each slash; what `minReputation` asks for. */
  reputation(agentId: bigint): Promise<number>;
  /** Approves and deposits stake behind an identity, this account's or another's. */
  depositStake(token: Address, agentId: bigint, amount: bigint): Promise<Receipt>;
  stake(token: Address, agentId: bigint): Promise<StakePool>;
  /** Shares of that pool that this account owns, and what they are worth now. */
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
  /** End a task of this account's that has not started. */
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

  /** Sign a verdict on a round as this account. It counts where the chain has the same commitments in that round. */
  signVerdict(judged: RoundState, verdict: RoundVerdict): Promise<VerdictVote>;
  /** Whether a vote is its validator's for these lists and this novelty, and on this round with these commitments. */
  isVerdictOf(vote: VerdictVote, judged: RoundState, found: VerdictFindings): boolean;
  /** Sign that a trainer's (index from 0) payload of a round can be had; it counts as a verdict does. */
  signAvailable(judged: RoundState, trainer: number): Promise<AvailableVote>;
  /** Whether a vote is its validator's for this trainer, and on this round with these commitments. */
  isAvailableOf(vote: AvailableVote, judged: RoundState, trainer: number): boolean;
  /**
   * As the candidate whose window it is, in its second half (see `requestWindow`): have the validators post their
   * verdicts on chain. It costs `verdictsCost`, approved here.
   */
  requestVerdicts(taskId: bigint, round: number): Promise<Receipt>;
  postVerdict(taskId: bigint, round: number, verdict: RoundVerdict, vote: VerdictVote): Promise<Receipt>;
  /** Verdicts posted on chain in a round. */
  postedVerdicts(taskId: bigint, round: number): Promise<{ verdict: RoundVerdict; vote: VerdictVote }[]>;
  /** Null where the trainer (index from 0) was not found unavailable in that round. */
  unavailabilityCase(taskId: bigint, round: number, trainer: number): Promise<UnavailabilityCase | null>;
  /** As the accused: publish the payload in calldata. */
  publishPayload(taskId: bigint, round: number, payload: Uint8Array): Promise<Receipt>;
  /** What a trainer published so, read back from calldata; null where it did not. */
  publishedPayload(taskId: bigint, round: number, trainer: Address): Promise<Uint8Array | null>;
  contest(taskId: bigint, round: number, trainer: number, votes: AvailableVote[]): Promise<Receipt>;
  resolveCase(taskId: bigint, round: number, trainer: number): Promise<Receipt>;

  // ---- money ----

  /** Pay out this account's fees in `token`, and its released rewards of these tasks, to `to` (default: itself). */
  claim(token: Address, taskIds: bigint[], to?: Address): Promise<Receipt & { amount: bigint }>;
  claimable(token: Address, account: Address, taskIds: bigint[]): Promise<bigint>;
  /** As a member of a running task: take part until the current round ends, and no more. */
  leaveTask(taskId: bigint): Promise<Receipt>;
  /** Unlock a member's stake once the task has ended or the member has departed. Anyone may. */
  releaseStake(taskId: bigint, member: Address): Promise<Receipt>;
  /** Return what an ended task did not pay to its owner. */
  refund(taskId: bigint): Promise<Receipt & { amount: bigint }>;
  /** Pay a task's protocol fees to the treasury. Anyone may. */
  collectFees(taskId: bigint): Promise<Receipt & { amount: bigint }>;
  /** Null where the account is no member. */
  memberAccount(taskId: bigint, account: Address): Promise<MemberAccount | null>;
  /** Null where the round is not settled, or older than 16 rounds. */
  roundRecord(taskId: bigint, round: number): Promise<RoundRecord | null>;

  // ---- what identities have done ----

  /** As the identity's owner: ask the attestor to rate its rounds of this task (ERC-8004 validation request). */
  requestValidation(taskId: bigint, agentId: bigint): Promise<Receipt>;
  /** Record a settled round in its trainers' histories. Anyone may, once, within 16 rounds. */
  attest(taskId: bigint, round: number): Promise<Receipt>;
  /** After a task's end: rate a trainer in the reputation registry. Anyone may, once. */
  giveFeedback(taskId: bigint, trainer: Address): Promise<Receipt>;

  // ---- reading ----

  /** @throws ChorusError `E_CHAIN_TOKEN` where no token is at the address */
  balance(token: Address, account: Address): Promise<bigint>;

  /**
   * Decimals of a token: one token is 10 to that power of its smallest unit.
   * @throws ChorusError `E_CHAIN_TOKEN` where it does not say, or says more than 77
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
   * @throws ChorusError `E_CHAIN_CALLDATA` where the transaction cannot be read back
   */
  settlement(taskId: bigint, round: number): Promise<Settlement | null>;
  /** The chain's own clock: the latest block's time, unix seconds. */
  now(): Promise<number>;
  /** For people: where the chain is. Absent where there are no blocks. */
  head?(): Promise<ChainHead>;
  /** For people: what was asked of the chain's endpoint. Absent where nothing is asked of any. */
  requests?(): ChainRequests;
  /** All events from `fromBlock` (default: the current block + 1) on, until the signal aborts. */
  events(options: { fromBlock?: number; signal: AbortSignal }): AsyncIterable<ChainEvent>;
  close(): Promise<void>;
}
