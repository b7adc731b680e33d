import type { Address, Hex } from '../hex.ts';
import type { RoundPhase, RoundState, VectorCommitment } from '../round.ts';
import type { SettledRound, Settlement, UnavailabilityVote } from '../settlement.ts';
import type { Member, Role, TaskParams, TaskState } from '../task.ts';

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
  | { type: 'task-ended' }
  | { type: 'stake-withdrawn'; member: Address; amount: bigint }
  | { type: 'refunded'; amount: bigint }
);

/** The chain's latest block, and what pays for transactions. */
export interface ChainHead {
  height: number;
  /** Unix seconds. */
  time: number;
  /** This account's balance of the chain's own coin, in its smallest unit. */
  gasBalance: bigint;
}

/**
 * The settlement chain, as one account sees it. Implemented over EVM JSON-RPC, and by a twin in memory for
 * tests. Writes resolve when mined and throw `ChainError` with the decoded reason when refused.
 *
 * Codes of refusals (the same from every implementation): `E_CHAIN_UNKNOWN_TASK`, `E_CHAIN_WRONG_PHASE`,
 * `E_CHAIN_DEADLINE_PASSED`, `E_CHAIN_DEADLINE_NOT_PASSED`, `E_CHAIN_STAKE_REQUIRED` (allowance or balance
 * too small for the stake or budget), `E_CHAIN_NOT_A_MEMBER`, `E_CHAIN_ALREADY_DONE`, `E_CHAIN_TASK_FULL`,
 * `E_CHAIN_ROLE_REFUSED`, `E_CHAIN_NOT_YOUR_TURN`, `E_CHAIN_WRONG_AGGREGATE`, `E_CHAIN_INVALID_SETTLEMENT`,
 * `E_CHAIN_INVALID_POINT`, `E_CHAIN_INVALID_VOTES`, `E_CHAIN_WRONG_OPENING`, `E_CHAIN_INVALID_PARAMS`,
 * `E_CHAIN_NOTHING_TO_CLAIM`, `E_CHAIN_NOT_ENDED`, `E_CHAIN_UNREACHABLE`.
 */
export interface ChainPort {
  readonly chainId: number;
  /** The task contract. */
  readonly contract: Address;
  /** The account that signs. */
  readonly account: Address;

  /** Approves the budget to the contract and escrows it. */
  createTask(params: TaskParams): Promise<Receipt & { taskId: bigint }>;
  /** Approves and deposits the task's stake (once, whatever the number of roles) and joins. */
  join(taskId: bigint, roles: Role[], peerId: string): Promise<Receipt>;
  commitUpdate(taskId: bigint, round: number, update: VectorCommitment): Promise<Receipt>;
  /** Send the seal (see `sealOf`) of a reference before updates close. */
  sealReference(taskId: bigint, round: number, seal: Hex): Promise<Receipt>;
  openReference(taskId: bigint, round: number, reference: VectorCommitment, salt: Hex): Promise<Receipt>;
  /** The seal the contract will recompute: keccak256(task, round, validator, x, y, digest, salt). */
  sealOf(taskId: bigint, round: number, reference: VectorCommitment, salt: Hex): Hex;
  settle(taskId: bigint, round: number, settlement: Settlement): Promise<Receipt>;
  /** Sign a vote that exactly these trainers (indices from 0) were unavailable. */
  signUnavailable(taskId: bigint, round: number, unavailable: number[]): Promise<UnavailabilityVote>;
  /** End a phase whose deadline has passed. Anyone may. */
  advance(taskId: bigint): Promise<Receipt>;
  /** Pay out this account's rewards and fees in `token`. */
  claim(token: Address): Promise<Receipt & { amount: bigint }>;
  claimable(token: Address, account: Address): Promise<bigint>;
  /** Return this account's stake once the task has ended. */
  withdrawStake(taskId: bigint): Promise<Receipt>;
  /** Return what an ended task did not pay to its owner. */
  refund(taskId: bigint): Promise<Receipt & { amount: bigint }>;
  balance(token: Address, account: Address): Promise<bigint>;

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
  /** All events from `fromBlock` (default: the current block + 1) on, until the signal aborts. */
  events(options: { fromBlock?: number; signal: AbortSignal }): AsyncIterable<ChainEvent>;
  close(): Promise<void>;
}
