import type { Address, Hex } from './hex.ts';
import type { G1Point } from './settlement.ts';

/** What a member of a task does; one account may hold several, but never train and validate the same task. */
export type Role = 'trainer' | 'validator' | 'aggregator';

/** Bits of the roles as the contract stores them. */
export const ROLE_BITS: Readonly<Record<Role, number>> = { trainer: 1, validator: 2, aggregator: 4 };

/** What the requester fixes on chain when it creates a task. Amounts are in the token's smallest unit. */
export interface TaskParams {
  token: Address;
  /** Escrowed at creation: what the task can ever pay, fees included. */
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
  /** keccak256 of the aggregation rule's name (`ruleId` of @chorus/chain); its verifier is fixed at creation. */
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
   * Hundredths of a percent of stake that is slashed by a verdict: to who reported, at most 1000, and burned, at least
   * 5000; the rest to the task's budget. What absence costs is burned, all of it.
   */
  slashReporterBps: number;
  slashBurnBps: number;
  /** Appointed by the requester: the reference, and so the score, rests on them. */
  validators: Address[];
}

/**
 * A task without extras: open to everybody, rewards at once, whatever the loss and however small, slashed stake burned:
 * nobody gains by it.
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

/** A member that has joined, with the libp2p peer it can be found at. */
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
  /** What all absences of one member in one task cost together, at most. */
  absenceCap: number;
  /** A member absent in so many rounds in a row is dropped. */
  missedRounds: number;
}

/** What a member is slashed for; in the order of the contract's enumeration. */
export const OFFENCES = [
  'trainer-absent',
  'validator-absent',
  'aggregator-absent',
  'unavailable',
  'false-verdict',
  'rejected-reference',
] as const;
export type Offence = (typeof OFFENCES)[number];

/** What a task knows of one member's money. Amounts in the token's smallest unit. */
export interface MemberAccount {
  roles: Role[];
  agentId: bigint;
  /** Its stake is no longer locked. */
  released: boolean;
  /** The last round it takes part in, where it leaves or was dropped; null where it stays. */
  lastRound: number | null;
  /** What its absences have cost it, in hundredths of a percent of the task's stake. */
  absenceBps: number;
  /** As a trainer: credited so far; of these paid out; of these not yet released by vesting. */
  earned: bigint;
  claimed: bigint;
  vesting: bigint;
}

/** The pool of stake behind one identity, in one token. */
export interface StakePool {
  /** What the pool holds. */
  tokens: bigint;
  /** Of it, what tasks have locked, and what could be locked or unbonded now. */
  locked: bigint;
  free: bigint;
}

/** Stake asked back, paid out from `maturesAt` (unix seconds) on. */
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
  /** Digest of owner and parameters: what an account names when it joins, in case the number comes to be another task's. */
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
  /** Appointed validators that have joined: those a majority is counted of, also where some have departed. */
  activeValidators: Address[];
  /** Members that have left or were dropped, and take no part in the current round. */
  departed: Address[];
  /** Sum of the aggregate commitments of all settled rounds. */
  totalCommitment: G1Point;
  /** What the task took over from governance when it was created. */
  verifier: Address;
  protocolFeeBps: number;
  contestSeconds: number;
  slashing: Slashing;
  /** Protocol fees not yet collected. */
  protocolFees: bigint;
  /** Trainers found unavailable whose cases are not resolved. */
  openCases: number;
}
