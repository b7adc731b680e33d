import type { Address } from '../hex.ts';
import type { Sent } from './transaction.ts';

/** ERC-8004 identities, and what they have done: history, feedback and validations. */
export interface IdentityChain {
  /** Register an identity (ERC-8004) for this account. `uri` of its registration file, at most 2048 bytes. */
  registerIdentity(uri: string): Sent<{ agentId: bigint }>;
  /**
   * The first identity that an account (by default this one) registered and still owns, those of agents left out; null
   * if it has none.
   */
  identity(account?: Address): Promise<bigint | null>;
  /** Rounds with a share, less ten for each slash: the number that `minReputation` bounds. */
  reputation(agentId: bigint): Promise<number>;
  /** As the identity's owner: ask the attestor to rate its rounds of this task (ERC-8004 validation request). */
  requestValidation(taskId: bigint, agentId: bigint): Sent;
  /** Record a settled round in its trainers' histories. Anyone may, once, within 16 rounds. */
  attest(taskId: bigint, round: number): Sent;
  /** After a task's end: rate a trainer in the reputation registry. Anyone may, once. */
  giveFeedback(taskId: bigint, trainer: Address): Sent;
}
