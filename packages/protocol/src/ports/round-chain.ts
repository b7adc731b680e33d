import type { Hex } from '../hex.ts';
import type { RoundState, VectorCommitment } from '../round.ts';
import type { SettledRound, Settlement } from '../settlement.ts';
import type { Sent } from './transaction.ts';

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

/** The rounds of a task: commitments, references, and the settlement that ends a round. */
export interface RoundChain {
  commitUpdate(taskId: bigint, round: number, update: VectorCommitment): Sent;
  /** Send the seal (see `sealOf`) of a reference before updates close. */
  sealReference(taskId: bigint, round: number, seal: Hex): Sent;
  openReference(taskId: bigint, round: number, reference: VectorCommitment, salt: Hex): Sent;
  /** The seal the contract will recompute: keccak256(task, round, validator, x, y, digest, salt). */
  sealOf(taskId: bigint, round: number, reference: VectorCommitment, salt: Hex): Hex;
  /** The proof must name this account as its prover. */
  settle(taskId: bigint, round: number, settlement: Settlement): Sent;
  /** End a phase whose deadline has passed. Anyone may. */
  advance(taskId: bigint): Sent;
  round(taskId: bigint, round: number): Promise<RoundState>;
  /** Null while the round is not settled. */
  settledRound(taskId: bigint, round: number): Promise<SettledRound | null>;
  /**
   * Everything the aggregator sent to end that round, proof and votes included; null while it is not settled.
   * @throws ChorusError `E_CHAIN_CALLDATA` if the transaction cannot be read back
   */
  settlement(taskId: bigint, round: number): Promise<Settlement | null>;
  /** Null if the round is not settled, or older than 16 rounds. */
  roundRecord(taskId: bigint, round: number): Promise<RoundRecord | null>;
}
