import type { Address, Hex } from './hex.ts';
import type { G1Point } from './settlement.ts';

/** What a member of a task does; one account may hold several, but never train and validate the same task. */
export type Role = 'trainer' | 'validator' | 'aggregator';

/** Bits of the roles as the contract stores them. */
export const ROLE_BITS: Readonly<Record<Role, number>> = { trainer: 1, validator: 2, aggregator: 4 };

/** What the requester fixes on chain when it creates a task. Amounts are in the token's smallest unit. */
export interface TaskParams {
  token: Address;
  /** Escrowed at creation: the most that the task can ever pay, fees included. */
  budget: bigint;
  rounds: number;
  minTrainers: number;
  maxTrainers: number;
  /** Aggregation candidates needed before the task can start. */
  minAggregators: number;
  /** Stake locked of each member's identity until the task has ended. Below 2^96. */
  stake: bigint;
  /** Opened references a round needs, 1 to the number of validators. */
  minValidators: number;
  /** Hundredths of a percent of each round's budget. */
  aggregatorFeeBps: number;
  validatorFeeBps: number;
  joinSeconds: number;
  commitSeconds: number;
  referenceSeconds: number;
  /** Window of each aggregation candidate in turn. */
  settleSeconds: number;
  /** d, so that everyone agrees on the size of the committed vectors. */
  dimension: number;
  /** keccak256 of the aggregation rule's name ({@link ruleId}); its verifier is fixed at creation. */
  rule: Hex;
  /** sha2-256 of the canonical terms. */
  termsDigest: Hex;
  /** Merkle root of the addresses that may train or aggregate; null: anyone. */
  allowRoot: Hex | null;
  /** Least reputation of a trainer's or aggregator's identity; 0: anyone. */
  minReputation: number;
  /** Rewards of a round are released in equal parts over this many following rounds, 0 (at once) to 16. */
  vestingRounds: number;
  /** Hundredths of a percent of the trainers' pool released by a round whose median loss did not fall. */
  stagnationBps: number;
  /**
   * Part of the equal share, in hundredths of a percent, below which a trainer's share of a round is not paid; 0 to
   * 5000. See {@link paidShares}.
   */
  minShareBps: number;
  /**
   * Hundredths of a percent of the stake that a verdict slashes: for the reporter, at most 1000, and burned,
   * at least 5000; the rest goes to the task's budget. A slash for absence is burned whole.
   */
  slashReporterBps: number;
  slashBurnBps: number;
  /** Appointed by the requester: the reference, and so the score, rests on them. */
  validators: Address[];
}

/**
 * A task without extras: open to everyone; rewards paid at once, at any loss and of any size; slashed stake
 * burned, so that no one gains by a slash.
 */
export const OPEN_TO_ALL: Readonly<
  Pick<
    TaskParams,
    | 'allowRoot'
    | 'minReputation'
    | 'vestingRounds'
    | 'stagnationBps'
    | 'minShareBps'
    | 'slashReporterBps'
    | 'slashBurnBps'
  >
> = Object.freeze({
  allowRoot: null,
  minReputation: 0,
  vestingRounds: 0,
  stagnationBps: 10_000,
  minShareBps: 0,
  slashReporterBps: 0,
  slashBurnBps: 10_000,
});

/** A member that has joined, with the id of its libp2p peer. */
export interface Member {
  address: Address;
  /** Its identity in the registry (ERC-8004), counted from 0. */
  agentId: bigint;
  roles: Role[];
  peerId: string;
}

export type TaskStatus = 'joining' | 'running' | 'ended';

/** What offences cost: parts of the task's stake, in hundredths of a percent. */
export interface Slashing {
  trainerAbsence: number;
  validatorAbsence: number;
  aggregatorAbsence: number;
  unavailable: number;
  falseVerdict: number;
  rejectedReference: number;
  /** Most that all absences of one member in one task cost together. */
  absenceCap: number;
  /** A member absent for this number of rounds in a row is dropped. */
  missedRounds: number;
}

/** Reasons for a slash, in the order of the contract's enumeration. */
export const OFFENCES = [
  'trainer-absent',
  'validator-absent',
  'aggregator-absent',
  'unavailable',
  'false-verdict',
  'rejected-reference',
] as const;
export type Offence = (typeof OFFENCES)[number];

/** One member's accounts in a task. Amounts in the token's smallest unit. */
export interface MemberAccount {
  roles: Role[];
  agentId: bigint;
  /** Whether its stake is no longer locked. */
  released: boolean;
  /** The last round it takes part in, if it leaves or was dropped; null if it stays. */
  lastRound: number | null;
  /** Cost of its absences so far, in hundredths of a percent of the task's stake. */
  absenceBps: number;
  /** Rewards as a trainer: credited so far; the part paid out; the part that vesting has not released yet. */
  earned: bigint;
  claimed: bigint;
  vesting: bigint;
}

/** The pool of stake behind one identity, in one token. */
export interface StakePool {
  /** What the pool holds. */
  tokens: bigint;
  /** The part that tasks have locked, and the part that can be locked or unbonded now. */
  locked: bigint;
  free: bigint;
}

/** A request to unbond stake, which can be paid out from `maturesAt` (unix seconds) on. */
export interface UnbondTicket {
  id: bigint;
  token: Address;
  agentId: bigint;
  shares: bigint;
  maturesAt: number;
}

/** A task as the chain has it. */
export interface TaskState extends TaskParams {
  id: bigint;
  owner: Address;
  /**
   * Digest of owner and parameters. An account that joins names it, in case a reorganisation gives the number
   * to another task.
   */
  agreement: Hex;
  status: TaskStatus;
  /** Escrow not yet paid out. */
  remaining: bigint;
  /** The current round, from 1; 0 while joining. */
  round: number;
  /** Unix seconds at which joining closes. */
  joinDeadline: number;
  /** Trainers in the order of their index 1..n. */
  trainers: Address[];
  aggregators: Address[];
  /**
   * Number of appointed validators that have joined. A majority is counted from it, even if some have
   * departed.
   */
  activeValidators: Address[];
  /** Members that have left or were dropped, and take no part in the current round. */
  departed: Address[];
  /** Sum of the aggregate commitments of all settled rounds. */
  totalCommitment: G1Point;
  /** Values that the task took from governance at its creation. */
  verifier: Address;
  protocolFeeBps: number;
  contestSeconds: number;
  slashing: Slashing;
  /** Protocol fees not yet collected. */
  protocolFees: bigint;
  /** Number of unresolved disputes about unavailable trainers. */
  openCases: number;
}
