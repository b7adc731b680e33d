import type { Address, Hex } from '../hex.ts';
import type { Sent } from './transaction.ts';

/** What a client says of an agent, as the ERC-8004 reputation registry keeps it. */
export interface FeedbackWords {
  /** With `decimals` decimals (0 to 18); its magnitude at most 10^38. */
  value: bigint;
  decimals: number;
  /** What is valued, such as `starred` (quality, 0 to 100). */
  tag1: string;
  tag2: string;
  /** Where the agent was called. */
  endpoint: string;
  /** Of the feedback file, and keccak256 of its bytes. */
  uri: string;
  digest: Hex;
}

/** Feedback on chain. It may come from anyone but the agent's owner. */
export interface Feedback extends FeedbackWords {
  /** Who gave it. */
  client: Address;
  /** Counted from 1 for each identity and client. */
  index: bigint;
  block: number;
  transaction: Hex;
}

/** What one transaction moved from one account to another. */
export interface MovedTokens {
  /** When it was mined, unix seconds. */
  at: number;
  /** By token, in its smallest unit. */
  amounts: { token: Address; amount: bigint }[];
}

/** Feedback on agents (ERC-8004, reputation registry). */
export interface FeedbackChain {
  /** Give feedback on an identity that is not this account's. @throws ChorusError `E_CHAIN_NOT_ALLOWED` for an own one */
  giveAgentFeedback(agentId: bigint, words: FeedbackWords): Sent<{ index: bigint }>;
  /** Take back feedback of this account. */
  revokeAgentFeedback(agentId: bigint, index: bigint): Sent;
  /**
   * Feedback on an identity that was not revoked, in the order of the chain: the latest {@link MAX_FEEDBACK}, without those that
   * are longer than {@link MAX_FEEDBACK_BYTES}. The first call of a node may take minutes: it reads the registry's history.
   */
  feedbackOn(agentId: bigint): Promise<Feedback[]>;
  /** What a mined transaction moved between two accounts; null if there is no such transaction, or it failed. */
  movedIn(transaction: Hex, from: Address, to: Address): Promise<MovedTokens | null>;
  /** The network's fee on what is paid to tills, in hundredths of a percent. */
  tillFeeBps(): Promise<number>;
}

/** Feedback on one identity that is read. */
export const MAX_FEEDBACK = 1_024;
/** Longest event of feedback that is read, bytes: a feedback file in its URI takes about 1,000. */
export const MAX_FEEDBACK_BYTES = 8_192;
