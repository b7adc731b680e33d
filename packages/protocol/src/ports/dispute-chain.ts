import type { Address } from '../hex.ts';
import type { RoundState } from '../round.ts';
import type { AvailableVote } from '../settlement.ts';
import type { Sent } from './transaction.ts';

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

/** Disputes about the availability of a trainer's payload. */
export interface DisputeChain {
  /** Sign that a trainer's (index from 0) payload of a round is available; it counts as a verdict does. */
  signAvailable(judged: RoundState, trainer: number): Promise<AvailableVote>;
  /** Whether its validator signed a vote for this trainer and this round with these commitments. */
  isAvailableOf(vote: AvailableVote, judged: RoundState, trainer: number): boolean;
  /** Null if the trainer (index from 0) was not found unavailable in that round. */
  unavailabilityCase(taskId: bigint, round: number, trainer: number): Promise<UnavailabilityCase | null>;
  /** As the accused: publish the payload in calldata. */
  publishPayload(taskId: bigint, round: number, payload: Uint8Array): Sent;
  /** The payload that a trainer published in calldata; null if it did not. */
  publishedPayload(taskId: bigint, round: number, trainer: Address): Promise<Uint8Array | null>;
  contest(taskId: bigint, round: number, trainer: number, votes: AvailableVote[]): Sent;
  resolveCase(taskId: bigint, round: number, trainer: number): Sent;
}
