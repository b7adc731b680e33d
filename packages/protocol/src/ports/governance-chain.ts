import type { ParameterValue } from '../governance/values.ts';
import type { Address, Hex } from '../hex.ts';
import type { EventPosition } from './chain-events.ts';
import type { Sent } from './transaction.ts';

/** A call that a proposal makes if it passes. */
export interface ProposedCall {
  target: Address;
  /** Of the chain's own coin, in its smallest unit. */
  value: bigint;
  data: Hex;
}

/** The contracts of governance, and the rules of its votes. Times in seconds, votes in the token's smallest unit. */
export interface GovernanceRules {
  /** Addresses of the contracts of this deployment by their names, such as `governor` and `parameters`. */
  contracts: Readonly<Record<string, Address>>;
  /** The token whose holders vote. */
  token: Address;
  supply: bigint;
  /** The chain's clock now, unix seconds. */
  time: number;
  votingDelay: number;
  votingPeriod: number;
  timelockDelay: number;
  /** Votes needed to propose. */
  threshold: bigint;
  /** Percent of the supply that must vote for, or abstain. */
  quorumPercent: number;
}

export interface Proposal {
  id: bigint;
  proposer: Address;
  /** A stranger's words: at most {@link MAX_DESCRIPTION} characters of them, not cleaned. */
  description: string;
  /** At most {@link MAX_PROPOSED_CALLS}, each with at most {@link MAX_CALL_BYTES} bytes. */
  calls: ProposedCall[];
  /** Whether these are all its calls, in full. */
  complete: boolean;
  position: EventPosition;
  /** Votes are counted as they are at this time, and taken from then on until `voteEnd`; unix seconds. */
  voteStart: number;
  voteEnd: number;
  queued: EventPosition | null;
  executed: EventPosition | null;
}

/** Longest part of a description that is kept, characters. */
export const MAX_DESCRIPTION = 4_000;
/** Most calls of a proposal that are kept, and most bytes of each. */
export const MAX_PROPOSED_CALLS = 32;
export const MAX_CALL_BYTES = 4_096;
/** Longest part of a vote's reason that is kept, characters. */
export const MAX_VOTE_REASON = 280;

/** In the order of the contract's enumeration. */
export const PROPOSAL_STATES = [
  'pending',
  'active',
  'canceled',
  'defeated',
  'succeeded',
  'queued',
  'expired',
  'executed',
] as const;
export type ProposalState = (typeof PROPOSAL_STATES)[number];

/** In the order of the contract's enumeration. */
export const VOTE_CHOICES = ['against', 'for', 'abstain'] as const;
export type VoteChoice = (typeof VOTE_CHOICES)[number];

/** Where a proposal stands. Votes in the token's smallest unit. */
export interface ProposalProgress {
  state: ProposalState;
  votes: Record<VoteChoice, bigint>;
  /** Votes for, or abstaining, that it needs; null before the snapshot. */
  quorum: bigint | null;
  /** When it can be executed, unix seconds; null unless it is queued. */
  executableAt: number | null;
  /** Of the account that is asked about: its votes at the snapshot (null before), and whether it has voted. */
  weight: bigint | null;
  hasVoted: boolean;
}

/** A vote that counted. */
export interface Ballot {
  voter: Address;
  choice: VoteChoice;
  weight: bigint;
  /** A stranger's words: at most {@link MAX_VOTE_REASON} characters of them, not cleaned. */
  reason: string;
  position: EventPosition;
}

export interface VotingPower {
  account: Address;
  balance: bigint;
  /** Who votes with the account's tokens; null if it has named no account: then they do not count. */
  delegate: Address | null;
  /** What the account votes with now: the tokens of all that delegated to it. */
  votes: bigint;
}

/** A value that a parameter was set to: by the deployment, or by a proposal. */
export interface ParameterChange extends ParameterValue {
  position: EventPosition;
  /** Unix seconds. */
  time: number;
  /** Null: not by a proposal of this governor. */
  proposal: bigint | null;
}

/**
 * Votes of the token's holders on the parameters of the network. Methods throw `E_CHAIN_NO_GOVERNANCE` if the parameters
 * belong to no timelock with a governor. The past is read from events: an event says where to look, and what counts is the
 * contract's state.
 */
export interface GovernanceChain {
  governance(): Promise<GovernanceRules>;
  /** All parameters as they are; least stakes of the network's token, and of each token for which one was set. */
  parameterValues(): Promise<ParameterValue[]>;
  /** Every value that was set, the oldest first. */
  parameterChanges(): Promise<ParameterChange[]>;
  /** The oldest first. */
  proposals(): Promise<Proposal[]>;
  /** Null if the chain does not know it, or no longer. @param account by default this one */
  proposalProgress(id: bigint, account?: Address): Promise<ProposalProgress | null>;
  /** Votes with weight, the oldest first. */
  ballots(id: bigint): Promise<Ballot[]>;
  /** @param account by default this one */
  votingPower(account?: Address): Promise<VotingPower>;
  /** Let `to`, or this account itself, vote with this account's tokens, from the next second on. */
  delegateVotes(to: Address): Sent;
  propose(calls: readonly ProposedCall[], description: string): Sent<{ proposalId: bigint }>;
  /** Once for each proposal. */
  castVote(id: bigint, choice: VoteChoice, reason?: string): Sent<{ weight: bigint }>;
  /** Of a proposal that has passed: start the delay of the timelock. Anyone may. */
  queueProposal(id: bigint): Sent<{ executableAt: number }>;
  /** After the delay of the timelock: make its calls. Anyone may. */
  executeProposal(id: bigint): Sent;
}
