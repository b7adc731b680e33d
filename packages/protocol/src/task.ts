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
  /** Stake each member deposits to join, returned when the task has ended. */
  stake: bigint;
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
  /** sha2-256 of the canonical terms. */
  termsDigest: Hex;
  /** Appointed by the requester: the reference, and so the score, rests on them. */
  validators: Address[];
}

/** A member that has joined, with the libp2p peer it can be found at. */
export interface Member {
  address: Address;
  roles: Role[];
  peerId: string;
}

export type TaskStatus = 'joining' | 'running' | 'ended';

/** A task as the chain has it. */
export interface TaskState extends TaskParams {
  id: bigint;
  owner: Address;
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
  /** Appointed validators that have joined. */
  activeValidators: Address[];
  /** Sum of the aggregate commitments of all settled rounds. */
  totalCommitment: G1Point;
}
