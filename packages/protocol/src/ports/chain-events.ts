import type { Address, Hex } from '../hex.ts';
import type { RoundPhase, VectorCommitment } from '../round.ts';
import type { RoundVerdict, VerdictVote } from '../settlement.ts';
import type { Member, Offence } from '../task.ts';

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

/** The events of the task contract. */
export interface EventChain {
  /** All events from `fromBlock` (default: the current block + 1) on, until the signal aborts. */
  events(options: { fromBlock?: number; signal: AbortSignal }): AsyncIterable<ChainEvent>;
}
